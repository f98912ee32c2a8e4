//! Faults of a datagram, and where they are.

use thiserror::Error;

use crate::limits::MAX_DATAGRAM;
use crate::name::NameError;
use crate::text::{ReasonError, TextError};

/// A datagram that is not what it was read as: the place and the kind of the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("at byte {offset}: {kind}")]
pub struct DecodeError {
    pub(crate) offset: usize,
    #[source]
    pub(crate) kind: DecodeErrorKind,
}

impl DecodeError {
    /// The place of the fault, in bytes from the start of the datagram; within `0..=len`.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The kind of the fault.
    pub fn kind(&self) -> DecodeErrorKind {
        self.kind
    }
}

/// A kind of fault in a datagram.
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
    /// A single space belongs here.
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
    /// The message was complete before this byte.
    #[error("nothing can follow here")]
    Trailing,
    /// Neither success word nor end word nor `FAIL`.
    #[error("a reply is the success word, an end word or FAIL with a reason")]
    UnknownReply,
    /// Neither a member's line nor a notice.
    #[error("a delivery reads `name : text`, `* name joined` or `* name left`")]
    NotADelivery,
}

/// A value that was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The caller's buffer is too small; [`MAX_DATAGRAM`] bytes are always enough.
    #[error("the buffer has {available} bytes, {needed} are needed")]
    BufferTooSmall {
        /// The datagram's length in bytes.
        needed: usize,
        /// The buffer's length in bytes.
        available: usize,
    },
    /// The datagram would be longer than [`MAX_DATAGRAM`]: possible only with request verbs of more
    /// than one byte.
    #[error(
        "with this dialect's verb the datagram would have {needed} bytes, {MAX_DATAGRAM} are allowed"
    )]
    DatagramTooLong {
        /// The datagram's length in bytes.
        needed: usize,
    },
}
