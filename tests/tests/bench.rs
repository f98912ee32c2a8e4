//! `chat bench` as a user runs it: what it prints is there and adds up, and nothing that it starts
//! is left behind. How fast anything was is not looked at.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use chat_tests::harness::net::{free_address, has_ipv6};
use chat_tests::harness::python::CourseServer;
use chat_tests::harness::{PATIENCE, Process, Server, Signal, chat, chat_binary};
use serde_json::Value;

/// Starts a measurement with these options.
fn bench(options: &[&str]) -> Process {
    chat(&[&["bench"], options].concat())
}

/// The object that the measurement prints for each number of members, when it has ended well.
fn reports(process: &mut Process) -> Vec<Value> {
    process.expect_exit(0);
    let printed = process.stdout();
    let reports = printed.lines().map(|line| {
        serde_json::from_str(line)
            .unwrap_or_else(|error| process.fail(&format!("{line} is no JSON: {error}")))
    });
    reports.collect()
}

/// How many processes that a measurement started still run.
fn started_by(process: &Process) -> usize {
    let parent = process.id().to_string();
    let processes = fs::read_dir("/proc")
        .expect("these tests need Linux's /proc")
        .flatten();
    let of_it = processes.filter(|entry| {
        // Empty for a zombie.
        let command_line = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
        let arguments: Vec<&str> = command_line.split('\0').collect();
        arguments
            .windows(3)
            .any(|three| three == ["bench-peer", "--parent", &parent])
    });
    of_it.count()
}

fn wait_until_it_started(count: usize, process: &Process) {
    let started = Instant::now();
    while started_by(process) != count {
        if started.elapsed() > PATIENCE {
            process.fail(&format!(
                "{} processes that it started run, not {count}",
                started_by(process)
            ));
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Every line of this server arrived at every listener, once.
fn expect_all(server: &Value, lines: u64, listeners: u64) {
    assert_eq!(server["lines"], lines, "{server}");
    assert_eq!(server["expected"], lines * listeners, "{server}");
    assert_eq!(server["received"], lines * listeners, "{server}");
    assert_eq!(server["lost"], 0, "{server}");
    for figure in ["in_per_second", "out_per_second"] {
        assert!(
            server[figure].as_f64().is_some_and(|figure| figure > 0.0),
            "{server}"
        );
    }
    let latency = ["p50", "p99", "p99_9", "max"]
        .map(|name| server["latency_us"][name].as_f64().expect("a figure"));
    assert!(latency.is_sorted() && latency[0] > 0.0, "{server}");
}

fn names<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|it| it[key].as_str().expect("a name"))
        .collect()
}

#[test]
fn all_lines_arrive_from_every_server_and_the_ratios_are_there() {
    let mut bench = bench(&[
        "--members",
        "5,100",
        "--rounds",
        "2",
        "--lines",
        "23",
        "--vs",
        "forwarder,naive",
        "--json",
    ]);
    let reports = reports(&mut bench);
    assert_eq!(started_by(&bench), 0);
    let [small, large] = reports.as_slice() else {
        bench.fail("it did not print one object per number of members")
    };
    for (report, members) in [(small, 5), (large, 100)] {
        assert_eq!(report["members"], members);
        assert_eq!(
            (&report["rounds"], &report["size"]),
            (&2.into(), &40.into())
        );
        assert_eq!(
            (&report["window"], &report["rate"]),
            (&8.into(), &Value::Null)
        );
        let servers = &report["servers"];
        assert_eq!(
            names(servers, "name"),
            ["server", "forwarder", "forwarder again", "naive"]
        );
        assert_eq!(
            names(servers, "kind"),
            ["server", "forwarder", "forwarder", "naive"]
        );
        for server in servers.as_array().expect("a list") {
            expect_all(server, 46, members - 1);
            let cpu = ["low", "median", "high"]
                .map(|name| server["cpu_ns_per_out"][name].as_f64().expect("a figure"));
            assert!(cpu.is_sorted() && cpu[0] > 0.0, "{server}");
            assert!(server["cpu_ns_per_out"]["system"].is_number(), "{server}");
        }
        let ratios = &report["ratios"];
        assert_eq!(names(ratios, "of"), ["server", "naive", "forwarder again"]);
        assert_eq!(names(ratios, "to"), ["forwarder", "server", "forwarder"]);
        assert!(
            ratios
                .as_array()
                .expect("a list")
                .iter()
                .all(|ratio| ratio["median"].is_f64())
        );
        let verdict = ratios[0]["verdict"].as_str().expect("a verdict");
        assert!(
            ["met", "missed", "inconclusive"].contains(&verdict),
            "{verdict}"
        );
        assert_eq!(ratios[0]["wanted"]["at_most"], 1.1);
        // A batch of four saves little.
        assert_eq!(ratios[1]["wanted"].is_null(), members == 5);
        assert!(ratios[2]["verdict"].is_null());
    }
}

#[test]
fn the_table_shows_every_server_and_ratio() {
    let mut bench = bench(&[
        "--members",
        "3",
        "--rounds",
        "1",
        "--lines",
        "5",
        "--vs",
        "naive",
    ]);
    bench.expect_exit(0);
    let table = bench.stdout();
    for wanted in [
        "3 members, 1 round, 40 bytes of text",
        "CPU ns/out",
        "p99.9",
        "naive / server",
        "naive again / naive",
    ] {
        assert!(table.contains(wanted), "{wanted}: {table}");
    }
    assert!(
        !table.contains("forwarder"),
        "nothing is compared with one: {table}"
    );
    assert!(
        !bench.stderr().contains('\u{1b}'),
        "no bar where there is no terminal"
    );
}

#[test]
fn lines_can_be_said_by_the_clock_and_for_a_time() {
    let mut by_the_clock = bench(&[
        "--members",
        "3",
        "--rounds",
        "1",
        "--lines",
        "40",
        "--rate",
        "400",
        "--json",
    ]);
    let mut for_a_time = bench(&[
        "--members",
        "3",
        "--rounds",
        "1",
        "--seconds",
        "1",
        "--size",
        "988",
        "--json",
    ]);
    let report = &reports(&mut by_the_clock)[0];
    assert_eq!(
        (&report["window"], &report["rate"]),
        (&Value::Null, &400.into())
    );
    expect_all(&report["servers"][0], 40, 2);
    assert_eq!(report["ratios"], Value::Array(Vec::new()));
    let report = &reports(&mut for_a_time)[0];
    let lines = report["servers"][0]["lines"].as_u64().expect("a number");
    expect_all(&report["servers"][0], lines, 2);
}

#[test]
fn options_of_the_server_are_passed_on() {
    let mut prefixed = bench(&[
        "--members",
        "3",
        "--rounds",
        "1",
        "--lines",
        "5",
        "--json",
        "--",
        "--prefix",
        "newline",
        "--success",
        "IN",
    ]);
    expect_all(&reports(&mut prefixed)[0]["servers"][0], 5, 2);
    let mut wrong = bench(&["--members", "3", "--", "--no-such-option"]);
    wrong.expect_exit(1);
    assert!(
        wrong.stderr().contains("--no-such-option"),
        "{}",
        wrong.stderr()
    );
}

#[test]
fn a_server_of_another_kind_can_be_measured() {
    for (words, options) in [
        (("OK", "EXIT"), &[][..]),
        (("ok", "OUT"), &["--line", "\\n{n}说:{t}\\n", "--echo"]),
        (
            ("IN", "#"),
            &["--silent-quit", "--verbs", "LOGIN,CHAT,EXIT"],
        ),
    ] {
        let mut server = CourseServer::start(words, options);
        let (at, pid) = (server.address.to_string(), server.process.id().to_string());
        let mut arguments = vec![
            "--members",
            "5",
            "--rounds",
            "2",
            "--lines",
            "30",
            "--json",
            "--server",
            &at,
        ];
        if options.contains(&"--verbs") {
            arguments.extend(["--verbs", "LOGIN,CHAT,EXIT"]);
        } else if options.contains(&"--echo") {
            arguments.extend(["--pid", &pid, "--vs", "forwarder"]);
        }
        let mut bench = bench(&arguments);
        let report = &reports(&mut bench)[0];
        let measured = &report["servers"][0];
        assert_eq!(measured["name"], at);
        expect_all(measured, 60, 4);
        if options.contains(&"--echo") {
            assert!(measured["cpu_ns_per_out"]["median"].is_f64(), "{measured}");
            assert_eq!(
                names(&report["ratios"], "of"),
                ["server", "forwarder again"]
            );
            assert!(
                report["ratios"][0]["verdict"].is_null(),
                "nothing is asked of the servers of others"
            );
        } else {
            assert!(measured["cpu_ns_per_out"].is_null(), "{measured}");
        }
        let quit = if options.contains(&"--verbs") {
            "< EXIT "
        } else {
            "< Q "
        };
        let printed = server.process.stdout();
        assert_eq!(
            printed
                .lines()
                .filter(|line| line.starts_with(quit))
                .count(),
            5,
            "everybody left, once: {printed}"
        );
        server.expect_alive();
    }
}

#[test]
fn a_server_on_ipv6_is_compared_on_ipv6() {
    if !has_ipv6() {
        return;
    }
    let server = Server::start_at("[::1]:0", &[]);
    let at = server.at();
    let options = [
        "--members",
        "3",
        "--rounds",
        "1",
        "--lines",
        "20",
        "--vs",
        "forwarder,naive",
        "--json",
    ];
    let mut bench = bench(&[&options[..], &["--server", &at]].concat());
    let report = &reports(&mut bench)[0];
    for server in report["servers"].as_array().expect("a list") {
        expect_all(server, 20, 2);
    }
    // Whose CPU time the server's is, is not known: nothing can be said of it.
    assert_eq!(names(&report["ratios"], "of"), ["forwarder again"]);
}

#[test]
fn nothing_is_left_behind_by_a_measurement_that_is_interrupted_or_killed() {
    let endless = [
        "--members",
        "3",
        "--seconds",
        "3600",
        "--vs",
        "forwarder,naive",
    ];
    for (signal, code) in [
        (Signal::SIGINT, Some(1)),
        (Signal::SIGTERM, Some(1)),
        (Signal::SIGKILL, None),
    ] {
        let mut bench = bench(&endless);
        wait_until_it_started(4, &bench);
        bench.signal(signal);
        assert_eq!(bench.wait_for_exit().code(), code);
        wait_until_it_started(0, &bench);
        assert_eq!(
            bench.stderr().contains("interrupted"),
            code.is_some(),
            "{}",
            bench.stderr()
        );
    }
}

#[test]
fn an_interrupted_measurement_leaves_the_room_of_others() {
    let server = Server::start(&[]);
    let mut bench = bench(&[
        "--members",
        "3",
        "--seconds",
        "3600",
        "--server",
        &server.at(),
    ]);
    server.process.wait_for_text(": #");
    bench.signal(Signal::SIGINT);
    bench.expect_exit(1);
    for member in 0..3 {
        server.process.wait_for_match("that all left", |line| {
            line.contains(&format!(".{member} left"))
        });
    }
}

#[test]
fn wrong_numbers_are_wrong_usage() {
    for (options, wanted) in [
        (&["--members", "1"][..], "2..=60000"),
        (&["--members", "10,ten"], "ten"),
        (&["--members", ""], "--members"),
        (&["--rounds", "0"], "--rounds"),
        (&["--size", "12"], "13..=988"),
        (&["--size", "989"], "13..=988"),
        (&["--window", "0"], "--window"),
        (&["--rate", "5", "--window", "5"], "--window"),
        (&["--lines", "5", "--seconds", "5"], "--seconds"),
        (&["--vs", "everything"], "forwarder"),
        (&["--pid", "1"], "--server"),
        (&["--server", "127.0.0.1:99999"], "HOST:PORT"),
    ] {
        let mut bench = bench(options);
        bench.expect_exit(2);
        assert!(
            bench.stderr().contains(wanted),
            "{options:?}: {}",
            bench.stderr()
        );
    }
}

#[test]
fn what_cannot_be_measured_is_said_with_a_remedy() {
    let dead = free_address().to_string();
    let mut no_answer = bench(&["--members", "3", "--server", &dead]);

    let full = Server::start(&["--max-members", "2"]);
    let mut refused = bench(&["--members", "3", "--server", &full.at()]);
    refused.expect_exit(3);
    assert!(refused.stderr().contains("FAIL"), "{}", refused.stderr());

    let mut no_process = bench(&["--members", "3", "--server", &dead, "--pid", "4194304"]);
    no_process.expect_exit(1);
    assert!(
        no_process.stderr().contains("--pid"),
        "{}",
        no_process.stderr()
    );

    let server = Server::start(&[]);
    let mut asleep = Command::new("sleep");
    asleep.arg("3600");
    let asleep = Process::spawn(asleep);
    let pid = asleep.id().to_string();
    let mut wrong_process = bench(&[
        "--members",
        "3",
        "--lines",
        "20",
        "--server",
        &server.at(),
        "--pid",
        &pid,
    ]);
    wrong_process.expect_exit(1);
    assert!(
        wrong_process.stderr().contains("--pid"),
        "{}",
        wrong_process.stderr()
    );

    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -n 100 && exec \"$0\" bench --members 200"])
        .arg(chat_binary());
    let mut limited = Process::spawn(limited);
    limited.expect_exit(1);
    assert!(
        limited.stderr().contains("ulimit -n 264"),
        "{}",
        limited.stderr()
    );
    assert_eq!(started_by(&limited), 0);

    no_answer.expect_exit(4);
    assert!(
        no_answer.stderr().contains("is a server there"),
        "{}",
        no_answer.stderr()
    );
}
