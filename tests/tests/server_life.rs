//! The server from start to end: operator, signals, addresses, restart and rest.

use std::fs;
use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use chat_tests::harness::net::has_ipv6;
use chat_tests::harness::terminal::Terminal;
use chat_tests::harness::terminal::keys::CTRL_D;
use chat_tests::harness::{PATIENCE, Process, RawPeer, Server, Signal, chat};

#[test]
fn the_operators_lines_have_the_operators_name() {
    for (options, name) in [
        (&[][..], "admin"),
        (&["--lang", "zh"][..], "管理员"),
        (&["--operator", "Manager"][..], "Manager"),
        (&["--lang", "zh", "--operator", "老师"][..], "老师"),
    ] {
        let mut server = Server::start(options);
        let alice = server.member("alice");
        server.operator_says("hello  everybody ");
        alice.expect(format!("{name} : hello  everybody "), "the operator's line");
        server.operator_says("大家好");
        alice.expect(format!("{name} : 大家好"), "the operator's second line");
    }
}

#[test]
fn the_end_of_the_operators_input_does_not_end_the_server() {
    let mut server = Server::start(&[]);
    let alice = server.member("alice");
    server.operator_says("I close my console");
    server.process.close_stdin();
    alice.expect("admin : I close my console", "the operator's last line");
    let bob = server.member("bob");
    bob.send("C bob still working?");
    alice.expect("* bob joined", "bob's login");
    alice.expect("bob : still working?", "bob's line");
    server.expect_alive("the end of its input");
}

#[test]
fn bad_lines_of_the_operator_do_not_end_the_server() {
    let mut server = Server::start(&[]);
    let alice = server.member("alice");
    for bad in [
        b"x".repeat(3_000),
        b"\xff\xfe".to_vec(),
        b"\x1b[31m".to_vec(),
        b"nul \0".to_vec(),
    ] {
        server.process.write([bad.as_slice(), b"\n"].concat());
    }
    server.operator_says("a good line");
    loop {
        let heard = alice.receive_text("bad lines and a good one of the operator");
        assert!(!heard.contains(['\0', '\u{1b}']), "{heard:?}");
        if heard == "admin : a good line" {
            break;
        }
    }
    server.expect_alive("bad lines of its operator");
}

#[test]
fn signals_and_quit_send_every_end_word_and_exit_with_0() {
    for signal in [Some(Signal::SIGINT), Some(Signal::SIGTERM), None] {
        let mut server = Server::start(&["--end", "EXIT,OUT,#"]);
        let alice = server.member("alice");
        let bob = server.member("bob");
        alice.expect("* bob joined", "bob's login");
        match signal {
            Some(signal) => server.process.signal(signal),
            None => server.operator_says("/quit"),
        }
        for member in [&alice, &bob] {
            for end in ["EXIT", "OUT", "#"] {
                member.expect(end, &format!("{signal:?} for the server"));
            }
        }
        server.process.expect_exit(0);
    }
}

#[test]
fn the_log_names_members_and_quiet_logs_nothing() {
    let loud = Server::start(&[]);
    loud.member("alice").quit("alice");
    loud.process.wait_for_text("alice");

    let mut quiet = Server::start(&["--quiet"]);
    quiet.member("alice").quit("alice");
    quiet.process.signal(Signal::SIGTERM);
    quiet.process.expect_exit(0);
    let output = quiet.process.stdout() + &quiet.process.stderr();
    assert!(!output.contains("alice"), "it is not quiet:\n{output}");
}

#[test]
fn the_log_makes_safe_whatever_strangers_wrote() {
    let mut server = Server::start(&[]);
    let mallory = server.stranger();
    for hostile in [
        "L \u{1b}[31mred",
        "L x\u{202e}y",
        "C \u{1b}]0;owned\u{7} hi",
        "\u{1b}[2J",
    ] {
        mallory.send(hostile);
    }
    let _ = mallory.receive_to_the_mark("hostile names");
    server.process.signal(Signal::SIGTERM);
    server.process.expect_exit(0);
    let output = server.process.stdout() + &server.process.stderr();
    let controls = ['\u{1b}', '\u{7}', '\u{202e}'];
    assert!(!output.contains(controls), "{}", output.escape_debug());
}

#[test]
fn a_client_gets_in_again_after_a_restart_of_the_server() {
    let mut first = Server::start(&[]);
    let watcher = first.member("watcher");
    let mut alice = first.join("alice", &[]);
    watcher.expect("* alice joined", "alice's login");
    first.operator_says("I go away for a moment");
    alice.wait_for_line("admin : I go away for a moment");
    first.process.stop();

    let second = Server::start_at(&first.at(), &[]);
    let listener = second.member("listener");
    alice.write_line("is anybody there?");
    listener.expect("* alice joined", "a line after the restart");
    listener.expect("alice : is anybody there?", "a line after the restart");
    alice.write_line("a later line");
    listener.expect("alice : a later line", "alice is in again");
    listener.send("C listener welcome back");
    alice.wait_for_line("listener : welcome back");
    alice.close_stdin();
    listener.expect("* alice left", "the end of alice's input");
    alice.expect_exit(0);
    let reported = alice.stderr();
    assert!(reported.contains("has begun anew"), "{reported}");
}

#[test]
fn a_plain_client_shows_each_line_that_a_restart_lost() {
    let mut first = Server::start(&[]);
    let address = first.at();
    let join = ["join", "alice", "--plain", "--server", &address];
    let mut alice = Terminal::start(&join, first.address);
    alice.sees("in the room at");
    first.process.stop();

    alice.types("one\n");
    alice.sees("what was said last may be lost; logging in again");
    alice.types("two\n");
    alice.sees("not said: not in the room");

    let second = Server::start_at(&address, &[]);
    let listener = second.member("listener");
    alice.sees("logged in again");
    alice.types("three\n");
    listener.wait_for("alice : three", "alice got in again");
    alice.types(CTRL_D);
    alice.expect_exit(0);
}

#[test]
fn a_room_that_is_to_lose_datagrams_loses_some_of_them() {
    let server = Server::start(&["--lose", "50"]);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    for _ in 0..200 {
        peer.send_to(b"L alice", server.address).unwrap();
    }
    let answers = (0..)
        .take_while(|_| peer.recv(&mut [0; 64]).is_ok())
        .count();
    assert!((1..200).contains(&answers), "{answers} of 200 answers");
}

#[test]
fn ipv6_and_host_names_work_for_server_and_client() {
    for (bind, server_name) in [
        ("[::1]:0", "[::1]"),
        ("localhost:0", "localhost"),
        ("127.0.0.1:0", "localhost"),
    ] {
        if bind.starts_with('[') && !has_ipv6() {
            println!("SKIPPED: this machine has no IPv6");
            continue;
        }
        let server = Server::start_at(bind, &[]);
        let listener = server.member("listener");
        let address = format!("{server_name}:{}", server.address.port());
        let mut alice = chat(&["join", "alice", "--server", &address]);
        listener.expect("* alice joined", &format!("a login at {address}"));
        alice.write_line("hi");
        listener.expect("alice : hi", &format!("a line said at {address}"));
        listener.send("C listener hi alice");
        alice.wait_for_line("listener : hi alice");
        alice.close_stdin();
        alice.expect_exit(0);
        listener.expect("* alice left", "the end of alice's input");
    }
}

#[test]
fn a_port_alone_is_that_port_at_every_address() {
    let server = chat(&["serve", "--bind", "0"]);
    let (any, hosts) = match has_ipv6() {
        true => ("[::]", &["127.0.0.1", "[::1]"][..]),
        false => ("0.0.0.0", &["127.0.0.1"][..]),
    };
    let start = format!("listening on {any}:");
    let line = server.wait_for_match(&start, |line| line.starts_with(&start));
    let port = &line[start.len()..];
    for host in hosts {
        let address = format!("{host}:{port}").parse().expect("an address");
        RawPeer::login(address, "alice").quit("alice");
    }
    // For a client it is that port of this machine.
    let mut bob = chat(&["join", "bob", "--server", port]);
    bob.wait_for_text(&format!("in the room at 127.0.0.1:{port}"));
    bob.close_stdin();
    bob.expect_exit(0);
}

/// Returns the numbers of context switches of the process's threads.
fn switches(process: &Process) -> String {
    let tasks = fs::read_dir(format!("/proc/{}/task", process.id())).expect("the process runs");
    let status = tasks.map(|task| {
        let path = task.expect("a thread").path().join("status");
        fs::read_to_string(path).expect("a thread has a status")
    });
    let mut lines: Vec<String> = status
        .flat_map(|status| status.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| line.contains("ctxt_switches"))
        .collect();
    assert!(!lines.is_empty(), "Linux counts context switches");
    lines.sort();
    lines.join(" ")
}

#[test]
fn an_idle_server_and_an_idle_client_are_not_woken() {
    let mut server = Server::start(&[]);
    let alice = server.member("alice");
    let bob = server.join("bob", &[]);
    server.process.wait_for_text("bob");
    alice.expect("* bob joined", "bob's login");
    // The server looks into a vanished member, and rests again.
    drop(server.member("victim"));
    server.operator_says("silence, please");
    bob.wait_for_line("admin : silence, please");
    alice.wait_for("* victim left", "the operator's line");
    // The log may still be written in the first seconds; a periodic wake-up would never rest.
    for _ in 0..5 {
        let before = [&server.process, &bob].map(switches);
        thread::sleep(Duration::from_secs(1));
        if before == [&server.process, &bob].map(switches) {
            return;
        }
    }
    panic!("the idle server or client was woken in each of five seconds");
}

#[test]
fn the_idle_limit_removes_a_silent_member() {
    let server = Server::start(&["--idle-limit", "1"]);
    let lively = server.member("lively");
    let _quiet = server.member("quiet");
    lively.expect("* quiet joined", "a login");
    let started = Instant::now();
    let mut heard = None;
    while heard.is_none() {
        assert!(started.elapsed() < PATIENCE, "the silent member stays");
        lively.send("C lively I am here");
        heard = lively.receive_within(Duration::from_millis(100));
    }
    assert_eq!(heard.as_deref(), Some(&b"* quiet left"[..]));
    server.member("quiet").quit("quiet");
}
