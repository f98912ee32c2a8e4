//! Datagrams of sessions, both directions: PROTOCOL.md, "Sessions: datagrams". The comment at a
//! rule is its line there.

use core::fmt::{self, Write};

use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while_m_n};
use nom::character::complete::{char, digit1};
use nom::combinator::{all_consuming, map_opt, opt, recognize, rest, success, value, verify};
use nom::error::context;
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded, separated_pair, terminated};
use nom::{IResult, Parser};

use crate::encode::Writer;
use crate::error::{DecodeError, EncodeError};
use crate::limits::{MAX_NUMBER, MAX_SESSION_DATAGRAM, MIN_HELLO};
use crate::name::Name;
use crate::parse::{self, Fault, Step, name, space, text};
use crate::refusal::Refusal;
use crate::text::Text;

/// 64 bits that are 16 lower-case hexadecimal digits on the wire: a token, a try, a session, a
/// cookie or a log. [`Display`](fmt::Display) writes these digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Id(pub u64);

/// `L word ~1 …`: a client opens a session or goes on with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Hello<'a> {
    /// The name wanted, perhaps no valid [`Name`]: one or more bytes, no space.
    pub word: &'a str,
    /// The identity of the session.
    pub token: Id,
    /// The `try` of this exchange.
    pub attempt: Id,
    /// The cookie that the server gave, where it has given one.
    pub cookie: Option<Id>,
    /// The log of the client's `place`; `None` for a client that has seen none.
    pub log: Option<Id>,
    /// The entry of it that the client expects next, at most [`MAX_NUMBER`].
    pub entry: u64,
}

/// The head of a `~D` datagram. Every number is at most [`MAX_NUMBER`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The attachment: the cookie of the hello that opened it.
    pub sid: Id,
    /// The number `n` of this datagram among those of its sender, from 1.
    pub number: u64,
    /// The highest number received from the other side; 0: none.
    pub echo: u64,
    /// The number of the first numbered line of this datagram, or of the next one, from 1.
    pub first: u64,
    /// The number of the line that the sender expects next, from 1.
    pub ack: u64,
}

/// The codes of a refused hello.
const REFUSALS: [(Option<Refusal>, &str); 6] = [
    (Some(Refusal::BadName), "bad_name"),
    (Some(Refusal::Reserved), "reserved"),
    (Some(Refusal::Banned), "banned"),
    (Some(Refusal::NameTaken), "name_taken"),
    (Some(Refusal::RoomFull), "room_full"),
    (None, "closed"),
];

/// A server's reason to end a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum EndCode {
    /// The operator has removed the member.
    Kicked,
    /// A ban has removed the member.
    Banned,
    /// The room closes.
    Closing,
    /// The member has quit.
    Quit,
}

/// The codes of [`EndCode`].
const ENDS: [(EndCode, &str); 4] = [
    (EndCode::Kicked, "kicked"),
    (EndCode::Banned, "banned"),
    (EndCode::Closing, "closing"),
    (EndCode::Quit, "quit"),
];

/// A datagram of a session, of either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum SessionMessage<'a> {
    /// `L word ~1 …`, from a client.
    Hello(Hello<'a>),
    /// `~K try cookie`: a server's answer to a hello without a good cookie.
    Challenge {
        /// The `try` of the hello.
        attempt: Id,
        /// The cookie for the next hello.
        cookie: Id,
    },
    /// `~N try code`: a server refuses a hello.
    Refused {
        /// The `try` of the hello.
        attempt: Id,
        /// The reason, one of PROTOCOL.md; `None`, `closed`: the token's session has ended.
        refusal: Option<Refusal>,
    },
    /// `~R sid`: a server does not know this attachment at this address.
    Unknown(Id),
    /// `~X sid code text`: a server ends the session.
    End {
        /// The attachment.
        sid: Id,
        /// The reason.
        code: EndCode,
        /// The operator's words.
        text: Option<Text<'a>>,
    },
    /// `~D …`, from both sides: lines under a header, see [`DataWriter`](crate::DataWriter).
    #[cfg_attr(feature = "arbitrary", arbitrary(skip))]
    Data(Header, Lines<'a>),
}

/// The lines of a `~D` datagram, borrowed; none at all by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Lines<'a>(&'a str);

/// A line of a `~D` datagram. [`Display`](fmt::Display) writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Line<'a> {
    /// A line that takes a number, be it a request, a delivery or neither.
    Numbered(&'a str),
    /// `~^ log` or `~^ log =`, from a server: the entries of `log` go on at the header's `first`.
    Start {
        /// The log.
        log: Id,
        /// The log is another one, but the place that the hello named is a place of it (`=`).
        same_place: bool,
    },
    /// `~a seconds`, from a server: so long before the datagram was sent, in whole seconds, rounded
    /// down, at most [`MAX_NUMBER`], the deliveries behind this line happened.
    Age(u64),
    /// `~?`, from both sides: answer at once.
    Ask,
    /// `~n after`, from a client: asks for the names behind this one; `None`: from the first one.
    Names(Option<Name>),
    /// `~m after name …`, from a server: one page of the members' names.
    Members {
        /// The question's name.
        after: Option<Name>,
        /// The names behind it, in byte order; none: there are no more.
        #[cfg_attr(feature = "arbitrary", arbitrary(default))]
        names: Names<'a>,
    },
    /// Any other line that begins with `~`; it takes no number.
    Ignored(&'a str),
}

/// Names in a page of members, borrowed; none at all by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Names<'a>(&'a str);

/// Returns `true` for a datagram that only sessions send: it begins with `~`, or with `L `, a word
/// and ` ~1 `. [`SessionMessage::decode`] may still refuse it.
pub fn is_session_datagram(datagram: &[u8]) -> bool {
    let hello: IResult<_, _, ()> = delimited(tag("L "), is_not(" "), tag(" ~1 ")).parse(datagram);
    datagram.starts_with(b"~") || hello.is_ok()
}

impl<'a> SessionMessage<'a> {
    /// Reads one datagram of at most [`MAX_SESSION_DATAGRAM`] bytes, borrowing from it.
    pub fn decode(datagram: &'a [u8]) -> Result<Self, DecodeError> {
        parse::datagram(datagram, None, message)
    }

    /// Writes the datagram to the start of `buffer` and returns it; [`MAX_SESSION_DATAGRAM`] bytes
    /// are always enough. Fills a hello up to the 109 bytes that it needs.
    ///
    /// Fails with [`EncodeError::InvalidField`] if the datagram would not be read as this value,
    /// and with [`EncodeError::DatagramTooLong`] if word or lines are too long for one.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
        let mut writer = Writer::new(buffer);
        // No piece fails: a full buffer shows when the datagram is finished.
        let _ = match self {
            Self::Hello(hello) => {
                let (word, token, attempt) = (hello.word, hello.token, hello.attempt);
                let _ = write!(writer, "L {word} ~1 {token} {attempt}");
                for id in [hello.cookie, hello.log] {
                    let _ = match id {
                        Some(id) => write!(writer, " {id}"),
                        None => write!(writer, " {NO_ID}"),
                    };
                }
                let _ = write!(writer, ".{}", hello.entry);
                let dots = MIN_HELLO.saturating_sub(writer.len + " ".len());
                write!(writer, " {:.<dots$}", ".")
            }
            Self::Challenge { attempt, cookie } => write!(writer, "~K {attempt} {cookie}"),
            Self::Refused { attempt, refusal } => {
                write!(writer, "~N {attempt} {}", word_of(&REFUSALS, refusal))
            }
            Self::Unknown(sid) => write!(writer, "~R {sid}"),
            Self::End { sid, code, text } => {
                let (space, text) = text.map_or(("", ""), |text| (" ", text.as_str()));
                write!(writer, "~X {sid} {}{space}{text}", word_of(&ENDS, code))
            }
            Self::Data(header, lines) => {
                let (sid, n, echo) = (header.sid, header.number, header.echo);
                let (first, ack, lines) = (header.first, header.ack, lines.0);
                write!(writer, "~D {sid} {n} {echo} {first} {ack}{lines}")
            }
        };
        let written = writer.finish_within(MAX_SESSION_DATAGRAM)?;
        let is_valid = SessionMessage::decode(written) == Ok(*self);
        is_valid.then_some(written).ok_or(EncodeError::InvalidField)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl<'a> Lines<'a> {
    /// Returns each line, without line feeds, in order.
    pub fn iter(&self) -> impl Iterator<Item = Line<'a>> + Clone + use<'a> {
        self.0.split('\n').skip(1).map(line_of)
    }
}

impl<'a> Names<'a> {
    /// Returns each name, in order.
    pub fn iter(&self) -> impl Iterator<Item = Name> + Clone + use<'a> {
        let words = self.0.split(' ').skip(1);
        // Each word is a name: the rule `control` has read it.
        words.filter_map(|word| Name::new(word).ok())
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numbered(text) | Self::Ignored(text) => f.write_str(text),
            Self::Start { log, same_place } => {
                write!(f, "~^ {log}{}", if *same_place { " =" } else { "" })
            }
            Self::Age(seconds) => write!(f, "~a {seconds}"),
            Self::Ask => f.write_str("~?"),
            Self::Names(after) => write!(f, "~n {}", name_or_tilde(after.as_ref())),
            Self::Members { after, names } => {
                write!(f, "~m {}{}", name_or_tilde(after.as_ref()), names.0)
            }
        }
    }
}

pub(crate) fn name_or_tilde(after: Option<&Name>) -> &str {
    after.map_or("~", Name::as_str)
}

/// The digits of no id.
const NO_ID: &str = "................";

/// Returns the word of `code`, or nothing.
fn word_of<T: PartialEq>(codes: &[(T, &'static str)], code: &T) -> &'static str {
    let entry = codes.iter().find(|(known, _)| known == code);
    entry.map_or("", |(_, word)| word)
}

// message = hello / challenge / refusal / again / end / session
fn message(input: &str) -> Step<'_, SessionMessage<'_>> {
    let (begin, left) = input.split_at_checked("~D ".len()).unwrap_or_default();
    match begin {
        // session = "~D" SP sid SP n SP echo SP first SP ack *(LF line)
        "~D " => (header, recognize(opt((char('\n'), rest))))
            .map(|(header, lines)| SessionMessage::Data(header, Lines(lines)))
            .parse(left),
        // challenge = "~K" SP try SP 16HEX
        "~K " => separated_pair(id, space, id)
            .map(|(attempt, cookie)| SessionMessage::Challenge { attempt, cookie })
            .parse(left),
        // refusal = "~N" SP try SP code
        "~N " => (id, code_of(&REFUSALS))
            .map(|(attempt, refusal)| SessionMessage::Refused { attempt, refusal })
            .parse(left),
        // again = "~R" SP sid
        "~R " => id.map(SessionMessage::Unknown).parse(left),
        // end = "~X" SP sid SP code [SP text]
        "~X " => (id, code_of(&ENDS), opt(preceded(space, text)))
            .map(|(sid, code, text)| SessionMessage::End { sid, code, text })
            .parse(left),
        _ => hello.map(SessionMessage::Hello).parse(input),
    }
}

// hello = "L" SP word SP "~1" SP token SP try SP cookie SP place [SP pad]
// place = (16HEX / 16".") "." entry
fn hello(input: &str) -> Step<'_, Hello<'_>> {
    let begin = delimited(tag("L "), is_not(" "), tag(" ~1 "));
    let long = verify(success(input.len()), |&len| len >= MIN_HELLO);
    (
        context("~D, ~K, ~N, ~R or ~X and a space, or a hello,", begin),
        terminated(id, space),
        terminated(id, space),
        terminated(maybe_id, space),
        terminated(maybe_id, context("a dot", char('.'))),
        terminated(number_from(0), opt(preceded(space, rest))),
        context("a pad that makes 109 bytes of the hello", long),
    )
        .map(|(word, token, attempt, cookie, log, entry, _)| Hello {
            word,
            token,
            attempt,
            cookie,
            log,
            entry,
        })
        .parse(input)
}

fn header(input: &str) -> Step<'_, Header> {
    let number = |least| preceded(space, number_from(least));
    (id, number(1), number(0), number(1), number(1))
        .map(|(sid, number, echo, first, ack)| Header {
            sid,
            number,
            echo,
            first,
            ack,
        })
        .parse(input)
}

// line = request / delivery / control
pub(crate) fn line_of(text: &str) -> Line<'_> {
    if !text.starts_with('~') {
        return Line::Numbered(text);
    }
    let control = all_consuming(control).parse(text);
    control.map_or(Line::Ignored(text), |(_, control)| control)
}

// control = start / age / ask / who / members
// start   = "~^" SP log [SP "="]
// age     = "~a" SP seconds
// ask     = "~?"
// who     = "~n" SP after
// members = "~m" SP after *(SP name)
fn control(input: &str) -> Step<'_, Line<'_>> {
    let same_place = opt(tag(" =")).map(|mark| mark.is_some());
    let names = recognize(many0_count(preceded(space, name))).map(Names);
    alt((
        preceded(tag("~^ "), (id, same_place))
            .map(|(log, same_place)| Line::Start { log, same_place }),
        preceded(tag("~a "), number_from(0)).map(Line::Age),
        value(Line::Ask, tag("~?")),
        preceded(tag("~n "), after).map(Line::Names),
        preceded(tag("~m "), (after, names)).map(|(after, names)| Line::Members { after, names }),
    ))
    .parse(input)
}

// after = name / "~"
fn after(input: &str) -> Step<'_, Option<Name>> {
    alt((value(None, tag("~")), name.map(Some))).parse(input)
}

// cookie = 16HEX / 16"."
fn maybe_id(input: &str) -> Step<'_, Option<Id>> {
    alt((value(None, tag(NO_ID)), id.map(Some))).parse(input)
}

// token, try, sid, log = 16HEX   ; lower case
fn id(input: &str) -> Step<'_, Id> {
    let digits = take_while_m_n(16, 16, |c| matches!(c, '0'..='9' | 'a'..='f'));
    let bits = map_opt(digits, |digits| u64::from_str_radix(digits, 16).ok());
    context("an id of 16 hexadecimal digits in lower case", bits.map(Id)).parse(input)
}

// number = "0" / (%x31-39 *DIGIT)   ; at most 2^53-1
fn number_from<'a>(least: u64) -> impl Parser<&'a str, Output = u64, Error = Fault> {
    let number = map_opt(alt((tag("0"), digit1)), |digits: &str| digits.parse().ok());
    let in_range = move |number: &u64| (least..=MAX_NUMBER).contains(number);
    context("a number in range", verify(number, in_range))
}

/// Reads a space and the word of one of `codes`.
fn code_of<'a, T: Copy>(codes: &[(T, &str)]) -> impl Parser<&'a str, Output = T, Error = Fault> {
    let code = |word: &str| Some(codes.iter().find(|(_, known)| *known == word)?.0);
    let code = map_opt(is_not(" "), code);
    preceded(space, context("a code of such a message", code))
}
