//! A very long flood of bad and good datagrams: the server lives, answers as before, and its memory
//! does not grow.

mod flood;

use std::cell::Cell;
use std::env;
use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chat_tests::harness::{PATIENCE, RawPeer, Server, Signal};

use flood::Flood;

const SEED: u64 = 20_260_705;
/// How many datagrams, where the environment variable `SOAK_DATAGRAMS` does not say otherwise.
const DATAGRAMS: usize = 100_000;
/// After so many datagrams the server has needed all the memory that such a flood makes it need.
const WARM_UP: usize = 50_000;
/// So few that no buffer of the kernel overflows before the server is asked whether it has read
/// them.
const BURST: usize = 128;
/// How much more memory the server may have in use after the flood than after the beginning of it.
/// A leak of nine bytes for each of a million datagrams would be seen. It is not zero because the
/// tables whose size is bounded (members, networks, names) need not have been at their largest
/// after the beginning, and because an allocator keeps some of what is given back to it.
const GROWTH_KB: u64 = 8 * 1024;
/// A reply that has not come after this time will not come: a buffer was full.
const RESEND: Duration = Duration::from_millis(500);

#[test]
fn a_flood_of_bad_and_good_datagrams_leaves_the_server_as_it_was() {
    let datagrams = env::var("SOAK_DATAGRAMS").map_or(DATAGRAMS, |number| {
        number
            .parse()
            .expect("SOAK_DATAGRAMS must be the number of datagrams to send")
    });
    println!("seed {SEED}, {datagrams} datagrams");
    let mut server = Server::start(&["--quiet"]);
    let probe = Probe::enter(server.address);
    let mut flood = Flood::new(server.address, SEED);

    let warm_up = WARM_UP.min(datagrams / 2);
    send(&mut flood, warm_up, &probe);
    let before = resident_kb(&server);
    send(&mut flood, datagrams - warm_up, &probe);
    let in_flood = resident_kb(&server);
    flood.leave(|| probe.wait_until_all_is_read());
    // A line to all: those who vanished are seen to be away.
    for turn in 0..3 {
        probe
            .peer
            .send(format!("C probe is anybody still here? {turn}"));
        probe.wait_until_all_is_read();
    }
    let after = resident_kb(&server);
    println!(
        "{datagrams} datagrams, RSS {before} kB before, {in_flood} kB at the end of the flood, {after} kB after"
    );

    if !server.process.is_running() {
        server.process.fail("the server died of the flood");
    }
    let dropped = dropped_by_the_kernel(server.address);
    println!(
        "{dropped} of them were dropped by the kernel, {} asked again",
        probe.repeated.get()
    );
    assert!(
        dropped * 100 <= datagrams,
        "the kernel dropped {dropped} of {datagrams} datagrams before the server read them: this was no test"
    );
    assert!(
        in_flood.max(after) <= before + GROWTH_KB,
        "the server's memory grew from {before} kB to {in_flood} kB, and was {after} kB after all had left"
    );

    converse(server.address);
    server.process.signal(Signal::SIGTERM);
    server.process.expect_exit(0);
}

fn send(flood: &mut Flood, datagrams: usize, probe: &Probe) {
    let mut left = datagrams;
    while left > 0 {
        let burst = BURST.min(left);
        flood.burst(burst);
        probe.wait_until_all_is_read();
        left -= burst;
    }
}

/// Two people log in, one says something, and both leave.
fn converse(server: SocketAddr) {
    let alice = enter(server, "alice");
    let bob = enter(server, "bob");
    alice.wait_for("* bob joined", "bob's login after the flood");
    for text in ["hello", "  吃了么？\t", &"x".repeat(988)] {
        bob.send(format!("C bob {text}"));
        alice.wait_for(&format!("bob : {text}"), "a line of bob's after the flood");
        alice.send(format!("C alice {text}"));
        bob.wait_for(
            &format!("alice : {text}"),
            "a line of alice's after the flood",
        );
    }
    bob.quit("bob");
    alice.wait_for("* bob left", "bob's quit after the flood");
    alice.quit("alice");
}

/// Logs in, again and again: right after a flood the server may leave logins from its address
/// unanswered for a while.
fn enter(server: SocketAddr, name: &str) -> RawPeer {
    let peer = RawPeer::new(server);
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        peer.send(format!("L {name}"));
        if said_ok(&peer) {
            return peer;
        }
    }
    panic!("{name} could not log in after the flood");
}

/// Whether the success word comes, after whatever else.
fn said_ok(peer: &RawPeer) -> bool {
    let started = Instant::now();
    while let Some(left) = RESEND.checked_sub(started.elapsed()) {
        match peer.receive_within(left) {
            Some(answer) if answer == b"OK" => return true,
            Some(_) => {}
            None => return false,
        }
    }
    false
}

/// A member whose repeated login is always answered: a server takes the datagrams of the loopback
/// network in the order in which they were sent, so that everything before it has been read when
/// the answer comes.
struct Probe {
    peer: RawPeer,
    repeated: Cell<usize>,
}

impl Probe {
    fn enter(server: SocketAddr) -> Self {
        Self {
            peer: RawPeer::login(server, "probe"),
            repeated: Cell::default(),
        }
    }

    fn wait_until_all_is_read(&self) {
        let started = Instant::now();
        let mut repeated = false;
        while started.elapsed() < PATIENCE {
            self.peer.send("L probe");
            if said_ok(&self.peer) {
                if repeated {
                    // The answer to the first one may have been late only; it must not be taken for
                    // that to a later one.
                    while self.peer.receive_within(RESEND / 10).is_some() {}
                }
                return;
            }
            repeated = true;
            self.repeated.set(self.repeated.get() + 1);
        }
        panic!("the server does not answer a member any more");
    }
}

/// The memory of the server that is in use.
fn resident_kb(server: &Server) -> u64 {
    let path = format!("/proc/{}/status", server.process.id());
    let status = fs::read_to_string(path).expect("a running process has an entry in /proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB"))
        .and_then(|number| number.parse().ok())
        .expect("a process that runs has a line such as `VmRSS: 1234 kB`")
}

/// How many datagrams came to the server's socket while its buffer was full.
fn dropped_by_the_kernel(server: SocketAddr) -> usize {
    let sockets = fs::read_to_string("/proc/net/udp").expect("Linux lists its UDP sockets");
    // `number: ADDRESS:PORT …  drops`, where address and port are hexadecimal.
    let local = format!("0100007F:{:04X}", server.port());
    let line = sockets
        .lines()
        .find(|line| line.split_whitespace().nth(1) == Some(&local));
    line.and_then(|line| line.split_whitespace().last())
        .and_then(|drops| drops.parse().ok())
        .expect("the server's socket is listed with its dropped datagrams")
}
