//! The messages of `recognise`, its server and client over TCP, and the program.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod common;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use exercises::recognise::client::{self, AskError};
use exercises::recognise::server::Server;
use exercises::recognise::wire::*;
use exercises::tool::printable;
use proptest::prelude::*;

const MINUTE: Duration = Duration::from_mins(1);

fn likely((name, score): (&str, f32)) -> Likely {
    let name = name.to_owned();
    Likely { name, score }
}

/// Names the number of bytes as the likeliest class.
fn classes(picture: &[u8]) -> Vec<Likely> {
    let names = "hen/Crock Pot/man-eating shark/tabby, tabby cat/tiger cat";
    let names = format!("{names}/{} bytes", picture.len());
    let scores = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5];
    names.split('/').zip(scores).map(likely).collect()
}

fn start(change: impl FnOnce(&mut Server)) -> SocketAddr {
    let mut server = Server {
        clients: 8,
        pictures: 8,
        patience: MINUTE,
        recognise: Box::new(|picture| Ok(classes(picture))),
        report: |_| (),
    };
    change(&mut server);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || server.serve(&listener));
    address
}

fn question(length: usize) -> Ask {
    Ask::new("bytes", vec![7; length]).unwrap()
}

/// Returns the likeliest class for a picture of this length.
fn ask(server: SocketAddr, length: usize) -> Result<String, AskError> {
    let answer = client::ask(&server.to_string(), &question(length), MINUTE, |_| ())?;
    Ok(answer.likeliest[0].name.clone())
}

/// Reads until the server closes, and returns the likeliest class or the refusal of each reply.
fn replies(stream: &mut TcpStream) -> Vec<String> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let mut rest = bytes.as_slice();
    let mut replies = Vec::new();
    while !rest.is_empty() {
        let reply = read_reply(&mut rest).unwrap();
        let reply = reply.map(|answer| answer.likeliest[0].name.clone());
        replies.push(reply.unwrap_or_else(|refusal| refusal.to_string()));
    }
    replies
}

fn replies_to<'a>(server: SocketAddr, bytes: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_nodelay(true).unwrap();
    bytes.for_each(|piece| stream.write_all(piece).unwrap());
    stream.shutdown(Shutdown::Write).unwrap();
    replies(&mut stream)
}

fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len() + 1).unwrap();
    [&length.to_be_bytes(), &[kind][..], payload].concat()
}

#[track_caller]
fn contains(text: &str, part: &str) {
    assert!(text.contains(part), "not {part:?}: {text}");
}

#[test]
fn messages_have_their_known_bytes() {
    let bytes = b"\0\0\0\x09\x01\0\x03catPIC";
    let ask = Ask::new(" cat ", b"PIC".to_vec()).unwrap();
    assert_eq!(ask.to_bytes(), bytes);
    assert_eq!(Ask::read(&mut &bytes[..]).unwrap(), Ok(ask));

    let classes = [("a", 0.5), ("b", 0.25), ("", 0.0), ("", 0.0), ("", 0.0)];
    let scores = b"\x3f\0\0\0\0\x01a\x3e\x80\0\0\0\x01b\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    for (number, hinted) in [(0, None), (1, Some(0)), (5, Some(4))] {
        let bytes = [b"\0\0\0\x22\x02", &[number][..], scores].concat();
        let likeliest = classes.map(likely).to_vec();
        let answer = Ok(Answer { likeliest, hinted });
        assert_eq!(reply_to_bytes(&answer), bytes);
        assert_eq!(read_reply(&mut &bytes[..]).unwrap(), answer);
    }

    let words = "unavailable/too large/not a picture/not understood/busy/too slow/failed";
    for (number, word) in (1..).zip(words.split('/')) {
        let bytes = [b"\0\0\0\x07\x03", &[number][..], b"\0\x03no\x1b"].concat();
        let refusal = read_reply(&mut &bytes[..]).unwrap().unwrap_err();
        assert_eq!(refusal.to_string(), format!("{word}: no\\u{{1b}}"));
        assert_eq!(reply_to_bytes(&Err(refusal)), bytes);
    }
}

#[test]
fn a_message_is_refused_at_its_first_wrong_byte() {
    use ErrorKind::{InvalidData, UnexpectedEof};
    let question = |mut bytes: &[u8]| Ask::read(&mut bytes).unwrap_err().kind();
    let reply = |mut bytes: &[u8]| read_reply(&mut bytes).unwrap_err().kind();
    assert_eq!(question(b"\0\0\0\0"), InvalidData);
    assert_eq!(question(b"GET "), InvalidData);
    assert_eq!(question(b"\0\0\0\x01\x02"), InvalidData);
    // The longest question, answer and refusal, and a byte more.
    assert_eq!(question(b"\x01\0\x01\x03\x01"), UnexpectedEof);
    assert_eq!(question(b"\x01\0\x01\x04"), InvalidData);
    assert_eq!(reply(b"\0\0\x40\x01\x02"), UnexpectedEof);
    assert_eq!(reply(b"\0\0\x40\x02"), InvalidData);
    assert_eq!(reply(b"\0\0\x10\x01\x03"), UnexpectedEof);
    assert_eq!(reply(b"\0\0\x10\x02\x03"), InvalidData);
}

proptest! {
    #[test]
    fn any_payload_is_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Ask::read(&mut &message(1, &payload)[..]).unwrap();
        for bytes in [message(2, &payload), message(3, &payload)] {
            match read_reply(&mut &bytes[..]) {
                Ok(reply) => prop_assert_eq!(reply_to_bytes(&reply), bytes),
                Err(error) => prop_assert_eq!(error.kind(), ErrorKind::InvalidData),
            }
        }
    }
}

#[test]
fn a_hint_is_a_name_or_a_word_and_changes_no_score() {
    let server = start(|_| ()).to_string();
    let names = "100 bytes/tiger cat/tabby, tabby cat/man-eating shark/Crock Pot";
    for (hinted, hints) in [
        (Some(0), "bytes/100"),
        (Some(1), "cat/CAT"),
        (Some(2), "Tabby Cat/tabby"),
        (Some(3), "man/shark"),
        (Some(4), "crock pot"),
        (None, "/ta/hen/tabby, tabby cat"),
    ] {
        for hint in hints.split('/') {
            let ask = Ask::new(hint, vec![7; 100]).unwrap();
            let answer = client::ask(&server, &ask, MINUTE, |_| ()).unwrap();
            let classes = names.split('/').zip([0.5, 0.4, 0.3, 0.2, 0.1]);
            let likeliest = classes.map(likely).collect();
            assert_eq!(answer, Answer { likeliest, hinted }, "{hint:?}");
        }
    }
}

#[test]
fn questions_are_answered_in_order_however_they_come() {
    let server = start(|_| ());
    let wrong = [
        message(1, b""),
        message(1, b"\0\x09cat"),
        message(1, b"\0\x01\xffpicture"),
        message(1, b"\0\x02a\x1bpicture"),
    ];
    let bytes = [
        question(1).to_bytes(),
        wrong.concat(),
        message(1, b"\0\x03cat"),
        message(1, &vec![0; MAX_PICTURE + 3]),
        question(70_000).to_bytes(),
    ]
    .concat();
    let (front, back) = bytes.split_at(40);
    let one_by_one = replies_to(server, front.chunks(1).chain([back]));
    let [first, wrong @ .., no_picture, too_large, last] = &one_by_one[..] else {
        panic!("{one_by_one:?}");
    };
    assert_eq!((first.as_str(), last.as_str()), ("1 bytes", "70000 bytes"));
    assert_eq!(wrong.len(), 4);
    for reply in wrong {
        contains(reply, "not understood: a hint is text");
    }
    contains(no_picture, "not a picture: the picture has no bytes");
    contains(too_large, "too large: the picture has more than");
    assert_eq!(replies_to(server, [&bytes[..]].into_iter()), one_by_one);
    assert_eq!(replies_to(server, bytes.chunks(1000)), one_by_one);
}

#[test]
fn a_large_picture_is_refused_before_its_end() {
    let server = start(|_| ());
    for sent in [1 << 20, MAX_PICTURE] {
        let mut stream = TcpStream::connect(server).unwrap();
        stream.write_all(b"\x01\0\x01\x04\x01").unwrap();
        stream.write_all(&vec![7; sent]).unwrap();
        contains(&replies(&mut stream)[0], "too large: 16777475 bytes");
    }
    assert_eq!(ask(server, MAX_PICTURE).unwrap(), "16777216 bytes");
}

#[test]
fn a_question_has_one_deadline() {
    let server = start(|server| server.patience = Duration::from_millis(300));
    let mut silent = TcpStream::connect(server).unwrap();
    assert!(replies(&mut silent).is_empty());
    let mut slow = TcpStream::connect(server).unwrap();
    let mut sending = slow.try_clone().unwrap();
    thread::spawn(move || {
        // Each byte comes in time, but all of them would take minutes.
        question(10_000).to_bytes().iter().all(|byte| {
            thread::sleep(Duration::from_millis(20));
            sending.write_all(&[*byte]).is_ok()
        })
    });
    contains(&replies(&mut slow)[0], "too slow: no whole question came");
}

#[test]
fn many_clients_are_served_and_one_too_many_is_refused() {
    let (arrive, begun) = mpsc::channel();
    let (leave, wait) = mpsc::channel();
    let wait = Mutex::new(wait);
    let server = start(|server| {
        server.recognise = Box::new(move |picture| {
            arrive.send(()).unwrap();
            wait.lock().unwrap().recv().unwrap();
            Ok(classes(picture))
        });
    });
    let asking = |length| thread::spawn(move || ask(server, length).unwrap());
    let clients: Vec<_> = (1..=8).map(asking).collect();
    // All eight are inside before the first gets its answer.
    (0..8).for_each(|_| begun.recv_timeout(MINUTE).unwrap());
    for length in [9, MAX_PICTURE] {
        let refused = ask(server, length).unwrap_err().to_string();
        contains(&refused, "the server says: busy: too many clients;");
    }
    (0..9).for_each(|_| leave.send(()).unwrap());
    for (length, client) in (1..).zip(clients) {
        assert_eq!(client.join().unwrap(), format!("{length} bytes"));
    }
    common::wait_until("a free slot", || {
        ask(server, 9).is_ok() || leave.send(()).is_err()
    });
}

#[test]
fn a_panic_ends_one_connection_and_pictures_wait_for_their_turn() {
    let server = start(|server| {
        server.pictures = 1;
        server.recognise = Box::new(|picture| {
            thread::sleep(Duration::from_millis(20));
            if picture.len() == 13 {
                std::panic::resume_unwind(Box::new("a decoder's fault"));
            }
            Ok(classes(picture))
        });
    });
    let asking = |length| (length, thread::spawn(move || ask(server, length)));
    for (length, asking) in [13, 1, 13, 2].map(asking) {
        match asking.join().unwrap() {
            Ok(class) => assert_eq!(class, format!("{length} bytes")),
            Err(AskError::Lost(_)) => assert_eq!(length, 13),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_client_names_what_is_no_server() {
    let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
    let ask = |server: &str, millis| {
        let patience = Duration::from_millis(millis);
        client::ask(server, &question(1), patience, |_| ()).unwrap_err()
    };
    assert!(matches!(ask("nowhere", 60_000), AskError::NoAddress(..)));
    let free = listen().local_addr().unwrap().to_string();
    assert!(matches!(ask(&free, 60_000), AskError::NoServer(..)));
    let silent = listen();
    let address = silent.local_addr().unwrap().to_string();
    assert!(matches!(ask(&address, 100), AskError::TimedOut(_)));
    let mail = listen();
    let address = mail.local_addr().unwrap().to_string();
    thread::spawn(move || mail.accept().unwrap().0.write_all(b"220 ready\r\n"));
    assert!(matches!(ask(&address, 60_000), AskError::NotOurs(..)));
}

/// Returns a command for the program, run by another one in a folder.
fn command(by: &[&str], folder: &Path, arguments: &str) -> Command {
    let program = [by, &[env!("CARGO_BIN_EXE_recognise")]].concat();
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).args(arguments.split(' '));
    command.current_dir(folder);
    command
}

fn recognise(folder: &Path, arguments: &str) -> common::Run {
    common::run(&mut command(&[], folder, arguments))
}

const SERVE: &str = "serve --bind 127.0.0.1:0 --model .";

#[test]
fn what_a_stranger_sends_is_escaped() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x"), "x").unwrap();
    let hostile = "\u{1b}]0;title\u{7} carpenter's \u{9b}2J\nerror: \u{202e}";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        Ask::read(&mut stream).unwrap().unwrap();
        let hinted = Some(0);
        let likeliest = vec![likely((hostile, 0.125)); 5];
        let answer = reply_to_bytes(&Ok(Answer { likeliest, hinted }));
        stream.write_all(&answer).unwrap();
    });
    let question = format!("ask x --hint x --server {server}");
    let answered = recognise(folder.path(), &question).success();
    let shown = printable(hostile);
    let classes = format!("0.125  {shown}\n").repeat(5);
    let expected = format!("{classes}\"x\" is among them: {shown}\n");
    assert_eq!(answered.stdout, expected);
}

#[test]
fn a_server_without_a_model_says_so_in_one_line_each() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x"), "x").unwrap();
    let (mut reports, pipe) = std::io::pipe().unwrap();
    let server = common::Server::reporting_to(pipe, &mut command(&[], folder.path(), SERVE));
    let question = format!("ask x --hint a\u{202e}b --server {}", server.address);
    let asked = recognise(folder.path(), &question).failure(1);
    assert_eq!(asked.stdout, "");
    let is_built_with_a_model = cfg!(feature = "recognise");
    let remedies = ["--features recognise", "exercises/model/fetch"];
    contains(&asked.stderr, "the server says: unavailable: ");
    contains(&asked.stderr, remedies[usize::from(is_built_with_a_model)]);
    let garbage = &b"\0\0\0\x05\x1b\x1b\n\x1b\n"[..];
    replies_to(server.address.parse().unwrap(), [garbage].into_iter());
    drop(server);
    let mut text = String::new();
    reports.read_to_string(&mut text).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    contains(lines[0], "note: nothing will be recognised: ");
    contains(lines[1], ": 1 bytes, hint \"a\\u{202e}b\": unavailable: ");
    contains(lines[2], ": not understood: type 27 is none");
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_server_but_not_under_nohup() {
    let here = Path::new(".");
    for signal in ["INT", "TERM", "HUP"] {
        // A test may run with signals ignored.
        let mut command = command(&["env", "--default-signal"], here, SERVE);
        let server = common::Server::start(&mut command);
        // A connected client does not hold it up.
        let _connected = TcpStream::connect(&server.address).unwrap();
        server.signal(signal);
        assert_eq!(server.wait(), Some(130), "{signal}");
    }
    // A closed pipe does not end it either.
    let (_, pipe) = std::io::pipe().unwrap();
    let server = common::Server::reporting_to(pipe, &mut command(&["nohup"], here, SERVE));
    server.signal("HUP");
    for _ in 0..2 {
        let refused = ask(server.address.parse().unwrap(), 1);
        assert!(matches!(refused, Err(AskError::Refused(_))));
    }
}

#[test]
fn wrong_usage_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name);
    fs::write(path("x"), "x").unwrap();
    fs::write(path("empty"), "").unwrap();
    common::make_sparse(&path("large"), MAX_PICTURE as u64 + 1);
    for (arguments, reason) in [
        ("missing", "No such file"),
        (".", "is not a regular file"),
        ("empty", "has no bytes"),
        ("large", "more than 16777216 bytes (16 MiB)"),
        ("x", "no server at 127.0.0.1:1; start one with"),
    ] {
        let asked = format!("ask {arguments} --server 127.0.0.1:1");
        let asked = recognise(folder.path(), &asked).failure(1);
        contains(&asked.stderr, reason);
    }
    recognise(folder.path(), "ask x --hint a\u{7}b").failure(2);
    recognise(folder.path(), &format!("ask x --hint {:a>257}", "")).failure(2);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let refused = recognise(folder.path(), &format!("serve --model . --bind {address}")).failure(1);
    let expected = format!("cannot listen at {address}; choose another with --bind");
    contains(&refused.stderr, &expected);
}

#[cfg(feature = "recognise")]
#[test]
fn the_model_recognises_pictures_and_a_damaged_one_is_refused() {
    let Some(files) = common::model_files() else {
        return;
    };
    let server = common::Server::start(&mut command(&[], &files, SERVE));
    let ask = |question: &str| {
        let question = format!("ask {question} --server {}", server.address);
        recognise(&files, &question)
    };
    for (question, class, score, last) in [
        (
            "coffee.png --hint espresso",
            "espresso",
            0.95,
            "is among them: espresso",
        ),
        (
            "flower.jpg --hint tulip",
            "daisy",
            0.32,
            "is not among them",
        ),
    ] {
        let asked = ask(&format!("pictures/{question}")).success();
        let lines: Vec<_> = asked.stdout.lines().collect();
        let (found, name) = lines[0].split_once("  ").unwrap();
        let difference = found.parse::<f64>().unwrap() - score;
        assert!(name == class && difference.abs() <= 0.02, "{asked:?}");
        assert_eq!(lines.len(), 6);
        contains(lines[5], last);
    }
    contains(&ask("classes.txt").failure(1).stderr, "not a picture: ");

    let folder = tempfile::tempdir().unwrap();
    let network = "efficientnet-lite0.onnx";
    fs::write(folder.path().join("classes.txt"), "one\ntwo\n").unwrap();
    fs::write(folder.path().join(network), "no network").unwrap();
    let refused = recognise(folder.path(), SERVE).failure(1);
    contains(&refused.stderr, "is no model that can be used");
    fs::copy(files.join(network), folder.path().join(network)).unwrap();
    let refused = recognise(folder.path(), SERVE).failure(1);
    contains(&refused.stderr, "1000 scores for 2 classes");
}
