//! A `chat_core::Server` in the world: its calls, each judged, and its deadlines.

use std::collections::BTreeSet;

use chat_core::proto::{Delivery, MAX_DATAGRAM, Name, Reply, Text};
use chat_core::{Config, Event, Outgoing, Server, Timestamp};

use super::laws::{
    AT_MOST_ONCE, NO_AMPLIFIER, NO_CONTROLS, NO_ECHO, STRUCTURE, TIMEOUTS, Violation, hold,
};
use super::network::{At, Datagram};
use super::record::Tally;

/// One call of a server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call<'a> {
    /// A datagram from an address, and whether it is tainted.
    Datagram(At, &'a [u8], bool),
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
    /// Addresses whose last login was corrupted or forged.
    forged: BTreeSet<At>,
    /// The moment for which a look at its deadlines is planned.
    pub(super) look_at: u64,
}

impl Room {
    pub(super) fn new(address: At, config: Config) -> Self {
        Self {
            address,
            server: Some(Server::new(config.clone())),
            config,
            forged: BTreeSet::new(),
            look_at: u64::MAX,
        }
    }

    /// Starts a server where none runs; it knows nothing of the one before.
    pub(super) fn open(&mut self) {
        self.server
            .get_or_insert_with(|| Server::new(self.config.clone()));
    }

    /// Kills the process.
    pub(super) fn die(&mut self) {
        self.server = None;
        self.forged.clear();
    }

    pub(super) fn is_up(&self) -> bool {
        self.server.is_some()
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (Name, At)> + '_ {
        self.server.iter().flat_map(Server::members)
    }

    /// Returns whether a corrupted or forged login gave the address its name, or the name its
    /// address.
    pub(super) fn is_forged(&self, name: Name, at: At) -> bool {
        self.members()
            .any(|(other, peer)| (other == name || peer == at) && self.forged.contains(&peer))
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.server.as_ref()?.poll_timeout()
    }

    /// Makes a call and those that are due after it, and returns the datagrams to send.
    pub(super) fn call(
        &mut self,
        now: u64,
        mut call: Call<'_>,
        tally: &mut Tally,
    ) -> Result<Vec<Datagram>, Violation> {
        let now = Timestamp::from_millis(now);
        let tainted = matches!(call, Call::Datagram(_, _, true));
        let mut out = Vec::new();
        let mut more_calls = self.members().count() + 4;
        while let Some(server) = &mut self.server {
            let outgoing = match call {
                Call::Datagram(from, bytes, _) => server.handle(now, from, bytes),
                Call::Due => server.handle_timeout(now),
                Call::Unreachable(peer) => server.handle_unreachable(now, peer),
                Call::Announce(text) => server.announce(now, text),
                Call::Kick(name) => server.kick(now, name, None).expect("a member's name"),
                Call::Shutdown => server.shutdown(now),
            };
            judge(&self.config, call, &outgoing)?;
            match outgoing.event() {
                Event::Said { .. } => tally.accepted += 1,
                Event::Joined { peer, .. } => {
                    tally.logins += 1;
                    self.forged.remove(&peer);
                    self.forged.extend(tainted.then_some(peer));
                }
                _ => {}
            }
            for transmit in outgoing.transmits() {
                let datagram = Datagram::new(self.address, self.address, transmit.payload, tainted);
                let to_all = transmit.to.iter().map(|to| Datagram {
                    to,
                    ..datagram.clone()
                });
                out.extend(to_all);
            }
            if self.poll_timeout().is_none_or(|due| due > now) {
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
        let is_message =
            Delivery::decode(payload, &strict).is_ok() || Reply::decode(payload, &replies).is_ok();
        hold(
            STRUCTURE,
            is_message && payload.len() <= MAX_DATAGRAM,
            || format!("{} for {event:?}", payload.escape_ascii()),
        )?;
        let body = payload.strip_prefix(b"\n").unwrap_or(payload);
        let clean = std::str::from_utf8(body)
            .is_ok_and(|text| !text.contains(|c: char| c.is_control() && c != '\t'));
        hold(NO_CONTROLS, clean, || payload.escape_ascii().to_string())?;
        let first = listeners.len();
        listeners.extend(transmit.to.iter());
        if let Call::Datagram(from, ..) = call
            && refused
            && listeners[first..].contains(&from)
        {
            hold(NO_AMPLIFIER, answers > 0 && payload.len() <= 120, || {
                format!("{} for {event:?}", payload.escape_ascii())
            })?;
            answers -= 1;
        }
    }
    if let (Event::Said { .. }, Call::Datagram(from, ..)) = (event, call) {
        hold(NO_ECHO, !listeners.contains(&from), || format!("{event:?}"))?;
        let deliveries = listeners.len();
        listeners.sort_unstable();
        listeners.dedup();
        hold(AT_MOST_ONCE, listeners.len() == deliveries, || {
            format!("{deliveries} deliveries to {listeners:?} for {event:?}")
        })?;
    }
    Ok(())
}
