//! The people of a world: each with a client of `chat-core`, and what it hears judged.

use std::num::NonZeroU32;

use chat_cli::io::safe_text::SafeText;
use chat_core::proto::{Delivery, Dialect, Name, Request, Text};
use chat_core::{Client, ClientConfig, ClientEvent, ClientOutgoing, Timestamp};
use fastrand::Rng;

use super::address::At;
use super::datagram::Payload;
use super::laws::{NO_CONTROLS, NO_ECHO, OWN_NAME, STRUCTURE, UNCHANGED, Violation, broken, hold};
use super::tally::Tally;

/// Every client repeats its login this often.
const KEEP_ALIVE_SECONDS: u32 = 10;

/// A person: in a room, on the way there, or away.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) room: usize,
    pub(super) name: Name,
    /// Under which name it comes back when it comes back under another.
    pub(super) other_name: Name,
    pub(super) address: At,
    /// `None`: its program is not running.
    pub(super) client: Option<Client>,
    /// Away until then.
    pub(super) away_until: u64,
    /// Never comes back.
    pub(super) dead: bool,
    /// Nothing that it sends arrives until then, and nothing that is sent to it.
    pub(super) cut_to_room: u64,
    pub(super) cut_from_room: u64,
    /// For when a look at its deadlines is planned.
    pub(super) look_at: u64,
    /// When it does something next.
    pub(super) acts_at: u64,
}

/// A line that somebody said.
#[derive(Debug)]
pub(super) struct Line {
    name: Name,
    address: At,
    text: String,
    pub(super) at: u64,
    /// How many people heard it.
    pub(super) heard: u32,
}

/// What a call of a client is.
#[derive(Clone, Copy, Debug)]
pub(super) enum ClientCall<'a> {
    Login,
    Datagram(&'a [u8]),
    Due,
    Say(&'a str),
    Quit,
    Unreachable,
}

impl Person {
    pub(super) fn new(room: usize, name: Name, other_name: Name, address: At) -> Self {
        Self {
            room,
            name,
            other_name,
            address,
            client: None,
            away_until: 0,
            dead: false,
            cut_to_room: 0,
            cut_from_room: 0,
            look_at: u64::MAX,
            acts_at: u64::MAX,
        }
    }

    pub(super) fn start(&mut self) {
        let mut config = ClientConfig::default();
        config.keep_alive_seconds = NonZeroU32::new(KEEP_ALIVE_SECONDS);
        self.client = Some(Client::new(self.name, config));
    }

    pub(super) fn is_running(&self) -> bool {
        self.client.as_ref().is_some_and(|client| !client.is_done())
    }

    pub(super) fn is_in(&self) -> bool {
        self.client.as_ref().is_some_and(Client::is_in)
    }

    /// For a person to read.
    pub(super) fn state(&self) -> &'static str {
        match &self.client {
            None => "is not running",
            Some(client) if client.is_done() => "has ended",
            Some(client) if client.is_in() => "believes to be in",
            Some(_) => "tries to get in",
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<u64> {
        self.client
            .as_ref()?
            .poll_timeout()
            .map(Timestamp::as_millis)
    }

    /// Makes a call and judges what comes of it. Returns the datagram to send.
    pub(super) fn call(
        &mut self,
        now: u64,
        call: ClientCall<'_>,
        tainted: bool,
        operator: Name,
        lines: &mut [Line],
        tally: &mut Tally,
    ) -> Result<Option<Payload>, Violation> {
        let (name, address) = (self.name, self.address);
        let Some(client) = &mut self.client else {
            return Ok(None);
        };
        let moment = Timestamp::from_millis(now);
        let outgoing = match call {
            ClientCall::Login => client.login(moment),
            ClientCall::Datagram(bytes) => client.handle(moment, bytes),
            ClientCall::Due => client.handle_timeout(moment),
            ClientCall::Quit => client.quit(moment),
            ClientCall::Unreachable => client.handle_unreachable(moment),
            ClientCall::Say(text) => {
                let text = Text::new(text).map_err(|error| broken(STRUCTURE, error.to_string()))?;
                match client.say(moment, text) {
                    Ok(outgoing) => outgoing,
                    Err(_) => return Ok(None),
                }
            }
        };
        let event = outgoing.event();
        if matches!(event, ClientEvent::Lost(_)) {
            tally.noticed += 1;
        }
        judge(&event, tainted, address, operator, lines, tally)?;
        is_request(&outgoing, name)
    }
}

/// A line, and the text that it has. Its number leads back to it.
pub(super) fn line(rng: &mut Rng, number: usize, person: &Person, now: u64) -> Line {
    let fillers = [
        "",
        " hi",
        "  two  blanks ",
        " 吃了么？",
        " 😀\ta tab",
        " *",
        " : ",
        " admin : no",
        " L x",
        " #",
    ];
    let mut text = format!("#{number}{}", fillers[rng.usize(..fillers.len())]);
    if rng.u32(..50) == 0 {
        text.push_str(&"长".repeat(rng.usize(..320)));
    }
    Line {
        name: person.name,
        address: person.address,
        text,
        at: now,
        heard: 0,
    }
}

impl Line {
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

fn judge(
    event: &ClientEvent<'_>,
    tainted: bool,
    address: At,
    operator: Name,
    lines: &mut [Line],
    tally: &mut Tally,
) -> Result<(), Violation> {
    match *event {
        ClientEvent::Delivered(Delivery::Said { name, text }) => {
            tally.heard += 1;
            if tainted || name == operator {
                return Ok(());
            }
            let said = said(text.as_str(), lines);
            let Some(said) = said else {
                let honest = lines.iter().any(|line| line.name == name);
                return hold(UNCHANGED, !honest, || format!("{name} never said {text:?}"));
            };
            if said.text != text.as_str() {
                // Somebody who is no person of this world, and may say what it likes.
                let other = said.name != name;
                return hold(UNCHANGED, other, || {
                    format!("{:?} arrived as {text:?}", said.text)
                });
            }
            hold(OWN_NAME, said.name == name, || {
                format!("{}'s line {text:?} appeared as {name}'s", said.name)
            })?;
            hold(NO_ECHO, said.address != address, || {
                format!("{name} heard itself at {address:?}: {text:?}")
            })?;
            said.heard += 1;
            Ok(())
        }
        ClientEvent::Unparsed(bytes) => {
            hold(STRUCTURE, tainted, || {
                format!("a room sent {}", bytes.escape_ascii())
            })?;
            let shown = SafeText::for_terminal(&String::from_utf8_lossy(bytes)).to_string();
            hold(NO_CONTROLS, !shown.contains(char::is_control), || {
                format!("{shown:?} is shown")
            })
        }
        _ => Ok(()),
    }
}

/// The line that a text claims to be.
fn said<'l>(text: &str, lines: &'l mut [Line]) -> Option<&'l mut Line> {
    let digits = text.strip_prefix('#')?;
    let end = digits
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(digits.len());
    lines.get_mut(digits[..end].parse::<usize>().ok()?)
}

/// Whatever a client sends is a request of its own.
fn is_request(outgoing: &ClientOutgoing<'_>, own: Name) -> Result<Option<Payload>, Violation> {
    let Some(payload) = outgoing.payload() else {
        return Ok(None);
    };
    let request = Request::decode(payload, &Dialect::strict());
    let name = match request {
        Ok(Request::Login { name, .. } | Request::Chat { name, .. } | Request::Quit { name }) => {
            name
        }
        Err(error) => {
            return Err(broken(
                STRUCTURE,
                format!("{own} sent {}: {error}", payload.escape_ascii()),
            ));
        }
    };
    hold(OWN_NAME, name == own, || {
        format!("{own} sent {}", payload.escape_ascii())
    })?;
    Ok(Some(Payload::new(payload)))
}
