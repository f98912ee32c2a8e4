//! Server to one client: PROTOCOL.md, "Replies" and "Lenient reading".

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::combinator::{map_opt, opt, rest};
use nom::sequence::preceded;

use crate::dialect::Dialect;
use crate::encode::Writer;
use crate::error::{DecodeError, DecodeErrorKind, EncodeError};
use crate::parse::{self, Fault, Step, space};
use crate::text::{Reason, ReasonError};
use crate::word::Word;

/// A server's answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Reply<'a> {
    /// The success word, `OK`: the login was accepted.
    Success,
    /// `FAIL reason`: the request was refused.
    Refused {
        /// The reason, where the server gives one.
        reason: Option<Reason<'a>>,
    },
    /// An end word, `EXIT`: the conversation is over. It decodes again if the dialect has the word.
    End {
        /// The end word.
        word: Word,
    },
}

/// Success and end words of existing servers, which a lenient dialect reads beside its own.
const LENIENT_SUCCESS: [&str; 3] = ["OK", "ok", "IN"];
const LENIENT_ENDS: [&str; 5] = ["EXIT", "exit", "OUT", "quit", "#"];

impl<'a> Reply<'a> {
    /// Reads one datagram, borrowing from it. A lenient dialect also takes the success and end
    /// words of PROTOCOL.md, "Lenient reading".
    pub fn decode(datagram: &'a [u8], dialect: &Dialect) -> Result<Self, DecodeError> {
        parse::datagram(datagram, Some(dialect), |input| reply(input, dialect))
    }

    /// Writes the reply's datagram to the start of `buffer` and returns it;
    /// [`MAX_REFUSAL`](crate::MAX_REFUSAL) bytes are always enough.
    pub fn encode<'b>(
        &self,
        dialect: &Dialect,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], EncodeError> {
        let writer = Writer::new(buffer);
        match self {
            Self::Success => writer.put(dialect.success().as_str()),
            Self::Refused { reason: None } => writer.put("FAIL"),
            Self::Refused { reason: Some(why) } => writer.put("FAIL ").put(why.as_str()),
            Self::End { word } => writer.put(word.as_str()),
        }
        .finish()
    }
}

/// ```abnf
/// reply = success / end / refusal
/// ```
pub(crate) fn reply<'a>(input: &'a str, dialect: &Dialect) -> Step<'a, Reply<'a>> {
    alt((
        map_opt(rest, |word| success_or_end(word, dialect)),
        refusal,
        |input| Fault::soft(input, DecodeErrorKind::UnknownReply),
    ))
    .parse(input)
}

/// ```abnf
/// success = "OK"     ; the dialect's success word
/// end     = "EXIT"   ; one of the dialect's end words
/// ```
///
/// Both are the whole datagram. A lenient dialect tries its own words first.
fn success_or_end<'a>(word: &str, dialect: &Dialect) -> Option<Reply<'a>> {
    if word == dialect.success().as_str() {
        return Some(Reply::Success);
    }
    let is_end = dialect.ends().contains(word);
    if !is_end && dialect.lenient_reading() && LENIENT_SUCCESS.contains(&word) {
        return Some(Reply::Success);
    }
    if is_end || (dialect.lenient_reading() && LENIENT_ENDS.contains(&word)) {
        return Word::new(word).ok().map(|word| Reply::End { word });
    }
    None
}

/// ```abnf
/// refusal = "FAIL" [SP reason]
/// ```
fn refusal(input: &str) -> Step<'_, Reply<'_>> {
    preceded(tag("FAIL"), opt(preceded(space, reason)))
        .map(|reason| Reply::Refused { reason })
        .parse(input)
}

/// ```abnf
/// reason = 1*text-char   ; at most 115 bytes, not beginning with ":", see Reason
/// ```
fn reason(input: &str) -> Step<'_, Reason<'_>> {
    let fault =
        |error: ReasonError| Fault::hard(input, error.offset(), DecodeErrorKind::Reason(error));
    Ok(("", Reason::new(input).map_err(fault)?))
}
