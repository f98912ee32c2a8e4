//! `request`: PROTOCOL.md, "Requests" and "Lenient reading".

use nom::Parser;
use nom::bytes::complete::tag;
use nom::combinator::{all_consuming, cut, opt, rest};
use nom::sequence::preceded;

use super::{BLANK, BLANK_OR_COLON, Fault, Step, name, text, utf8, whole, without_line_end};
use crate::dialect::Dialect;
use crate::error::{DecodeError, DecodeErrorKind};
use crate::name::CheckedName;
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

/// A request whose name is not yet copied.
#[derive(Clone, Copy, Debug)]
enum Parts<'a> {
    Login(CheckedName<'a>, Option<Text<'a>>),
    Chat(CheckedName<'a>, Text<'a>),
    Quit(CheckedName<'a>),
}

pub(crate) fn decode<'a>(
    datagram: &'a [u8],
    dialect: &Dialect,
) -> Result<Request<Text<'a>>, DecodeError> {
    let request = utf8(datagram).and_then(|input| {
        let input = if dialect.is_lenient() {
            without_line_end(input)
        } else {
            input
        };
        whole(input, |input| request(input, dialect))
    });
    match request {
        Ok(Parts::Chat(name, text)) => Ok(Request::Chat {
            name: name.keep(),
            text,
        }),
        Ok(Parts::Login(name, extension)) => Ok(Request::Login {
            name: name.keep(),
            extension,
        }),
        Ok(Parts::Quit(name)) => Ok(Request::Quit { name: name.keep() }),
        Err(error) => Err(DecodeError {
            verb: wanted(datagram, dialect),
            ..error
        }),
    }
}

/// What the sender of an unreadable datagram wanted: its verb, when a blank follows.
fn wanted(datagram: &[u8], dialect: &Dialect) -> Option<Verb> {
    let (verb, len) = verb(datagram, dialect)?;
    (datagram.get(len) == Some(&b' ')).then_some(verb)
}

/// The verb that the datagram begins with, before a blank or the end, and how long it is.
#[inline(always)]
fn verb(datagram: &[u8], dialect: &Dialect) -> Option<(Verb, usize)> {
    let verbs = dialect.verbs();
    // The frequent one first.
    let own = begins(datagram, verbs.chat.as_bytes(), Verb::Chat)
        .or_else(|| begins(datagram, verbs.login.as_bytes(), Verb::Login))
        .or_else(|| begins(datagram, verbs.quit.as_bytes(), Verb::Quit));
    if own.is_some() || !dialect.is_lenient() {
        return own;
    }
    LENIENT_VERBS
        .iter()
        .find_map(|(word, verb)| begins(datagram, word.as_bytes(), *verb))
}

#[inline(always)]
fn begins(datagram: &[u8], word: &[u8], verb: Verb) -> Option<(Verb, usize)> {
    let (head, behind) = datagram.split_at_checked(word.len())?;
    // Byte by byte: for so few of them that is less than the call that compares many.
    let is_word = head.iter().zip(word).all(|(one, other)| one == other);
    (is_word && matches!(behind, [] | [b' ', ..])).then_some((verb, word.len()))
}

/// ```abnf
/// request = login / chat / quit
/// ```
///
/// A lenient dialect also takes `Qname`.
#[inline(always)]
fn request<'a>(input: &'a [u8], dialect: &Dialect) -> Step<'a, Parts<'a>> {
    let verb =
        verb(input, dialect).and_then(|(verb, len)| Some((verb, input.split_at_checked(len)?)));
    match verb {
        Some((Verb::Chat, (word, left))) => {
            let colon = dialect.is_lenient() && word == COLON_VERB.as_bytes();
            let (left, ()) = blank(left)?;
            chat(left, dialect, colon)
        }
        Some((Verb::Login, (_, left))) => preceded(blank, cut(login)).parse(left),
        Some((Verb::Quit, (_, left))) => {
            preceded(blank, cut(|input| quit(input, dialect))).parse(left)
        }
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
fn login(input: &[u8]) -> Step<'_, Parts<'_>> {
    let (left, (name, extension)) = (
        |input| name(input, BLANK),
        opt(preceded(tag(" ~"), cut(text))),
    )
        .parse(input)?;
    // A blank behind the name makes the whole of it a bad name: say so where the blank stands.
    Ok((left, Parts::Login(name, extension)))
}

/// ```abnf
/// chat = "C" SP name SP text
/// ```
///
/// A lenient dialect also takes `C name` for an empty text, `CHAT name:text`, and `C name #` for a
/// quit where `#` is an end word.
#[inline(always)]
fn chat<'a>(input: &'a [u8], dialect: &Dialect, colon: bool) -> Step<'a, Parts<'a>> {
    let (left, name) = if colon {
        name(input, BLANK_OR_COLON)?
    } else {
        name(input, BLANK)?
    };
    // What stands behind a name is what ends it, or nothing.
    let (left, text) = match left.split_at_checked(1) {
        Some((_, behind)) => text(behind)?,
        None if dialect.is_lenient() => text(left)?,
        None => return Fault::at(left, DecodeErrorKind::MissingBlank),
    };
    if dialect.is_lenient()
        && text.as_bytes() == QUIT_TEXT.as_bytes()
        && dialect.ends().contains(QUIT_TEXT)
    {
        return Ok((left, Parts::Quit(name)));
    }
    Ok((left, Parts::Chat(name, text)))
}

/// ```abnf
/// quit = "Q" SP name
/// ```
///
/// A lenient dialect ignores what follows the name behind a blank.
fn quit<'a>(input: &'a [u8], dialect: &Dialect) -> Step<'a, Parts<'a>> {
    let (left, name) = name(input, BLANK)?;
    let left = if dialect.is_lenient() {
        opt(preceded(blank, rest)).parse(left)?.0
    } else {
        left
    };
    Ok((left, Parts::Quit(name)))
}

/// `Qname`, without a blank and with nothing behind.
fn glued_quit(input: &[u8]) -> Step<'_, Parts<'_>> {
    all_consuming(preceded(tag(GLUED_VERB), |input| name(input, BLANK)))
        .map(Parts::Quit)
        .parse(input)
}

/// ```abnf
/// SP = %x20
/// ```
#[inline(always)]
fn blank(input: &[u8]) -> Step<'_, ()> {
    match input {
        [b' ', left @ ..] => Ok((left, ())),
        _ => Err(nom::Err::Error(Fault::missing_blank(input))),
    }
}
