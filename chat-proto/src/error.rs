//! Faults of a datagram, with their places.

use thiserror::Error;

use crate::name::NameError;
use crate::text::{ReasonError, TextError};

/// The place and the kind of the fault in a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("at byte {offset}: {kind}")]
pub struct DecodeError {
    pub(crate) offset: usize,
    #[source]
    pub(crate) kind: DecodeErrorKind,
}

impl DecodeError {
    /// Returns the place of the fault, in bytes from the start of the datagram, in `0..=len`.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the kind of the fault.
    pub fn kind(&self) -> DecodeErrorKind {
        self.kind
    }
}

/// A kind of fault in a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// No byte at all.
    #[error("the datagram is empty")]
    Empty,
    /// Longer than [`MAX_DATAGRAM`](crate::MAX_DATAGRAM), or in a session than
    /// [`MAX_SESSION_DATAGRAM`](crate::MAX_SESSION_DATAGRAM).
    #[error("a datagram has to end here, this one has {len} bytes")]
    TooLong {
        /// Its length in bytes, as far as the receiver knows it.
        len: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("this is not UTF-8")]
    NotUtf8,
    /// A request whose first word is not a verb.
    #[error("a request begins with one of the words for login, chat and quit (L, C, Q)")]
    UnknownVerb,
    /// No space where one belongs.
    #[error("a space is missing here")]
    MissingSpace,
    /// No valid name.
    #[error(transparent)]
    Name(NameError),
    /// No valid text.
    #[error(transparent)]
    Text(TextError),
    /// No valid reason of a refusal.
    #[error(transparent)]
    Reason(ReasonError),
    /// Bytes behind a complete message.
    #[error("nothing can follow here")]
    Trailing,
    /// Neither success word nor end word nor `FAIL`.
    #[error("a reply is the success word, an end word or FAIL with a reason")]
    UnknownReply,
    /// Neither a member's line nor a notice.
    #[error("a delivery reads `name : text`, `* name joined` or `* name left`")]
    NotADelivery,
    /// Something else than these words name, in a session's datagram.
    #[error("{0} belongs here")]
    Expected(&'static str),
}

/// A reason why a value was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A buffer that is too small; [`MAX_DATAGRAM`](crate::MAX_DATAGRAM) bytes are always enough,
    /// in a session [`MAX_SESSION_DATAGRAM`](crate::MAX_SESSION_DATAGRAM).
    #[error("the buffer has {available} bytes, {needed} are needed")]
    BufferTooSmall {
        /// The datagram's length in bytes.
        needed: usize,
        /// The buffer's length in bytes.
        available: usize,
    },
    /// A datagram longer than allowed: possible only with request verbs of more than one byte, and
    /// in a session with too many lines or too long a word.
    #[error("the datagram would have {needed} bytes, more than are allowed")]
    DatagramTooLong {
        /// The datagram's length in bytes.
        needed: usize,
    },
    /// A value of a session that would not be read again: a number out of range, a hello's word
    /// that is empty or has a space, or a refusal that is none of a hello.
    #[error("a number, a word or a refusal is none that this datagram can carry")]
    InvalidField,
}
