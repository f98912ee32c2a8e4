//! A log that nobody reads must not stop the room.

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::Duration;

use chat_tests::harness::binary::chat_binary;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Many times what a pipe holds.
const REQUESTS: usize = 20_000;

#[test]
fn a_log_that_nobody_reads_does_not_stop_the_room() {
    for form in [&["--json"][..], &[]] {
        let mut server = Command::new(chat_binary())
            .args(["serve", "--bind", "127.0.0.1:0", "--reply-rate", "off"])
            .args(form)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("chat runs");
        // One byte at a time, so that nothing is read ahead; then never again.
        let mut stderr =
            BufReader::with_capacity(1, server.stderr.take().expect("its standard error"));
        let mut first = String::new();
        stderr.read_line(&mut first).expect("its first line");
        let address = first
            .trim()
            .strip_prefix("listening on ")
            .expect("the address first")
            .to_owned();

        let peer = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        peer.connect(&address).expect("the server's address");
        peer.set_read_timeout(Some(Duration::from_secs(15)))
            .expect("a time limit");
        let mut answer = [0; 64];
        for number in 0..REQUESTS {
            peer.send(b"Q somebody-with-a-name-of-32-bytes")
                .expect("a request");
            let length = peer
                .recv(&mut answer)
                .unwrap_or_else(|error| panic!("no answer to request {number}: {error}"));
            assert_eq!(&answer[..length], b"EXIT", "request {number}");
        }

        kill(
            Pid::from_raw(server.id().try_into().expect("a process id")),
            Signal::SIGTERM,
        )
        .expect("a signal");
        let status = server.wait().expect("its end");
        assert_eq!(
            status.code(),
            Some(0),
            "{form:?}: the room stops in order although nobody reads"
        );
    }
}
