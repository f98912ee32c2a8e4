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

mod dialects;
mod message;
mod values;

use chat_proto::{
    DecodeError, DeliveryBuf, Dialect, EncodeError, MAX_DATAGRAM, Reading, ReplyBuf, RequestBuf,
};

pub use dialects::{dialects, quit_by_text};
pub use message::Message;
pub use values::{delivery_value, reply_value, request_value};

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
