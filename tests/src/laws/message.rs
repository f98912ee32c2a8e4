//! What the three kinds of message have in common, so that every law is written once, and where
//! they differ.

use std::fmt::Debug;

use chat_proto::{
    DecodeError, Delivery, DeliveryBuf, Dialect, EncodeError, Reply, ReplyBuf, Request, RequestBuf,
};

use super::quit_by_text;

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
