//! `chat join` where standard input is not a terminal, and `chat send`.
//!
//! `events_page` holds what `--json` prints, `newcomer` the exit codes of mishaps.

use chat_tests::harness::{FakeServer, Process, RawPeer, Server, Signal, binary, chat};

/// Starts a server with a listener and our client as a filter which is already in.
fn room_with_alice(options: &[&str]) -> (Server, RawPeer, Process) {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    let alice = server.join("alice", options);
    listener.expect("* alice joined", "alice's login");
    // The others know before alice's client does; when it shows this, it is in.
    listener.send("C listener hello");
    alice.wait_for_text("hello");
    (server, listener, alice)
}

#[test]
fn every_line_is_said_literally_and_in_order() {
    let (_server, listener, mut alice) = room_with_alice(&[]);
    let mut lines: Vec<String> = (1..=200).map(|number| format!("line {number}")).collect();
    let special = [
        "/quit",
        "/help",
        "  blanks  kept  ",
        "",
        "你好",
        "a\ttab",
        "#",
        "Q alice",
        "no line feed at the end",
    ];
    lines.extend(special.map(str::to_owned));
    alice.write(lines.join("\n"));
    alice.close_stdin();
    for line in lines {
        listener.expect(format!("alice : {line}"), &format!("the line {line:?}"));
    }
    listener.expect("* alice left", "the end of the input");
    alice.expect_exit(0);
    listener.expect_nothing_before_the_mark("the end of the input");
}

#[test]
fn standard_output_has_the_rooms_lines_and_nothing_else() {
    let (mut server, _listener, mut alice) = room_with_alice(&[]);
    let bob = server.member("bob");
    bob.send("C bob hi");
    alice.wait_for_line("bob : hi");
    server.operator_says("welcome");
    bob.expect("admin : welcome", "the operator's line");
    bob.quit("bob");
    alice.wait_for_line("* bob left");
    alice.close_stdin();
    alice.expect_exit(0);
    assert_eq!(
        alice.stdout(),
        "listener : hello\n* bob joined\nbob : hi\nadmin : welcome\n* bob left\n",
    );
}

#[test]
fn a_line_that_cannot_be_said_is_refused_and_the_rest_is_sent() {
    let (_server, listener, mut alice) = room_with_alice(&[]);
    let bad = [
        b"x".repeat(2_000),
        "中".repeat(400).into_bytes(),
        b"bad \xff byte".to_vec(),
        b"cut \xe4\xbd".to_vec(),
    ];
    let before = alice.stderr().lines().count();
    for line in &bad {
        alice.write([line.as_slice(), b"\nafter\n"].concat());
    }
    alice.close_stdin();
    for line in &bad {
        let what = format!("a bad line of {} bytes", line.len());
        listener.expect("alice : after", &what);
    }
    listener.expect("* alice left", "the end of the input");
    alice.expect_exit(1);
    let reports = alice.stderr().lines().count() - before;
    assert!(reports >= bad.len(), "{}", alice.stderr());
}

#[test]
fn linger_keeps_listening_after_the_end_of_the_input() {
    let (_server, listener, mut alice) = room_with_alice(&["--linger", "600"]);
    alice.write_line("that was all from me");
    alice.close_stdin();
    listener.expect("alice : that was all from me", "alice's only line");
    for number in 1..=20 {
        listener.send(format!("C listener line {number}"));
        alice.wait_for_line(&format!("listener : line {number}"));
    }
    assert!(alice.is_running(), "alice must keep listening");
    alice.signal(Signal::SIGTERM);
    listener.expect("* alice left", "SIGTERM");
    alice.expect_exit(0);
}

#[test]
fn linger_ends_by_itself() {
    let (_server, listener, mut alice) = room_with_alice(&["--linger", "1"]);
    alice.close_stdin();
    listener.expect("* alice left", "the time to linger");
    alice.expect_exit(0);
}

#[test]
fn signals_make_a_filter_leave_in_order() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let (_server, listener, mut alice) = room_with_alice(&[]);
        alice.signal(signal);
        listener.expect("* alice left", &format!("{signal} for alice"));
        alice.expect_exit(0);
    }
}

#[test]
fn a_closed_standard_output_is_an_orderly_end() {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    let join = binary::command(&["join", "alice", "--server", &server.at()]);
    let mut alice = Process::spawn_with_closed_stdout(join);
    listener.expect("* alice joined", "alice's login");
    listener.send("C listener this has no reader");
    listener.expect("* alice left", "a line that alice could not write");
    alice.expect_exit(0);
}

#[test]
fn send_says_one_thing_at_the_default_address() {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    let mut command = binary::command(&["send", "alice", "hello", "你好", "bye"]);
    command.env("CHAT_ADDRESS", server.at());
    let mut sender = Process::spawn(command);
    listener.expect("* alice joined", "send");
    listener.expect("alice : hello 你好 bye", "send");
    listener.expect("* alice left", "send");
    sender.expect_exit(0);
    assert_eq!(sender.stdout(), "");
}

/// Sends to a server that answers the login and goes. Returns the exit code and the report.
fn sent_to_a_server_that_goes() -> (Option<i32>, String) {
    let server = FakeServer::new();
    let at = server.address().to_string();
    let mut send = chat(&["send", "robot", "anybody there?", "--server", &at]);
    let client = server.wait_for("L robot");
    server.answer(client, "OK");
    drop(server);
    (send.wait_for_exit().code(), send.stderr())
}

#[test]
fn send_reports_a_server_that_went_away_meanwhile() {
    // The line and the quit may both come before the server is gone: then the client cannot know,
    // and the code is 0.
    let ends: Vec<_> = (0..20)
        .map(|_| sent_to_a_server_that_goes())
        .take_while(|end| end.0 != Some(4))
        .collect();
    assert!(ends.len() < 20, "nothing but {ends:?}");
    assert!(ends.iter().all(|end| end.0 == Some(0)), "{ends:?}");
}
