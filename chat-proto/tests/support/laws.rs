//! The laws of the grammar, as functions that panic when one is broken. The tests of this crate and
//! the fuzz targets run them.
//!
//! Bytes in, value out ([`parse_request`], [`parse_from_server`]):
//!
//! * What a strict dialect reads, it writes back byte by byte.
//! * What a strict dialect reads, a lenient one with the same words reads too, as the same value.
//! * What a lenient dialect reads, it writes in a canonical form, which both readings take for the
//!   same value.
//! * An error lies within the datagram and says something.
//! * Nothing is a reply and a delivery at once, and [`FromServer`] says which of them it is.
//! * [`Verb::of`] says how the datagram of a request begins, whatever follows.
//!
//! Value in, bytes out, value back: [`survives`], for values that are drawn from bytes
//! [`request_value`] and [`from_server_value`].
//!
//! The exceptions, all of them in PROTOCOL.md, are three methods of [`Message`]: `read_by`,
//! `belongs_to` and `has_long_verb`.

use arbitrary::{Arbitrary, Unstructured};
use chat_proto::{
    DecodeError, DecodeErrorKind, Delivery, Dialect, EncodeError, EndWords, FromServer, Language,
    MAX_DATAGRAM, Reply, Request, Verb, Verbs, Word,
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

    /// Exception 1: a lenient dialect that has `#` among its end words reads the line `#` as a
    /// quit.
    fn read_by(self, by: &Dialect) -> Self {
        let hash_quits = by.lenient_reading() && by.ends().contains("#");
        match self {
            Self::Request(Request::Chat { name, text }) if hash_quits && text.as_str() == "#" => {
                Self::Request(Request::Quit { name })
            }
            other => other,
        }
    }

    /// Exception 2: a lenient dialect reads end words that are not its own, and never writes them.
    fn belongs_to(&self, dialect: &Dialect) -> bool {
        match self {
            Self::FromServer(FromServer::Reply(Reply::End { word })) => {
                dialect.ends().contains(word.as_str())
            }
            _ => true,
        }
    }

    /// Exception 3: behind a verb of more than one byte the longest text does not fit.
    fn has_long_verb(&self, dialect: &Dialect) -> bool {
        let verb = match self {
            Self::Request(Request::Login { .. }) => dialect.verbs().login(),
            Self::Request(Request::Chat { .. }) => dialect.verbs().chat(),
            _ => return false,
        };
        verb.as_str().len() > 1
    }
}

/// The laws of what a server receives, for any bytes in every one of [`dialects`].
pub fn parse_request(bytes: &[u8]) {
    for dialect in dialects() {
        datagram(request, bytes, &dialect);
    }
}

/// The laws of what a client receives, for any bytes in every one of [`dialects`].
pub fn parse_from_server(bytes: &[u8]) {
    for dialect in dialects() {
        datagram(from_server, bytes, &dialect);
    }
}

/// The laws of both, for any bytes in both readings of `dialect`.
pub fn parse(bytes: &[u8], dialect: &Dialect) {
    datagram(request, bytes, dialect);
    datagram(from_server, bytes, dialect);
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

/// A value is written, also into a buffer that is just long enough, and both readings of `dialect`
/// take its bytes for the same value.
pub fn survives(value: Message<'_>, dialect: &Dialect) {
    let mut buffer = [0; MAX_DATAGRAM];
    let written = match value.encode(dialect, &mut buffer) {
        Ok(written) => written,
        Err(EncodeError::DatagramTooLong { needed }) => {
            let excused = needed > MAX_DATAGRAM && value.has_long_verb(dialect);
            return assert!(excused, "{needed} bytes: {value:?}: {dialect:?}");
        }
        Err(error) => panic!("{MAX_DATAGRAM} bytes are always enough: {error}: {value:?}"),
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

/// Reads what a server receives.
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

/// Reads what a client receives: it knows by the bytes alone whether the server answers it or says
/// what others did.
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

/// An error lies within the datagram and says something, without a control character of it.
fn explains(error: &DecodeError, bytes: &[u8]) {
    let (offset, words) = (error.offset(), error.kind().to_string());
    assert!(offset <= bytes.len(), "{error}: of {} bytes", bytes.len());
    assert!(!words.trim().is_empty(), "without words: {error:?}");
    assert!(!words.contains(char::is_control), "{words:?}");
    assert_eq!(error.to_string(), format!("at byte {offset}: {words}"));
}

/// A request that is drawn from `bytes` survives, in every one of [`dialects`] and in one that is
/// drawn too.
pub fn request_value(bytes: &[u8]) {
    drawn(bytes, Message::Request);
}

/// A delivery and a reply that are drawn from `bytes` survive likewise, but for end words that are
/// not the dialect's.
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

/// Strict dialects that differ in everything that a dialect can say: the plain one, one with `#`
/// among its end words, one with long verbs, one with a leading newline and Chinese notices, and
/// one whose words are other dialects' words for something else.
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
