//! Client to server: PROTOCOL.md, "Requests" and "Lenient reading".

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till};
use nom::combinator::{all_consuming, opt, rest};
use nom::sequence::preceded;

use crate::dialect::Dialect;
use crate::encode::Writer;
use crate::error::{DecodeError, DecodeErrorKind, EncodeError};
use crate::name::Name;
use crate::parse::{self, Fault, Step, name, name_before, space, text};
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
        /// The text behind ` ~`, kept for extensions of the protocol. A plain server ignores it.
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

/// Verbs of existing programs, read in a lenient dialect beside its own.
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
    pub fn decode(datagram: &'a [u8], dialect: &Dialect) -> Result<Self, DecodeError> {
        parse::datagram(datagram, dialect, |input| request(input, dialect))
    }

    /// The name of the member that asks.
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
        let verb = match self {
            Self::Login { .. } => verbs.login(),
            Self::Chat { .. } => verbs.chat(),
            Self::Quit { .. } => verbs.quit(),
        };
        let begin = Writer::new(buffer).put(verb.as_str()).put(" ");
        let begin = begin.put(self.name().as_str());
        match self {
            Self::Login {
                extension: Some(tail),
                ..
            } => begin.put(" ~").put(tail.as_str()),
            Self::Chat { text, .. } => begin.put(" ").put(text.as_str()),
            Self::Login {
                extension: None, ..
            }
            | Self::Quit { .. } => begin,
        }
        .finish()
    }
}

impl Verb {
    /// Returns the verb of a datagram that begins with one and a space, whatever follows. So a bad
    /// login, which a server answers, can be told from junk, which it does not.
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

    fn from_word(word: &str, dialect: &Dialect) -> Option<Self> {
        let verbs = dialect.verbs();
        let own = [
            (verbs.chat(), Self::Chat),
            (verbs.login(), Self::Login),
            (verbs.quit(), Self::Quit),
        ];
        let own = own.into_iter().find(|(known, _)| known.as_str() == word);
        own.map(|(_, verb)| verb).or_else(|| {
            let mut lenient = LENIENT_VERBS.iter().filter(|_| dialect.lenient_reading());
            lenient
                .find(|(known, _)| *known == word)
                .map(|(_, verb)| *verb)
        })
    }
}

/// ```abnf
/// request = login / chat / quit
/// ```
///
/// A lenient dialect also takes `Qname`.
fn request<'a>(input: &'a str, dialect: &Dialect) -> Step<'a, Request<'a>> {
    let (left, word) = take_till(|c| c == ' ').parse(input)?;
    match Verb::from_word(word, dialect) {
        Some(Verb::Login) => preceded(space, login).parse(left),
        Some(Verb::Chat) => {
            let colon = dialect.lenient_reading() && word == COLON_VERB;
            preceded(space, |input| chat(input, dialect, colon)).parse(left)
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
fn chat<'a>(input: &'a str, dialect: &Dialect, colon: bool) -> Step<'a, Request<'a>> {
    let lenient = dialect.lenient_reading();
    let (left, name) = name_before(input, |c| c == ' ' || (colon && c == ':'))?;
    let (left, text) = match left {
        "" if lenient => text(left)?,
        _ => preceded(alt((space, tag(":"))), text).parse(left)?,
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
/// A lenient dialect ignores what follows the name behind a space.
fn quit<'a>(input: &'a str, dialect: &Dialect) -> Step<'a, Request<'a>> {
    let (left, name) = name(input)?;
    let (left, _ignored) = if dialect.lenient_reading() {
        opt(preceded(space, rest)).parse(left)?
    } else {
        (left, None)
    };
    Ok((left, Request::Quit { name }))
}

/// Reads `Qname`, without a space and with nothing behind.
fn glued_quit(input: &str) -> Step<'_, Request<'_>> {
    all_consuming(preceded(tag(GLUED_VERB), name))
        .map(|name| Request::Quit { name })
        .parse(input)
}
