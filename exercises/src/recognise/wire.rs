//! The messages of client and server as bytes, and a connection with a deadline.
//!
//! A message is a length (4 bytes, big-endian, of all that follows), a type (1 byte) and a payload.
//! A text in a payload is a length (2 bytes, big-endian) and UTF-8.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::tool::printable;

/// The largest picture, in bytes.
pub const MAX_PICTURE: usize = 16 << 20;
const MAX_HINT: usize = 256;
const BAD_HINT: &str = "a hint is text of at most 256 bytes without control characters";
/// Classes in an answer.
pub const LIKELIEST: usize = 5;

/// The longest text of a reply, in bytes: five fit into an answer, and one into a refusal.
const MAX_TEXT: usize = 3 << 10;

/// The number of a type of messages, and its longest payload in bytes.
type Kind = (u8, usize);
const ASK: Kind = (1, 2 + MAX_HINT + MAX_PICTURE);
const ANSWER: Kind = (2, 16 << 10);
const REFUSAL: Kind = (3, 4 << 10);

/// A client's question. Payload: the hint (a text); the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// At most 256 bytes, which may be none.
    pub hint: String,
    /// The bytes of a file.
    pub picture: Vec<u8>,
}

/// A server's reply.
pub type Reply = Result<Answer, Refusal>;

/// The classes that a picture most likely shows. Payload: the number of the hinted class from 1 (0:
/// none); for each class its score (a float of 4 bytes, big-endian) and its name (a text).
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The [`LIKELIEST`] classes, the likeliest first.
    pub likeliest: Vec<Likely>,
    /// The index of the first class that the hint means.
    pub hinted: Option<usize>,
}

/// A class of the model, and its score.
#[derive(Debug, Clone, PartialEq)]
pub struct Likely {
    /// The names of the class, separated by commas.
    pub name: String,
    /// From 0 to 1; the scores of all classes add up to 1.
    pub score: f32,
}

/// A reason for having no answer. Payload: the number of the reason; a text, which may come from a
/// stranger, so that `Display` escapes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", self.reason.word(), printable(&self.text))]
pub struct Refusal {
    /// The reason, for a program.
    pub reason: Reason,
    /// The reason and the remedy, for a person.
    pub text: String,
}

/// A kind of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A server without a model.
    Unavailable,
    /// Too many bytes or pixels.
    TooLarge,
    /// Not a picture, or of an unknown format.
    NotAPicture,
    /// Not the protocol.
    Garbage,
    /// Too many clients or pictures at once.
    Busy,
    /// A question that took too long.
    TooSlow,
    /// A fault of the server.
    Failed,
}

/// The reasons in the order of their numbers, from 1.
const REASONS: [(Reason, &str); 7] = [
    (Reason::Unavailable, "unavailable"),
    (Reason::TooLarge, "too large"),
    (Reason::NotAPicture, "not a picture"),
    (Reason::Garbage, "not understood"),
    (Reason::Busy, "busy"),
    (Reason::TooSlow, "too slow"),
    (Reason::Failed, "failed"),
];

impl Reason {
    /// Makes a refusal with this reason.
    pub fn because(self, text: impl Into<String>) -> Refusal {
        let text = text.into();
        Refusal { reason: self, text }
    }

    fn word(self) -> &'static str {
        REASONS.get(self as usize).map_or("", |(_, word)| word)
    }
}

/// Trims a hint, which may be empty, and checks it.
pub fn check_hint(hint: &str) -> Result<String, &'static str> {
    let hint = hint.trim();
    let is_valid = hint.len() <= MAX_HINT && !hint.contains(char::is_control);
    is_valid.then(|| hint.to_owned()).ok_or(BAD_HINT)
}

impl Ask {
    /// Checks a hint, and the size of a picture.
    pub fn new(hint: &str, picture: Vec<u8>) -> Result<Self, Refusal> {
        let hint = check_hint(hint).map_err(|text| Reason::Garbage.because(text))?;
        match picture.len() {
            0 => Err(Reason::NotAPicture.because("the picture has no bytes")),
            1..=MAX_PICTURE => Ok(Self { hint, picture }),
            _ => Err(Reason::TooLarge.because("the picture has more than 16777216 bytes (16 MiB)")),
        }
    }

    /// Encodes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        message(ASK, &[text(&self.hint).as_slice(), &self.picture].concat())
    }

    /// Reads a message from a client. After a refusal the next message can be read; an error of
    /// the kind `InvalidData` holds a refusal too, but after it no message can be found.
    pub fn read(from: &mut impl Read) -> io::Result<Result<Self, Refusal>> {
        let (_, mut payload) = read_message(from, &[ASK])?;
        let mut rest = payload.as_slice();
        let Some(hint) = take_text(&mut rest) else {
            return Ok(Err(Reason::Garbage.because(BAD_HINT)));
        };
        let (hint, front) = (hint.to_owned(), payload.len() - rest.len());
        payload.drain(..front);
        Ok(Self::new(&hint, payload))
    }
}

/// Encodes the message.
pub fn reply_to_bytes(reply: &Reply) -> Vec<u8> {
    match reply {
        Ok(Answer { likeliest, hinted }) => {
            let number = hinted.map_or(0, |index| index + 1);
            let mut payload = vec![u8::try_from(number).unwrap_or(0)];
            for likely in likeliest {
                payload.extend(likely.score.to_be_bytes());
                payload.extend(text(&likely.name));
            }
            message(ANSWER, &payload)
        }
        Err(refusal) => {
            let number = vec![refusal.reason as u8 + 1];
            message(REFUSAL, &[number, text(&refusal.text)].concat())
        }
    }
}

/// Reads a message from a server; another is an error of the kind `InvalidData`.
pub fn read_reply(from: &mut impl Read) -> io::Result<Reply> {
    let (kind, payload) = read_message(from, &[ANSWER, REFUSAL])?;
    decode_reply(kind, &payload).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn decode_reply(kind: Kind, mut payload: &[u8]) -> Option<Reply> {
    let index = usize::from(*payload.split_off_first()?).checked_sub(1);
    let reply = if kind == REFUSAL {
        Err(REASONS.get(index?)?.0.because(take_text(&mut payload)?))
    } else {
        let mut likeliest = Vec::with_capacity(LIKELIEST);
        for _ in 0..LIKELIEST {
            let score = f32::from_be_bytes(payload.split_off(..4)?.try_into().ok()?);
            let name = take_text(&mut payload)?.to_owned();
            likeliest.push(Likely { name, score });
        }
        let is_valid = index.is_none_or(|index| index < LIKELIEST)
            && (likeliest.iter()).all(|likely| (0.0..=1.0).contains(&likely.score));
        let hinted = index;
        Ok(is_valid.then_some(Answer { likeliest, hinted })?)
    };
    payload.is_empty().then_some(reply)
}

fn message(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len() + 1).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), &[kind.0][..], payload].concat()
}

/// Reads a message of one of these types. Each part is checked as soon as it has come, and memory
/// grows only with the bytes that have come.
fn read_message(from: &mut impl Read, kinds: &[Kind]) -> io::Result<(Kind, Vec<u8>)> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let Some(length) = u32::from_be_bytes(length).checked_sub(1) else {
        return Err(invalid(Reason::Garbage, "a frame of no bytes"));
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let longest = kinds.iter().map(|kind| kind.1).max().unwrap_or(0);
    if length > longest {
        let limit = format!("the {longest} that a frame of this type has at most");
        let text = format!("{length} bytes are more than {limit}");
        return Err(invalid(Reason::TooLarge, &text));
    }
    let mut number = [0];
    from.read_exact(&mut number)?;
    let is_this = |kind: &&Kind| [kind.0] == number && length <= kind.1;
    let Some(kind) = kinds.iter().find(is_this) else {
        let text = format!("type {} is none that is expected here", number[0]);
        return Err(invalid(Reason::Garbage, &text));
    };
    let mut payload = Vec::new();
    from.take(length as u64).read_to_end(&mut payload)?;
    if payload.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((*kind, payload))
}

fn invalid(reason: Reason, text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.because(text))
}

fn text(text: &str) -> Vec<u8> {
    let (text, _) = text.split_at(text.floor_char_boundary(MAX_TEXT));
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = u16::from_be_bytes(rest.split_off(..2)?.try_into().ok()?);
    std::str::from_utf8(rest.split_off(..length.into())?).ok()
}

/// A connection whose reads and writes all end at a deadline.
pub(super) struct DeadlineStream {
    pub(super) stream: TcpStream,
    pub(super) deadline: Instant,
}

/// Returns the time that is left, which is not zero.
pub(super) fn time_left(deadline: Instant) -> io::Result<Duration> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

impl Read for DeadlineStream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = time_left(self.deadline)?;
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(bytes)
    }
}

impl Write for DeadlineStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = time_left(self.deadline)?;
        self.stream.set_write_timeout(Some(left))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
