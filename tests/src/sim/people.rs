//! The people of a world, each with a client of `chat-core`, and judgements of what they hear.

use std::num::NonZeroU32;
use std::rc::Rc;

use chat_cli::io::safe_text::SafeText;
use chat_core::proto::{Delivery, Dialect, Name, Request, Text};
use chat_core::{Client, ClientConfig, ClientEvent, Timestamp};
use fastrand::Rng;

use super::laws::{
    NO_CONTROLS, NO_ECHO, OWN_NAME, STRUCTURE, TIMEOUTS, UNCHANGED, Violation, hold,
};
use super::network::At;
use super::record::Tally;

/// Every client repeats its login this often.
const KEEP_ALIVE_SECONDS: u32 = 10;

/// A person in a room, on the way there, or away.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) room: usize,
    pub(super) name: Name,
    /// The name for a return under another one.
    pub(super) other_name: Name,
    pub(super) address: At,
    /// `None` while its program is not running.
    pub(super) client: Option<Client>,
    /// The end of its absence.
    pub(super) away_until: u64,
    /// It never comes back.
    pub(super) dead: bool,
    /// Until these moments nothing from it reaches the room, and nothing from the room reaches it.
    pub(super) cut_to_room: u64,
    pub(super) cut_from_room: u64,
    /// The moment for which a look at its deadlines is planned.
    pub(super) look_at: u64,
    /// The moment of its next act.
    pub(super) acts_at: u64,
}

/// A line that a person said.
#[derive(Debug)]
pub(super) struct Line {
    name: Name,
    address: At,
    pub(super) text: String,
    pub(super) at: u64,
    /// The number of people who heard it.
    pub(super) heard: u32,
}

/// One call of a client.
#[derive(Clone, Copy, Debug)]
pub(super) enum ClientCall<'a> {
    Login,
    /// A datagram, and whether it is tainted.
    Datagram(&'a [u8], bool),
    Due,
    Say(Text<'a>),
    Quit,
    Unreachable,
}

impl Person {
    pub(super) fn new(room: usize, [name, other_name]: [Name; 2], address: At) -> Self {
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

    /// Makes a call and judges its result. Returns the datagram to send.
    pub(super) fn call(
        &mut self,
        now: u64,
        call: ClientCall<'_>,
        operator: Name,
        lines: &mut [Line],
        tally: &mut Tally,
    ) -> Result<Option<Rc<[u8]>>, Violation> {
        let Some(client) = &mut self.client else {
            return Ok(None);
        };
        let now = Timestamp::from_millis(now);
        let tainted = matches!(call, ClientCall::Datagram(_, true));
        let called_as_due = matches!(call, ClientCall::Due);
        let outgoing = match call {
            ClientCall::Login => client.login(now),
            ClientCall::Datagram(bytes, _) => client.handle(now, bytes),
            ClientCall::Due => client.handle_timeout(now),
            ClientCall::Quit => client.quit(now),
            ClientCall::Unreachable => client.handle_unreachable(now),
            ClientCall::Say(text) => match client.say(now, text) {
                Ok(outgoing) => outgoing,
                Err(_) => return Ok(None),
            },
        };
        match outgoing.event() {
            ClientEvent::Lost(_) => tally.noticed += 1,
            ClientEvent::Delivered(Delivery::Said { name, text }) => {
                tally.heard += 1;
                if !tainted && name != operator {
                    hear(self.address, name, text.as_str(), lines)?;
                }
            }
            ClientEvent::Unparsed(bytes) => {
                hold(STRUCTURE, tainted, || {
                    format!("a room sent {}", bytes.escape_ascii())
                })?;
                let shown = SafeText::for_terminal(&String::from_utf8_lossy(bytes)).to_string();
                hold(NO_CONTROLS, !shown.contains(char::is_control), || {
                    format!("{shown:?} is shown")
                })?;
            }
            _ => {}
        }
        if let Some(payload) = outgoing.payload() {
            let name = claimed(payload, &Dialect::strict());
            hold(OWN_NAME, name == Some(self.name), || {
                format!("{} sent {}", self.name, payload.escape_ascii())
            })?;
        }
        let sent = outgoing.payload().map(Into::into);
        let more_is_due = client.poll_timeout().is_some_and(|due| due <= now);
        hold(TIMEOUTS, !(called_as_due && more_is_due), || {
            format!("{} still has something to do at {now:?}", self.name)
        })?;
        Ok(sent)
    }
}

/// Returns the name in a request.
pub(super) fn claimed(datagram: &[u8], dialect: &Dialect) -> Option<Name> {
    let request = Request::decode(datagram, dialect).ok()?;
    let (Request::Login { name, .. } | Request::Chat { name, .. } | Request::Quit { name }) =
        request;
    Some(name)
}

/// Composes a person's next line. The number in its text leads back to it.
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

/// Judges an honest line that this listener heard.
fn hear(listener: At, name: Name, text: &str, lines: &mut [Line]) -> Result<(), Violation> {
    let number = text.strip_prefix('#').and_then(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit());
        rest[..end.unwrap_or(rest.len())].parse::<usize>().ok()
    });
    let said = number.and_then(|number| lines.get_mut(number));
    let Some(said) = said.filter(|line| line.text == text) else {
        // An adversary may say what it likes, under a name that is not a person's.
        let honest = lines.iter().any(|line| line.name == name);
        return hold(UNCHANGED, !honest, || format!("{name} never said {text:?}"));
    };
    hold(OWN_NAME, said.name == name, || {
        format!("{}'s line {text:?} appeared as {name}'s", said.name)
    })?;
    hold(NO_ECHO, said.address != listener, || {
        format!("{name} heard itself at {listener:?}: {text:?}")
    })?;
    said.heard += 1;
    Ok(())
}
