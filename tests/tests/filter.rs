//! `chat join` where standard input is not a terminal, `chat send`, and the exit codes.

use serde_json::Value;

use chat_tests::harness::net::free_address;
use chat_tests::harness::own_socket::OwnSocket;
use chat_tests::harness::{PATIENCE, Process, RawPeer, Server, Signal, binary, chat};

/// A server, somebody who listens, and our client as a filter which is already in.
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

/// All lines must be JSON objects, one a line.
fn json_objects(output: &str) -> Vec<Value> {
    output
        .lines()
        .map(|line| match serde_json::from_str(line) {
            Ok(Value::Object(object)) => Value::Object(object),
            other => panic!("{line:?} is not a JSON object but {other:?}"),
        })
        .collect()
}

/// Whether a string of this value, at any depth, is this text.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string == text,
        Value::Array(values) => values.iter().any(|value| holds(value, text)),
        Value::Object(values) => values.values().any(|value| holds(value, text)),
        _ => false,
    }
}

#[test]
fn every_line_is_said_literally_and_in_order() {
    let (_server, listener, mut alice) = room_with_alice(&[]);
    let lines = [
        "first",
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
fn two_hundred_lines_arrive_in_order() {
    let (_server, listener, mut alice) = room_with_alice(&[]);
    alice.write(
        (1..=200)
            .map(|number| format!("line {number}\n"))
            .collect::<String>(),
    );
    alice.close_stdin();
    for number in 1..=200 {
        listener.expect(format!("alice : line {number}"), "a line");
    }
    listener.expect("* alice left", "the end of the input");
    alice.expect_exit(0);
}

#[test]
fn the_room_goes_to_standard_output_and_everything_else_to_standard_error() {
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
        "standard output must be the room's lines and nothing else"
    );
}

#[test]
fn a_line_that_cannot_be_said_is_refused_on_standard_error_and_the_rest_is_sent() {
    let too_long = [b"x".repeat(2_000), "中".repeat(400).into_bytes()];
    let invalid = [b"bad \xff byte".to_vec(), b"cut \xe4\xbd".to_vec()];
    for bad in too_long.into_iter().chain(invalid) {
        let (_server, listener, mut alice) = room_with_alice(&[]);
        let before = alice.stderr();
        alice.write([b"before\n", bad.as_slice(), b"\nafter\n"].concat());
        alice.close_stdin();
        let what = format!("a bad line of {} bytes", bad.len());
        listener.expect("alice : before", &what);
        listener.expect("alice : after", &what);
        listener.expect("* alice left", &what);
        alice.expect_exit(1);
        assert!(
            alice.stderr().len() > before.len(),
            "{what} must be reported on standard error"
        );
    }
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
fn json_is_one_object_a_line_for_the_client() {
    let (server, listener, mut alice) = room_with_alice(&["--json"]);
    listener.send("C listener say \"hi\" 你好");
    let _bob = server.member("bob");
    listener.expect("* bob joined", "bob's login");
    listener.send("C listener the end");
    alice.wait_for_text("the end");
    alice.close_stdin();
    alice.expect_exit(0);
    let objects = json_objects(&alice.stdout());
    let spoken = |text: &str| {
        objects
            .iter()
            .any(|object| holds(object, "listener") && holds(object, text))
    };
    assert!(
        spoken("say \"hi\" 你好") && spoken("the end"),
        "a line said must be an object with its speaker and text: {objects:?}"
    );
    assert!(
        objects.iter().any(|object| holds(object, "bob")),
        "a notice must be an object with the name: {objects:?}"
    );
}

#[test]
fn json_is_one_object_a_line_for_the_server() {
    let mut server = Server::start(&["--json"]);
    let alice = server.member("alice");
    alice.send("C alice hello");
    alice.quit("alice");
    server.stranger().send("\u{1b}nonsense");
    server.expect_alive("nonsense");
    server.process.signal(Signal::SIGTERM);
    server.process.expect_exit(0);
    let objects = json_objects(&server.process.stdout());
    assert!(
        objects.iter().any(|object| holds(object, "alice")),
        "an event must name who it is about: {objects:?}"
    );
}

#[test]
fn a_closed_standard_output_is_an_orderly_end() {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    let mut alice = Process::spawn_with_closed_stdout(binary::command(&[
        "join",
        "alice",
        "--server",
        &server.at(),
    ]));
    listener.expect("* alice joined", "alice's login");
    listener.send("C listener nobody reads this");
    listener.expect("* alice left", "a line that alice could not write");
    alice.expect_exit(0);
}

#[test]
fn send_says_one_thing_and_leaves() {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    let at = server.at();
    let mut sender = chat(&["send", "--server", &at, "alice", "hello", "你好", "bye"]);
    listener.expect("* alice joined", "send");
    listener.expect("alice : hello 你好 bye", "send");
    listener.expect("* alice left", "send");
    sender.expect_exit(0);
    assert_eq!(
        sender.stdout(),
        "",
        "send must print nothing on standard output"
    );
}

#[test]
fn send_finds_the_default_address_and_never_hosts() {
    let address = free_address();
    let send = |text: &str| {
        let mut command = binary::command(&["send", "alice", text]);
        command.env("CHAT_ADDRESS", address.to_string());
        Process::spawn(command)
    };
    send("is anybody there?").expect_exit(4);

    let server = Server::start_at(&address.to_string(), &[]);
    let listener = server.member("listener");
    send("and now?").expect_exit(0);
    listener.expect("* alice joined", "send to the default address");
    listener.expect("alice : and now?", "send to the default address");
}

#[test]
fn wrong_usage_ends_with_exit_code_2() {
    let wrong: [&[&str]; 9] = [
        &["--nonsense"],
        &["nonsense"],
        &["join"],
        &["send", "alice"],
        &["join", "alice", "--verbs", "L,C"],
        &["serve", "--bind", "127.0.0.1:nonsense"],
        &["serve", "--prefix", "nonsense"],
        &["serve", "--lang", "nonsense"],
        &["serve", "--success", "two words"],
    ];
    for args in wrong {
        let mut process = chat(args);
        process.expect_exit(2);
        assert!(
            !process.stderr().is_empty(),
            "wrong usage must be explained: {args:?}"
        );
    }
}

#[test]
fn a_refused_name_ends_with_exit_code_3() {
    let server = Server::start(&[]);
    let _bob = server.member("bob");
    for (name, reason) in [("bob", "name taken"), ("admin", "reserved")] {
        for mut process in [
            server.join(name, &[]),
            chat(&["send", "--server", &server.at(), name, "hi"]),
        ] {
            process.expect_exit(3);
            assert!(
                process.stderr().contains(reason),
                "the reason {reason:?} must be shown:\n{}",
                process.stderr()
            );
        }
    }
}

#[test]
fn a_server_that_goes_away_in_order_ends_a_filter_with_exit_code_1() {
    let (mut server, _listener, mut alice) = room_with_alice(&[]);
    server.process.signal(Signal::SIGTERM);
    server.process.expect_exit(0);
    alice.expect_exit(1);
    assert!(
        !alice.stderr().is_empty(),
        "the end of the room must be reported"
    );
}

/// Says one thing to a server that answers the login and goes; the exit code, and what was said
/// about it.
fn sent_to_a_server_that_goes() -> (Option<i32>, String) {
    let server = OwnSocket::bind(free_address()).expect("the address is free");
    server
        .set_read_timeout(Some(PATIENCE))
        .expect("a time-out above zero can be set");
    let at = server.local_addr().expect("it is bound").to_string();
    let mut send = chat(&["send", "robot", "anybody there?", "--server", &at]);
    let mut request = [0; 64];
    let (length, client) = server.recv_from(&mut request).expect("a login");
    assert_eq!(&request[..length], b"L robot");
    server
        .send_to(b"OK", client)
        .expect("a datagram can be sent");
    drop(server);
    (send.wait_for_exit().code(), send.stderr())
}

#[test]
fn what_is_sent_to_a_server_that_has_gone_meanwhile_is_not_called_done() {
    // The line and the quit may both come before the server is gone: then nobody can know, and the
    // code is 0.
    let ends: Vec<_> = (0..20)
        .map(|_| sent_to_a_server_that_goes())
        .take_while(|end| end.0 != Some(4))
        .collect();
    assert!(ends.len() < 20, "nothing but {ends:?}");
    assert!(ends.iter().all(|end| end.0 == Some(0)), "{ends:?}");
}
