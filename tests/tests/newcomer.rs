//! The mishaps of a first use. Each answer names the cause, the place and the remedy in a line or
//! two on standard error, in the language of the locale.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::thread;

use chat_tests::harness::net::free_address;
use chat_tests::harness::terminal::Terminal;
use chat_tests::harness::{FakeServer, Process, RawPeer, Server, binary, chat, chat_binary};

/// Tries something in English and in Chinese at a default address. Checks the exit code and that
/// both answers mention these words, and returns the answers.
fn mishap(
    command: impl Fn() -> Command,
    default: SocketAddr,
    exit_code: i32,
    mentions: &[&str],
) -> [String; 2] {
    // Both at once: some wait for an answer that never comes.
    let started = ["C.UTF-8", "zh_CN.UTF-8"].map(|locale| {
        let mut command = command();
        command.env("CHAT_ADDRESS", default.to_string());
        command.env("LC_ALL", locale);
        let what = format!("{command:?}");
        (locale, what, Process::spawn(command))
    });
    started.map(|(locale, what, mut process)| {
        process.close_stdin();
        process.expect_exit(exit_code);
        let said = process.stderr();
        for wanted in mentions {
            assert!(said.contains(wanted), "{what}: no {wanted:?}:\n{said}");
        }
        assert!((1..=2).contains(&said.lines().count()), "{what}:\n{said}");
        let is_chinese = said.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert_eq!(is_chinese, locale.starts_with("zh"), "{what}:\n{said}");
        assert_eq!(process.stdout(), "", "{what}: on standard output");
        said
    })
}

#[test]
fn each_mishap_is_answered_with_its_cause_and_a_remedy() {
    // Has a port and never answers.
    let silent = FakeServer::new();
    let deaf = silent.address().to_string();
    let nowhere = free_address().to_string();
    let any = free_address().to_string();
    // The command line, the default address, the exit code, and the words of the answer.
    let mut cases: Vec<(Vec<&str>, &str, i32, Vec<&str>)> = vec![
        (
            vec!["serve", "--bind", &deaf],
            &any,
            1,
            vec![&deaf, "--bind"],
        ),
        (vec!["serve"], &deaf, 1, vec![&deaf, "--bind"]),
        (vec!["join", "alice"], &deaf, 4, vec![&deaf, "--server"]),
    ];
    // `chat send` never hosts, not even at the default address.
    for (args, default) in [
        (vec!["join", "alice", "--server", &nowhere], &any),
        (vec!["send", "alice", "--server", &nowhere, "hi"], &any),
        (vec!["send", "alice", "hi"], &nowhere),
    ] {
        let mentions = vec![&*nowhere, "chat serve", "--server"];
        cases.push((args, default, 4, mentions));
    }
    for (bad, exit_code, cause) in [
        // This ending is reserved: no such name is ever known.
        ("no-such-host.invalid:8888", 1, "no-such-host.invalid:8888"),
        ("127.0.0.1:99999", 2, "\"127.0.0.1:99999\""),
        ("127.0.0.1:", 2, "\"127.0.0.1:\""),
        ("127.0.0.1:eight", 2, "\"127.0.0.1:eight\""),
        ("", 2, "\"\""),
    ] {
        let mentions = vec![cause, "127.0.0.1:8888"];
        let join = vec!["join", "alice", "--server", bad];
        cases.push((join, &any, exit_code, mentions.clone()));
        cases.push((vec!["serve", "--bind", bad], &any, exit_code, mentions));
    }
    // Only books use this address.
    let foreign = "192.0.2.1:8888";
    let mentions = vec![foreign, "ip address"];
    cases.push((vec!["serve", "--bind", foreign], &any, 1, mentions));
    thread::scope(|scope| {
        for (args, default, exit_code, mentions) in &cases {
            let default = default.parse().expect("an address");
            let try_it = move || mishap(|| binary::command(args), default, *exit_code, mentions);
            scope.spawn(try_it);
        }
    });
    // The clients in two languages asked three times each and then left without a quit.
    RawPeer::new(silent.address()).send("behind the last request");
    for _ in 0..6 {
        assert_eq!(silent.request().0, "L alice");
    }
    assert_eq!(silent.request().0, "behind the last request");
}

#[test]
fn a_refused_name_suggests_another_one() {
    let server = Server::start(&[]);
    let _bob = server.member("bob");
    for (args, reason, words) in [
        (
            &["join", "bob"][..],
            "name taken",
            ["a member has this", "已有人用"],
        ),
        (
            &["send", "admin", "hi"],
            "reserved",
            ["it is the operator's name", "属于管理员"],
        ),
    ] {
        let said = mishap(|| binary::command(args), server.address, 3, &[reason]);
        for (said, words) in said.iter().zip(words) {
            assert!(said.contains(words), "{said}");
        }
        assert!(said[0].contains("choose another name"), "{said:?}");
        assert!(said[1].contains("换一个名字"), "{said:?}");
    }
}

#[test]
fn a_server_that_starts_late_is_waited_for() {
    let address = free_address().to_string();
    let mut robot = chat(&["join", "robot", "--server", &address]);
    robot.wait_for_text(&format!("nobody listens at {address}; trying"));
    let _server = Server::start_at(&address, &[]);
    robot.wait_for_text("in the room at");
    robot.close_stdin();
    robot.expect_exit(0);
}

#[test]
fn a_person_who_waits_sees_that_the_login_is_under_way() {
    let server = FakeServer::new();
    let at = server.address().to_string();
    let alice = Terminal::start(&["join", "alice", "--server", &at], server.address());
    alice.sees("logging in…");
    let client = server.wait_for("L alice");
    server.answer(client, "OK");
    alice.sees("in the room at");
}

#[test]
fn a_name_that_a_crash_left_behind_is_free_at_once() {
    let server = Server::start(&[]);
    drop(server.member("alice"));
    let mut alice = server.join("alice", &[]);
    alice.wait_for_text("in the room at");
    alice.close_stdin();
    alice.expect_exit(0);
}

#[test]
fn only_a_name_taken_in_our_words_is_asked_for_again() {
    let server = FakeServer::new();
    for (answer, logins) in [
        ("FAIL name taken", 5),
        ("FAIL 名字已被使用", 5),
        ("FAIL name is taken", 1),
        ("FAIL banned", 1),
        ("no", 1),
    ] {
        let mut alice = server.join(&[]);
        for _ in 0..logins {
            let (request, client) = server.request();
            assert_eq!(request, "L alice", "{answer}");
            server.answer(client, answer);
        }
        alice.expect_exit(3);
        RawPeer::new(server.address()).send("behind the last request");
        assert_eq!(server.request().0, "behind the last request", "{answer}");
    }
}

/// Returns the program for a user without rights, also where the tests run with all of them.
fn without_rights(args: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    if rustix::process::geteuid().is_root() {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.args(["--bounding-set=-all", "--inh-caps=-all"]);
    }
    command.arg(chat_binary()).args(args);
    command
}

#[test]
fn a_forbidden_port_suggests_those_above_1023() {
    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let first = first.unwrap_or_default().trim().parse::<u16>();
    let may_start = without_rights(&["--version"]).output();
    if first.is_ok_and(|first| first <= 80) || !may_start.is_ok_and(|it| it.status.success()) {
        println!("SKIPPED: port 80 is free for all, or only root can start the program");
        return;
    }
    let default = SocketAddr::from(([127, 0, 0, 1], 80));
    for (args, option) in [
        (&["serve"][..], "--bind"),
        (&["join", "alice"], "CHAT_ADDRESS"),
    ] {
        let mentions = ["127.0.0.1:80", "1023", option];
        mishap(|| without_rights(args), default, 1, &mentions);
    }
}

#[test]
fn a_bad_name_or_no_command_names_the_rule_or_the_commands() {
    let long = "n".repeat(33);
    for (args, mentions) in [
        (&["join", "two words"][..], &["U+0020"][..]),
        (&["join", "a:b"], &["U+003A"]),
        (&["join", ""], &["name"]),
        (&["join", &long], &["32"]),
        (&[], &["serve", "join", "send", "chat join alice"]),
    ] {
        let mut process = chat(args);
        process.close_stdin();
        process.expect_exit(2);
        let said = process.stderr();
        for wanted in mentions {
            assert!(said.contains(wanted), "{args:?}: no {wanted:?}:\n{said}");
        }
        assert_eq!(process.stdout(), "", "{args:?}: on standard output");
    }
}
