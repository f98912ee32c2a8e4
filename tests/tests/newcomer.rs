//! The mishaps of a first use, and the answers: what was wrong, where, and the remedy, in a line or
//! two on standard error, in the language of the locale.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::thread;

use chat_tests::harness::net::free_address;
use chat_tests::harness::{Process, Server, binary, chat, chat_binary};

/// Tries something in English and in Chinese at a default address. Checks the exit code and what is
/// mentioned in both languages, and returns the answers.
fn mishap(
    command: impl Fn() -> Command,
    default: SocketAddr,
    exit_code: i32,
    mentions: &[&str],
) -> [String; 2] {
    ["C.UTF-8", "zh_CN.UTF-8"].map(|locale| {
        let mut command = command();
        command.env("CHAT_ADDRESS", default.to_string());
        command.env("LC_ALL", locale);
        let what = format!("{command:?}");
        let mut process = Process::spawn(command);
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
fn each_mishap_is_answered_with_what_was_wrong_and_what_to_do() {
    // Has a port and does not speak our protocol.
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let deaf = socket.local_addr().expect("a bound socket").to_string();
    let nowhere = free_address().to_string();
    let any = free_address().to_string();
    let mut cases: Vec<(Vec<&str>, &str, i32, Vec<&str>)> = vec![
        // Another program has the port.
        (
            vec!["serve", "--bind", &deaf],
            &any,
            1,
            vec![&deaf, "--bind"],
        ),
        (vec!["serve"], &deaf, 1, vec![&deaf, "--bind"]),
        (vec!["join", "alice"], &deaf, 4, vec![&deaf, "--server"]),
        // The address is free.
        (
            vec!["join", "alice", "--server", &nowhere],
            &any,
            4,
            vec![&nowhere, "chat serve", "--server"],
        ),
        (
            vec!["send", "alice", "--server", &nowhere, "hi"],
            &any,
            4,
            vec![&nowhere, "chat serve", "--server"],
        ),
        // This ending is reserved: no such name is ever known.
        (
            vec!["join", "alice", "--server", "no-such-host.invalid:8888"],
            &any,
            1,
            vec!["no-such-host.invalid:8888", "127.0.0.1:8888"],
        ),
        // This address stands in books only.
        (
            vec!["serve", "--bind", "192.0.2.1:8888"],
            &any,
            1,
            vec!["192.0.2.1:8888", "ip address"],
        ),
    ];
    for (bad, shown) in [
        ("127.0.0.1:99999", "\"127.0.0.1:99999\""),
        ("127.0.0.1:", "\"127.0.0.1:\""),
        ("127.0.0.1:eight", "\"127.0.0.1:eight\""),
        ("", "\"\""),
    ] {
        let mentions = vec![shown, "127.0.0.1:8888"];
        cases.push((
            vec!["join", "alice", "--server", bad],
            &any,
            2,
            mentions.clone(),
        ));
        cases.push((vec!["serve", "--bind", bad], &any, 2, mentions));
    }
    // Some of them wait for answers that never come.
    thread::scope(|scope| {
        for (args, default, exit_code, mentions) in &cases {
            let default = default.parse().expect("an address");
            let try_it = move || mishap(|| binary::command(args), default, *exit_code, mentions);
            scope.spawn(try_it);
        }
    });
}

#[test]
fn a_taken_name_suggests_another_one() {
    let server = Server::start(&[]);
    let _bob = server.member("bob");
    let join = || binary::command(&["join", "bob"]);
    let said = mishap(join, server.address, 3, &["name taken"]);
    assert!(said[0].contains("choose another name"), "{said:?}");
    assert!(said[1].contains("换一个名字"), "{said:?}");
}

/// Returns the program for a user without rights, also where the tests run with all of them.
fn as_nobody(args: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    if rustix::process::geteuid().is_root() {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.args(["--bounding-set=-all", "--inh-caps=-all"]);
    }
    command.arg(chat_binary()).args(args);
    command
}

#[test]
fn a_forbidden_port_suggests_those_that_everybody_may_have() {
    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let first = first.unwrap_or_default().trim().parse::<u16>();
    let may_start = as_nobody(&["--version"]).output();
    if first.is_ok_and(|first| first <= 80) || !may_start.is_ok_and(|it| it.status.success()) {
        println!("SKIPPED: everybody may have port 80, or only root may start the program");
        return;
    }
    let default = SocketAddr::from(([127, 0, 0, 1], 80));
    for (args, option) in [
        (&["serve"][..], "--bind"),
        (&["join", "alice"], "CHAT_ADDRESS"),
    ] {
        let mentions = ["127.0.0.1:80", "1023", option];
        mishap(|| as_nobody(args), default, 1, &mentions);
    }
}

#[test]
fn a_bad_name_or_no_command_is_answered_with_what_is_right() {
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
