//! What a line costs the real server in system calls, as the system sees it.

use std::thread;
use std::time::Duration;

use chat_tests::harness::{Crowd, Process, Server, Signal, Strace};

const MEMBERS: usize = 1_000;

/// A server with all members in it, and a tracer at it.
fn traced(options: &[&str], tracing: &[&str]) -> Option<(Server, Crowd, Strace)> {
    let server = Server::start(&[&["--quiet"], options].concat());
    let crowd = Crowd::new(server.address);
    (0..MEMBERS).for_each(|member| crowd.login(member));
    match Strace::attach(&server.process, tracing) {
        Ok(strace) => {
            crowd.discard_all();
            Some((server, crowd, strace))
        }
        Err(why) => {
            println!("SKIPPED: {why}");
            None
        }
    }
}

/// Ends the server in order and returns what it did.
fn end(mut server: Server, strace: Strace) -> Vec<String> {
    server.process.signal(Signal::SIGTERM);
    server.process.expect_exit(0);
    strace.lines()
}

/// The name of a call; waiting has two, which depends on the machine.
fn name(call: &str) -> &str {
    let name = call.split([' ', '(']).nth(1).unwrap_or_default();
    if name == "ppoll" { "poll" } else { name }
}

/// How many of the calls have this name and show this text.
fn count(calls: &[String], wanted: &str, text: &str) -> usize {
    let fits = |call: &&String| name(call) == wanted && call.contains(text);
    calls.iter().filter(fits).count()
}

/// What the thread did that made the first of these calls.
fn of_one_thread(calls: &[String]) -> Vec<String> {
    let thread = |call: &str| call.split(' ').next().map(str::to_owned);
    let first = calls.first().and_then(|call| thread(call));
    calls
        .iter()
        .filter(|call| thread(call) == first)
        .cloned()
        .collect()
}

/// Every ten seconds it is looked up what the system dropped, which begins and ends with these
/// calls. How many tens of seconds a traced server needs depends on the machine.
fn without_looks(mut calls: Vec<String>) -> Vec<String> {
    let mut looking = false;
    calls.retain(|call| {
        looking |= name(call) == "fstat";
        let kept = !looking;
        looking &= name(call) != "close";
        kept
    });
    calls
}

const SENDS: &[&str] = &["-e", "trace=sendmmsg,sendto,sendmsg", "-s", "64"];

#[test]
fn a_line_to_a_thousand_members_is_16_send_calls() {
    let Some((server, crowd, strace)) = traced(&[], SENDS) else {
        return;
    };
    crowd.send(7, "C m7 sixteen calls");
    crowd.expect_times("m7 : sixteen calls", MEMBERS - 1);
    let calls = end(server, strace);
    let of = |name| count(&calls, name, "sixteen calls");
    let sends = (of("sendmmsg"), of("sendto"), of("sendmsg"));
    assert_eq!(sends, (16, 0, 0));
}

/// What a filter of system calls answers, and what an old system does.
#[test]
fn where_batches_are_refused_everybody_gets_every_line_all_the_same() {
    for error in ["EPERM", "ENOSYS"] {
        let server = Server::start(&["--quiet"]);
        let inject = format!("inject=sendmmsg:error={error}");
        let strace = match Strace::attach(
            &server.process,
            &["-e", "trace=sendmmsg,sendto", "-e", &inject],
        ) {
            Ok(strace) => strace,
            Err(why) => {
                println!("SKIPPED: {why}");
                return;
            }
        };
        let crowd = Crowd::new(server.address);
        (0..20).for_each(|member| crowd.login(member));
        crowd.discard_all();
        for line in 0..3 {
            crowd.send(7, format!("C m7 line {line}"));
            crowd.expect_times(&format!("m7 : line {line}"), 19);
        }
        let calls = end(server, strace);
        assert!(
            count(&calls, "sendmmsg", "") <= 1,
            "{error}: it is asked once"
        );
        assert_eq!(count(&calls, "sendto", "m7 : line"), 3 * 19, "{error}");
    }
}

#[test]
fn a_line_costs_one_receive_and_a_small_share_of_waiting() {
    const LINES: usize = 40;
    let Some((server, crowd, strace)) = traced(&[], &["-s", "64"]) else {
        return;
    };
    for line in 0..LINES {
        crowd.send(line, format!("C m{line} a busy room"));
    }
    // The answer comes when all of them have been forwarded.
    crowd.send(0, "Q nobody-of-that-name");
    crowd.expect_times("EXIT", 1);
    let calls = end(server, strace);

    let first = calls.iter().position(|call| call.contains("a busy room"));
    let last = calls
        .iter()
        .position(|call| call.contains("nobody-of-that-name"));
    let busy =
        &calls[first.expect("the first line")..last.expect("the request behind the last line")];
    let busy = without_looks(of_one_thread(busy));
    let of = |name| count(&busy, name, "");
    println!(
        "{LINES} lines: {} receives, {} waits, {} reads of the error queue, {} batches, {} single sends",
        of("recvfrom"),
        of("poll"),
        of("recvmsg"),
        of("sendmmsg"),
        of("sendto")
    );
    assert_eq!(count(&busy, "recvfrom", "a busy room"), LINES);
    // At the worst each line comes alone: a receive that finds it, one that finds nothing, and a
    // wait.
    assert!(of("recvfrom") + of("poll") <= 3 * LINES);
    // Nothing else is asked: neither the error queue nor the bell, for there is nothing to hear
    // from them.
    let sends = of("sendmmsg") + of("sendto");
    assert_eq!(busy.len(), of("recvfrom") + of("poll") + sends, "{busy:#?}");
}

#[test]
fn an_idle_server_makes_no_system_call() {
    let server = Server::start(&["--quiet"]);
    let strace = match Strace::attach(&server.process, &[]) {
        Ok(strace) => strace,
        Err(why) => {
            println!("SKIPPED: {why}");
            return;
        }
    };
    let alice = server.member("alice");
    // Somebody has vanished: that is looked into, and then there is silence again.
    drop(server.member("victim"));
    alice.send("C alice is anybody here?");
    for expected in ["* victim joined", "* victim left"] {
        alice.expect(expected, "a member that vanished");
    }
    alice.expect_nothing_before_the_mark("all is done");
    thread::sleep(Duration::from_secs(1));
    let calls = end(server, strace);

    let mark = calls
        .iter()
        .rposition(|call| call.contains("nobody-of-that-name"));
    let after = &calls[mark.expect("the last request is in the trace")..];
    let signal = after.iter().position(|call| call.contains("SIGTERM"));
    let names: Vec<&str> = after[..signal.unwrap_or(after.len())]
        .iter()
        .map(|call| name(call))
        .collect();
    // The last request, its answer, the look for another request, and sleep.
    assert_eq!(names, ["recvfrom", "sendto", "recvfrom", "poll"]);
}

/// The same without a tracer: no thread of the program was woken.
#[test]
fn an_idle_server_is_not_woken() {
    let server = Server::start(&[]);
    let alice = server.member("alice");
    drop(server.member("victim"));
    alice.send("C alice is anybody here?");
    for expected in ["* victim joined", "* victim left"] {
        alice.expect(expected, "a member that vanished");
    }
    alice.expect_nothing_before_the_mark("all is done");
    // The first seconds may still see the log being written; a server that wakes by itself never
    // comes to rest.
    for _ in 0..5 {
        let before = switches(&server.process);
        thread::sleep(Duration::from_secs(1));
        if switches(&server.process) == before {
            return;
        }
    }
    panic!("the idle server was woken in each of five seconds");
}

/// How often the threads of the process went to sleep or were interrupted.
fn switches(process: &Process) -> Vec<(String, String)> {
    let tasks =
        std::fs::read_dir(format!("/proc/{}/task", process.id())).expect("the process runs");
    let mut threads: Vec<_> = tasks
        .map(|task| {
            let path = task.expect("a thread").path();
            let status =
                std::fs::read_to_string(path.join("status")).expect("a thread has a status");
            let lines: Vec<&str> = status
                .lines()
                .filter(|line| line.contains("ctxt_switches"))
                .collect();
            assert_eq!(lines.len(), 2, "voluntary and nonvoluntary");
            (path.display().to_string(), lines.join(" "))
        })
        .collect();
    threads.sort();
    threads
}
