//! The laws as plain functions that panic when one is broken: the bodies of the fuzz targets, of
//! the property tests and of what runs over the committed corpus.
//!
//! Bytes in, value out ([`parse_request`], [`parse_reply`], [`parse_delivery`], each in every one
//! of [`dialects`]):
//!
//! * What a strict dialect reads, it writes back byte by byte.
//! * What a lenient dialect reads, it writes in the canonical form, which both readings take for
//!   the same value.
//! * What a strict dialect reads, a lenient one with the same words reads too, as the same value.
//! * An error lies within the datagram and says something.
//! * Nothing is a reply and a delivery at once.
//!
//! Value in, bytes out, value back: [`survives`], for values drawn from bytes [`request_value`],
//! [`reply_value`] and [`delivery_value`].
//!
//! The exceptions, all of them in PROTOCOL.md, are the three methods of [`Message`] with a body.

use std::fmt::Debug;

use arbitrary::{Arbitrary, Unstructured};
use chat_proto::{
    DecodeError, Delivery, DeliveryBuf, Dialect, EncodeError, EndWords, Language, MAX_DATAGRAM,
    Prefix, Reading, Reply, ReplyBuf, Request, RequestBuf, Verbs, Word,
};

/// The laws of requests, for any bytes in every one of [`dialects`].
pub fn parse_request(bytes: &[u8]) {
    for dialect in dialects() {
        datagram::<RequestBuf>(bytes, &dialect);
    }
}

/// The laws of replies, for any bytes in every one of [`dialects`].
pub fn parse_reply(bytes: &[u8]) {
    for dialect in dialects() {
        datagram::<ReplyBuf>(bytes, &dialect);
        means_one_thing(bytes, &dialect);
    }
}

/// The laws of deliveries, for any bytes in every one of [`dialects`].
pub fn parse_delivery(bytes: &[u8]) {
    for dialect in dialects() {
        datagram::<DeliveryBuf>(bytes, &dialect);
        means_one_thing(bytes, &dialect);
    }
}

/// The laws of one kind of message, for any bytes in the strict and the lenient reading of
/// `dialect`.
pub fn datagram<M: Message>(bytes: &[u8], dialect: &Dialect) {
    let strict = dialect.with_reading(Reading::Strict);
    let lenient = dialect.with_reading(Reading::Lenient);
    let as_strict = M::decode(bytes, &strict);
    let as_lenient = M::decode(bytes, &lenient);

    match &as_strict {
        Ok(value) => {
            writes_back(value, bytes, &strict);
            assert_eq!(
                as_lenient.as_ref(),
                Ok(&value.clone().read_by(&lenient)),
                "the lenient reading of {} is not the strict one: {dialect:?}",
                bytes.escape_ascii()
            );
        }
        Err(error) => explains(error, bytes),
    }
    match &as_lenient {
        Ok(value) => is_canonical(value, bytes, &lenient),
        Err(error) => explains(error, bytes),
    }
}

/// A value that `dialect` allows goes through bytes and comes back, in the reading that `dialect`
/// has.
pub fn survives<M: Message>(value: &M, dialect: &Dialect) {
    assert!(
        value.belongs_to(dialect),
        "{value:?} is no value of {dialect:?}"
    );
    let mut buffer = [0; MAX_DATAGRAM];
    match value.encode(dialect, &mut buffer) {
        Ok(written) => {
            assert_eq!(
                M::decode(written, dialect),
                Ok(value.clone().read_by(dialect)),
                "{value:?}, written as {}, is read as something else: {dialect:?}",
                written.escape_ascii()
            );
            // Its bytes are a datagram like any other.
            datagram::<M>(written, dialect);
        }
        Err(error) => may_be_too_long::<M>(error, dialect),
    }
}

/// `encode(decode(x)) == x`, also into a buffer that is just long enough; one byte less is an error
/// that says so.
fn writes_back<M: Message>(value: &M, bytes: &[u8], strict: &Dialect) {
    let mut buffer = [0; MAX_DATAGRAM];
    let (exact, _) = buffer.split_at_mut(bytes.len());
    assert_eq!(
        value.encode(strict, exact),
        Ok(bytes),
        "{} was read as {value:?} and is written otherwise: {strict:?}",
        bytes.escape_ascii()
    );
    let available = bytes.len() - 1;
    let needed = bytes.len();
    let (short, _) = buffer.split_at_mut(available);
    assert_eq!(
        value.encode(strict, short),
        Err(EncodeError::BufferTooSmall { needed, available }),
        "{value:?} in a buffer that is one byte too short: {strict:?}"
    );
}

/// What a lenient dialect read is written in a form that both readings take for the same value.
fn is_canonical<M: Message>(value: &M, bytes: &[u8], lenient: &Dialect) {
    let mut buffer = [0; MAX_DATAGRAM];
    let written = match value.encode(lenient, &mut buffer) {
        Ok(written) => written,
        Err(error) => return may_be_too_long::<M>(error, lenient),
    };
    assert_eq!(
        M::decode(written, lenient).as_ref(),
        Ok(value),
        "{} was read as {value:?}, written as {} and then read as something else: {lenient:?}",
        bytes.escape_ascii(),
        written.escape_ascii()
    );
    if value.belongs_to(lenient) {
        assert_eq!(
            M::decode(written, &lenient.with_reading(Reading::Strict)).as_ref(),
            Ok(value),
            "{}, the canonical form of {}, is not read strictly: {lenient:?}",
            written.escape_ascii(),
            bytes.escape_ascii()
        );
    }
}

/// The only reason why a whole buffer is not enough: verbs of more than one byte.
fn may_be_too_long<M: Message>(error: EncodeError, dialect: &Dialect) {
    assert!(
        matches!(error, EncodeError::DatagramTooLong { needed } if needed > MAX_DATAGRAM),
        "{MAX_DATAGRAM} bytes have to be enough: {error}"
    );
    assert!(
        M::longest_verb(dialect) > 1,
        "a value was constructed and cannot be written: {error}: {dialect:?}"
    );
}

/// An error lies within the datagram and says something.
fn explains(error: &DecodeError, bytes: &[u8]) {
    let offset = error.offset();
    assert!(
        offset <= bytes.len(),
        "an error at {offset} of {} bytes: {error}",
        bytes.len()
    );
    let words = error.kind().to_string();
    assert!(
        !words.trim().is_empty(),
        "an error without words: {error:?}"
    );
    assert!(
        !words.contains(char::is_control),
        "an error repeats a control character of {}: {words:?}",
        bytes.escape_ascii()
    );
    assert_eq!(
        error.to_string(),
        format!("at byte {offset}: {words}"),
        "an error says where and why"
    );
}

/// A client knows by the bytes alone whether the server answers it or tells what others did.
fn means_one_thing(bytes: &[u8], dialect: &Dialect) {
    let reply = ReplyBuf::decode(bytes, dialect);
    let delivery = DeliveryBuf::decode(bytes, dialect);
    if let (Ok(reply), Ok(delivery)) = (reply, delivery) {
        panic!(
            "{} is both {reply:?} and {delivery:?}: {dialect:?}",
            bytes.escape_ascii()
        );
    }
}

/// A request that is drawn from `bytes` survives, in every one of [`dialects`] and in one that is
/// drawn too.
pub fn request_value(bytes: &[u8]) {
    let mut source = Unstructured::new(bytes);
    if let Ok(request) = RequestBuf::arbitrary(&mut source) {
        let own = Dialect::arbitrary(&mut source).ok();
        in_every_dialect(own, |dialect| survives(&request, dialect));
    }
}

/// A delivery that is drawn from `bytes` survives, in every one of [`dialects`] and in one that is
/// drawn too.
pub fn delivery_value(bytes: &[u8]) {
    let mut source = Unstructured::new(bytes);
    if let Ok(delivery) = DeliveryBuf::arbitrary(&mut source) {
        let own = Dialect::arbitrary(&mut source).ok();
        in_every_dialect(own, |dialect| survives(&delivery, dialect));
    }
}

/// A reply that is drawn from `bytes` survives, in every one of [`dialects`] and in one that is
/// drawn too. A server only says its own end words, so that all of a dialect's stand for one that
/// is not among them.
pub fn reply_value(bytes: &[u8]) {
    let mut source = Unstructured::new(bytes);
    if let Ok(reply) = ReplyBuf::arbitrary(&mut source) {
        let own = Dialect::arbitrary(&mut source).ok();
        in_every_dialect(own, |dialect| {
            if reply.belongs_to(dialect) {
                survives(&reply, dialect);
            } else {
                for word in dialect.ends().iter() {
                    survives(&ReplyBuf::End { word }, dialect);
                }
            }
        });
    }
}

/// Both readings of the known dialects, and of one more.
fn in_every_dialect(one_more: Option<Dialect>, law: impl Fn(&Dialect)) {
    for dialect in dialects().into_iter().chain(one_more) {
        for reading in [Reading::Strict, Reading::Lenient] {
            law(&dialect.with_reading(reading));
        }
    }
}

/// An owned [`Request`], [`Reply`] or [`Delivery`].
pub trait Message: Clone + Debug + PartialEq + Sized {
    /// Reads one datagram.
    fn decode(bytes: &[u8], dialect: &Dialect) -> Result<Self, DecodeError>;

    /// Writes one datagram.
    fn encode<'b>(&self, dialect: &Dialect, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError>;

    /// Exception 1: what `dialect` reads where this value was written. Itself, but for the text `#`
    /// in a lenient dialect that has `#` among its end words: that is a quit.
    #[must_use]
    fn read_by(self, dialect: &Dialect) -> Self {
        let _ = dialect;
        self
    }

    /// Exception 2: whether the value is one that a program of this dialect writes. Every value,
    /// but for an end word that is not among the dialect's.
    fn belongs_to(&self, dialect: &Dialect) -> bool {
        let _ = dialect;
        true
    }

    /// Exception 3: how many bytes the longest word in front may have; with more than one, the
    /// longest text no longer fits.
    #[must_use]
    fn longest_verb(dialect: &Dialect) -> usize {
        let _ = dialect;
        0
    }
}

impl Message for RequestBuf {
    fn decode(bytes: &[u8], dialect: &Dialect) -> Result<Self, DecodeError> {
        Request::decode(bytes, dialect).map(|request| request.to_buf())
    }

    fn encode<'b>(&self, dialect: &Dialect, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
        Request::encode(self, dialect, buffer)
    }

    fn read_by(self, dialect: &Dialect) -> Self {
        match self {
            Request::Chat { name, text } if text.as_str() == "#" && quit_by_text(dialect) => {
                Request::Quit { name }
            }
            other => other,
        }
    }

    fn longest_verb(dialect: &Dialect) -> usize {
        let verbs = dialect.verbs();
        [verbs.login(), verbs.chat(), verbs.quit()]
            .iter()
            .map(|verb| verb.as_bytes().len())
            .max()
            .unwrap_or_default()
    }
}

impl Message for ReplyBuf {
    fn decode(bytes: &[u8], dialect: &Dialect) -> Result<Self, DecodeError> {
        Reply::decode(bytes, dialect).map(|reply| reply.to_buf())
    }

    fn encode<'b>(&self, dialect: &Dialect, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
        Reply::encode(self, dialect, buffer)
    }

    fn belongs_to(&self, dialect: &Dialect) -> bool {
        match self {
            Reply::End { word } => dialect.ends().contains(word.as_str()),
            Reply::Success | Reply::Refused { .. } => true,
        }
    }
}

impl Message for DeliveryBuf {
    fn decode(bytes: &[u8], dialect: &Dialect) -> Result<Self, DecodeError> {
        Delivery::decode(bytes, dialect).map(|delivery| delivery.to_buf())
    }

    fn encode<'b>(&self, dialect: &Dialect, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
        Delivery::encode(self, dialect, buffer)
    }
}

/// Dialects that differ in everything that a dialect can say: the plain one, one with `#` among its
/// end words, one with long verbs, one with a prefix and Chinese notices, and one whose words are
/// other dialects' words for something else. Strict ones; the laws derive the lenient ones.
#[must_use]
pub fn dialects() -> [Dialect; 5] {
    let plain = Dialect::strict();
    [
        plain,
        words(plain, "OK", &["EXIT", "#"]),
        plain.with_verbs(verbs("LOGIN", "CHAT", "EXIT")),
        words(plain, "ok", &["OUT", "exit", "再见"])
            .with_prefix(Prefix::Newline)
            .with_language(Language::Chinese),
        words(plain, "quit", &["OK", "#", "FAILED", "L"]).with_verbs(verbs("CHAT", "Q", "L")),
    ]
}

/// Whether `C name #` is a quit in `dialect`.
#[must_use]
pub fn quit_by_text(dialect: &Dialect) -> bool {
    dialect.reading() == Reading::Lenient && dialect.ends().contains("#")
}

fn words(dialect: Dialect, success: &str, ends: &[&str]) -> Dialect {
    let ends: Vec<Word> = ends.iter().map(|end| word(end)).collect();
    let ends = EndWords::new(&ends).expect("the end words are distinct");
    dialect
        .with_words(word(success), ends)
        .expect("the words do not clash")
}

fn verbs(login: &str, chat: &str, quit: &str) -> Verbs {
    Verbs::new(word(login), word(chat), word(quit)).expect("the verbs are distinct")
}

fn word(text: &str) -> Word {
    Word::new(text).expect("a valid word")
}
