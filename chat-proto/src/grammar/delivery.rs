//! `delivery`: PROTOCOL.md, "Deliveries" and "Lenient reading".

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::combinator::eof;
use nom::sequence::{delimited, separated_pair, terminated};

use super::{BLANK, Fault, Step, name, text, utf8, whole, without_line_end};
use crate::delivery::Delivery;
use crate::dialect::{Dialect, Prefix};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::language::Language;
use crate::text::Text;

pub(crate) fn decode<'a>(
    datagram: &'a [u8],
    dialect: &Dialect,
) -> Result<Delivery<Text<'a>>, DecodeError> {
    let input = utf8(datagram)?;
    let trimmed = if dialect.is_lenient() {
        without_line_end(input)
    } else {
        input
    };
    let body = match (
        trimmed.strip_prefix(b"\n"),
        dialect.prefix(),
        dialect.is_lenient(),
    ) {
        (Some(body), Prefix::Newline, _) | (Some(body), _, true) => body,
        (None, Prefix::Newline, false) => {
            return Err(DecodeError {
                offset: 0,
                kind: DecodeErrorKind::NotADelivery,
                verb: None,
            });
        }
        _ => trimmed,
    };
    let skipped = trimmed.len() - body.len();
    whole(body, |input| delivery(input, dialect)).map_err(|error| DecodeError {
        offset: error.offset + skipped,
        ..error
    })
}

/// ```abnf
/// delivery = [LF] (notice / said)
/// ```
fn delivery<'a>(input: &'a [u8], dialect: &Dialect) -> Step<'a, Delivery<Text<'a>>> {
    if input.starts_with(b"* ") {
        notice(input, dialect)
    } else {
        said(input)
    }
}

/// ```abnf
/// said = name " : " text
/// ```
fn said(input: &[u8]) -> Step<'_, Delivery<Text<'_>>> {
    let parsed = separated_pair(|input| name(input, BLANK), tag(" : "), text).parse(input);
    match parsed {
        Ok((left, (name, text))) => Ok((
            left,
            Delivery::Said {
                name: name.keep(),
                text,
            },
        )),
        Err(nom::Err::Error(fault)) => Fault::at(fault.from, DecodeErrorKind::NotADelivery),
        Err(other) => Err(other),
    }
}

/// ```abnf
/// notice = "* " name (" joined" / " left")
///        / "* " name (" 进入聊天室" / " 退出聊天室")
/// ```
///
/// A strict dialect reads its own language, a lenient one every language.
fn notice<'a>(input: &'a [u8], dialect: &Dialect) -> Step<'a, Delivery<Text<'a>>> {
    let (left, name) = delimited(tag("* "), |input| name(input, BLANK), tag(" ")).parse(input)?;
    for language in Language::ALL {
        if dialect.is_lenient() || language == dialect.language() {
            let joined = terminated(tag(language.joined()), eof)
                .map(|_| Delivery::Joined { name: name.keep() });
            let gone =
                terminated(tag(language.left()), eof).map(|_| Delivery::Left { name: name.keep() });
            if let Ok(done) = alt((joined, gone)).parse(left) as Step<'a, _> {
                return Ok(done);
            }
        }
    }
    Fault::at(left, DecodeErrorKind::NotADelivery)
}
