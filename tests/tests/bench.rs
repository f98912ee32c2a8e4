//! The benchmark as one runs it: its tables are whole, and nothing that it starts is left behind.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use chat_tests::harness::python::CourseServer;
use chat_tests::harness::{PATIENCE, Process, Server, Signal, chat_binary};

fn bench(options: &str) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.env("CHAT_BINARY", chat_binary());
    command.args(options.split_whitespace());
    Process::spawn(command)
}

/// Returns the cells of the printed row that begins so, from 1.
fn row(bench: &Process, begin: &str) -> Vec<String> {
    let row = bench.wait_for_match(begin, |line| line.starts_with(&format!("| {begin} |")));
    row.split('|').map(|cell| cell.trim().into()).collect()
}

#[test]
fn every_line_arrives_from_every_server_and_is_compared() {
    let mut bench = bench("--members 5,100,101 --rounds 2 --lines 23 -- --prefix newline");
    bench.expect_exit(0);
    for server in ["server", "forwarder", "forwarder again", "naive"] {
        let row = row(&bench, &format!("100 | {server}"));
        assert_eq!(row[6], "0", "lost: {row:?}");
        assert!(row[3] != "0" && row[7] != "0", "CPU and p50: {row:?}");
    }
    for (ratio, wanted) in [
        ("5 | naive / server", ""),
        ("100 | naive / server", "at least 1.08"),
        ("100 | forwarder again / forwarder", ""),
        ("101 | server / server with 100 members", "at most 1.25"),
    ] {
        let row = row(&bench, ratio);
        assert_eq!((&*row[5], row[6].is_empty()), (wanted, wanted.is_empty()));
    }
}

#[test]
fn a_foreign_server_is_driven_beside_ours_by_the_clock() {
    let foreign = CourseServer::start(("ok", "OUT"), &["--line", "\\n{n}说:{t}\\n", "--echo"]);
    let (at, pid) = (foreign.address, foreign.process.id());
    let of = format!("--members 5 --rounds 1 --lines 40 --rate 400 --vs none --server {at}");
    let mut bench = bench(&format!("{of} --pid {pid}"));
    bench.expect_exit(0);
    assert_eq!(row(&bench, &format!("5 | {at}"))[6], "0");
    row(&bench, &format!("5 | server / {at}"));
    let requests = foreign.process.stdout();
    let quits = requests.lines().filter(|line| line.starts_with("< Q "));
    assert_eq!(quits.count(), 5, "everybody left, once: {requests}");
}

#[test]
fn sessions_get_every_line_here_and_over_a_lossy_network() {
    let mut beside = bench("--members 5 --rounds 2 --lines 23 --speakers 2 --vs sessions");
    beside.expect_exit(0);
    assert_eq!(row(&beside, "5 | sessions")[6], "0");
    row(&beside, "5 | sessions / server");
    let mut lossy = bench("--members 3 --rounds 2 --lines 20 --rate 20 --loss 0,10");
    lossy.expect_exit(0);
    for loss in [0, 10] {
        assert_eq!(row(&lossy, &format!("3 | sessions, {loss} % lost"))[6], "0");
    }
}

#[test]
fn nothing_is_left_behind_by_a_bench_that_is_stopped() {
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let server = Server::start(&[]);
        let to = format!("--server {}", server.at());
        let mut bench = bench(&format!("--members 3 --lines 50 --rate 5 {to}"));
        server.process.wait_for_text(": #");
        let id = bench.id();
        let started = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("/proc");
        assert_eq!(started.split_whitespace().count(), 4, "{started}");
        bench.signal(signal);
        let is_told = bench.wait_for_exit().code() == Some(1);
        assert_eq!(is_told, signal != Signal::SIGKILL);
        // A process that has ended, and that nothing has waited for, has an empty command line.
        let runs = |id| fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| !line.is_empty());
        let begin = Instant::now();
        while started.split_whitespace().any(runs) {
            assert!(begin.elapsed() < PATIENCE, "left behind: {started}");
            thread::sleep(Duration::from_millis(2));
        }
        for member in (0..3).filter(|_| is_told) {
            server.process.wait_for_text(&format!(".{member} left"));
        }
    }
}

#[test]
fn a_wrong_option_or_server_is_told_with_a_remedy() {
    let (full, good) = (Server::start(&["--max-members", "2"]), Server::start(&[]));
    let (at, pid) = (good.at(), full.process.id());
    for (options, wanted) in [
        ("--members 1", "2..=60000"),
        ("--rate 5 --window 5", "--window"),
        ("--pid 1", "--server"),
        ("-- --no-such-option", "--no-such-option"),
        (&format!("--server {}", full.at()), "limits off"),
        ("--server 127.0.0.1:9", "does a server"),
        (&format!("--server {at} --pid 4194304"), "--pid 4194304"),
        (&format!("--server {at} --pid {pid}"), "--pid has to"),
    ] {
        let mut bench = bench(&format!("--lines 20 {options}"));
        let code = bench.wait_for_exit().code();
        let said = bench.stderr();
        assert!(said.contains(wanted), "{options}: {said}");
        assert_eq!(code, Some(if said.contains("bench: ") { 1 } else { 2 }));
    }
}
