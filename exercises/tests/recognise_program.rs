//! The program `recognise`, both as the server and as the client, without a model.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so and stops"
)]

mod common;

use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use common::{Run, Server, run};
use exercises::recognise::client::{self, AskError};
use exercises::recognise::frame::{FrameReader, Kind, MAX_PICTURE};
use exercises::recognise::message::{Answer, Ask, Hint, Likely, Picture, Reason, Reply};

const MINUTE: Duration = Duration::from_mins(1);

/// A question with so little of a picture.
fn asking(hint: &str) -> Ask {
    Ask {
        hint: Hint::new(hint).unwrap(),
        picture: Picture::new(b"x".to_vec()).unwrap(),
    }
}

/// Gives every client this reply, whatever it asks.
fn saying(reply: &Reply) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let bytes = reply.to_frame().to_bytes().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = FrameReader::new(&[Kind::Ask]);
            let mut asking = BufReader::new(&stream).bytes();
            let asked =
                asking.any(|byte| reader.read(&mut &[byte.unwrap()][..]).unwrap().is_some());
            assert!(asked, "no whole question");
            stream.write_all(&bytes).unwrap();
        }
    });
    address
}

fn recognise(arguments: &[&str]) -> Run {
    run(Command::new(env!("CARGO_BIN_EXE_recognise")).args(arguments))
}

#[test]
fn what_a_hostile_server_says_does_not_reach_the_terminal_as_it_is() {
    let picture = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&picture, "x").unwrap();
    let ask = |server: &str| {
        recognise(&[
            "ask",
            picture.path().to_str().unwrap(),
            "--hint",
            "x",
            "--server",
            server,
        ])
    };

    let hostile = "\u{1b}]0;title\u{7} carpenter's \u{9b}2J\nerror: \u{202e}";
    let shown = "\\u{1b}]0;title\\u{7} carpenter's \\u{9b}2J\\nerror: \\u{202e}";
    let asked = ask(&saying(&Reply::Refusal(Reason::Failed.because(hostile)))).failure(1);
    assert_eq!(
        asked.stderr,
        format!("error: the server says: failed: {shown}\n")
    );

    let likely = Likely {
        name: hostile.to_owned(),
        score: 0.125,
    };
    let answer = Answer {
        likeliest: vec![likely; 5],
        hinted: Some(0),
    };
    let asked = ask(&saying(&Reply::Answer(answer))).success();
    let lines = format!("0.125  {shown}\n").repeat(5);
    assert_eq!(
        asked.stdout,
        format!("{lines}\"x\" is among them: {shown}\n")
    );
}

fn server_without_a_model() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recognise"));
    command.args(["serve", "--bind", "127.0.0.1:0", "--model", "/nowhere"]);
    command
}

/// The same command, started by another program.
fn by(program: &str, arguments: &[&str], command: &Command) -> Command {
    let mut by = Command::new(program);
    by.args(arguments)
        .arg(command.get_program())
        .args(command.get_args());
    by
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_the_server_with_the_exit_code_for_that() {
    for signal in ["INT", "TERM"] {
        // Whoever runs the tests may ignore them.
        let server = Server::start(&mut by(
            "env",
            &["--default-signal"],
            &server_without_a_model(),
        ));
        // Somebody who is connected does not hold it up.
        let _connected = TcpStream::connect(&server.address).unwrap();
        server.signal(signal);
        assert_eq!(server.wait(), Some(130), "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn a_server_outlives_its_terminal_where_it_was_told_to() {
    let server = Server::start(&mut by("nohup", &[], &server_without_a_model()));
    server.signal("HUP");
    let refused = client::ask(&server.address, &asking(""), MINUTE, |_| ()).unwrap_err();
    assert!(matches!(refused, AskError::Refused(_)), "{refused}");
}

#[cfg(unix)]
#[test]
fn a_server_that_nobody_reads_the_reports_of_goes_on() {
    let (nobody, pipe) = std::io::pipe().unwrap();
    drop(nobody);
    let server = Server::reporting_to(pipe, &mut server_without_a_model());
    for _ in 0..2 {
        let refused = client::ask(&server.address, &asking(""), MINUTE, |_| ()).unwrap_err();
        let unavailable =
            matches!(&refused, AskError::Refused(refusal) if refusal.reason == Reason::Unavailable);
        assert!(unavailable, "{refused}");
    }
}

#[test]
fn a_report_is_one_line_whatever_was_asked() {
    let (mut written, reports) = std::io::pipe().unwrap();
    let server = Server::reporting_to(reports, &mut server_without_a_model());
    client::ask(&server.address, &asking("a\u{202e}b"), MINUTE, |_| ()).unwrap_err();
    let mut garbage = TcpStream::connect(&server.address).unwrap();
    garbage.write_all(b"\0\0\0\x05\x1b\x1b\n\x1b\n").unwrap();
    garbage.read_to_end(&mut Vec::new()).unwrap();
    drop(server);
    let mut text = String::new();
    written.read_to_string(&mut text).unwrap();
    let [note, asked, garbage] = text.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(
        note.starts_with("note: nothing will be recognised: "),
        "{note}"
    );
    assert!(
        asked.contains(": 1 bytes, hint \"a\\u{202e}b\": unavailable: "),
        "{asked}"
    );
    assert!(
        garbage.ends_with(": not understood: type 27 is none that is expected here"),
        "{garbage}"
    );
}

#[test]
fn without_a_model_the_server_says_so_and_makes_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(
        Command::new(env!("CARGO_BIN_EXE_recognise"))
            .args(["serve", "--bind", "127.0.0.1:0", "--model"])
            .arg(folder.path()),
    );
    let picture = folder.path().join("cat.png");
    std::fs::write(&picture, "any picture").unwrap();
    let picture = picture.to_str().unwrap();
    let asked =
        recognise(&["ask", picture, "--hint", "cat", "--server", &server.address]).failure(1);
    assert_eq!(asked.stdout, "");
    assert!(asked.stderr.contains("unavailable"), "{}", asked.stderr);
    let what_to_do = if cfg!(feature = "recognise") {
        "exercises/model/fetch"
    } else {
        "--features recognise"
    };
    assert!(asked.stderr.contains(what_to_do), "{}", asked.stderr);
}

#[test]
fn what_cannot_be_asked_is_told_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("empty"), "").unwrap();
    common::make_sparse(path("large").as_ref(), MAX_PICTURE as u64 + 1);
    std::fs::write(path("picture"), "x").unwrap();
    for (name, reason) in [
        ("missing", "No such file"),
        ("", "is not a regular file"),
        ("empty", "has no bytes"),
        ("large", "more than 16777216 (16 MiB)"),
        (
            "picture",
            "no server at 127.0.0.1:1; start one with `recognise serve`",
        ),
    ] {
        let asked = recognise(&["ask", &path(name), "--server", "127.0.0.1:1"]).failure(1);
        assert!(asked.stderr.contains(reason), "{name}: {}", asked.stderr);
    }
    recognise(&["ask", &path("picture"), "--hint", "a\u{7}b"]).failure(2);
    recognise(&["ask", &path("picture"), "--hint", &"a".repeat(300)]).failure(2);
    recognise(&[]).failure(2);
}

#[test]
fn a_server_that_cannot_listen_says_where() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = recognise(&["serve", "--bind", &address, "--model", "/nowhere"]).failure(1);
    assert!(
        refused
            .stderr
            .contains(&format!("cannot listen at {address}; choose another")),
        "{}",
        refused.stderr
    );
}
