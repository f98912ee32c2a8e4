//! The grammar of PROTOCOL.md in nom: one function per ABNF rule, with the rule as its doc comment. nom stays in here.
//!
//! UTF-8 is checked once, over the whole datagram; every rule then works on `&str` and cuts only at ASCII bytes.

pub(crate) mod delivery;
pub(crate) mod reply;
pub(crate) mod request;

use nom::bytes::complete::take_till;
use nom::combinator::rest;
use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult, Parser};

use crate::error::{DecodeError, DecodeErrorKind};
use crate::limits::MAX_DATAGRAM;
use crate::name::Name;
use crate::text::Text;

type Step<'a, T> = IResult<&'a str, T, Fault<'a>>;

/// What went wrong, and the input from there on: the offset follows from its length.
#[derive(Debug)]
struct Fault<'a> {
    from: &'a str,
    skipped: usize,
    kind: DecodeErrorKind,
}

impl<'a> Fault<'a> {
    /// `kind` at the start of `from`; final, no other alternative is tried.
    fn at<T>(from: &'a str, kind: DecodeErrorKind) -> Result<T, Err<Self>> {
        Self::within(from, 0, kind)
    }

    /// `kind` at `skipped` bytes behind the start of `from`.
    fn within<T>(from: &'a str, skipped: usize, kind: DecodeErrorKind) -> Result<T, Err<Self>> {
        Err(Err::Failure(Self { from, skipped, kind }))
    }

    fn into_error(self, whole: &str) -> DecodeError {
        let offset = whole.len() - self.from.len() + self.skipped;
        DecodeError {
            offset,
            kind: self.kind,
            verb: None,
        }
    }
}

impl<'a> ParseError<&'a str> for Fault<'a> {
    // nom asks for these when one of its own parsers fails. Those used here stand where a blank belongs, or in an
    // alternative whose last branch reports a kind of its own.
    fn from_error_kind(from: &'a str, _: ErrorKind) -> Self {
        Self {
            from,
            skipped: 0,
            kind: DecodeErrorKind::MissingBlank,
        }
    }

    fn append(_: &'a str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// Length and UTF-8: what every datagram goes through first.
fn utf8(datagram: &[u8]) -> Result<&str, DecodeError> {
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
        return fail(MAX_DATAGRAM, DecodeErrorKind::TooLong { len: datagram.len() });
    }
    core::str::from_utf8(datagram).or_else(|error| fail(error.valid_up_to(), DecodeErrorKind::NotUtf8))
}

/// Runs `rule` over the whole of `input`.
fn whole<'a, T>(
    input: &'a str,
    mut rule: impl Parser<&'a str, Output = T, Error = Fault<'a>>,
) -> Result<T, DecodeError> {
    let (left, value) = match rule.parse(input) {
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
fn without_line_end(input: &str) -> &str {
    let line = input.strip_suffix('\n').unwrap_or(input);
    if line.len() < input.len() {
        line.strip_suffix('\r').unwrap_or(line)
    } else {
        line
    }
}

/// ```abnf
/// name = 1*name-char   ; at most 32 bytes, see Name
/// ```
///
/// It ends before the first character for which `ends` holds.
fn name<'a>(ends: impl Fn(char) -> bool) -> impl Parser<&'a str, Output = Name, Error = Fault<'a>> {
    move |input: &'a str| {
        let (left, text) = take_till(&ends).parse(input)?;
        match Name::new(text) {
            Ok(name) => Ok((left, name)),
            Result::Err(error) => Fault::within(input, error.offset(), DecodeErrorKind::Name(error)),
        }
    }
}

/// ```abnf
/// text = *text-char   ; at most 988 bytes, see Text
/// ```
fn text(input: &str) -> Step<'_, Text<'_>> {
    let (left, text) = rest(input)?;
    match Text::new(text) {
        Ok(text) => Ok((left, text)),
        Result::Err(error) => Fault::within(input, error.offset(), DecodeErrorKind::Text(error)),
    }
}

fn is_blank(c: char) -> bool {
    c == ' '
}
