//! `request`: PROTOCOL.md, "Requests" and "Lenient reading".

use nom::bytes::complete::{tag, take_till};
use nom::character::complete::char;
use nom::combinator::{all_consuming, cut, opt, rest};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::{Fault, Step, is_blank, name, text, utf8, whole, without_line_end};
use crate::dialect::Dialect;
use crate::error::{DecodeError, DecodeErrorKind};
use crate::request::{Request, Verb};
use crate::text::Text;

/// The verbs of the programs in the field, beside the dialect's own.
const LENIENT_VERBS: [(&str, Verb); 9] = [
    ("L", Verb::Login),
    ("LOGIN", Verb::Login),
    ("C", Verb::Chat),
    ("CHAT", Verb::Chat),
    ("Q", Verb::Quit),
    ("q", Verb::Quit),
    ("E", Verb::Quit),
    ("EXIT", Verb::Quit),
    ("QUIT", Verb::Quit),
];

/// The one verb of the field behind which a colon ends the name, and the one that needs no blank.
const COLON_VERB: &str = "CHAT";
const GLUED_VERB: &str = "Q";

/// The text that some clients send to quit, where it is also an end word.
const QUIT_TEXT: &str = "#";

pub(crate) fn decode<'a>(datagram: &'a [u8], dialect: &Dialect) -> Result<Request<Text<'a>>, DecodeError> {
    let request = utf8(datagram).and_then(|input| {
        let input = if dialect.is_lenient() {
            without_line_end(input)
        } else {
            input
        };
        whole(input, |input| request(input, dialect))
    });
    request.map_err(|error| DecodeError {
        verb: wanted(datagram, dialect),
        ..error
    })
}

/// What the sender of an unreadable datagram wanted: its verb, when a blank follows.
fn wanted(datagram: &[u8], dialect: &Dialect) -> Option<Verb> {
    let blank = datagram.iter().position(|&byte| byte == b' ')?;
    let word = core::str::from_utf8(datagram.get(..blank)?).ok()?;
    verb_of(word, dialect)
}

fn verb_of(word: &str, dialect: &Dialect) -> Option<Verb> {
    let verbs = dialect.verbs();
    let own = [
        (verbs.login(), Verb::Login),
        (verbs.chat(), Verb::Chat),
        (verbs.quit(), Verb::Quit),
    ];
    if let Some((_, verb)) = own.into_iter().find(|(known, _)| known.as_str() == word) {
        return Some(verb);
    }
    let known = LENIENT_VERBS.iter().find(|(known, _)| *known == word)?;
    dialect.is_lenient().then_some(known.1)
}

/// ```abnf
/// request = login / chat / quit
/// ```
///
/// A lenient dialect also takes `Qname`.
fn request<'a>(input: &'a str, dialect: &Dialect) -> Step<'a, Request<Text<'a>>> {
    let (left, word) = take_till(is_blank)(input)?;
    match verb_of(word, dialect) {
        Some(Verb::Login) => preceded(blank, cut(login)).parse(left),
        Some(Verb::Chat) => {
            let colon = dialect.is_lenient() && word == COLON_VERB;
            preceded(blank, cut(|input| chat(input, dialect, colon))).parse(left)
        }
        Some(Verb::Quit) => preceded(blank, cut(|input| quit(input, dialect))).parse(left),
        None if dialect.is_lenient() => match glued_quit(input) {
            Ok(done) => Ok(done),
            Err(_) => Fault::at(input, DecodeErrorKind::UnknownVerb),
        },
        None => Fault::at(input, DecodeErrorKind::UnknownVerb),
    }
}

/// ```abnf
/// login = "L" SP name [SP "~" extension]
/// ```
fn login(input: &str) -> Step<'_, Request<Text<'_>>> {
    let (left, (name, extension)) = (name(is_blank), opt(preceded(tag(" ~"), cut(text)))).parse(input)?;
    // A blank behind the name makes the whole of it a bad name: say so where the blank stands.
    Ok((left, Request::Login { name, extension }))
}

/// ```abnf
/// chat = "C" SP name SP text
/// ```
///
/// A lenient dialect also takes `C name` for an empty text, `CHAT name:text`, and `C name #` for a quit where `#` is
/// an end word.
fn chat<'a>(input: &'a str, dialect: &Dialect, colon: bool) -> Step<'a, Request<Text<'a>>> {
    let ends = |c| is_blank(c) || (colon && c == ':');
    let (left, name) = name(ends).parse(input)?;
    let (left, text) = match left.strip_prefix(ends) {
        Some(behind) => text(behind)?,
        None if dialect.is_lenient() => text(left)?,
        None => return Fault::at(left, DecodeErrorKind::MissingBlank),
    };
    if dialect.is_lenient() && text.as_str() == QUIT_TEXT && dialect.ends().contains(QUIT_TEXT) {
        return Ok((left, Request::Quit { name }));
    }
    Ok((left, Request::Chat { name, text }))
}

/// ```abnf
/// quit = "Q" SP name
/// ```
///
/// A lenient dialect ignores what follows the name behind a blank.
fn quit<'a>(input: &'a str, dialect: &Dialect) -> Step<'a, Request<Text<'a>>> {
    let (left, name) = name(is_blank).parse(input)?;
    let left = if dialect.is_lenient() {
        opt(preceded(blank, rest)).parse(left)?.0
    } else {
        left
    };
    Ok((left, Request::Quit { name }))
}

/// `Qname`, without a blank and with nothing behind.
fn glued_quit(input: &str) -> Step<'_, Request<Text<'_>>> {
    all_consuming(preceded(tag(GLUED_VERB), name(is_blank)))
        .map(|name| Request::Quit { name })
        .parse(input)
}

/// ```abnf
/// SP = %x20
/// ```
fn blank(input: &str) -> IResult<&str, char, Fault<'_>> {
    char(' ')(input)
}
