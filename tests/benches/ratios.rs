//! The promises about speed and memory, each as a ratio of two things that are measured in turn
//! within one run: `cargo bench -p chat-tests --bench ratios`.
//!
//! A machine that is busy with something else makes every figure larger and leaves most ratios
//! alone. Nothing fails here: a verdict is printed. What can be counted instead of timed is a test
//! (`chat-core/tests/costs.rs`, `tests/tests/loop_costs.rs`).

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use chat_core::{Config, Server, Timestamp};
use chat_proto::{Dialect, Request};

/// How often each ratio is taken; the median counts.
const ROUNDS: usize = 101;

fn main() {
    println!("{:<58} {:>10} {:>10}  verdict", "", "measured", "at most");
    decoding();
    recipients();
    sizes();
    memory();
}

fn report(what: &str, measured: f64, limit: f64) {
    let verdict = if measured <= limit { "met" } else { "missed" };
    println!("{what:<58} {measured:>10.2} {limit:>10.2}  {verdict}");
}

/// Nanoseconds of one call, from so many.
fn nanos(calls: u32, mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        call();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

/// The median of `one` to `other`, each measured in every round.
fn ratio(mut one: impl FnMut() -> f64, mut other: impl FnMut() -> f64) -> f64 {
    median((0..ROUNDS).map(|_| one() / other()).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn decoding() {
    let ascii = b"C alice hello, how are you doing today??".to_vec();
    let mut chinese = "C 小明 ".to_owned();
    chinese.extend(std::iter::repeat_n("吃了么", 110));
    chinese.push('x');
    for (what, line, limit) in [
        (
            "decode 40 bytes of ASCII / 2 memchr + from_utf8",
            ascii,
            2.5,
        ),
        (
            "decode 1,000 bytes of Chinese / 2 memchr + from_utf8",
            chinese.into_bytes(),
            2.5,
        ),
    ] {
        let dialect = Dialect::lenient();
        let measured = ratio(
            || {
                nanos(5_000, || {
                    black_box(Request::decode(black_box(&line), black_box(&dialect))).ok();
                })
            },
            || nanos(5_000, || yardstick(black_box(&line))),
        );
        report(what, measured, limit);
    }
}

/// The least that a reader of such a line could do.
fn yardstick(line: &[u8]) {
    let first = memchr::memchr(b' ', line).unwrap_or(0);
    black_box(memchr::memchr(
        b' ',
        line.get(first + 1..).unwrap_or_default(),
    ));
    black_box(std::str::from_utf8(line)).ok();
}

fn recipients() {
    for size in [1_000, 100_000] {
        let mut room = Room::new(size);
        let each = median(
            (0..ROUNDS)
                .map(|_| room.walk() / f64::from(size - 1))
                .collect(),
        );
        report(
            &format!("nanoseconds per recipient, {size} members"),
            each,
            5.0,
        );
    }
}

fn sizes() {
    let (mut large, mut small) = (Room::new(100_000), Room::new(100));
    let login = ratio(|| large.comes_and_goes().0, || small.comes_and_goes().0);
    report("log in with 100,000 members / with 100", login, 4.0);
    let leave = ratio(|| large.comes_and_goes().1, || small.comes_and_goes().1);
    report("leave again with 100,000 members / with 100", leave, 4.0);
    // The processor's caches have forgotten this member when the room is large, and have the whole
    // of a small room.
    let cold = ratio(|| large.goes_and_comes(), || small.goes_and_comes());
    report(
        "leave after a long time with 100,000 members / with 100",
        cold,
        4.0,
    );
    let chat = ratio(|| large.chat(), || small.chat());
    report("handle a line with 100,000 members / with 100", chat, 4.0);
    let (mut large, mut small) = (Room::new(10_000), Room::new(100));
    let each = ratio(|| large.walk() / 9_999.0, || small.walk() / 99.0);
    report(
        "handle and walk, per recipient, 10,000 members / 100",
        each,
        1.25,
    );
}

fn memory() {
    for (what, network) in [("private", 10), ("public", 8)] {
        let mut room = None;
        let used =
            allocation_counter::measure(|| room = Some(Room::in_network(network, 1_000_000)));
        drop(room);
        #[allow(clippy::cast_precision_loss)] // A few hundred million bytes.
        let each = used.bytes_current as f64 / 1e6;
        report(
            &format!("bytes per member, a million at {what} addresses"),
            each,
            512.0,
        );
    }
}

/// A room of some size, and its clock.
struct Room {
    server: Server<SocketAddr>,
    network: u8,
    size: u32,
    turn: u32,
    now: u64,
}

impl Room {
    fn new(size: u32) -> Self {
        Self::in_network(10, size)
    }

    fn in_network(network: u8, size: u32) -> Self {
        let mut config = Config::default();
        config.max_members = None;
        config.network_logins = None;
        let mut room = Self {
            server: Server::new(config),
            network,
            size,
            turn: 0,
            now: 0,
        };
        for member in 0..size {
            room.request("L", member, "");
        }
        room
    }

    fn address(&self, member: u32) -> SocketAddr {
        (
            Ipv4Addr::from_bits((u32::from(self.network) << 24) + member),
            5000,
        )
            .into()
    }

    /// A second after the one before, so that no rate is met. What it took in nanoseconds.
    fn request(&mut self, verb: &str, member: u32, tail: &str) -> f64 {
        let request = format!("{verb} u{member:09}{tail}");
        self.now += 1_000;
        let (now, from) = (Timestamp::from_millis(self.now), self.address(member));
        let start = Instant::now();
        black_box(
            self.server
                .handle(now, from, request.as_bytes())
                .transmits()
                .count(),
        );
        start.elapsed().as_secs_f64() * 1e9
    }

    /// One more member logs in, and leaves.
    fn comes_and_goes(&mut self) -> (f64, f64) {
        let login = self.request("L", self.size, "");
        (login, self.request("Q", self.size, ""))
    }

    /// A member leaves that stands anywhere, and comes back; how long it took to leave.
    fn goes_and_comes(&mut self) -> f64 {
        self.turn = (self.turn + 7_919) % self.size;
        let leave = self.request("Q", self.turn, "");
        self.request("L", self.turn, "");
        leave
    }

    fn chat(&mut self) -> f64 {
        let speaker = self.size / 2;
        (0..100)
            .map(|_| self.request("C", speaker, " hello, how are you?"))
            .sum()
    }

    /// A line, and a look at everyone who gets it.
    fn walk(&mut self) -> f64 {
        let speaker = self.size / 2;
        let request = format!("C u{speaker:09} hello, how are you?");
        let times = 100_000 / self.size + 1;
        let from = self.address(speaker);
        nanos(times, || {
            self.now += 1_000;
            let now = Timestamp::from_millis(self.now);
            let outgoing = self.server.handle(now, from, request.as_bytes());
            for transmit in outgoing.transmits() {
                for to in transmit.to.iter() {
                    black_box(to);
                }
            }
        })
    }
}
