//! Datagrams that come faster than the real server reads them: the receive buffer holds them, or
//! the kernel counts them as dropped.

use chat_tests::harness::{RawPeer, Server, Signal};
use serde_json::Value;

/// A server that does not read because it is stopped, as if it were busy with something else.
struct Stopped {
    server: Server,
    speaker: RawPeer,
    /// The number of datagrams sent to it.
    sent: u64,
}

/// The server's own numbers at its end.
struct Counted {
    sent: u64,
    received: u64,
    lines: u64,
    kernel_dropped: Option<u64>,
}

impl Stopped {
    /// Sends lines to a server that is stopped.
    fn with_lines(lines: u64) -> Self {
        let server = Server::start(&["--json", "--line-rate", "off", "--byte-rate", "off"]);
        let speaker = server.member("speaker");
        server.process.signal(Signal::SIGSTOP);
        server.process.wait_until_stopped();
        (0..lines).for_each(|_| speaker.send("C speaker a burst of thirty-two."));
        Self {
            server,
            speaker,
            sent: 1 + lines,
        }
    }

    /// Lets the server read all of it and ends it.
    fn go_on(mut self) -> Counted {
        let process = &mut self.server.process;
        process.signal(Signal::SIGCONT);
        // A question may find the buffer full. Where one is answered there is room again, and what
        // is sent last is answered last.
        let asked = self.speaker.wait_until_a_server_answers();
        self.speaker.send("L speaker");
        self.speaker.wait_for("OK", "a repeated login");
        process.signal(Signal::SIGTERM);
        process.expect_exit(0);
        let output = process.stdout();
        let last = output.lines().next_back().expect("the server's last line");
        let last: Value = serde_json::from_str(last).expect("a JSON object");
        assert_eq!(last["event"], "stopped");
        let number = |value: &Value| value.as_u64().expect("a number");
        Counted {
            sent: self.sent + asked + 1,
            received: number(&last["stats"]["datagrams_in"]),
            lines: number(&last["stats"]["messages"]),
            kernel_dropped: last["kernel_dropped"].as_u64(),
        }
    }
}

#[test]
fn ten_thousand_lines_at_one_moment_are_all_received() {
    const LINES: u64 = 10_000;
    let stopped = Stopped::with_lines(LINES);
    let granted = stopped.server.process.stderr();
    if let Some(warning) = granted.lines().find(|line| line.contains("receive buffer")) {
        println!("SKIPPED: {warning}");
        return;
    }
    let counted = stopped.go_on();
    assert_eq!((counted.lines, counted.kernel_dropped), (LINES, Some(0)));
}

#[test]
fn the_kernel_dropped_what_was_sent_and_not_received() {
    // Twice what the largest buffer that is asked for holds.
    let counted = Stopped::with_lines(24_000).go_on();
    let dropped = counted.kernel_dropped.expect("Linux tells what it drops");
    assert!(dropped > 0, "the buffer overflowed");
    assert_eq!(counted.received + dropped, counted.sent);
}
