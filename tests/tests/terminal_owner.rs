//! The terminal has one owner at a time: the editor, the program's last words, or another job.

use std::net::SocketAddr;

use chat_tests::harness::net::free_address;
use chat_tests::harness::terminal::keys::{CTRL_C, CTRL_Z, ENTER, TAB, UP};
use chat_tests::harness::terminal::{Home, Terminal};
use chat_tests::harness::{RawPeer, Server};

/// Checks that the program's last line is this one, with nothing drawn in it or behind it.
fn expect_last_words(terminal: &Terminal, begin: &str, part: &str) {
    let view = terminal.view();
    let last = view.whole_lines(" ").pop().unwrap_or_default();
    assert!(last.starts_with(begin) && last.contains(part), "{view}");
    let raw = terminal.raw_screen();
    let (_, drawn) = raw.rsplit_once(begin).expect("the last line");
    assert!(!drawn.contains('\x1b'), "{}", drawn.escape_debug());
    assert!(terminal.is_cooked(), "lines are not handed over");
}

#[test]
fn a_kick_while_its_target_types_is_shown_whole() {
    let mut server = Server::start(&["--quiet"]);
    for round in 0..20 {
        let join = ["join", "alice", "--server", &server.at()];
        let mut alice = Terminal::start(&join, server.address);
        alice.sees("in the room at");
        alice.wait_until_lines_are_edited();
        alice.types(&"typing ".repeat(round));
        server.operator_says(&format!("/kick alice reason {round}."));
        alice.expect_exit(1);
        alice.sees(&format!(" reason {round}."));
        expect_last_words(&alice, "chat: ", "(kicked)");
    }
}

#[test]
fn the_escape_key_does_not_stop_the_room() {
    let mut server = Server::start(&["--quiet"]);
    let join = ["join", "alice", "--server", &server.at()];
    let mut alice = Terminal::start(&join, server.address);
    alice.wait_until_lines_are_edited();
    alice.types("the line is edited");
    alice.sees("> the line is edited");
    alice.types("\x1b");
    server.operator_says("are you there?");
    alice.sees(" admin : are you there?");
    alice.types("\x1b");
    server.operator_says("/kick alice a reason");
    alice.expect_exit(1);
    alice.sees(" a reason");
    expect_last_words(&alice, "chat: ", "(kicked)");
}

/// Starts a server at a terminal, and returns the address too.
fn console(home: &Home, options: &[&str]) -> (Terminal, SocketAddr) {
    let address = free_address();
    let serve = ["serve", "--bind", &address.to_string()];
    let console = Terminal::start_in(home, 80, &[&serve, options].concat(), address);
    console.sees("listening on");
    (console, address)
}

#[test]
fn the_operators_line_stays_whole_while_the_log_grows() {
    let (mut console, address) = console(&Home::new(), &[]);
    console.wait_until_lines_are_edited();
    console.types("a line for all");
    for number in 0..20 {
        RawPeer::login(address, &format!("n{number}")).quit(&format!("n{number}"));
    }
    console.sees("n19 left");
    let bob = RawPeer::login(address, "bob");
    console.sees("bob joined from");
    console.wait_until("the typed line below the log", |view| {
        view.last_line().ends_with("> a line for all") && view.cursor == view.end_less(0)
    });
    let lines = console.view().lines;
    let is_whole = |line: &&String| line.contains(" joined from 127.0.0.1:");
    assert_eq!(lines.iter().filter(is_whole).count(), 21, "{lines:#?}");
    console.types(ENTER);
    bob.expect("admin : a line for all", "the operator's line");
    // A key that comes before a line of the log is drawn would be taken first.
    console.sees(" admin : a line for all");
    console.types(CTRL_C);
    console.expect_exit(0);
    bob.expect("EXIT", "Ctrl-C");
    let view = console.view();
    assert!(view.shows(" closed the room, 1 "), "{view}");
    let last = view.whole_lines(" ").pop().unwrap_or_default();
    assert!(last.contains(" stopped: "), "{view}");
    assert!(console.is_cooked(), "lines are not handed over");
}

#[test]
fn the_operator_has_a_history_and_completion() {
    let home = Home::new();
    for round in 0..2 {
        let (mut console, address) = console(&home, &["--quiet"]);
        console.wait_until_lines_are_edited();
        let bob = RawPeer::login(address, "bob");
        if round == 1 {
            // Behind the two commands.
            console.types(&UP.repeat(3));
            console.wait_until("the line of the day before", |view| {
                view.last_line().ends_with("> a line to keep")
            });
            console.types(ENTER);
        } else {
            console.types(&format!("a line to keep{ENTER}"));
        }
        bob.expect("admin : a line to keep", "the operator's line");
        console.types(&format!("/ki{TAB} bo{TAB}{ENTER}"));
        bob.expect("EXIT", "the kick");
        console.types(&format!("/quit{ENTER}"));
        console.expect_exit(0);
        let raw = console.raw_screen();
        assert!(!raw.contains("^["), "{}", raw.escape_debug());
    }
}

#[test]
fn a_console_that_shows_json_edits_no_lines() {
    let (mut console, _) = console(&Home::new(), &["--json"]);
    console.types("/stats\n");
    console.sees(r#""event":"stats""#);
    assert!(console.is_cooked(), "the editor would draw between objects");
}

#[test]
fn a_stopped_server_goes_on_in_the_background() {
    // With the editor, and without.
    for kind in ["xterm-256color", "dumb"] {
        let address = free_address();
        let mut shell = Terminal::start_shell(&Home::new(), 100, address);
        shell.types(&format!("TERM={kind} chat serve --bind {address}\n"));
        shell.sees(&format!("listening on {address}"));
        // Then the console is read.
        shell.types("/names\n");
        shell.sees("0 in the room");
        shell.types(CTRL_Z);
        shell.sees("Stopped");
        shell.types("bg\n");
        let _alice = RawPeer::login(address, "alice");
        shell.sees("alice joined from");
        // The terminal is the shell's, also when something is typed.
        shell.types("echo $((40 + 2)) is the answer\n");
        shell.sees("42 is the answer");
        let _bob = RawPeer::login(address, "bob");
        shell.sees("bob joined from");
        shell.types("fg\n");
        shell.types("/names\n");
        shell.sees("2 in the room");
        shell.types("/quit\n");
        shell.sees(" stopped: ");
    }
}

#[test]
fn a_server_from_the_background_reads_once_it_is_in_front() {
    for kind in ["xterm-256color", "dumb"] {
        let address = free_address();
        let mut shell = Terminal::start_shell(&Home::new(), 100, address);
        shell.types(&format!("TERM={kind} chat serve --bind {address} &\n"));
        shell.sees(&format!("listening on {address}"));
        shell.types("fg\n");
        shell.types("/names\n");
        shell.sees("0 in the room");
        shell.types("/quit\n");
        shell.sees(" stopped: ");
    }
}
