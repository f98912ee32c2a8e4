//! What can go wrong with a datagram, and where.

use thiserror::Error;

use crate::limits::MAX_DATAGRAM;
use crate::name::NameError;
use crate::request::Verb;
use crate::text::{ReasonError, TextError};

/// Why a datagram is no request, reply or delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("at byte {offset}: {kind}")]
pub struct DecodeError {
    pub(crate) offset: usize,
    #[source]
    pub(crate) kind: DecodeErrorKind,
    pub(crate) verb: Option<Verb>,
}

impl DecodeError {
    /// Where the datagram went wrong, in bytes from its start; within `0..=len`.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What was wrong there.
    pub fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// For a request: what the sender wanted, when the datagram begins with a verb and a blank. It
    /// tells a bad login, which is answered, from junk, which is not.
    pub fn verb(&self) -> Option<Verb> {
        self.verb
    }
}

/// What was wrong with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// It has no byte.
    #[error("the datagram is empty")]
    Empty,
    /// It is longer than [`MAX_DATAGRAM`].
    #[error("a datagram can have {MAX_DATAGRAM} bytes at most, this one has {len}")]
    TooLong {
        /// Its length in bytes, as far as the receiver knows it.
        len: usize,
    },
    /// The bytes are not UTF-8 from here on.
    #[error("this is not UTF-8")]
    NotUtf8,
    /// A request begins with a word that is none of the verbs.
    #[error("a request begins with one of the words for login, chat and quit (L, C, Q)")]
    UnknownVerb,
    /// One blank has to stand here and does not.
    #[error("a blank is missing here")]
    MissingBlank,
    /// No valid name.
    #[error(transparent)]
    Name(NameError),
    /// No valid text.
    #[error(transparent)]
    Text(TextError),
    /// No valid reason of a refusal.
    #[error(transparent)]
    Reason(ReasonError),
    /// The message was complete before this byte.
    #[error("nothing can follow here")]
    Trailing,
    /// Neither success word nor end word nor `FAIL`.
    #[error("a reply is the success word, an end word or FAIL with a reason")]
    UnknownReply,
    /// Neither somebody's line nor a notice.
    #[error("a delivery reads `name : text`, `* name joined` or `* name left`")]
    NotADelivery,
}

/// Why a value was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The caller's buffer is too small; [`MAX_DATAGRAM`] bytes are always enough.
    #[error("the buffer has {available} bytes, {needed} are needed")]
    BufferTooSmall {
        /// How long the datagram would be, in bytes.
        needed: usize,
        /// How long the buffer is, in bytes.
        available: usize,
    },
    /// The datagram would be longer than [`MAX_DATAGRAM`]: possible only with request verbs of more
    /// than one byte.
    #[error(
        "with this dialect's verb the datagram would have {needed} bytes, {MAX_DATAGRAM} are allowed"
    )]
    DatagramTooLong {
        /// How long the datagram would be, in bytes.
        needed: usize,
    },
}
