//! Server to everybody else: PROTOCOL.md, "Deliveries".

use crate::content::Content;
use crate::dialect::{Dialect, Prefix};
use crate::encode::Writer;
use crate::error::{DecodeError, EncodeError};
use crate::name::Name;
use crate::text::Text;

/// What a server tells the members. `T` is [`Text`] when it was decoded from a datagram and
/// [`TextBuf`](crate::TextBuf) in the owned form [`DeliveryBuf`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Delivery<T> {
    /// `name : text`
    Said {
        /// Who spoke.
        name: Name,
        /// What was said; may be empty.
        text: T,
    },
    /// `* name joined`
    Joined {
        /// Who came.
        name: Name,
    },
    /// `* name left`
    Left {
        /// Who went.
        name: Name,
    },
}

/// An owned [`Delivery`].
#[cfg(feature = "alloc")]
pub type DeliveryBuf = Delivery<crate::text::TextBuf>;

impl<'a> Delivery<Text<'a>> {
    /// Reads one datagram, borrowing from it. A lenient dialect takes notices of every language,
    /// and a line feed in front or behind.
    pub fn decode(datagram: &'a [u8], dialect: &Dialect) -> Result<Self, DecodeError> {
        crate::grammar::delivery::decode(datagram, dialect)
    }

    /// The owned form.
    #[cfg(feature = "alloc")]
    pub fn to_buf(&self) -> DeliveryBuf {
        match *self {
            Self::Said { name, text } => Delivery::Said {
                name,
                text: text.into(),
            },
            Self::Joined { name } => Delivery::Joined { name },
            Self::Left { name } => Delivery::Left { name },
        }
    }
}

impl<T: Content> Delivery<T> {
    /// Writes the delivery's datagram to the start of `buffer` and returns it;
    /// [`MAX_DATAGRAM`](crate::MAX_DATAGRAM) bytes are always enough.
    pub fn encode<'b>(
        &self,
        dialect: &Dialect,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], EncodeError> {
        let writer = Writer::new(buffer).put(match dialect.prefix() {
            Prefix::None => "",
            Prefix::Newline => "\n",
        });
        let language = dialect.language();
        match self {
            Self::Said { name, text } => {
                writer.put(name.as_bytes()).put(" : ").put(text.as_bytes())
            }
            Self::Joined { name } => writer
                .put("* ")
                .put(name.as_bytes())
                .put(" ")
                .put(language.joined()),
            Self::Left { name } => writer
                .put("* ")
                .put(name.as_bytes())
                .put(" ")
                .put(language.left()),
        }
        .finish()
    }
}
