//! A `chat_core::Server` in the world: its calls, each judged, and its deadlines.

use std::rc::Rc;

use chat_core::proto::{
    Delivery, Id, MAX_DATAGRAM, MAX_SESSION_DATAGRAM, Name, Reply, Text, is_session_datagram,
};
use chat_core::{Config, Event, Outgoing, Server, Timestamp};
use fastrand::Rng;

use super::laws::{
    AT_MOST_ONCE, NO_AMPLIFIER, NO_CONTROLS, NO_ECHO, STRUCTURE, TIMEOUTS, Violation, hold,
};
use super::ledger::Ledger;
use super::network::{At, CLOCK_START, Datagram};
use super::record::Tally;

/// One call of a server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call<'a> {
    Datagram(&'a Datagram),
    Due,
    Unreachable(At),
    Announce(Text<'a>),
    Kick(Name),
    Shutdown,
}

/// A server at an address.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) address: At,
    config: Config,
    /// `None` while it is down.
    server: Option<Server<At>>,
    pub(super) ledger: Ledger,
    /// Its clock less the world's.
    pub(super) ahead: u64,
    rng: Rng,
    /// The moment for which a look at its deadlines is planned.
    pub(super) look_at: u64,
}

impl Room {
    pub(super) fn new(address: At, config: Config, faults_end: u64, rng: Rng) -> Self {
        let mut room = Self {
            address,
            server: None,
            ledger: Ledger::new(&config, faults_end),
            config,
            ahead: CLOCK_START,
            rng,
            look_at: u64::MAX,
        };
        room.open();
        room
    }

    /// Starts a server where none runs; it knows nothing of the one before.
    pub(super) fn open(&mut self) {
        if self.is_up() {
            return;
        }
        let log = Id(self.rng.u64(..));
        self.ledger.open(log);
        if let Some(sessions) = &mut self.config.sessions {
            (sessions.key, sessions.log) = (self.rng.u128(..).to_le_bytes(), log);
        }
        self.server = Some(Server::new(self.config.clone()));
    }

    /// Kills the process.
    pub(super) fn die(&mut self) {
        self.server = None;
    }

    pub(super) fn is_up(&self) -> bool {
        self.server.is_some()
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (Name, At)> + '_ {
        self.server.iter().flat_map(Server::members)
    }

    /// Returns the next deadline, in the world's time.
    pub(super) fn poll_timeout(&self) -> Option<u64> {
        let due = self.server.as_ref()?.poll_timeout()?;
        Some(due.as_millis().saturating_sub(self.ahead))
    }

    /// Makes a call and those that are due after it, and returns the datagrams to send.
    pub(super) fn call(
        &mut self,
        now: u64,
        mut call: Call<'_>,
        tally: &mut Tally,
    ) -> Result<Vec<Datagram>, Violation> {
        let sent = now + self.ahead;
        let now = Timestamp::from_millis(sent);
        let (mut tainted, mut is_honest) = (false, true);
        if let Call::Datagram(datagram) = call {
            self.ledger.receive(datagram);
            tainted = datagram.tainted;
            // A plain line that was changed may look like any other.
            is_honest = !tainted || is_session_datagram(&datagram.payload);
        }
        let mut out = Vec::new();
        let mut more_calls = self.members().count() + 8;
        while let Some(server) = &mut self.server {
            let mut outgoing = match call {
                Call::Datagram(datagram) => server.handle(now, datagram.from, &datagram.payload),
                Call::Due => server.handle_timeout(now),
                Call::Unreachable(peer) => server.handle_unreachable(now, peer),
                Call::Announce(text) => server.announce(now, text),
                Call::Kick(name) => server.kick(now, name, None).expect("a member's name"),
                Call::Shutdown => server.shutdown(now),
            };
            judge(&self.config, call, &outgoing)?;
            match outgoing.event() {
                Event::Said { .. } => tally.accepted += 1,
                Event::Attached { .. } => tally.attached += 1,
                Event::Joined { .. } => tally.logins += 1,
                _ => {}
            }
            let first = out.len();
            for transmit in outgoing.transmits() {
                let (from, payload) = (self.address, Rc::<[u8]>::from(transmit.payload));
                let copy = |to| Datagram::new(from, to, payload.clone(), tainted);
                out.extend(transmit.to.iter().map(copy));
            }
            for entry in outgoing.entries() {
                self.ledger.append(sent, is_honest, &entry)?;
            }
            let mut buffer = [0; MAX_SESSION_DATAGRAM];
            while let Some((payload, to)) = outgoing.next_for_session(&mut buffer) {
                let datagram = Datagram::new(self.address, to, payload, false);
                out.push(Datagram { sent, ..datagram });
                // What is not fetched is there after the next call.
                if self.rng.u32(..500) == 0 {
                    tally.half_read += 1;
                    break;
                }
            }
            for datagram in &out[first..] {
                if is_session_datagram(&datagram.payload) {
                    self.ledger.send(datagram)?;
                }
            }
            if server.poll_timeout().is_none_or(|due| due > now) {
                break;
            }
            hold(TIMEOUTS, more_calls > 0, || {
                format!("after many calls at {now:?} still something is due")
            })?;
            more_calls -= 1;
            call = Call::Due;
        }
        Ok(out)
    }
}

/// Judges the datagrams of a call: their size and form, that each listener gets a line once, and
/// the answer to a request that is not granted.
fn judge(config: &Config, call: Call<'_>, outgoing: &Outgoing<'_, At>) -> Result<(), Violation> {
    let strict = config.dialect.with_lenient_reading(false);
    // A room that searches for words also writes those of existing programs, of which there are
    // five end words.
    let searches = config.search_words;
    let replies = config.dialect.with_lenient_reading(searches);
    let event = outgoing.event();
    let mut answers = match event {
        Event::NotIn { .. } if searches => 5,
        Event::NotIn { .. } => config.dialect.ends().iter().count(),
        Event::Refused { .. } | Event::Dropped { .. } => 1,
        _ => usize::MAX,
    };
    let refused = answers < usize::MAX;
    let mut listeners = Vec::new();
    for transmit in outgoing.transmits() {
        let payload = transmit.payload;
        if is_session_datagram(payload) {
            continue;
        }
        let is_message =
            Delivery::decode(payload, &strict).is_ok() || Reply::decode(payload, &replies).is_ok();
        let words = || format!("{} for {event:?}", payload.escape_ascii());
        hold(
            STRUCTURE,
            is_message && payload.len() <= MAX_DATAGRAM,
            words,
        )?;
        let body = payload.strip_prefix(b"\n").unwrap_or(payload);
        let clean = std::str::from_utf8(body)
            .is_ok_and(|text| !text.contains(|c: char| c.is_control() && c != '\t'));
        hold(NO_CONTROLS, clean, words)?;
        let first = listeners.len();
        listeners.extend(transmit.to.iter());
        if let Call::Datagram(request) = call
            && refused
            && listeners[first..].contains(&request.from)
        {
            hold(NO_AMPLIFIER, answers > 0 && payload.len() <= 120, words)?;
            answers -= 1;
        }
    }
    if let (Event::Said { .. }, Call::Datagram(request)) = (event, call) {
        hold(NO_ECHO, !listeners.contains(&request.from), || {
            format!("{event:?}")
        })?;
        let deliveries = listeners.len();
        listeners.sort_unstable();
        listeners.dedup();
        hold(AT_MOST_ONCE, listeners.len() == deliveries, || {
            format!("{deliveries} deliveries to {listeners:?} for {event:?}")
        })?;
    }
    Ok(())
}
