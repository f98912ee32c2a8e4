//! The people of a world, each with a client of `chat-core`.

use std::num::NonZeroU32;
use std::rc::Rc;

use chat_core::proto::{Dialect, Id, Name, Request, Text};
use chat_core::{Client, ClientConfig, ClientSession, Timestamp};
use fastrand::Rng;

use super::laws::{TIMEOUTS, Violation, hold};
use super::ledger::{Ledger, Line};
use super::network::{At, CLOCK_START, Datagram};
use super::record::Tally;
use super::visits::Visit;

/// Every client repeats its login this often.
const KEEP_ALIVE_SECONDS: u32 = 10;
/// Calls at one moment that deadlines may ask for.
const MANY_CALLS: u32 = 8;

/// A person in a room, on the way there, or away.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) room: usize,
    pub(super) name: Name,
    /// The name for a return under another one.
    pub(super) other_name: Name,
    pub(super) address: At,
    /// `None` while its program is not running.
    pub(super) program: Option<(Client, Visit)>,
    /// The token of the last run of its program with a session.
    pub(super) token: Option<Id>,
    /// Its clock less the world's.
    pub(super) ahead: u64,
    /// Until then its program stands still.
    pub(super) asleep_until: u64,
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

/// One call of a client.
#[derive(Clone, Copy, Debug)]
pub(super) enum ClientCall<'a> {
    Login,
    Datagram(&'a Datagram),
    Due,
    /// Say the line that is the last one of the accounts.
    Say(Text<'a>),
    /// Ask for members' names.
    Names,
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
            program: None,
            token: None,
            ahead: CLOCK_START,
            asleep_until: 0,
            away_until: 0,
            dead: false,
            cut_to_room: 0,
            cut_from_room: 0,
            look_at: u64::MAX,
            acts_at: u64::MAX,
        }
    }

    /// Starts its program: a plain one, or one with a session.
    pub(super) fn start(&mut self, session: Option<ClientSession>) {
        let mut config = ClientConfig::default();
        config.keep_alive_seconds = NonZeroU32::new(KEEP_ALIVE_SECONDS);
        config.session = session;
        let token = session.map(|session| session.token);
        self.program = Some((Client::new(self.name, config), Visit::new(token)));
        self.token = token.or(self.token);
    }

    fn client(&self) -> Option<&Client> {
        self.program.as_ref().map(|(client, _)| client)
    }

    pub(super) fn visit(&self) -> Option<&Visit> {
        self.program.as_ref().map(|(_, visit)| visit)
    }

    /// Returns the token of its program, if that runs and has a session.
    pub(super) fn token_in_use(&self) -> Option<Id> {
        self.visit()?.token
    }

    /// Returns the next deadline of its program, in the world's time.
    pub(super) fn poll_timeout(&self) -> Option<u64> {
        let due = self.client()?.poll_timeout()?;
        Some(due.as_millis().saturating_sub(self.ahead))
    }

    pub(super) fn is_running(&self) -> bool {
        self.client().is_some_and(|client| !client.is_done())
    }

    pub(super) fn is_in(&self) -> bool {
        self.client().is_some_and(Client::is_in)
    }

    /// Makes a call and those that are due after it, and returns the datagrams to send.
    pub(super) fn call(
        &mut self,
        now: u64,
        mut call: ClientCall<'_>,
        ledger: &mut Ledger,
        tally: &mut Tally,
    ) -> Result<Vec<Rc<[u8]>>, Violation> {
        let clock = Timestamp::from_millis(now + self.ahead);
        let mut sent = Vec::new();
        let Some((client, visit)) = &mut self.program else {
            return Ok(sent);
        };
        for _ in 0..MANY_CALLS {
            let outgoing = match call {
                ClientCall::Login => client.login(clock),
                ClientCall::Datagram(datagram) => client.handle(clock, &datagram.payload),
                ClientCall::Due => client.handle_timeout(clock),
                ClientCall::Quit => client.quit(clock),
                ClientCall::Unreachable => client.handle_unreachable(clock),
                ClientCall::Names => client.ask_names(clock, visit.ask(ledger)),
                ClientCall::Say(text) => match client.say(clock, text) {
                    Ok(outgoing) => outgoing,
                    Err(_) => return Ok(sent),
                },
            };
            sent.extend(outgoing.payload().map(Into::into));
            visit.judge((now, self.name), call, &outgoing, ledger, tally)?;
            let doubtful = outgoing.doubtful();
            visit.settle(call, client.pending(), doubtful, ledger, tally)?;
            if client.poll_timeout().is_none_or(|due| due > clock) {
                return Ok(sent);
            }
            call = ClientCall::Due;
        }
        hold(TIMEOUTS, false, || {
            format!("{} still has something to do at {clock:?}", self.name)
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
        // Without a place it may be said to a server that was taken for a plain one.
        token: person
            .visit()
            .and_then(|visit| visit.place.and(visit.token)),
        text,
        at: now,
        heard: 0,
        latency: 0,
        logged: 0,
        marks: 0,
    }
}
