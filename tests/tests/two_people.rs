//! People at terminals: the first to come hosts the room, the others join it.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use chat_tests::harness::net::free_address;
use chat_tests::harness::terminal::Terminal;
use chat_tests::harness::terminal::keys::{CTRL_C, CTRL_D, paste};
use chat_tests::harness::{FakeServer, PATIENCE, Process, RawPeer, Signal, binary, chat};

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
        if let Leave::Types(text) = way {
            alice.types(text);
            alice.sees("others in the room: 1;");
        }
        leaves(&mut alice, way);
        carol.sees("admin : the host closed the room");
        carol.expect_exit(1);
        // The address is free for the next host, who leaves an empty room.
        leaves(&mut alice_hosts(address), way);
        let free = UdpSocket::bind(address).is_ok();
        assert!(free, "after {way:?} of the host the address is taken");
    }
}

/// Waits until the host was asked this often whether to leave.
fn is_asked(host: &Terminal, times: usize) {
    host.wait_until(&format!("the question number {times}"), |view| {
        let mut lines = view.lines.iter();
        lines.by_ref().filter(|line| line.contains("[y/N]")).count() == times
    });
}

#[test]
fn a_host_is_asked_once_before_others_lose_the_room() {
    for (language, yes, last_words) in [
        ("en", "YES", "admin : the host closed the room"),
        ("zh", "是", "管理员 : 主持人关闭了聊天室"),
    ] {
        let address = free_address();
        let mut alice = Terminal::start(&["join", "alice", "--lang", language], address);
        alice.wait_until_lines_are_edited();
        RawPeer::new(address).wait_until_a_server_answers();
        let bob = RawPeer::login(address, "bob");
        for (round, way) in ["/quit\n", CTRL_D, CTRL_C].into_iter().enumerate() {
            alice.types(way);
            is_asked(&alice, round + 1);
            alice.types("I stay\n");
            bob.expect("alice : I stay", "another line than an answer");
        }
        alice.types("/quit\n");
        is_asked(&alice, 4);
        alice.types("n\nbye\n");
        bob.expect("alice : bye", "a no, which is not said");
        // Neither the line after an empty one nor a paste is an answer.
        for (times, line) in [(5, "\ny\n"), (6, &*format!("{}\r", paste("y\nis an axis")))] {
            alice.types(CTRL_C);
            is_asked(&alice, times);
            alice.types(line);
            bob.expect("alice : y", "a line that is not an answer");
        }
        bob.expect("alice : is an axis", "the rest of the paste");
        alice.types("/quit\n");
        is_asked(&alice, 7);
        alice.types(&format!(" {yes} \n"));
        alice.expect_exit(0);
        for datagram in [last_words, "EXIT"] {
            bob.wait_for(datagram, "the end of the room");
        }
    }
}

#[test]
fn a_pipe_that_hosts_is_not_asked_and_says_goodbye() {
    let address = free_address();
    let mut command = binary::command(&["join", "alice"]);
    command.env("CHAT_ADDRESS", address.to_string());
    let mut alice = Process::spawn(command);
    RawPeer::new(address).wait_until_a_server_answers();
    let bob = RawPeer::login(address, "bob");
    alice.wait_for_text("in the room at");
    let mut carol = chat(&["join", "carol", "--server", &address.to_string()]);
    carol.wait_for_text("in the room at");
    alice.close_stdin();
    alice.expect_exit(0);
    carol.wait_for_line("admin : the host closed the room");
    carol.expect_exit(1);
    for datagram in ["* alice left", "admin : the host closed the room", "EXIT"] {
        bob.wait_for(datagram, "the end of the host's input");
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
