//! The grammar of PROTOCOL.md in nom: one function per ABNF rule, with the rule as its doc comment.
//! nom stays in here.
//!
//! UTF-8 is checked once, over the whole datagram; every rule then works on bytes and cuts only at
//! ASCII characters.

pub(crate) mod delivery;
pub(crate) mod reply;
pub(crate) mod request;

use nom::combinator::rest;
use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult};

use crate::error::{DecodeError, DecodeErrorKind};
use crate::limits::MAX_DATAGRAM;
use crate::name::{CheckedName, plain_prefix};
use crate::text::Text;
use crate::utf8::Utf8;

/// Where a name ends.
const BLANK: [u8; 1] = [b' '];
/// Where the name behind a verb of the field ends.
const BLANK_OR_COLON: [u8; 2] = [b' ', b':'];

type Step<'a, T> = IResult<&'a [u8], T, Fault<'a>>;

/// What went wrong, and the input from there on: the offset follows from its length.
#[derive(Debug)]
struct Fault<'a> {
    from: &'a [u8],
    skipped: usize,
    kind: DecodeErrorKind,
}

impl<'a> Fault<'a> {
    /// `kind` at the start of `from`; final, no other alternative is tried.
    fn at<T>(from: &'a [u8], kind: DecodeErrorKind) -> Result<T, Err<Self>> {
        Self::within(from, 0, kind)
    }

    /// `kind` at `skipped` bytes behind the start of `from`.
    fn within<T>(from: &'a [u8], skipped: usize, kind: DecodeErrorKind) -> Result<T, Err<Self>> {
        Err(Err::Failure(Self {
            from,
            skipped,
            kind,
        }))
    }

    /// No blank at the start of `from`; another alternative may want none.
    fn missing_blank(from: &'a [u8]) -> Self {
        Self {
            from,
            skipped: 0,
            kind: DecodeErrorKind::MissingBlank,
        }
    }

    fn into_error(self, whole: &[u8]) -> DecodeError {
        let offset = whole.len() - self.from.len() + self.skipped;
        DecodeError {
            offset,
            kind: self.kind,
            verb: None,
        }
    }
}

impl<'a> ParseError<&'a [u8]> for Fault<'a> {
    // nom asks for these when one of its own parsers fails. Those used here stand where a blank
    // belongs, or in an alternative whose last branch reports a kind of its own.
    fn from_error_kind(from: &'a [u8], _: ErrorKind) -> Self {
        Self::missing_blank(from)
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// Length and UTF-8: what every datagram goes through first.
fn utf8(datagram: &[u8]) -> Result<&[u8], DecodeError> {
    let fail = |offset, kind| {
        Err(DecodeError {
            offset,
            kind,
            verb: None,
        })
    };
    if datagram.is_empty() {
        return fail(0, DecodeErrorKind::Empty);
    }
    if datagram.len() > MAX_DATAGRAM {
        return fail(
            MAX_DATAGRAM,
            DecodeErrorKind::TooLong {
                len: datagram.len(),
            },
        );
    }
    match Utf8::check(datagram) {
        Ok(checked) => Ok(checked.as_bytes()),
        Result::Err(valid) => fail(valid, DecodeErrorKind::NotUtf8),
    }
}

/// Runs `rule` over the whole of `input`.
#[inline(always)]
fn whole<'a, T>(
    input: &'a [u8],
    rule: impl FnOnce(&'a [u8]) -> Step<'a, T>,
) -> Result<T, DecodeError> {
    let (left, value) = match rule(input) {
        Ok(done) => done,
        Result::Err(Err::Error(fault) | Err::Failure(fault)) => {
            return Result::Err(fault.into_error(input));
        }
        // Only nom's streaming parsers ask for more, and none is used.
        Result::Err(Err::Incomplete(_)) => {
            return Result::Err(DecodeError {
                offset: input.len(),
                kind: DecodeErrorKind::MissingBlank,
                verb: None,
            });
        }
    };
    if left.is_empty() {
        return Ok(value);
    }
    Result::Err(DecodeError {
        offset: input.len() - left.len(),
        kind: DecodeErrorKind::Trailing,
        verb: None,
    })
}

/// Without the one line end that some programs and `nc` leave behind.
#[inline(always)]
fn without_line_end(input: &[u8]) -> &[u8] {
    match input {
        [line @ .., b'\r', b'\n'] | [line @ .., b'\n'] => line,
        _ => input,
    }
}

/// ```abnf
/// name = 1*name-char   ; at most 32 bytes, see Name
/// ```
///
/// It ends before the first of the ASCII characters `ends`.
#[inline(always)]
fn name<const N: usize>(input: &[u8], ends: [u8; N]) -> Step<'_, CheckedName<'_>> {
    // What ends a name is not plain either: mostly it is found with the same look.
    let plain = plain_prefix(input);
    let end = match input.get(plain..).unwrap_or_default() {
        [first, ..] if ends.contains(first) => plain,
        rest => {
            plain
                + rest
                    .iter()
                    .position(|byte| ends.contains(byte))
                    .unwrap_or(rest.len())
        }
    };
    let (text, left) = input.split_at_checked(end).unwrap_or((input, b""));
    match CheckedName::new(Utf8::piece(text), plain) {
        Ok(name) => Ok((left, name)),
        Result::Err(error) => Fault::within(input, error.offset(), DecodeErrorKind::Name(error)),
    }
}

/// ```abnf
/// text = *text-char   ; at most 988 bytes, see Text
/// ```
#[inline(always)]
fn text(input: &[u8]) -> Step<'_, Text<'_>> {
    let (left, text) = rest(input)?;
    match Text::of(Utf8::piece(text)) {
        Ok(text) => Ok((left, text)),
        Result::Err(error) => Fault::within(input, error.offset(), DecodeErrorKind::Text(error)),
    }
}
