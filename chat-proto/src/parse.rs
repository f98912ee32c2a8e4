//! The rules that requests, replies and deliveries share, and the conversion of a nom error to a
//! [`DecodeError`]. No public item shows nom.

use nom::character::complete::char;
use nom::error::{ContextError, ErrorKind, ParseError};
use nom::{IResult, Parser};

use crate::dialect::Dialect;
use crate::error::{DecodeError, DecodeErrorKind};
use crate::limits::{MAX_DATAGRAM, MAX_SESSION_DATAGRAM};
use crate::name::{Name, NameError};
use crate::text::{Text, TextError};

/// The result of one rule: the rest of the input and a value.
pub(crate) type Step<'a, T> = IResult<&'a str, T, Fault>;

/// A place in the input where a rule failed.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Bytes from there to the end of the input: a rule sees the end, not the start.
    bytes_left: usize,
    kind: DecodeErrorKind,
}

impl Fault {
    /// Fails at the start of `input`; another alternative may succeed.
    pub(crate) fn soft<T>(input: &str, kind: DecodeErrorKind) -> Step<'_, T> {
        Err(nom::Err::Error(Self::at(input, 0, kind)))
    }

    /// Fails `offset` bytes into `input` for good: no other alternative is tried.
    pub(crate) fn hard(input: &str, offset: usize, kind: DecodeErrorKind) -> nom::Err<Self> {
        nom::Err::Failure(Self::at(input, offset, kind))
    }

    fn at(input: &str, offset: usize, kind: DecodeErrorKind) -> Self {
        let bytes_left = input.len() - offset;
        Self { bytes_left, kind }
    }
}

impl ParseError<&str> for Fault {
    // nom's own parsers fail where a space belongs, or where an alternative or a context tells its
    // own kind.
    fn from_error_kind(input: &str, _: ErrorKind) -> Self {
        Self::at(input, 0, DecodeErrorKind::MissingSpace)
    }

    fn append(_: &str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl ContextError<&str> for Fault {
    fn add_context(input: &str, expected: &'static str, _: Self) -> Self {
        Self::at(input, 0, DecodeErrorKind::Expected(expected))
    }
}

/// Reads all of `datagram` by `rule`. Checks length and UTF-8 first; a lenient dialect ignores one
/// line end after the message, as `nc` sends it. A datagram of a session has no dialect.
#[inline]
pub(crate) fn datagram<'a, T>(
    datagram: &'a [u8],
    dialect: Option<&Dialect>,
    rule: impl FnOnce(&'a str) -> Step<'a, T>,
) -> Result<T, DecodeError> {
    let fail = |offset, kind| Err(DecodeError { offset, kind });
    if datagram.is_empty() {
        return fail(0, DecodeErrorKind::Empty);
    }
    let limit = dialect.map_or(MAX_SESSION_DATAGRAM, |_| MAX_DATAGRAM);
    if datagram.len() > limit {
        let len = datagram.len();
        return fail(limit, DecodeErrorKind::TooLong { len });
    }
    let mut input = match core::str::from_utf8(datagram) {
        Ok(input) => input,
        Err(error) => return fail(error.valid_up_to(), DecodeErrorKind::NotUtf8),
    };
    if dialect.is_some_and(Dialect::lenient_reading)
        && let Some(line) = input.strip_suffix('\n')
    {
        input = line.strip_suffix('\r').unwrap_or(line);
    }
    match rule(input) {
        Ok(("", value)) => Ok(value),
        Ok((left, _)) => fail(input.len() - left.len(), DecodeErrorKind::Trailing),
        Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) => {
            fail(input.len() - fault.bytes_left, fault.kind)
        }
        // Only nom's streaming parsers ask for more, and none is used.
        Err(nom::Err::Incomplete(_)) => fail(input.len(), DecodeErrorKind::MissingSpace),
    }
}

/// ```abnf
/// SP = %x20
/// ```
#[inline]
pub(crate) fn space(input: &str) -> Step<'_, char> {
    char(' ').parse(input)
}

/// Splits `input` before the first ASCII character for which `ends` is true and returns the second
/// part (empty without such a character) and the first. Testing bytes takes half the time of nom's
/// `take_till`, which tests characters.
#[inline]
pub(crate) fn take_before(ends: impl Fn(u8) -> bool, input: &str) -> (&str, &str) {
    let end = input.bytes().position(ends);
    let (text, left) = input.split_at(end.unwrap_or(input.len()));
    (left, text)
}

/// ```abnf
/// name = 1*name-char   ; at most 32 bytes, see Name
/// ```
///
/// Ends before a space.
#[inline]
pub(crate) fn name(input: &str) -> Step<'_, Name> {
    name_before(|byte| byte == b' ', input)
}

/// Reads a name that ends before the first ASCII character for which `ends` is true.
#[inline]
pub(crate) fn name_before(ends: impl Fn(u8) -> bool, input: &str) -> Step<'_, Name> {
    let (left, text) = take_before(ends, input);
    let fault = |error: NameError| Fault::hard(input, error.offset(), DecodeErrorKind::Name(error));
    Ok((left, Name::new(text).map_err(fault)?))
}

/// ```abnf
/// text = *text-char   ; at most 988 bytes, see Text
/// ```
#[inline]
pub(crate) fn text(input: &str) -> Step<'_, Text<'_>> {
    let fault = |error: TextError| Fault::hard(input, error.offset(), DecodeErrorKind::Text(error));
    Ok(("", Text::new(input).map_err(fault)?))
}
