//! The server and the client of `recognise` over TCP, with a recogniser that knows how it was
//! asked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so and stops"
)]

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use exercises::recognise::client::{self, AskError};
use exercises::recognise::frame::{Frame, FrameReader, Kind, MAX_PICTURE};
use exercises::recognise::message::{Ask, Hint, Likely, Picture, Reason, Refusal, Reply};
use exercises::recognise::recogniser::Recogniser;
use exercises::recognise::server::{Limits, serve};

const MINUTE: Duration = Duration::from_mins(1);
const LIMITS: Limits = Limits {
    clients: 20,
    pictures: 2,
    patience: MINUTE,
};

/// Answers with the number of bytes, so that a client sees that the answer is to its own picture.
struct Counting;

impl Recogniser for Counting {
    fn recognise(&self, picture: &[u8]) -> Result<Vec<Likely>, Refusal> {
        let first = Likely {
            name: format!("{} bytes", picture.len()),
            score: 0.5,
        };
        let other = |number| Likely {
            name: format!("class {number}"),
            score: 0.01,
        };
        Ok((0..9).map(other).chain([first]).collect())
    }
}

fn start(recogniser: impl Recogniser + 'static, limits: Limits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || serve(&listener, Box::new(recogniser), limits, |_| ()));
    address
}

fn asking(length: usize) -> Ask {
    Ask {
        hint: Hint::new("bytes").unwrap(),
        picture: Picture::new(vec![7; length]).unwrap(),
    }
}

fn asking_bytes(length: usize) -> Vec<u8> {
    asking(length).to_frame().to_bytes().unwrap()
}

/// Every reply until the server closes.
fn replies(stream: &mut TcpStream) -> Vec<Reply> {
    stream.set_read_timeout(Some(MINUTE)).unwrap();
    let mut bytes = Vec::new();
    stream
        .read_to_end(&mut bytes)
        .expect("an end of the connection that takes nothing back");
    let mut reader = FrameReader::new(&[Kind::Answer, Kind::Refusal]);
    let mut rest = bytes.as_slice();
    let mut replies = Vec::new();
    while let Some(frame) = reader.read(&mut rest).unwrap() {
        replies.push(Reply::read(&frame).unwrap());
    }
    assert!(!reader.is_inside(), "a reply is cut off");
    replies
}

/// What the recogniser was given, of every answer.
fn answered(replies: &[Reply]) -> Vec<String> {
    let first = |reply: &Reply| match reply {
        Reply::Answer(answer) => answer.likeliest[0].name.clone(),
        Reply::Refusal(refusal) => refusal.to_string(),
    };
    replies.iter().map(first).collect()
}

#[track_caller]
fn is_refused(replies: &[Reply], reason: Reason) {
    assert!(
        matches!(replies, [Reply::Refusal(refusal)] if refusal.reason == reason),
        "{replies:?} and not {reason:?}"
    );
}

#[test]
fn a_picture_is_answered_with_five_classes_and_whether_the_hint_is_among_them() {
    let server = start(Counting, LIMITS).to_string();
    let answer = client::ask(&server, &asking(100), MINUTE, |_| ()).unwrap();
    assert_eq!(answer.likeliest.len(), 5);
    assert_eq!(answer.likeliest[0].name, "100 bytes");
    assert_eq!(answer.hinted, Some(0));
}

#[test]
fn questions_in_one_write_and_questions_byte_by_byte_are_answered_in_order() {
    let server = start(Counting, LIMITS);
    let glued: Vec<_> = [1, 70_000, 3].into_iter().flat_map(asking_bytes).collect();
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(&glued).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(
        answered(&replies(&mut stream)),
        ["1 bytes", "70000 bytes", "3 bytes"]
    );

    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in [asking_bytes(1), asking_bytes(20)].concat() {
        stream.write_all(&[byte]).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(answered(&replies(&mut stream)), ["1 bytes", "20 bytes"]);
}

#[test]
fn garbage_is_answered_with_an_error() {
    let server = start(Counting, LIMITS);
    for (garbage, reason) in [
        (b"\0\0\0\0".to_vec(), Reason::Garbage),
        (b"\0\0\0\x05\x09what".to_vec(), Reason::Garbage),
        (b"\0\0\0\x02\x02x".to_vec(), Reason::Garbage),
        (
            b"GET / HTTP/1.1\r\nHost: here\r\n\r\n".to_vec(),
            Reason::TooLarge,
        ),
        (vec![0xff; 1 << 20], Reason::TooLarge),
    ] {
        let mut stream = TcpStream::connect(server).unwrap();
        // The server may have closed before it has all.
        let _ = stream.write_all(&garbage);
        is_refused(&replies(&mut stream), reason);
    }
}

#[test]
fn what_is_wrong_within_a_frame_does_not_end_the_connection() {
    let server = start(Counting, LIMITS);
    let mut stream = TcpStream::connect(server).unwrap();
    for payload in [&b""[..], b"\0\x09cat", b"\0\x03cat", b"\0\x01\xffpicture"] {
        let frame = Frame {
            kind: Kind::Ask,
            payload: payload.to_vec(),
        };
        stream.write_all(&frame.to_bytes().unwrap()).unwrap();
    }
    stream.write_all(&asking_bytes(8)).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let replies = replies(&mut stream);
    assert_eq!(replies.len(), 5, "{replies:?}");
    assert_eq!(answered(&replies[4..]), ["8 bytes"]);
    assert!(
        replies[..4]
            .iter()
            .all(|reply| matches!(reply, Reply::Refusal(_))),
        "{replies:?}"
    );
}

#[test]
fn a_picture_that_is_too_large_is_refused_while_it_is_still_being_sent() {
    let server = start(Counting, LIMITS);
    let mut stream = TcpStream::connect(server).unwrap();
    let announced = u32::try_from(Kind::Ask.longest() + 2).unwrap();
    stream.write_all(&announced.to_be_bytes()).unwrap();
    stream.write_all(&[Kind::Ask.byte()]).unwrap();
    stream.write_all(&vec![7; MAX_PICTURE]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    is_refused(&replies(&mut stream), Reason::TooLarge);

    let largest = client::ask(&server.to_string(), &asking(MAX_PICTURE), MINUTE, |_| ()).unwrap();
    assert_eq!(largest.likeliest[0].name, format!("{MAX_PICTURE} bytes"));
}

#[test]
fn who_stops_within_a_question_is_told_and_who_asks_nothing_is_closed() {
    let patience = Duration::from_millis(200);
    let server = start(Counting, Limits { patience, ..LIMITS });
    let mut slow = TcpStream::connect(server).unwrap();
    slow.write_all(&asking_bytes(100)[..50]).unwrap();
    is_refused(&replies(&mut slow), Reason::TooSlow);

    let mut silent = TcpStream::connect(server).unwrap();
    assert_eq!(replies(&mut silent), []);
}

#[test]
fn who_sends_a_byte_now_and_then_does_not_keep_its_place() {
    let patience = Duration::from_millis(300);
    let server = start(Counting, Limits { patience, ..LIMITS });
    let mut slow = TcpStream::connect(server).unwrap();
    let mut sent = slow.try_clone().unwrap();
    let sending = thread::spawn(move || {
        // Each byte comes in time, all of them would take minutes.
        let bytes = asking_bytes(10_000);
        bytes
            .iter()
            .take_while(|byte| {
                thread::sleep(Duration::from_millis(20));
                sent.write_all(&[**byte]).is_ok()
            })
            .count()
    });
    is_refused(&replies(&mut slow), Reason::TooSlow);
    drop(slow);
    assert!(sending.join().unwrap() < 10_000);
}

/// Begins to look at a picture, says so, and goes on when it is told to.
struct Waiting {
    begun: Sender<usize>,
    go_on: std::sync::Mutex<Receiver<()>>,
}

impl Recogniser for Waiting {
    fn recognise(&self, picture: &[u8]) -> Result<Vec<Likely>, Refusal> {
        self.begun.send(picture.len()).unwrap();
        self.go_on.lock().unwrap().recv().unwrap();
        Counting.recognise(picture)
    }
}

#[test]
fn many_clients_are_served_at_once_and_one_too_many_is_told() {
    let (begun, has_begun) = channel();
    let (go, go_on) = channel();
    let waiting = Waiting {
        begun,
        go_on: go_on.into(),
    };
    let server = start(
        waiting,
        Limits {
            clients: 8,
            pictures: 8,
            patience: MINUTE,
        },
    );
    let ask = move |length| client::ask(&server.to_string(), &asking(length), MINUTE, |_| ());
    let clients: Vec<_> = (1..=8)
        .map(|length| thread::spawn(move || ask(length).unwrap()))
        .collect();
    // All eight are inside before the first is answered.
    let mut inside: Vec<_> = (0..8)
        .map(|_| has_begun.recv_timeout(MINUTE).unwrap())
        .collect();
    inside.sort_unstable();
    assert_eq!(inside, [1, 2, 3, 4, 5, 6, 7, 8]);

    for length in [9, MAX_PICTURE] {
        let refused = ask(length).unwrap_err();
        assert!(
            matches!(&refused, AskError::Refused(refusal) if refusal.reason == Reason::Busy),
            "{refused}"
        );
    }

    (0..9).for_each(|_| go.send(()).unwrap());
    for (length, client) in (1..).zip(clients) {
        assert_eq!(
            client.join().unwrap().likeliest[0].name,
            format!("{length} bytes")
        );
    }
    // A place is free again once a connection has ended at the server, too.
    common::wait_until("a free place", || ask(9).is_ok() || go.send(()).is_err());
}

#[test]
fn a_server_that_panics_on_a_picture_goes_on_with_the_next() {
    struct Panicking;
    impl Recogniser for Panicking {
        fn recognise(&self, picture: &[u8]) -> Result<Vec<Likely>, Refusal> {
            if picture.len() == 13 {
                std::panic::resume_unwind(Box::new("a decoder's bug"));
            }
            Counting.recognise(picture)
        }
    }
    let server = start(
        Panicking,
        Limits {
            clients: 2,
            pictures: 1,
            patience: MINUTE,
        },
    )
    .to_string();
    for _ in 0..3 {
        let lost = client::ask(&server, &asking(13), MINUTE, |_| ()).unwrap_err();
        assert!(matches!(lost, AskError::Lost(_)), "{lost}");
    }
    common::wait_until("an answer", || {
        client::ask(&server, &asking(14), MINUTE, |_| ()).is_ok()
    });
}

#[test]
fn a_client_tells_what_is_no_server() {
    // Nobody there.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = client::ask(&free.to_string(), &asking(1), MINUTE, |_| ()).unwrap_err();
    assert!(matches!(error, AskError::NoServer(..)), "{error}");
    let error = client::ask("nowhere", &asking(1), MINUTE, |_| ()).unwrap_err();
    assert!(matches!(error, AskError::NoAddress(..)), "{error}");

    // One that says something else, and ends; one that says nothing.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let talking = thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        stream.write_all(b"220 ready for mail\r\n").unwrap();
        let silent = other.accept().unwrap();
        thread::sleep(Duration::from_millis(500));
        drop(silent);
    });
    let error = client::ask(&address, &asking(1), MINUTE, |_| ()).unwrap_err();
    assert!(matches!(error, AskError::NotOurs(_)), "{error}");
    let error = client::ask(&address, &asking(1), Duration::from_millis(100), |_| ()).unwrap_err();
    assert!(matches!(error, AskError::TimedOut(_)), "{error}");
    talking.join().unwrap();
}
