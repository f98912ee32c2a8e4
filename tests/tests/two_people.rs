//! Two people at two terminals: the first to come hosts the room, the second joins it.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use chat_tests::harness::net::free_address;
use chat_tests::harness::terminal::Terminal;
use chat_tests::harness::terminal::keys::{CTRL_C, CTRL_D};
use chat_tests::harness::{PATIENCE, Process, RawPeer, Signal, binary};

/// A way to leave.
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
}

/// Alice, who hosts the room, and bob, who has joined it.
fn alice_and_bob(address: SocketAddr) -> (Terminal, Terminal) {
    let alice = alice_hosts(address);
    let bob = Terminal::start(&["join", "bob"], address);
    alice.sees("* bob joined");
    (alice, bob)
}

/// Alice, who hosts a room in which she is alone.
fn alice_hosts(address: SocketAddr) -> Terminal {
    let alice = Terminal::start(&["join", "alice"], address);
    // Who hosts a room says where, so that others can come.
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
fn two_people_chat_in_english_and_chinese_and_leave_in_every_way() {
    for way in WAYS {
        let address = free_address();
        let (mut alice, mut bob) = alice_and_bob(address);
        alice.types("hello bob\n");
        bob.sees("alice : hello bob");
        bob.types("你好，alice！今天天气很好\n");
        alice.sees("bob : 你好，alice！今天天气很好");

        leaves(&mut bob, way);
        bob.expect_exit(0);
        alice.sees("* bob left");
        leaves(&mut alice, way);
        alice.expect_exit(0);
        let free = UdpSocket::bind(address).is_ok();
        assert!(free, "after {way:?} of the host the address is taken");
    }
}

#[test]
fn when_the_host_leaves_the_others_are_told_and_end_with_exit_code_1() {
    for way in WAYS {
        let (mut alice, mut bob) = alice_and_bob(free_address());
        leaves(&mut alice, way);
        alice.expect_exit(0);
        bob.expect_exit(1);
    }
}

#[test]
fn a_host_in_an_empty_room_leaves_in_every_way() {
    for way in WAYS {
        let mut alice = alice_hosts(free_address());
        leaves(&mut alice, way);
        alice.expect_exit(0);
    }
}

#[test]
fn three_people_meet_and_the_one_who_comes_under_a_taken_name_is_refused() {
    let address = free_address();
    let (mut alice, bob) = alice_and_bob(address);
    let mut second_bob = Terminal::start(&["join", "bob"], address);
    second_bob.expect_exit(3);
    second_bob.sees("name taken");
    let mut second_alice = Terminal::start(&["join", "alice"], address);
    second_alice.expect_exit(3);

    let mut carol = Terminal::start(&["join", "carol"], address);
    alice.sees("* carol joined");
    bob.sees("* carol joined");
    alice.types("welcome carol\n");
    carol.sees("alice : welcome carol");
    bob.sees("alice : welcome carol");
    carol.types("thank you\n");
    alice.sees("carol : thank you");
    bob.sees("carol : thank you");
}

#[test]
fn a_person_at_a_terminal_is_not_shown_escape_sequences_of_others() {
    let address = free_address();
    let server = UdpSocket::bind(address).expect("the address is free");
    server
        .set_read_timeout(Some(PATIENCE))
        .expect("a time-out above zero can be set");
    let bob = Terminal::start(&["join", "bob", "--server", &address.to_string()], address);
    let mut request = [0; 2048];
    let (_, client) = server
        .recv_from(&mut request)
        .expect("bob's client logs in");
    for line in [
        "OK",
        "eve : \u{1b}]0;owned\u{7} \u{1b}[2J \u{9b}2J \u{202e}",
        "eve : harmless",
    ] {
        server
            .send_to(line.as_bytes(), client)
            .expect("a datagram can be sent");
    }
    bob.sees("eve : harmless");
    let raw = bob.raw_screen();
    for forbidden in ["\u{1b}]0;owned", "\u{1b}[2J", "\u{9b}", "\u{202e}"] {
        let reached = raw.contains(forbidden);
        assert!(!reached, "{forbidden:?}: {}", raw.escape_debug());
    }
}

#[test]
fn somebody_with_a_filter_joins_the_room_that_a_person_hosts() {
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
    alice.types("/quit\n");
    alice.expect_exit(0);
}
