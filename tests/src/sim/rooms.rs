//! A room of `chat-core` in the world: its calls, each judged, and its deadlines.

use chat_core::proto::{Name, Text};
use chat_core::{Config, Event, Outgoing, Server, Timestamp};

use super::address::At;
use super::datagram::{Datagram, Payload};
use super::laws::{TIMEOUTS, Violation, hold};
use super::shadow::Shadow;
use super::tally::Tally;

/// One call of a server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call<'a> {
    Datagram(At, &'a [u8]),
    Due,
    Unreachable(At),
    Announce(Text<'a>),
    Kick(Name),
    Shutdown,
}

/// A server at an address, and what is known of it from outside.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) address: At,
    config: Config,
    /// `None` while it is down.
    server: Option<Server<At>>,
    pub(super) shadow: Shadow,
    /// For when a look at its deadlines is planned.
    pub(super) look_at: u64,
}

impl Room {
    pub(super) fn new(address: At, config: Config) -> Self {
        let mut room = Self {
            address,
            config,
            server: None,
            shadow: Shadow::default(),
            look_at: u64::MAX,
        };
        room.open();
        room
    }

    /// A new server; what the last one knew is forgotten.
    pub(super) fn open(&mut self) {
        self.server = Some(Server::new(self.config.clone()));
        self.shadow = Shadow::default();
    }

    /// The process dies.
    pub(super) fn die(&mut self) {
        self.server = None;
        self.shadow = Shadow::default();
    }

    pub(super) fn is_up(&self) -> bool {
        self.server.is_some()
    }

    pub(super) fn operator(&self) -> Name {
        self.config.operator
    }

    pub(super) fn poll_timeout(&self) -> Option<u64> {
        self.server
            .as_ref()?
            .poll_timeout()
            .map(Timestamp::as_millis)
    }

    /// Makes a call, judges it, does what is due after it, and adds what has to be sent to `out`.
    pub(super) fn call(
        &mut self,
        now: u64,
        call: Call<'_>,
        tainted: bool,
        tally: &mut Tally,
        out: &mut Vec<Datagram>,
    ) -> Result<(), Violation> {
        self.call_once(now, call, tainted, tally, out)?;
        let mut calls = 0;
        while self.poll_timeout().is_some_and(|due| due <= now) {
            let before = self.shadow.members().count();
            self.call_once(now, Call::Due, tainted, tally, out)?;
            calls += 1;
            hold(TIMEOUTS, calls <= before + 2, || {
                format!("{calls} calls at {now}, and still something is due")
            })?;
        }
        Ok(())
    }

    fn call_once(
        &mut self,
        now: u64,
        call: Call<'_>,
        tainted: bool,
        tally: &mut Tally,
        out: &mut Vec<Datagram>,
    ) -> Result<(), Violation> {
        let Some(server) = &mut self.server else {
            return Ok(());
        };
        let moment = Timestamp::from_millis(now);
        let Some(outgoing) = make(server, moment, call) else {
            return Ok(());
        };
        self.shadow
            .judge(now, &self.config, call, tainted, &outgoing)?;
        for transmit in outgoing.transmits() {
            let payload = Payload::new(transmit.payload);
            out.extend(transmit.to.iter().map(|to| Datagram {
                from: self.address,
                to,
                payload: payload.clone(),
                tainted,
            }));
        }
        let changed = matches!(
            outgoing.event(),
            Event::Joined { .. } | Event::Left { .. } | Event::Closed { .. }
        );
        match outgoing.event() {
            Event::Said { .. } => tally.accepted += 1,
            Event::Joined { .. } => tally.logins += 1,
            _ => {}
        }
        if changed {
            self.shadow.agrees(server)?;
        }
        Ok(())
    }
}

fn make<'a>(
    server: &'a mut Server<At>,
    now: Timestamp,
    call: Call<'a>,
) -> Option<Outgoing<'a, At>> {
    match call {
        Call::Datagram(from, bytes) => Some(server.handle(now, from, bytes)),
        Call::Due => Some(server.handle_timeout(now)),
        Call::Unreachable(peer) => Some(server.handle_unreachable(now, peer)),
        Call::Announce(text) => Some(server.announce(now, text)),
        Call::Kick(name) => server.kick(now, name, None).ok(),
        Call::Shutdown => Some(server.shutdown(now)),
    }
}
