//! What can happen to a client, read from any bytes: mostly what a server says, and time that goes
//! on.

use std::fmt::{self, Debug};
use std::num::NonZeroU32;

use arbitrary::{Arbitrary, Result, Unstructured};
use chat_proto::{
    DeliveryBuf, Dialect, Language, MAX_DATAGRAM, MAX_TEXT, Name, Reading, ReasonBuf, Refusal,
    TextBuf,
};

use super::dialects;

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Login,
    Receive(Datagram),
    Say(String),
    Quit,
    Unreachable,
    /// One call to do what is due, whether anything is due or not.
    TimeOut,
    /// So many milliseconds pass, and what is due is done.
    Wait(u64),
    /// So many milliseconds pass, and what is due is not done before the next call.
    Oversleep(u64),
    /// It is exactly the deadline, if there is one.
    WaitUntilDue,
    /// The clock is set back.
    GoBack(u64),
}

/// Bytes that can be read where a test reports them.
#[derive(Clone)]
pub(super) struct Datagram(pub(super) Vec<u8>);

impl Debug for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// Whose client it is, the dialect, and the seconds between keep-alives.
pub(super) fn configuration(
    source: &mut Unstructured<'_>,
) -> Result<(Name, Dialect, Option<NonZeroU32>)> {
    let longest = "n".repeat(32);
    let name = *source.choose(&["alice", "小明", "a*b~#é😀", &longest])?;
    let dialect = *source.choose(&dialects())?;
    let reading = *source.choose(&[Reading::Lenient, Reading::Strict])?;
    let keep_alive = *source.choose(&[0, 1, 2, 5, 30, u32::MAX])?;
    let name = Name::new(name).expect("a valid name");
    Ok((
        name,
        dialect.with_reading(reading),
        NonZeroU32::new(keep_alive),
    ))
}

impl Action {
    /// The next action, in a conversation in `dialect`.
    pub(super) fn read(source: &mut Unstructured<'_>, dialect: &Dialect) -> Result<Self> {
        Ok(match source.int_in_range(0..=31)? {
            0..=2 => Self::Login,
            3..=15 => Self::Receive(Datagram(from_server(source, dialect)?)),
            16..=18 => Self::Say(text(source)?),
            19 => Self::Quit,
            20 => Self::Unreachable,
            21 => Self::TimeOut,
            // Whole seconds are where the deadlines lie.
            22..=23 => Self::Wait(source.int_in_range(0..=40)? * 1_000),
            24 => Self::Wait(u64::from(u16::arbitrary(source)?)),
            25 => Self::Oversleep(source.int_in_range(0..=40)? * 500),
            26..=30 => Self::WaitUntilDue,
            _ => Self::GoBack(u64::from(u16::arbitrary(source)?)),
        })
    }
}

/// What a server says, in the words of the dialect or of another one, or what no server says.
fn from_server(source: &mut Unstructured<'_>, dialect: &Dialect) -> Result<Vec<u8>> {
    let mut datagram = match source.int_in_range(0..=23)? {
        0..=5 => dialect.success().to_string().into_bytes(),
        6..=7 => {
            let ends: Vec<String> = dialect.ends().iter().map(|end| end.to_string()).collect();
            source.choose(&ends)?.clone().into_bytes()
        }
        8 => source
            .choose(&[
                "OK", "ok", "IN", "EXIT", "exit", "OUT", "quit", "#", "FAIL", "FAIL ", "fail",
            ])?
            .as_bytes()
            .to_vec(),
        9..=11 => refusal(Refusal::NotLoggedIn, source)?,
        12..=15 => refusal(*source.choose(&Refusal::ALL)?, source)?,
        16 => format!("FAIL {}", ReasonBuf::arbitrary(source)?.as_str()).into_bytes(),
        17..=18 => {
            let mut buffer = [0; MAX_DATAGRAM];
            let delivery = DeliveryBuf::arbitrary(source)?;
            delivery
                .encode(dialect, &mut buffer)
                .expect("a delivery fits")
                .to_vec()
        }
        19 => source
            .choose(&[
                "bob : hi",
                "* bob joined",
                "* bob 退出聊天室",
                "\nbob : hi",
                "bob: hi",
            ])?
            .as_bytes()
            .to_vec(),
        20 => String::arbitrary(source)?.into_bytes(),
        21 => Vec::arbitrary(source)?,
        22 => vec![b'x'; source.int_in_range(MAX_DATAGRAM - 2..=MAX_DATAGRAM + 2)?],
        _ => vec![],
    };
    match source.int_in_range(0..=15)? {
        0 => datagram.push(b'\n'),
        1 => datagram.extend(b"\r\n"),
        _ => {}
    }
    Ok(datagram)
}

fn refusal(refusal: Refusal, source: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let language = *source.choose(&Language::ALL)?;
    Ok(format!("FAIL {}", refusal.reason(language).as_str()).into_bytes())
}

/// What the user says: something short, or nearly as much as fits.
fn text(source: &mut Unstructured<'_>) -> Result<String> {
    Ok(match source.int_in_range(0..=3)? {
        0 => "x".repeat(source.int_in_range(MAX_TEXT - 4..=MAX_TEXT)?),
        1 => source
            .choose(&["", "#", "EXIT", " ", "吃了么？"])?
            .to_string(),
        _ => TextBuf::arbitrary(source)?.as_str().to_owned(),
    })
}
