//! Client to server: PROTOCOL.md, "Requests" and "Lenient reading".

use nom::Parser;
use nom::bytes::complete::tag;
use nom::combinator::{all_consuming, opt, rest};
use nom::sequence::preceded;

use crate::dialect::Dialect;
use crate::encode::Writer;
use crate::error::{DecodeError, DecodeErrorKind, EncodeError};
use crate::name::Name;
use crate::parse::{self, Fault, Step, name, name_before, space, take_before, text};
use crate::text::Text;

/// A client's request to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Request<'a> {
    /// `L name`: enter the room.
    Login {
        /// The name wanted.
        name: Name,
        /// The text behind ` ~`, for extensions of the protocol. A plain server ignores it.
        extension: Option<Text<'a>>,
    },
    /// `C name text`: speak to the others.
    Chat {
        /// The speaker.
        name: Name,
        /// The line; may be empty.
        text: Text<'a>,
    },
    /// `Q name`: leave.
    Quit {
        /// The member that leaves.
        name: Name,
    },
}

/// The kind of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Verb {
    /// `L`
    Login,
    /// `C`
    Chat,
    /// `Q`
    Quit,
}

/// Verbs of existing programs, which a lenient dialect reads beside its own.
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

/// The lenient verb whose name may end at a colon, `CHAT name:text`.
const COLON_VERB: &str = "CHAT";

/// The lenient verb that needs no space, `Qname`.
const GLUED_VERB: &str = "Q";

/// The text that means a quit where it is also an end word.
const QUIT_TEXT: &str = "#";

impl<'a> Request<'a> {
    /// Reads one datagram, borrowing from it. A lenient dialect also takes the spellings of
    /// PROTOCOL.md, "Lenient reading".
    #[inline] // The result is large: inlined code reads it where it is written.
    pub fn decode(datagram: &'a [u8], dialect: &Dialect) -> Result<Self, DecodeError> {
        parse::datagram(datagram, Some(dialect), |input| request(input, dialect))
    }

    /// Returns the name in the request.
    pub fn name(&self) -> Name {
        match self {
            Self::Login { name, .. } | Self::Chat { name, .. } | Self::Quit { name } => *name,
        }
    }

    /// Writes the request's datagram to the start of `buffer` and returns it;
    /// [`MAX_DATAGRAM`](crate::MAX_DATAGRAM) bytes are always enough.
    pub fn encode<'b>(
        &self,
        dialect: &Dialect,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], EncodeError> {
        let verbs = dialect.verbs();
        let (verb, separator, tail) = match self {
            Self::Login { extension, .. } => match extension {
                Some(tail) => (verbs.login(), " ~", tail.as_str()),
                None => (verbs.login(), "", ""),
            },
            Self::Chat { text, .. } => (verbs.chat(), " ", text.as_str()),
            Self::Quit { .. } => (verbs.quit(), "", ""),
        };
        let begin = Writer::new(buffer).put(verb.as_str()).put(" ");
        let name = self.name();
        begin.put(name.as_str()).put(separator).put(tail).finish()
    }
}

impl Verb {
    /// Returns the verb of a datagram that begins with a verb and a space, whatever follows. So a
    /// server can distinguish a bad login, which it answers, from junk, which it does not answer.
    ///
    /// ```
    /// use chat_proto::{Dialect, Verb};
    ///
    /// let dialect = Dialect::strict();
    /// assert_eq!(Verb::of(b"L two words", &dialect), Some(Verb::Login));
    /// assert_eq!(Verb::of(b"L\xff", &dialect), None);
    /// ```
    pub fn of(datagram: &[u8], dialect: &Dialect) -> Option<Self> {
        let end = datagram.iter().position(|&byte| byte == b' ')?;
        Self::from_word(str::from_utf8(datagram.get(..end)?).ok()?, dialect)
    }

    #[inline]
    fn from_word(word: &str, dialect: &Dialect) -> Option<Self> {
        let verbs = dialect.verbs();
        match word {
            _ if word == verbs.chat.as_str() => Some(Self::Chat),
            _ if word == verbs.login.as_str() => Some(Self::Login),
            _ if word == verbs.quit.as_str() => Some(Self::Quit),
            _ if !dialect.lenient_reading() => None,
            _ => {
                let mut lenient = LENIENT_VERBS.iter();
                lenient.find_map(|(known, verb)| (*known == word).then_some(*verb))
            }
        }
    }
}

/// ```abnf
/// request = login / chat / quit
/// ```
///
/// A lenient dialect also takes `Qname`.
#[inline]
fn request<'a>(input: &'a str, dialect: &Dialect) -> Step<'a, Request<'a>> {
    let (left, word) = take_before(|byte| byte == b' ', input);
    match Verb::from_word(word, dialect) {
        Some(Verb::Login) => preceded(space, login).parse(left),
        Some(Verb::Chat) => {
            let colon = dialect.lenient_reading() && word == COLON_VERB;
            let (left, _) = space(left)?;
            chat(left, dialect, colon)
        }
        Some(Verb::Quit) => preceded(space, |input| quit(input, dialect)).parse(left),
        None if dialect.lenient_reading() => {
            glued_quit(input).or_else(|_| Fault::soft(input, DecodeErrorKind::UnknownVerb))
        }
        None => Fault::soft(input, DecodeErrorKind::UnknownVerb),
    }
}

/// ```abnf
/// login = "L" SP name [SP "~" extension]
/// ```
fn login(input: &str) -> Step<'_, Request<'_>> {
    (name, opt(preceded(tag(" ~"), text)))
        .map(|(name, extension)| Request::Login { name, extension })
        .parse(input)
}

/// ```abnf
/// chat = "C" SP name SP text
/// ```
///
/// A lenient dialect also takes `C name` for an empty text, `CHAT name:text`, and `C name #` for a
/// quit where `#` is an end word.
#[inline]
fn chat<'a>(input: &'a str, dialect: &Dialect, colon: bool) -> Step<'a, Request<'a>> {
    let lenient = dialect.lenient_reading();
    let ends_name = |byte| byte == b' ' || (colon && byte == b':');
    let (left, name) = name_before(ends_name, input)?;
    // The separator that ended the name, or nothing, stands in front of the text.
    let (left, text) = match left.get(1..) {
        Some(behind_separator) => text(behind_separator)?,
        None if lenient => text(left)?,
        None => return Fault::soft(left, DecodeErrorKind::MissingSpace),
    };
    if lenient && text.as_str() == QUIT_TEXT && dialect.ends().contains(QUIT_TEXT) {
        return Ok((left, Request::Quit { name }));
    }
    Ok((left, Request::Chat { name, text }))
}

/// ```abnf
/// quit = "Q" SP name
/// ```
///
/// A lenient dialect ignores any text behind the name and a space.
fn quit<'a>(input: &'a str, dialect: &Dialect) -> Step<'a, Request<'a>> {
    let (left, name) = name(input)?;
    let (left, _ignored) = if dialect.lenient_reading() {
        opt(preceded(space, rest)).parse(left)?
    } else {
        (left, None)
    };
    Ok((left, Request::Quit { name }))
}

/// Reads `Qname`, without a space and with nothing behind it.
fn glued_quit(input: &str) -> Step<'_, Request<'_>> {
    all_consuming(preceded(tag(GLUED_VERB), name))
        .map(|name| Request::Quit { name })
        .parse(input)
}
