//! Outputs that take nothing, such as a log on a full disk: no command panics of them.

use std::process::Command;

use chat_tests::harness::net::free_address;
use chat_tests::harness::terminal::{Home, Terminal};
use chat_tests::harness::{Process, chat_binary};

/// Runs a line of the shell in which `$0` is the program, and checks its exit code. Returns what
/// it wrote to standard error.
#[track_caller]
fn expect_exit(line: &str, code: i32) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).arg(chat_binary());
    // Every command gets a free port of its own.
    shell.env("CHAT_ADDRESS", "127.0.0.1:0");
    let mut process = Process::spawn(shell);
    process.close_stdin();
    process.expect_exit(code);
    let stderr = process.stderr();
    assert!(!stderr.contains("panicked"), "{line}");
    stderr
}

#[test]
fn a_server_whose_log_is_full_runs_to_its_end() {
    for output in [
        "2>/dev/full",
        "--json >/dev/full 2>&1",
        "--quiet 2>/dev/full",
    ] {
        let options = format!("--metrics 127.0.0.1:0 {output}");
        expect_exit(&format!("echo /quit | \"$0\" serve {options}"), 0);
    }
    expect_exit("\"$0\" serve --state /nowhere/state 2>/dev/full", 1);
}

#[test]
fn a_client_whose_output_is_full_ends_in_order() {
    for output in [">/dev/full", ">/dev/full 2>&1", "--json >/dev/full"] {
        let line = format!("\"$0\" join alice {output}");
        // Its own login is an event of JSON. Lines of others would be the first of a pipe.
        let code = i32::from(output.contains("json"));
        let stderr = expect_exit(&format!("echo hi | {line}"), code);
        let has_words = stderr.contains("not everything was shown");
        assert_eq!(has_words, output.contains("json"), "{stderr}");
    }
    let transcript = "echo hi | \"$0\" join alice --transcript /dev/full";
    let stderr = expect_exit(transcript, 1);
    assert!(stderr.contains("; the disk is full: make room"), "{stderr}");
}

#[test]
fn a_client_at_a_terminal_fails_of_a_full_output_too() {
    let mut shell = Terminal::start_shell(&Home::new(), 100, free_address());
    shell.types("chat join alice --json >/dev/full; echo \"code $?\"\n");
    shell.sees("not everything was shown");
    shell.sees("code 1");
}

#[test]
fn a_full_output_of_any_command_is_no_panic() {
    for (line, code) in [
        ("man >/dev/full", 1),
        ("man >/dev/full 2>&1", 1),
        ("completions bash >/dev/full 2>&1", 1),
        ("man dance 2>/dev/full", 2),
        ("dance 2>/dev/full", 2),
        ("send bob 2>/dev/full", 2),
        ("send bob hi --server '' 2>/dev/full", 2),
        ("join bob --server '' 2>/dev/full", 2),
        ("--help >/dev/full", 0),
        ("--version >/dev/full", 0),
    ] {
        expect_exit(&format!("\"$0\" {line}"), code);
    }
}
