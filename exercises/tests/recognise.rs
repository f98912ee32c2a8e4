//! The messages of `recognise`, its server and client over TCP, and the program.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop"
)]

#[macro_use]
mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Barrier;
use std::time::Duration;
use std::{fs, thread};

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
        clients: 32,
        pictures: 32,
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
        replies.push(match read_reply(&mut rest).unwrap() {
            Ok(answer) => answer.likeliest[0].name.clone(),
            Err(refusal) => refusal.to_string(),
        });
    }
    replies
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
    let mut likeliest = classes(&[7; 100]);
    likeliest.reverse();
    likeliest.truncate(LIKELIEST);
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
            assert_eq!(answer.likeliest, likeliest);
            assert_eq!(answer.hinted, hinted, "{hint:?}");
        }
    }
}

#[test]
fn questions_are_answered_in_order_however_they_come() {
    let server = start(|_| ());
    let questions = [
        question(1).to_bytes(),
        message(1, b""),
        message(1, b"\0\x09cat"),
        message(1, b"\0\x01\xffpicture"),
        message(1, b"\0\x02a\x1bpicture"),
        message(1, b"\0\x03cat"),
        message(1, &vec![0; MAX_PICTURE + 3]),
        question(70_000).to_bytes(),
    ]
    .concat();
    let no_hint =
        "not understood: a hint is text of at most 256 bytes without control characters\n";
    let expected = format!(
        "1 bytes\n{}not a picture: the picture has no bytes\n\
        too large: the picture has more than 16777216 bytes (16 MiB)\n70000 bytes",
        no_hint.repeat(4)
    );
    let (front, back) = questions.split_at(40);
    for size in [1, 1000, questions.len()] {
        let mut stream = TcpStream::connect(server).unwrap();
        stream.set_nodelay(true).unwrap();
        for piece in front.chunks(size).chain(back.chunks(size.max(1000))) {
            stream.write_all(piece).unwrap();
        }
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(replies(&mut stream).join("\n"), expected);
    }
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
fn thirty_two_clients_are_served_and_one_more_is_refused() {
    /// All clients, and this test.
    static INSIDE: Barrier = Barrier::new(33);
    let server = start(|server| {
        server.recognise = Box::new(|picture| {
            if picture.len() <= 32 {
                // All have come, and the others have been refused.
                INSIDE.wait();
                INSIDE.wait();
            }
            Ok(classes(picture))
        });
    });
    let asking = |length| thread::spawn(move || ask(server, length).unwrap());
    let clients: Vec<_> = (1..=32).map(asking).collect();
    INSIDE.wait();
    for length in [33, MAX_PICTURE] {
        let refused = ask(server, length).unwrap_err().to_string();
        contains(&refused, "the server says: busy: too many clients;");
    }
    INSIDE.wait();
    for (length, client) in (1..).zip(clients) {
        assert_eq!(client.join().unwrap(), format!("{length} bytes"));
    }
    // A slot is free again soon after a client has left.
    assert!((0..100_000).any(|_| ask(server, 33).is_ok()));
}

#[test]
fn a_panic_ends_one_connection_and_pictures_take_turns() {
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
fn a_stranger_is_named_and_its_answer_is_escaped() {
    let hostile = "\u{1b}]0;title\u{7} carpenter's \u{9b}2J\nerror: \u{202e}";
    let shown = printable(hostile);
    let answer = |hinted| {
        let likeliest = vec![likely((hostile, 0.125)); 5];
        reply_to_bytes(&Ok(Answer { likeliest, hinted }))
    };
    let classes = format!("0.125  {shown}\n").repeat(5);
    let found = format!("{classes}\"x\" is among them: {shown}");
    let not_found = format!("{classes}\"x\" is not among them");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x"), "x").unwrap();
    for (timeout, reply, expected) in [
        (60, answer(Some(0)), found.as_str()),
        (60, answer(None), &not_found),
        (60, b"220\r\n".to_vec(), "is no server of this kind"),
        (1, Vec::new(), "no answer within 1 seconds; --timeout"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(&reply).unwrap();
            stream.read_to_end(&mut Vec::new())
        });
        let command = format!("recognise ask x --hint x --server {server} --timeout {timeout}");
        contains(&common::sh(folder.path(), &command), expected);
    }
}

transcripts! {
    #[test]
    fn a_server_without_a_model_says_so_and_logs_a_line_each() r#"
$ serve; echo > x; recognise ask x --hint $'a\342\200\256b' 2> answer; \
    printf '\0\0\0\5\33\33\n\33\n' > $tcp; until grep -q type log; do sleep 0.01; done; \
    sed -i 's/this server was built without.*--features recognise./NO MODEL/' answer log; \
    sed 's/no model in ".";.*fetch gets it/NO MODEL/; s/^127[0-9.:]*/CLIENT/' answer log
error: the server says: unavailable: NO MODEL
note: nothing will be recognised: NO MODEL
CLIENT 1 bytes, hint "a\u{202e}b": unavailable: NO MODEL
CLIENT not understood: type 27 is none that is expected here
"#

    #[test]
    fn a_signal_ends_a_server_with_a_client() r"
$ serve env --default-signal; exec 3<> $tcp; kill -s INT $!; wait $!
exit code 130
$ serve env --default-signal; exec 3<> $tcp; kill -s TERM $!; wait $!
exit code 130
$ serve env --default-signal; exec 3<> $tcp; kill -s HUP $!; wait $!
exit code 130
"

    #[test]
    fn a_hangup_or_a_closed_log_ends_no_server_under_nohup() r"
$ mkfifo log; : < log & serve nohup; kill -s HUP $!; \
    for word in 1 2; do recognise ask address --hint $word; done 2>&1 | grep -c unavailable
2
"

    #[test]
    fn wrong_usage_is_refused_before_anything_is_sent() r#"
$ echo > x; : > empty; truncate -s 16777217 large
$ for file in missing . empty large x; do recognise ask $file --server 127.0.0.1:1; done
error: cannot ask about "missing": No such file or directory (os error 2)
error: cannot ask about ".": it is not a regular file
error: cannot ask about "empty": the picture has no bytes
error: cannot ask about "large": the picture has more than 16777216 bytes (16 MiB)
error: no server at 127.0.0.1:1; start one with `recognise serve`: \
Connection refused (os error 111)
exit code 1
$ recognise ask x --server nowhere
error: there is no address for nowhere; write it as HOST:PORT: invalid socket address
exit code 1
$ recognise ask x --hint $'a\ab' 2> /dev/null
exit code 2
$ recognise ask x --hint $(printf %257s | tr ' ' a) 2> /dev/null
exit code 2
$ serve; recognise serve --model . --bind $RECOGNISE_SERVER 2>&1 | \
    sed -n "s/$RECOGNISE_SERVER/ADDRESS/p"
error: cannot listen at ADDRESS; choose another with --bind: Address already in use (os error 98)
"#

    #[cfg(feature = "recognise")]
    #[test]
    fn a_damaged_model_is_refused() r#"
$ get_model; rm *.txt; echo > classes.txt; recognise serve --model . 2>&1 | sed 's/;.*:/:/'
error: "." is no model that can be used: 1000 scores for 1 classes
$ rm *.onnx; echo > efficientnet-lite0.onnx; recognise serve --model . 2>&1 | sed 's/;.*//'
error: "./efficientnet-lite0.onnx" is no model that can be used
"#
}
