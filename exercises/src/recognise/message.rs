//! What client and server say to each other.

use super::frame::{Frame, Kind, MAX_HINT, MAX_PICTURE};
use crate::program::printable;

/// How many classes an answer has.
pub const LIKELIEST: usize = 5;

/// A word for what a picture shows: at most [`MAX_HINT`] bytes, without control characters. It may
/// be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hint(String);

/// A picture, as a file has it: 1 to [`MAX_PICTURE`] bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture(Vec<u8>);

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What it shows, as the client's user says.
    pub hint: Hint,
    /// The picture.
    pub picture: Picture,
}

/// A class of the model, and how likely the picture shows one.
#[derive(Debug, Clone, PartialEq)]
pub struct Likely {
    /// The class's names, with commas between.
    pub name: String,
    /// From 0 to 1; all classes together have 1.
    pub score: f32,
}

/// What a server recognises.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// [`LIKELIEST`] of them, the likeliest first.
    pub likeliest: Vec<Likely>,
    /// Which of them the hint is, from 0.
    pub hinted: Option<usize>,
}

/// Why a server recognises nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It has no model.
    Unavailable,
    /// More bytes than it takes, or more pixels.
    TooLarge,
    /// Not a picture, or of a kind that it does not read.
    NotAPicture,
    /// Not the protocol.
    Garbage,
    /// Too many clients at once.
    Busy,
    /// The client took too long.
    TooSlow,
    /// Its own fault.
    Failed,
}

const REASONS: [Reason; 7] = [
    Reason::Unavailable,
    Reason::TooLarge,
    Reason::NotAPicture,
    Reason::Garbage,
    Reason::Busy,
    Reason::TooSlow,
    Reason::Failed,
];

/// A server's no. The text may come from a stranger: it is shown with what cannot be seen escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", self.reason.word(), printable(&self.text))]
pub struct Refusal {
    /// Why, for a program.
    pub reason: Reason,
    /// Why, and what to do, for a person.
    pub text: String,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// What it recognises.
    Answer(Answer),
    /// Why it does not.
    Refusal(Refusal),
}

/// Why a value or a payload is none that can be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The hint is too long.
    #[error("the hint has {0} bytes, more than {MAX_HINT}")]
    LongHint(usize),
    /// The hint is not a word.
    #[error("the hint is not text, or has control characters")]
    BadHint,
    /// There is no picture.
    #[error("the picture has no bytes")]
    NoPicture,
    /// The picture is too large.
    #[error("the picture has {0} bytes, more than {MAX_PICTURE} (16 MiB)")]
    LargePicture(usize),
    /// The payload ends too early, goes on, or holds something else.
    #[error("not what a frame of this type holds")]
    Malformed,
}

impl Hint {
    /// Checks a word; white space around it goes.
    pub fn new(text: &str) -> Result<Self, MessageError> {
        let text = text.trim();
        if text.len() > MAX_HINT {
            return Err(MessageError::LongHint(text.len()));
        }
        if text.contains(char::is_control) {
            return Err(MessageError::BadHint);
        }
        Ok(Self(text.to_owned()))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Picture {
    /// Checks the size. What the bytes are, the server will see.
    pub fn new(bytes: Vec<u8>) -> Result<Self, MessageError> {
        match bytes.len() {
            0 => Err(MessageError::NoPicture),
            1..=MAX_PICTURE => Ok(Self(bytes)),
            more => Err(MessageError::LargePicture(more)),
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} bytes)", self.0.len())
    }
}

impl Reason {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::TooLarge => "too large",
            Self::NotAPicture => "not a picture",
            Self::Garbage => "not understood",
            Self::Busy => "busy",
            Self::TooSlow => "too slow",
            Self::Failed => "failed",
        }
    }

    fn byte(self) -> u8 {
        (1..)
            .zip(REASONS)
            .find_map(|(byte, reason)| (reason == self).then_some(byte))
            .unwrap_or(0)
    }

    /// A no with this reason.
    pub fn because(self, text: impl Into<String>) -> Refusal {
        Refusal {
            reason: self,
            text: text.into(),
        }
    }
}

impl Ask {
    /// Bytes: the hint's length (2 bytes, the higher first), the hint, the picture.
    pub fn to_frame(&self) -> Frame {
        let mut payload = Vec::new();
        push_text(&mut payload, self.hint.as_str());
        payload.extend_from_slice(self.picture.bytes());
        Frame {
            kind: Kind::Ask,
            payload,
        }
    }

    /// Reads a payload of [`Kind::Ask`].
    pub fn read(payload: Vec<u8>) -> Result<Self, MessageError> {
        let mut rest = payload.as_slice();
        let hint = Hint::new(text(&mut rest).map_err(|_| MessageError::BadHint)?)?;
        let front = payload.len() - rest.len();
        let mut picture = payload;
        picture.drain(..front);
        let picture = Picture::new(picture)?;
        Ok(Self { hint, picture })
    }
}

impl Reply {
    /// Bytes of an answer: which one is hinted, from 1 (0: none); then for each the score (a float
    /// of 4 bytes, the highest first) and the name with its length before it (2 bytes). Of a
    /// refusal: the reason's number, and the text with its length before it.
    pub fn to_frame(&self) -> Frame {
        let mut payload = Vec::new();
        match self {
            Self::Answer(answer) => {
                let hinted = answer.hinted.map_or(0, |place| place + 1);
                payload.push(u8::try_from(hinted).unwrap_or(0));
                for likely in &answer.likeliest {
                    payload.extend(likely.score.to_be_bytes());
                    push_text(&mut payload, &likely.name);
                }
                Frame {
                    kind: Kind::Answer,
                    payload,
                }
            }
            Self::Refusal(refusal) => {
                payload.push(refusal.reason.byte());
                push_text(&mut payload, &refusal.text);
                Frame {
                    kind: Kind::Refusal,
                    payload,
                }
            }
        }
    }

    /// Reads a frame from a server.
    pub fn read(frame: &Frame) -> Result<Self, MessageError> {
        let (first, mut rest) = frame.payload.split_first().ok_or(MessageError::Malformed)?;
        let reply = match frame.kind {
            Kind::Ask => return Err(MessageError::Malformed),
            Kind::Refusal => {
                let reason = usize::from(*first)
                    .checked_sub(1)
                    .and_then(|place| REASONS.get(place));
                let reason = *reason.ok_or(MessageError::Malformed)?;
                Self::Refusal(reason.because(text(&mut rest)?))
            }
            Kind::Answer => {
                let mut likeliest = Vec::with_capacity(LIKELIEST);
                for _ in 0..LIKELIEST {
                    let (score, after) = rest.split_first_chunk().ok_or(MessageError::Malformed)?;
                    rest = after;
                    likeliest.push(Likely {
                        score: f32::from_be_bytes(*score),
                        name: text(&mut rest)?.to_owned(),
                    });
                }
                let hinted = usize::from(*first).checked_sub(1);
                let is_score = |likely: &Likely| (0.0..=1.0).contains(&likely.score);
                if !likeliest.iter().all(is_score) || hinted.is_some_and(|place| place >= LIKELIEST)
                {
                    return Err(MessageError::Malformed);
                }
                Self::Answer(Answer { likeliest, hinted })
            }
        };
        if rest.is_empty() {
            Ok(reply)
        } else {
            Err(MessageError::Malformed)
        }
    }
}

/// A text with its length before it. (One that is longer than a length can say makes a frame that
/// is too long to be sent.)
fn push_text(payload: &mut Vec<u8>, text: &str) {
    let end = text.floor_char_boundary(usize::from(u16::MAX));
    let length = u16::try_from(end).unwrap_or(u16::MAX);
    payload.extend(length.to_be_bytes());
    payload.extend(text.bytes().take(end));
}

fn text<'a>(rest: &mut &'a [u8]) -> Result<&'a str, MessageError> {
    let (length, after) = rest.split_first_chunk().ok_or(MessageError::Malformed)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (text, after) = after
        .split_at_checked(length)
        .ok_or(MessageError::Malformed)?;
    *rest = after;
    std::str::from_utf8(text).map_err(|_| MessageError::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply() -> impl Strategy<Value = Reply> {
        let likely = ("\\PC{0,20}", 0.0..=1.0_f32).prop_map(|(name, score)| Likely { name, score });
        let answer = (
            prop::collection::vec(likely, LIKELIEST),
            prop::option::of(0..LIKELIEST),
        )
            .prop_map(|(likeliest, hinted)| Reply::Answer(Answer { likeliest, hinted }));
        let refusal = (prop::sample::select(&REASONS[..]), "\\PC{0,200}")
            .prop_map(|(reason, text)| Reply::Refusal(reason.because(text)));
        prop_oneof![answer, refusal]
    }

    proptest! {
        #[test]
        fn what_is_asked_arrives(hint in "\\PC{0,60}", picture in prop::collection::vec(any::<u8>(), 1..50)) {
            let ask = Ask { hint: Hint::new(&hint).unwrap(), picture: Picture::new(picture).unwrap() };
            prop_assert_eq!(Ask::read(ask.to_frame().payload).unwrap(), ask);
        }

        #[test]
        fn what_is_replied_arrives(reply in reply()) {
            prop_assert_eq!(Reply::read(&reply.to_frame()).unwrap(), reply);
        }

        #[test]
        fn a_reply_that_is_cut_or_goes_on_is_refused(reply in reply(), end: prop::sample::Index) {
            let mut frame = reply.to_frame();
            frame.payload.push(0);
            prop_assert_eq!(Reply::read(&frame), Err(MessageError::Malformed));
            frame.payload.truncate(end.index(frame.payload.len() - 1));
            prop_assert_eq!(Reply::read(&frame), Err(MessageError::Malformed));
        }

        #[test]
        fn any_payload_is_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Ask::read(payload.clone());
            for kind in [Kind::Ask, Kind::Answer, Kind::Refusal] {
                if let Ok(reply) = Reply::read(&Frame { kind, payload: payload.clone() }) {
                    prop_assert_eq!(reply.to_frame().payload, payload.clone());
                }
            }
        }
    }

    #[test]
    fn hints_and_pictures_are_checked() {
        assert_eq!(Hint::new(" cat ").unwrap().as_str(), "cat");
        assert_eq!(
            Hint::new(&"a".repeat(257)),
            Err(MessageError::LongHint(257))
        );
        assert_eq!(Hint::new("a\u{1b}b"), Err(MessageError::BadHint));
        assert_eq!(Picture::new(vec![]), Err(MessageError::NoPicture));
        assert!(Picture::new(vec![0; MAX_PICTURE]).is_ok());
        assert_eq!(
            Picture::new(vec![0; MAX_PICTURE + 1]),
            Err(MessageError::LargePicture(MAX_PICTURE + 1))
        );
        assert_eq!(
            Ask::read(b"\0\x01\xffpicture".to_vec()),
            Err(MessageError::BadHint)
        );
        assert_eq!(
            Ask::read(b"\0\x03cat".to_vec()),
            Err(MessageError::NoPicture)
        );
    }

    #[test]
    fn the_largest_ask_fits_a_frame() {
        let ask = Ask {
            hint: Hint::new(&"a".repeat(MAX_HINT)).unwrap(),
            picture: Picture::new(vec![0; MAX_PICTURE]).unwrap(),
        };
        assert_eq!(ask.to_frame().payload.len(), Kind::Ask.longest());
    }
}
