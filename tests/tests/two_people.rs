//! People at terminals: the first to come hosts the room, the others join it.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use chat_tests::harness::net::free_address;
use chat_tests::harness::terminal::Terminal;
use chat_tests::harness::terminal::keys::{CTRL_C, CTRL_D};
use chat_tests::harness::{FakeServer, PATIENCE, Process, RawPeer, Signal, binary};

#[derive(Clone, Copy, Debug)]
enum Leave {
    Types(&'static str),
    Signal(Signal),
}

const WAYS: [Leave; 5] = [
    Leave::Types("/quit\n"),
    Leave::Types(CTRL_D),
    Leave::Types(CTRL_C),
    Leave::Signal(Signal::SIGTERM),
    Leave::Signal(Signal::SIGINT),
];

fn leaves(person: &mut Terminal, way: Leave) {
    match way {
        Leave::Types(text) => person.types(text),
        Leave::Signal(signal) => person.signal(signal),
    }
    person.expect_exit(0);
}

/// Lets alice host a room in which she is alone.
fn alice_hosts(address: SocketAddr) -> Terminal {
    let alice = Terminal::start(&["join", "alice"], address);
    // A host shows the address, so that others can come.
    alice.sees(&address.to_string());
    RawPeer::new(address).wait_until_a_server_answers();
    // The room may be open before its host has entered it.
    let visitor = RawPeer::login(address, "visitor");
    let started = Instant::now();
    while !alice.view().shows("visitor : hello") {
        let late = started.elapsed() > PATIENCE;
        assert!(!late, "the host does not hear:\n{}", alice.view());
        visitor.send("C visitor hello");
        let _ = visitor.receive_within(Duration::from_millis(50));
    }
    visitor.quit("visitor");
    alice
}

#[test]
fn people_chat_and_leave_in_every_way_the_host_last() {
    for way in WAYS {
        let address = free_address();
        let mut alice = alice_hosts(address);
        let mut bob = Terminal::start(&["join", "bob"], address);
        alice.sees("* bob joined");
        let mut carol = Terminal::start(&["join", "carol"], address);
        alice.sees("* carol joined");
        bob.sees("* carol joined");
        alice.types("hello everybody\n");
        bob.sees("alice : hello everybody");
        carol.sees("alice : hello everybody");
        bob.types("你好！今天天气很好\n");
        alice.sees("bob : 你好！今天天气很好");
        carol.sees("bob : 你好！今天天气很好");

        leaves(&mut bob, way);
        alice.sees("* bob left");
        leaves(&mut alice, way);
        carol.expect_exit(1);
        // The address is free for the next host, who leaves an empty room.
        leaves(&mut alice_hosts(address), way);
        let free = UdpSocket::bind(address).is_ok();
        assert!(free, "after {way:?} of the host the address is taken");
    }
}

#[test]
fn a_person_who_comes_under_the_hosts_name_is_refused() {
    let address = free_address();
    let _alice = alice_hosts(address);
    let mut second = Terminal::start(&["join", "alice"], address);
    second.expect_exit(3);
    second.sees("name taken");
}

#[test]
fn a_terminal_gets_no_escape_sequences_of_others() {
    let server = FakeServer::new();
    let address = server.address();
    let bob = Terminal::start(&["join", "bob", "--server", &address.to_string()], address);
    let client = server.wait_for("L bob");
    for line in [
        "OK",
        "eve : \u{1b}]0;owned\u{7} \u{1b}[2J \u{9b}2J \u{202e}",
        "eve : harmless",
    ] {
        server.answer(client, line);
    }
    bob.sees("eve : harmless");
    let raw = bob.raw_screen();
    for forbidden in ["\u{1b}]0;owned", "\u{1b}[2J", "\u{9b}", "\u{202e}"] {
        let reached = raw.contains(forbidden);
        assert!(!reached, "{forbidden:?}: {}", raw.escape_debug());
    }
}

#[test]
fn a_filter_joins_the_room_that_a_person_hosts() {
    let address = free_address();
    let mut alice = alice_hosts(address);
    let mut command = binary::command(&["join", "bob"]);
    command.env("CHAT_ADDRESS", address.to_string());
    let mut bob = Process::spawn(command);
    alice.sees("* bob joined");
    bob.write_line("from a script");
    alice.sees("bob : from a script");
    alice.types("from a person\n");
    bob.wait_for_line("alice : from a person");
    bob.close_stdin();
    bob.expect_exit(0);
    alice.sees("* bob left");
}
