//! The promises about speed and memory, each as a ratio of two things that are measured in turn
//! within one run: `cargo bench -p chat-tests --bench ratios`. Nothing fails here: a verdict is
//! printed. What can be counted instead of timed is a test.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use chat_core::{Config, Server, Timestamp};
use chat_proto::{Dialect, Request};

/// The number of times that each ratio is taken; the median counts.
const ROUNDS: usize = 101;

fn main() {
    println!("{:<58} {:>10} {:>10}  verdict", "", "measured", "at most");
    let ascii = "C alice hello, how are you doing today??".to_owned();
    let chinese = format!("C 小明 {}x", "吃了么".repeat(110));
    for (what, line) in [
        ("40 bytes of ASCII", ascii),
        ("1,000 bytes of Chinese", chinese),
    ] {
        let dialect = Dialect::lenient();
        let decode = || Request::decode(black_box(line.as_bytes()), &dialect).is_ok();
        let what = format!("decode {what} / 2 memchr + from_utf8");
        let one = || nanos(5_000, || _ = black_box(decode()));
        let other = || nanos(5_000, || yardstick(black_box(line.as_bytes())));
        report(&what, 2.5, one, other);
    }
    for size in [1_000, 100_000] {
        let mut room = Room::new(10, size);
        let what = format!("nanoseconds per recipient, {size} members");
        report(&what, 5.0, || room.walk(), || 1.0);
    }
    let (mut large, mut small) = (Room::new(10, 100_000), Room::new(10, 100));
    let mut sizes = |what: &str, act: fn(&mut Room) -> f64| {
        let what = format!("{what} with 100,000 members / with 100");
        report(&what, 4.0, || act(&mut large), || act(&mut small));
    };
    sizes("log in", |room| room.comes_and_goes()[0]);
    sizes("leave again", |room| room.comes_and_goes()[1]);
    // The processor's caches have forgotten this member when the room is large, and have the whole
    // of a small room.
    sizes("leave after a long time", Room::goes_and_comes);
    sizes("handle a line", |room| {
        let speaker = room.size / 2;
        (0..100)
            .map(|_| room.request("C", speaker, " hello, how are you?"))
            .sum()
    });
    let (mut large, mut small) = (Room::new(10, 10_000), Room::new(10, 100));
    let what = "handle and walk, per recipient, 10,000 members / 100";
    report(what, 1.25, || large.walk(), || small.walk());
    for (what, network) in [("private", 10), ("public", 8)] {
        let mut room = None;
        let used = allocation_counter::measure(|| room = Some(Room::new(network, 1_000_000)));
        drop(room);
        #[allow(clippy::cast_precision_loss)] // A few hundred million bytes.
        let each = used.bytes_current as f64 / 1e6;
        let what = format!("bytes per member, a million at {what} addresses");
        report(&what, 512.0, || each, || 1.0);
    }
}

/// Prints the median of `one` to `other`, each measured in every round.
fn report(what: &str, limit: f64, mut one: impl FnMut() -> f64, mut other: impl FnMut() -> f64) {
    let mut ratios: Vec<f64> = (0..ROUNDS).map(|_| one() / other()).collect();
    ratios.sort_by(f64::total_cmp);
    let measured = ratios[ROUNDS / 2];
    let verdict = if measured <= limit { "met" } else { "missed" };
    println!("{what:<58} {measured:>10.2} {limit:>10.2}  {verdict}");
}

/// Measures the nanoseconds of one call.
fn nanos(calls: u32, mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..calls).for_each(|_| call());
    start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

/// Does the least that a reader of such a line could do.
fn yardstick(line: &[u8]) {
    let first = memchr::memchr(b' ', line).unwrap_or(0);
    let rest = line.get(first + 1..).unwrap_or_default();
    black_box(memchr::memchr(b' ', rest));
    black_box(std::str::from_utf8(line)).ok();
}

/// A room of some size, and its clock.
struct Room {
    server: Server<SocketAddr>,
    network: u32,
    size: u32,
    turn: u32,
    now: u64,
}

impl Room {
    fn new(network: u32, size: u32) -> Self {
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
        (Ipv4Addr::from_bits((self.network << 24) + member), 5000).into()
    }

    /// Measures a request, a second after the one before, so that no rate is met.
    fn request(&mut self, verb: &str, member: u32, tail: &str) -> f64 {
        let request = format!("{verb} u{member:09}{tail}");
        self.now += 1_000;
        let (now, from) = (Timestamp::from_millis(self.now), self.address(member));
        nanos(1, || {
            let outgoing = self.server.handle(now, from, request.as_bytes());
            black_box(outgoing.transmits().count());
        })
    }

    /// Measures one more member's login and leave.
    fn comes_and_goes(&mut self) -> [f64; 2] {
        ["L", "Q"].map(|verb| self.request(verb, self.size, ""))
    }

    /// Measures the leave of a member that stands anywhere, who comes back.
    fn goes_and_comes(&mut self) -> f64 {
        self.turn = (self.turn + 7_919) % self.size;
        let leave = self.request("Q", self.turn, "");
        self.request("L", self.turn, "");
        leave
    }

    /// Measures a line and a look at everyone who gets it, per recipient.
    fn walk(&mut self) -> f64 {
        let speaker = self.size / 2;
        let request = format!("C u{speaker:09} hello, how are you?");
        let from = self.address(speaker);
        let line = nanos(100_000 / self.size + 1, || {
            self.now += 1_000;
            let now = Timestamp::from_millis(self.now);
            let outgoing = self.server.handle(now, from, request.as_bytes());
            let recipients = outgoing.transmits().flat_map(|transmit| transmit.to.iter());
            recipients.for_each(|to| _ = black_box(to));
        });
        line / f64::from(self.size - 1)
    }
}
