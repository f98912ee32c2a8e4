//! Client to server: PROTOCOL.md, "Requests".

use crate::content::Content;
use crate::dialect::Dialect;
use crate::encode::Writer;
use crate::error::{DecodeError, EncodeError};
use crate::name::Name;
use crate::text::Text;

/// What a client asks of a server. `T` is [`Text`] when it was decoded from a datagram and
/// [`TextBuf`](crate::TextBuf) in the owned form [`RequestBuf`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Request<T> {
    /// `L name`: let me in under this name.
    Login {
        /// Who wants in.
        name: Name,
        /// What stands behind ` ~`: for extensions of the protocol. A plain server ignores it.
        extension: Option<T>,
    },
    /// `C name text`: tell the others.
    Chat {
        /// Who speaks.
        name: Name,
        /// What was said; may be empty.
        text: T,
    },
    /// `Q name`: I leave.
    Quit {
        /// Who leaves.
        name: Name,
    },
}

/// An owned [`Request`].
#[cfg(feature = "alloc")]
pub type RequestBuf = Request<crate::text::TextBuf>;

/// Which of the three requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Verb {
    /// `L`
    Login,
    /// `C`
    Chat,
    /// `Q`
    Quit,
}

impl<'a> Request<Text<'a>> {
    /// Reads one datagram, borrowing from it. In a lenient dialect also the spellings of
    /// PROTOCOL.md, "Lenient reading".
    pub fn decode(datagram: &'a [u8], dialect: &Dialect) -> Result<Self, DecodeError> {
        crate::grammar::request::decode(datagram, dialect)
    }

    /// The owned form.
    #[cfg(feature = "alloc")]
    pub fn to_buf(&self) -> RequestBuf {
        match *self {
            Self::Login { name, extension } => Request::Login {
                name,
                extension: extension.map(Into::into),
            },
            Self::Chat { name, text } => Request::Chat {
                name,
                text: text.into(),
            },
            Self::Quit { name } => Request::Quit { name },
        }
    }
}

impl<T: Content> Request<T> {
    /// Who asks.
    pub fn name(&self) -> Name {
        match self {
            Self::Login { name, .. } | Self::Chat { name, .. } | Self::Quit { name } => *name,
        }
    }

    /// Writes the request's datagram to the start of `buffer` and returns it;
    /// [`MAX_DATAGRAM`](crate::MAX_DATAGRAM) bytes are always enough.
    pub fn encode<'b>(
        &self,
        dialect: &Dialect,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], EncodeError> {
        let verbs = dialect.verbs();
        let verb = match self {
            Self::Login { .. } => verbs.login(),
            Self::Chat { .. } => verbs.chat(),
            Self::Quit { .. } => verbs.quit(),
        };
        let begin = Writer::new(buffer)
            .put(verb.as_bytes())
            .put(" ")
            .put(self.name().as_bytes());
        match self {
            Self::Login {
                extension: Some(tail),
                ..
            } => begin.put(" ~").put(tail.as_bytes()),
            Self::Chat { text, .. } => begin.put(" ").put(text.as_bytes()),
            Self::Login {
                extension: None, ..
            }
            | Self::Quit { .. } => begin,
        }
        .finish()
    }
}
