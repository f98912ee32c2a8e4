//! `reply`: PROTOCOL.md, "Replies" and "Lenient reading".

use nom::Parser;
use nom::bytes::complete::tag;
use nom::combinator::{cut, opt, rest};
use nom::sequence::preceded;

use super::{Fault, Step, utf8, whole, without_line_end};
use crate::dialect::Dialect;
use crate::error::{DecodeError, DecodeErrorKind};
use crate::reply::Reply;
use crate::text::Reason;
use crate::utf8::Utf8;
use crate::word::Word;

/// The words of the servers in the field, beside the dialect's own.
const LENIENT_SUCCESS: [&str; 3] = ["OK", "ok", "IN"];
const LENIENT_ENDS: [&str; 5] = ["EXIT", "exit", "OUT", "quit", "#"];

pub(crate) fn decode<'a>(
    datagram: &'a [u8],
    dialect: &Dialect,
) -> Result<Reply<Reason<'a>>, DecodeError> {
    let input = utf8(datagram)?;
    let input = if dialect.is_lenient() {
        without_line_end(input)
    } else {
        input
    };
    whole(input, |input| reply(input, dialect))
}

/// ```abnf
/// reply = success / refusal / end
/// ```
fn reply<'a>(input: &'a [u8], dialect: &Dialect) -> Step<'a, Reply<Reason<'a>>> {
    if let Some(done) = success_or_end(input, dialect) {
        return rest(input).map(|(left, _)| (left, done));
    }
    let rule = preceded(tag("FAIL"), opt(preceded(tag(" "), cut(reason))));
    match rule.map(|reason| Reply::Refused { reason }).parse(input) {
        Err(nom::Err::Error(_)) => Fault::at(input, DecodeErrorKind::UnknownReply),
        done => done,
    }
}

/// ```abnf
/// success = "OK"     ; the dialect's success word
/// end     = "EXIT"   ; one of the dialect's end words
/// ```
///
/// Both are the whole datagram.
fn success_or_end<'a>(input: &[u8], dialect: &Dialect) -> Option<Reply<Reason<'a>>> {
    if dialect.success().as_bytes() == input {
        return Some(Reply::Success);
    }
    if let Some(word) = dialect.ends().iter().find(|word| word.as_bytes() == input) {
        return Some(Reply::End { word });
    }
    if !dialect.is_lenient() {
        return None;
    }
    if LENIENT_SUCCESS.iter().any(|word| word.as_bytes() == input) {
        return Some(Reply::Success);
    }
    LENIENT_ENDS
        .iter()
        .find(|word| word.as_bytes() == input)
        .map(|word| Reply::End {
            word: Word::known(word),
        })
}

/// ```abnf
/// refusal = "FAIL" [SP reason]
/// reason  = 1*text-char   ; at most 115 bytes, not beginning with ":", see Reason
/// ```
fn reason(input: &[u8]) -> Step<'_, Reason<'_>> {
    let (left, text) = rest(input)?;
    match Reason::of(Utf8::piece(text)) {
        Ok(reason) => Ok((left, reason)),
        Err(error) => Fault::within(input, error.offset(), DecodeErrorKind::Reason(error)),
    }
}
