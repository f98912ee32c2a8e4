//! Server to one client: PROTOCOL.md, "Replies".

use crate::content::Content;
use crate::dialect::Dialect;
use crate::encode::Writer;
use crate::error::{DecodeError, EncodeError};
use crate::text::Reason;
use crate::word::Word;

/// How a server answers a request. `R` is [`Reason`] when it was decoded from a datagram and
/// [`ReasonBuf`](crate::ReasonBuf) in the owned form [`ReplyBuf`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Reply<R> {
    /// The success word, `OK`: the login was accepted.
    Success,
    /// `FAIL reason`: the request was refused.
    Refused {
        /// Why, where the server says so.
        reason: Option<R>,
    },
    /// An end word, `EXIT`: the conversation is over. It decodes again where it is one of the
    /// dialect's end words.
    End {
        /// Which of them.
        word: Word,
    },
}

/// An owned [`Reply`].
#[cfg(feature = "alloc")]
pub type ReplyBuf = Reply<crate::text::ReasonBuf>;

impl<'a> Reply<Reason<'a>> {
    /// Reads one datagram, borrowing from it. In a lenient dialect also the success and end words
    /// of PROTOCOL.md, "Lenient reading".
    pub fn decode(datagram: &'a [u8], dialect: &Dialect) -> Result<Self, DecodeError> {
        crate::grammar::reply::decode(datagram, dialect)
    }

    /// The owned form.
    #[cfg(feature = "alloc")]
    pub fn to_buf(&self) -> ReplyBuf {
        match *self {
            Self::Success => Reply::Success,
            Self::Refused { reason } => Reply::Refused {
                reason: reason.map(Into::into),
            },
            Self::End { word } => Reply::End { word },
        }
    }
}

impl<R: Content> Reply<R> {
    /// Writes the reply's datagram to the start of `buffer` and returns it;
    /// [`MAX_REFUSAL`](crate::MAX_REFUSAL) bytes are always enough.
    pub fn encode<'b>(
        &self,
        dialect: &Dialect,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], EncodeError> {
        let writer = Writer::new(buffer);
        match self {
            Self::Success => writer.put(dialect.success().as_bytes()),
            Self::Refused { reason: None } => writer.put("FAIL"),
            Self::Refused {
                reason: Some(reason),
            } => writer.put("FAIL ").put(reason.as_bytes()),
            Self::End { word } => writer.put(word.as_bytes()),
        }
        .finish()
    }
}
