//! Server to the members: PROTOCOL.md, "Deliveries" and "Lenient reading".

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::combinator::{cut, map_opt, rest};
use nom::sequence::{preceded, separated_pair, terminated};

use crate::dialect::Dialect;
use crate::encode::Writer;
use crate::error::{DecodeError, DecodeErrorKind, EncodeError};
use crate::language::Language;
use crate::name::Name;
use crate::parse::{self, Fault, Step, name, space, text};
use crate::text::Text;

/// A server's message to the members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Delivery<'a> {
    /// `name : text`
    Said {
        /// The speaker.
        name: Name,
        /// The line; may be empty.
        text: Text<'a>,
    },
    /// `* name joined`
    Joined {
        /// The member that joined.
        name: Name,
    },
    /// `* name left`
    Left {
        /// The member that left.
        name: Name,
    },
}

impl<'a> Delivery<'a> {
    /// Reads one datagram, borrowing from it. A lenient dialect takes notices of every language,
    /// and a line feed in front or behind.
    pub fn decode(datagram: &'a [u8], dialect: &Dialect) -> Result<Self, DecodeError> {
        parse::datagram(datagram, Some(dialect), |input| delivery(input, dialect))
    }

    /// Writes the delivery's datagram to the start of `buffer` and returns it;
    /// [`MAX_DATAGRAM`](crate::MAX_DATAGRAM) bytes are always enough.
    pub fn encode<'b>(
        &self,
        dialect: &Dialect,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], EncodeError> {
        let line_feed = if dialect.leading_newline() { "\n" } else { "" };
        let writer = Writer::new(buffer).put(line_feed);
        let notice = |writer: Writer<'b>, name: &Name, happening: &str| {
            let begin = writer.put("* ").put(name.as_str());
            begin.put(" ").put(happening)
        };
        match self {
            Self::Said { name, text } => {
                let begin = writer.put(name.as_str()).put(" : ");
                begin.put(text.as_str())
            }
            Self::Joined { name } => notice(writer, name, dialect.language().joined()),
            Self::Left { name } => notice(writer, name, dialect.language().left()),
        }
        .finish()
    }
}

/// ```abnf
/// delivery = [LF] (notice / said)
/// ```
///
/// A strict dialect has the line feed always or never.
pub(crate) fn delivery<'a>(input: &'a str, dialect: &Dialect) -> Step<'a, Delivery<'a>> {
    let message = match input.strip_prefix('\n') {
        Some(message) if dialect.leading_newline() || dialect.lenient_reading() => message,
        None if dialect.leading_newline() && !dialect.lenient_reading() => {
            return Fault::soft(input, DecodeErrorKind::NotADelivery);
        }
        _ => input,
    };
    alt((|input| notice(input, dialect), said)).parse(message)
}

/// ```abnf
/// said = name " : " text
/// ```
fn said(input: &str) -> Step<'_, Delivery<'_>> {
    separated_pair(name, alt((tag(" : "), not_a_delivery)), text)
        .map(|(name, text)| Delivery::Said { name, text })
        .parse(input)
}

/// ```abnf
/// notice = "* " name (" joined" / " left")
///        / "* " name (" 进入聊天室" / " 退出聊天室")
/// ```
///
/// A strict dialect reads its own language, a lenient one every language.
fn notice<'a>(input: &'a str, dialect: &Dialect) -> Step<'a, Delivery<'a>> {
    let (left, name) = preceded(tag("* "), cut(terminated(name, space))).parse(input)?;
    let delivery = |words: &str| {
        let mut languages = Language::ALL.into_iter();
        languages.find_map(|language| match words {
            _ if !dialect.lenient_reading() && language != dialect.language() => None,
            _ if words == language.joined() => Some(Delivery::Joined { name }),
            _ if words == language.left() => Some(Delivery::Left { name }),
            _ => None,
        })
    };
    cut(alt((map_opt(rest, delivery), not_a_delivery))).parse(left)
}

fn not_a_delivery<T>(input: &str) -> Step<'_, T> {
    Fault::soft(input, DecodeErrorKind::NotADelivery)
}
