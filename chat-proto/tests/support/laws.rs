//! The laws of the grammar, as functions that panic when a law is broken. The tests of this crate
//! and the fuzz targets run them.
//!
//! From bytes to a value ([`parse_request`], [`parse_from_server`]):
//!
//! * A strict dialect writes each value that it reads as the same bytes again.
//! * A lenient dialect with the same words reads the same value from those bytes.
//! * A lenient dialect writes each value that it reads in a canonical form. Both readings take that
//!   form for the same value.
//! * An error points into the datagram and explains the fault.
//! * No datagram is both a reply and a delivery, and [`FromServer`] tells them apart.
//! * [`Verb::of`] finds the verb of a request whatever follows it.
//!
//! From a value to bytes and back: [`survives`]; [`request_value`] and [`from_server_value`] draw
//! such values from bytes.
//!
//! Of sessions, in both ways, [`parse_session`] and [`session_value`]:
//!
//! * A value that was read is written as the same bytes again, a hello in a canonical form with
//!   another pad; a value that was written is read again.
//! * [`is_session_datagram`] separates them from all that the plain grammar reads.
//! * [`DataWriter`] writes the same lines again, and stops before [`FILLED_SESSION_DATAGRAM`].
//!
//! The exceptions, all of them in PROTOCOL.md, are three methods of [`Message`]: `read_by`,
//! `belongs_to` and `bytes_beyond_a_plain_verb`.

use arbitrary::{Arbitrary, Unstructured};
use chat_proto::{
    DataWriter, DecodeError, DecodeErrorKind, Delivery, Dialect, EncodeError, EndWords,
    FILLED_SESSION_DATAGRAM, FromServer, Language, Line, MAX_DATAGRAM, MAX_NUMBER,
    MAX_SESSION_DATAGRAM, Refusal, Reply, Request, SessionMessage, Verb, Verbs, Word,
    is_session_datagram,
};

/// A message of either direction, so that each law is written once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Message<'a> {
    /// Received by a server.
    Request(Request<'a>),
    /// Received by a client.
    FromServer(FromServer<'a>),
}

type Read = for<'a> fn(&'a [u8], &Dialect) -> Result<Message<'a>, DecodeError>;

impl Message<'_> {
    fn encode<'b>(&self, by: &Dialect, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
        match self {
            Self::Request(request) => request.encode(by, buffer),
            Self::FromServer(FromServer::Reply(reply)) => reply.encode(by, buffer),
            Self::FromServer(FromServer::Delivery(delivery)) => delivery.encode(by, buffer),
        }
    }

    /// Returns the message that `by` reads. Exception 1: a lenient dialect with the end word `#`
    /// reads the line `#` as a quit.
    fn read_by(self, by: &Dialect) -> Self {
        let hash_quits = by.lenient_reading() && by.ends().contains("#");
        match self {
            Self::Request(Request::Chat { name, text }) if hash_quits && text.as_str() == "#" => {
                Self::Request(Request::Quit { name })
            }
            other => other,
        }
    }

    /// Returns `false` for exception 2: an end word that is not one of the dialect's own, which
    /// only a lenient dialect reads.
    fn belongs_to(&self, dialect: &Dialect) -> bool {
        match self {
            Self::FromServer(FromServer::Reply(Reply::End { word })) => {
                dialect.ends().contains(word.as_str())
            }
            _ => true,
        }
    }

    /// Returns the bytes by which the dialect's verb is longer than a plain one. Exception 3: the
    /// longest text may not fit behind such a verb.
    fn bytes_beyond_a_plain_verb(&self, dialect: &Dialect) -> usize {
        let verb = match self {
            Self::Request(Request::Login { .. }) => dialect.verbs().login(),
            Self::Request(Request::Chat { .. }) => dialect.verbs().chat(),
            _ => return 0,
        };
        verb.as_str().len() - 1
    }
}

/// Checks the laws for a server: any bytes in every one of [`dialects`].
pub fn parse_request(bytes: &[u8]) {
    for dialect in dialects() {
        datagram(request, bytes, &dialect);
    }
}

/// Checks the laws for a client: any bytes in every one of [`dialects`].
pub fn parse_from_server(bytes: &[u8]) {
    for dialect in dialects() {
        datagram(from_server, bytes, &dialect);
    }
}

/// Checks the laws for both: any bytes in every one of [`dialects`] and in `another`.
pub fn parse(bytes: &[u8], another: &Dialect) {
    parse_request(bytes);
    parse_from_server(bytes);
    datagram(request, bytes, another);
    datagram(from_server, bytes, another);
}

fn datagram(read: Read, bytes: &[u8], dialect: &Dialect) {
    let [strict, lenient] = [false, true].map(|lenient| dialect.with_lenient_reading(lenient));
    let as_lenient = read(bytes, &lenient);
    if let Ok(value) = read(bytes, &strict) {
        let written_back = value.encode(&strict, &mut [0; MAX_DATAGRAM]) == Ok(bytes);
        assert!(written_back, "{value:?}: {strict:?}");
        assert_eq!(as_lenient, Ok(value.read_by(&lenient)), "{lenient:?}");
    }
    if let Ok(value) = as_lenient {
        survives(value, &lenient);
    }
}

/// Checks that `dialect` writes the value, also into a buffer that is just long enough, and that
/// both readings of `dialect` take its bytes for the same value.
pub fn survives(value: Message<'_>, dialect: &Dialect) {
    // Longer than a datagram may be, so that the buffer is never the reason for a refusal.
    let mut buffer = [0; 2 * MAX_DATAGRAM];
    let written = match value.encode(dialect, &mut buffer) {
        Ok(written) => written,
        Err(EncodeError::DatagramTooLong { needed }) => {
            let mut plain = [0; MAX_DATAGRAM];
            let plain = value
                .encode(&Dialect::strict(), &mut plain)
                .map(<[u8]>::len);
            let plain_needed = needed - value.bytes_beyond_a_plain_verb(dialect);
            assert_eq!(plain, Ok(plain_needed), "{value:?}: {dialect:?}");
            return assert!(needed > MAX_DATAGRAM, "{value:?}: {dialect:?}");
        }
        Err(error) => panic!("{error}: {value:?}"),
    };
    let (needed, available) = (written.len(), written.len() - 1);
    assert_eq!(value.encode(dialect, &mut vec![0; needed]), Ok(written));
    let too_small = EncodeError::BufferTooSmall { needed, available };
    let short = &mut vec![0; available];
    assert_eq!(value.encode(dialect, short), Err(too_small), "{value:?}");

    let read = match value {
        Message::Request(_) => request as Read,
        Message::FromServer(_) => from_server,
    };
    for lenient in [false, true] {
        let by = dialect.with_lenient_reading(lenient);
        if lenient || value.belongs_to(dialect) {
            assert_eq!(read(written, &by), Ok(value.read_by(&by)), "{by:?}");
        }
    }
}

/// Reads a datagram as a server does.
fn request<'a>(bytes: &'a [u8], by: &Dialect) -> Result<Message<'a>, DecodeError> {
    let space = bytes.iter().position(|&byte| byte == b' ');
    let verb = space.and_then(|space| {
        let (begin, _) = bytes.split_at(space + 1);
        match Request::decode(&[begin, b"x"].concat(), by).map_err(|error| error.kind()) {
            Ok(Request::Login { .. }) => Some(Verb::Login),
            Ok(Request::Chat { .. }) | Err(DecodeErrorKind::MissingSpace) => Some(Verb::Chat),
            Ok(Request::Quit { .. }) => Some(Verb::Quit),
            Err(_) => None,
        }
    });
    assert_eq!(Verb::of(bytes, by), verb, "{by:?}");
    let request = Request::decode(bytes, by).map(Message::Request);
    request.inspect_err(|error| explains(error, bytes))
}

/// Reads a datagram as a client does: the bytes alone distinguish a reply from a delivery.
fn from_server<'a>(bytes: &'a [u8], by: &Dialect) -> Result<Message<'a>, DecodeError> {
    let read = FromServer::decode(bytes, by);
    let reply = Reply::decode(bytes, by).map(FromServer::Reply);
    let delivery = Delivery::decode(bytes, by).map(FromServer::Delivery);
    assert!(reply.is_err() || delivery.is_err(), "{reply:?}: {by:?}");
    assert_eq!(read.ok(), reply.or(delivery).ok(), "{by:?}");
    assert!([reply, delivery].contains(&read), "{read:?}: {by:?}");
    for error in [reply, delivery].into_iter().filter_map(Result::err) {
        explains(&error, bytes);
    }
    read.map(Message::FromServer)
}

/// Checks that an error points into the datagram and explains the fault, without a control
/// character.
fn explains(error: &DecodeError, bytes: &[u8]) {
    let (offset, words) = (error.offset(), error.kind().to_string());
    assert!(offset <= bytes.len(), "{error}: of {} bytes", bytes.len());
    assert!(!words.trim().is_empty(), "without words: {error:?}");
    assert!(!words.contains(char::is_control), "{words:?}");
    assert_eq!(error.to_string(), format!("at byte {offset}: {words}"));
}

/// Checks that a request drawn from `bytes` survives in every one of [`dialects`] and in a drawn
/// dialect.
pub fn request_value(bytes: &[u8]) {
    drawn(bytes, Message::Request);
}

/// Checks the same of a delivery and a reply, leaving out end words that are not the dialect's.
pub fn from_server_value(bytes: &[u8]) {
    drawn(bytes, |read| {
        Message::FromServer(FromServer::Delivery(read))
    });
    drawn(bytes, |read| Message::FromServer(FromServer::Reply(read)));
}

fn drawn<'a, T: Arbitrary<'a>>(bytes: &'a [u8], message: fn(T) -> Message<'a>) {
    let mut source = Unstructured::new(bytes);
    let value = source.arbitrary().map(message);
    let own = Dialect::arbitrary(&mut source);
    for dialect in dialects().iter().chain(&own) {
        if let Ok(value) = value
            && value.belongs_to(dialect)
        {
            survives(value, dialect);
        }
    }
}

/// Checks the laws of sessions: any bytes.
pub fn parse_session(bytes: &[u8]) {
    let (plain, is_session) = (Dialect::strict(), is_session_datagram(bytes));
    if let Ok(request) = Request::decode(bytes, &plain) {
        let is_hello = matches!(request, Request::Login { extension: Some(tail), .. }
            if tail.as_str().starts_with("1 "));
        assert_eq!(is_session, is_hello, "{request:?}");
    }
    let is_read = FromServer::decode(bytes, &plain).is_ok();
    assert!(!is_read || !is_session, "{}", bytes.escape_ascii());
    let value = match SessionMessage::decode(bytes) {
        Err(error) => {
            let begins_so = error.offset() > 0 || bytes.starts_with(b"~");
            let is_text = matches!(error.kind(), DecodeErrorKind::Expected(_));
            assert!(!is_text || is_session == begins_so, "{error}");
            return explains(&error, bytes);
        }
        Ok(value) => value,
    };
    assert!(is_session, "a plain datagram: {value:?}");
    let mut buffer = [0; MAX_SESSION_DATAGRAM];
    let written = value.encode(&mut buffer).expect("what was read");
    match value {
        SessionMessage::Hello(_) => {
            let ends_pad = |&byte: &u8| byte != b'.' && byte != b' ';
            let place = written.iter().rposition(ends_pad).expect("a place");
            assert!(bytes.starts_with(&written[..=place]), "{value:?}");
            assert!(written.len() >= 109, "{value:?}");
        }
        _ => assert_eq!(written, bytes, "{value:?}"),
    }
    if let SessionMessage::Data(header, lines) = value {
        let mut writer = DataWriter::new(&mut buffer, &header).expect("a valid header");
        let all_fit = lines.iter().all(|line| writer.line(&line));
        assert_eq!(all_fit, bytes.len() <= FILLED_SESSION_DATAGRAM, "{value:?}");
        let written = writer.finish();
        assert_eq!(all_fit, written == bytes, "{value:?}");
        assert!(bytes.starts_with(written), "{value:?}");
    }
}

/// Checks that messages and lines that are drawn from `bytes` are read as they were written.
pub fn session_value(bytes: &[u8]) {
    let mut source = Unstructured::new(bytes);
    let mut buffer = [0; MAX_SESSION_DATAGRAM];
    if let Ok(mut value) = source.arbitrary::<SessionMessage<'_>>() {
        let is_valid = match &mut value {
            SessionMessage::Hello(hello) => {
                hello.entry >>= 10; // half of them are too large by one bit
                let is_word = !hello.word.is_empty() && !hello.word.contains(' ');
                is_word && hello.entry <= MAX_NUMBER
            }
            SessionMessage::Refused { refusal, .. } => *refusal <= Some(Refusal::RoomFull),
            _ => true,
        };
        match value.encode(&mut buffer) {
            Ok(written) => assert_eq!(SessionMessage::decode(written), Ok(value)),
            Err(EncodeError::InvalidField) => assert!(!is_valid, "{value:?}"),
            Err(EncodeError::DatagramTooLong { needed }) => assert!(needed > MAX_SESSION_DATAGRAM),
            Err(error) => panic!("{error}: {value:?}"),
        }
    }
    let begin = "~D 0123456789abcdef 1 0 1 1\n";
    let drawn: Vec<Line<'_>> = source.arbitrary().unwrap_or_default();
    for line in drawn {
        let datagram = format!("{begin}{line}");
        let read = SessionMessage::decode(datagram.as_bytes());
        let is_read = matches!(read, Ok(SessionMessage::Data(_, lines)) if lines.iter().eq([line]));
        let is_valid = match line {
            Line::Numbered(text) => !text.starts_with('~') && !text.contains('\n'),
            Line::Age(seconds) => seconds <= MAX_NUMBER,
            Line::Ignored(_) => is_read,
            _ => true,
        };
        assert_eq!(is_read, is_valid, "{datagram:?}");
    }
}

/// Returns strict dialects that differ in every setting: the plain one, one with the end word `#`,
/// one with long verbs, one with a leading newline and Chinese notices, and one whose words mean
/// something else in other dialects.
pub fn dialects() -> [Dialect; 5] {
    let word = |text: &&str| Word::new(text).expect("a valid word");
    let verbs = |verbs: [&str; 3]| {
        let [login, chat, quit] = verbs.each_ref().map(word);
        Verbs::new(login, chat, quit).expect("the verbs are distinct")
    };
    let words = |success, ends: &[&str]| {
        let ends = EndWords::new(&ends.iter().map(word).collect::<Vec<_>>());
        let dialect = Dialect::strict().with_words(word(&success), ends.expect("distinct words"));
        dialect.expect("the words do not clash")
    };
    [
        Dialect::strict(),
        words("OK", &["EXIT", "#"]),
        Dialect::strict().with_verbs(verbs(["LOGIN", "CHAT", "EXIT"])),
        words("ok", &["OUT", "exit", "再见"])
            .with_leading_newline(true)
            .with_language(Language::Chinese),
        words("quit", &["OK", "#", "FAILED", "L"]).with_verbs(verbs(["CHAT", "Q", "L"])),
    ]
}
