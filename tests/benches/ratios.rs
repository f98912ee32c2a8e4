//! The promises about speed, each as a ratio of two things that are measured in turn within one
//! run: `cargo bench -p chat-tests --bench ratios`. Nothing fails here: a verdict is printed. What
//! can be counted instead of timed is a test.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use chat_core::{Config, Server, Timestamp};
use chat_proto::{Dialect, Request};

/// The number of times that each ratio is taken; the median counts.
const ROUNDS: usize = 101;

fn main() {
    println!("{:<58} {:>10} {:>10}  verdict", "", "measured", "at most");
    let dialect = Dialect::lenient();
    let decode = |what: &str, line: &str| {
        let what = format!("decode {what} / 2 memchr + from_utf8");
        let decode = || _ = black_box(Request::decode(black_box(line.as_bytes()), &dialect));
        let other = || nanos(5_000, || yardstick(black_box(line.as_bytes())));
        report(&what, 2.5, || nanos(5_000, decode), other);
    };
    let ascii = "C alice hello, how are you doing today??";
    decode("40 bytes of ASCII", ascii);
    let chinese = format!("C 小明 {}x", "吃了么".repeat(110));
    decode("1,000 bytes of Chinese", &chinese);
    let (mut large, mut small) = (Room::new(100_000), Room::new(100));
    let what = "nanoseconds per recipient, 100,000 members";
    report(what, 5.0, || large.walk(), || 1.0);
    let mut sizes = |what: &str, limit: f64, act: fn(&mut Room) -> f64| {
        let what = format!("{what}, 100,000 members / 100");
        report(&what, limit, || act(&mut large), || act(&mut small));
    };
    sizes("handle and walk, per recipient", 1.25, Room::walk);
    sizes("handle a line", 4.0, |room| room.line(100, false));
    // The processor's caches have forgotten this member when the room is large, and have the whole
    // of a small room.
    sizes("leave after a long time", 4.0, |room| room.absence()[0]);
    sizes("log in again", 4.0, |room| room.absence()[1]);
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
    size: u32,
    now: u64,
}

impl Room {
    fn new(size: u32) -> Self {
        let mut config = Config::default();
        (config.max_members, config.network_logins) = (None, None);
        let (server, now) = (Server::new(config), 0);
        let mut room = Self { server, size, now };
        (0..size).for_each(|member| _ = room.request(1, false, member, ["L", ""]));
        room
    }

    /// Measures a request, and a look at each recipient when `walks` is set. Requests are a second
    /// apart, so that no rate is met.
    fn request(&mut self, calls: u32, walks: bool, member: u32, words: [&str; 2]) -> f64 {
        let request = format!("{} u{member:09}{}", words[0], words[1]);
        let from = (Ipv4Addr::from_bits((10 << 24) + member), 5000).into();
        nanos(calls, || {
            self.now += 1;
            let now = Timestamp::from_millis(1_000 * self.now);
            let outgoing = self.server.handle(now, from, request.as_bytes());
            let walked = outgoing.transmits().map(black_box).filter(|_| walks);
            walked.for_each(|transmit| transmit.to.iter().for_each(|to| _ = black_box(to)));
        })
    }

    fn line(&mut self, calls: u32, walks: bool) -> f64 {
        self.request(calls, walks, self.size / 2, ["C", " hello, how are you?"])
    }

    /// Measures a line and a look at each recipient, per recipient.
    fn walk(&mut self) -> f64 {
        self.line(100_000 / self.size + 1, true) / f64::from(self.size - 1)
    }

    /// Measures the leave of a member that stands anywhere, and its login again.
    fn absence(&mut self) -> [f64; 2] {
        let member = (self.now * 7_919 % u64::from(self.size)) as u32;
        ["Q", "L"].map(|verb| self.request(1, false, member, [verb, ""]))
    }
}
