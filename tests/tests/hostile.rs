//! Hostile datagrams at the real socket: single ones, a flood, and the limits against abuse. The
//! tests of chat-core prove the rules for their answers.

use std::env;
use std::fs;
use std::iter;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use chat_tests::harness::{PATIENCE, RawPeer, Server, Signal};

const NOT_IN: &str = "FAIL not logged in";
const TOO_FAST: &str = "FAIL too fast";

#[test]
fn hostile_datagrams_harm_no_member() {
    let mut server = Server::start(&[]);
    let alice = server.member("alice");
    let bad_name = "FAIL bad name";
    for (number, (datagram, to_stranger, to_member)) in [
        (&b""[..], "", ""),
        (b"C", "", ""),
        (b"GET / HTTP/1.1\r\n\r\n", "", ""),
        (b"\xff\xfe\xfd", "", ""),
        (b"L \xff", bad_name, bad_name),
        (b"C NAME cut \xe4\xbd", NOT_IN, ""),
        (b"C NAME \x1b[2J", NOT_IN, "FAIL control character"),
        (b"C alice I am alice", NOT_IN, "FAIL not your name"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("m{number}");
        let what = datagram.escape_ascii().to_string();
        let datagram = match datagram.strip_prefix(b"C NAME") {
            Some(rest) => [format!("C {name}").as_bytes(), rest].concat(),
            None => datagram.to_vec(),
        };
        let (stranger, member) = (server.stranger(), server.member(&name));
        alice.expect(format!("* {name} joined"), "a login");
        for (peer, answer) in [(&stranger, to_stranger), (&member, to_member)] {
            peer.send(&datagram);
            let received = peer.receive_to_the_mark(&what).concat();
            assert_eq!(received, answer.as_bytes(), "{what}");
            alice.expect_nothing_before_the_mark(&what);
        }
        member.quit(&name);
        alice.expect(format!("* {name} left"), "a quit");
    }
    server.expect_alive("hostile datagrams");
}

#[test]
fn a_datagram_of_1025_bytes_is_refused() {
    let server = Server::start(&[]);
    let alice = server.member("alice");
    let name = "n".repeat(32);
    let member = server.member(&name);
    alice.expect(format!("* {name} joined"), "a login");
    // Before its text a line has 35 bytes.
    let line = |length: usize| format!("C {name} {}", "x".repeat(length));
    for length in [989, 990, 2_000, 60_000] {
        member.send(line(length));
        let refused = member.receive_to_the_mark("a long line");
        let once_a_second = refused.is_empty() || refused == [b"FAIL too long"];
        assert!(once_a_second, "{length} bytes: {refused:?}");
    }
    alice.expect_nothing_before_the_mark("long lines");
    member.send(line(988));
    alice.expect(format!("{name} : {}", "x".repeat(988)), "the longest line");
}

#[test]
fn each_rate_option_reaches_the_rules() {
    // The defaults would refuse no line, and answer each of the others.
    for (rate, datagram, times, answer, answers) in [
        ("--line-rate=1:5", "C alice hi", 9, TOO_FAST, 1..=9),
        ("--byte-rate=1:2000", "C alice hi", 300, TOO_FAST, 1..=9),
        ("--login-rate=1:2", "L late", 1, "OK", 0..=0),
        ("--reply-rate=1:3", "C ghost hi", 100, NOT_IN, 3..=9),
    ] {
        let server = Server::start(&[rate]);
        let (alice, bob) = (server.member("alice"), server.member("bob"));
        let of_member = datagram.starts_with("C alice");
        let sender = if of_member { alice } else { server.stranger() };
        (0..times).for_each(|_| sender.send(datagram));
        bob.receive_to_the_mark(rate);
        let received = iter::from_fn(|| sender.receive_within(Duration::from_millis(50)));
        let found = received.filter(|found| found == answer.as_bytes()).count();
        assert!(answers.contains(&found), "{rate}: {found} times {answer}");
    }
}

const SEED: u64 = 20_260_705;
/// The number of datagrams without the variable `SOAK_DATAGRAMS`.
const DATAGRAMS: usize = 100_000;
/// Too few to overflow a buffer of the kernel.
const BURST: usize = 128;
/// A million datagrams reveal a leak of nine bytes each. It is not zero because the bounded tables
/// may still grow after the first datagrams.
const GROWTH_KB: u64 = 8 * 1024;

#[test]
fn a_flood_of_datagrams_leaves_the_server_as_it_was() {
    let datagrams = env::var("SOAK_DATAGRAMS").map_or(DATAGRAMS, |number| {
        number.parse().expect("SOAK_DATAGRAMS is a number")
    });
    let mut server = Server::start(&["--quiet"]);
    let probe = server.member("probe");
    // Who has spoken is always answered with the same word.
    probe.send("C probe I am here");
    let mut flood = Flood::new(server.address);
    let warm_up = 50_000.min(datagrams / 2);
    let mut before = 0;
    for sent in (0..datagrams).step_by(BURST) {
        if (warm_up..warm_up + BURST).contains(&sent) {
            before = resident_kb(&server);
        }
        flood.burst();
        wait_until_all_is_read(&probe);
    }
    let after = resident_kb(&server);
    println!("seed {SEED}, {datagrams} datagrams: {before} kB before, {after} kB after");
    assert!(
        after <= before + GROWTH_KB,
        "{before} kB grew to {after} kB"
    );
    drop(flood);
    probe.send("C probe still here");
    wait_until_all_is_read(&probe);
    server.expect_alive("the flood");
    server.process.signal(Signal::SIGTERM);
    server.process.expect_exit(0);
}

/// Waits until the server has read everything: it reads the datagrams of the loopback network in
/// the order in which they were sent, and answers a member's repeated login.
fn wait_until_all_is_read(probe: &RawPeer) {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        probe.send("L probe");
        while let Some(heard) = probe.receive_within(Duration::from_millis(500)) {
            if heard == b"OK" {
                return;
            }
        }
    }
    panic!("the server does not answer a member any more");
}

fn resident_kb(server: &Server) -> u64 {
    let path = format!("/proc/{}/status", server.process.id());
    let status = fs::read_to_string(path).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number.expect("`VmRSS: 1234 kB`").parse().expect("a number")
}

/// Many sockets, each a person who comes and goes, with random datagrams.
struct Flood {
    server: SocketAddr,
    random: fastrand::Rng,
    peers: Vec<UdpSocket>,
}

impl Flood {
    fn new(server: SocketAddr) -> Self {
        // Linux answers for the whole of 127.0.0.0/8.
        let bind = |last| UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 1 + last % 20), 0));
        Self {
            server,
            random: fastrand::Rng::with_seed(SEED),
            peers: (0..80_u8).map(|last| bind(last).expect("a port")).collect(),
        }
    }

    /// Sends datagrams from random peers, then replaces one of these by a new one, so that a member
    /// vanishes.
    fn burst(&mut self) {
        for _ in 0..BURST {
            let peer = self.random.usize(..self.peers.len());
            let datagram = self.datagram(peer);
            let sent = self.peers[peer].send_to(&datagram, self.server);
            sent.expect("a datagram can be sent");
        }
        let gone = self.random.usize(..self.peers.len());
        let home = self.peers[gone].local_addr().expect("a bound socket").ip();
        self.peers[gone] = UdpSocket::bind((home, 0)).expect("a free port");
    }

    fn datagram(&mut self, peer: usize) -> Vec<u8> {
        let random = &mut self.random;
        let names = ["probe", "prob\u{435}", "管理员", "OK", "a:b", "小明"];
        let name = match random.u8(..10) {
            0 => names[random.usize(..names.len())].to_owned(),
            own => format!("f{peer}{}", if own < 8 { "" } else { "-again" }),
        };
        let text = match random.u8(..10) {
            0 => "x".repeat(random.usize(..8_000)),
            _ => format!("吃了么？\t{}", random.u32(..)),
        };
        let request = match random.u8(..8) {
            0 | 1 => format!("L {name}"),
            2 => format!("LOGIN {name} ~{text}"),
            3 | 4 => format!("C {name} {text}"),
            5 => format!("CHAT {name}:{text}\n"),
            6 => format!("Q {name}"),
            _ => text,
        };
        // Some are spoiled, or cut, perhaps to nothing.
        let mut bytes = request.into_bytes();
        for _ in 0..random.u8(..4).saturating_sub(1) {
            let place = random.usize(..=bytes.len());
            bytes.splice(place..bytes.len().min(place + 1), [random.u8(..)]);
        }
        if random.u8(..20) == 0 {
            bytes.truncate(random.usize(..=bytes.len()));
        }
        bytes
    }
}
