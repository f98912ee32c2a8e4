//! An unread log must not stop the room.

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::process::Stdio;

use chat_tests::harness::{PATIENCE, binary};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// More lines than a pipe and the queue of the log hold.
const REQUESTS: usize = 20_000;

#[test]
fn an_unread_log_of_text_does_not_stop_the_room() {
    fill_log("--lang=en");
}

#[test]
fn an_unread_log_of_json_does_not_stop_the_room() {
    fill_log("--json");
}

/// Starts a server with a log of this form that has no reader, and checks that it answers and ends.
fn fill_log(form: &str) {
    let options = ["--bind=127.0.0.1:0", "--reply-rate=off", "--end=EXIT", form];
    let mut server = binary::command(&[&["serve"][..], &options].concat())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("chat runs");
    // One byte at a time, so that nothing is read ahead; then never again.
    let stderr = server.stderr.take().expect("its standard error");
    let mut stderr = BufReader::with_capacity(1, stderr);
    let mut first = String::new();
    stderr.read_line(&mut first).expect("its first line");
    let address = first.trim().strip_prefix("listening on ");

    let peer = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    peer.connect(address.expect("the address first"))
        .expect("an address");
    peer.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let mut answer = [0; 64];
    for number in 0..REQUESTS {
        let sent = peer.send(b"Q a-person-with-a-name-of-32-bytes");
        let received = sent.and_then(|_| peer.recv(&mut answer));
        let length = received.unwrap_or_else(|error| panic!("request {number}: {error}"));
        assert_eq!(&answer[..length], b"EXIT", "request {number}");
    }

    let server_id = server.id().try_into().expect("a process id");
    kill(Pid::from_raw(server_id), Signal::SIGTERM).expect("a signal");
    let status = server.wait().expect("its end");
    assert_eq!(status.code(), Some(0), "{form}: the room stops in order");
}
