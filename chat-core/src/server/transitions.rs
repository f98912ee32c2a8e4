//! Every transition of the room: PROTOCOL.md, "Rules of the server".

use alloc::vec::Vec;

use chat_proto::{
    DecodeError, DecodeErrorKind, Delivery, Dialect, Name, Reason, Refusal, Reply, Request, Text, TextError, Verb,
};
use thiserror::Error;

use super::config::Config;
use super::event::{DropReason, Event, LeaveReason};
use super::members::Members;
use super::outgoing::{Outgoing, Plan, To};
use super::stats::Stats;
use crate::peer::Peer;
use crate::time::Timestamp;

/// A member is told of a refused line at most once in this time.
const REFUSAL_INTERVAL_MILLIS: u64 = 1_000;
/// Logins under a member's name make the room ask that member at most once in this time.
const PROBE_INTERVAL_MILLIS: u64 = 5_000;

/// The room. See the [crate's documentation](crate) for the shape of its calls.
///
/// Memory grows with the members and with nothing else, up to [`Config::max_members`].
pub struct Server<A: Peer> {
    config: Config,
    members: Members<A>,
    plan: Plan<A>,
    stats: Stats,
    /// Set when the room is closed: who was in then.
    closed: Option<Vec<A>>,
}

impl<A: Peer> core::fmt::Debug for Server<A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Server")
            .field("config", &self.config)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

/// Why nobody was removed by [`Server::kick`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KickError {
    /// Nobody has that name.
    #[error("nobody called {0} is in the room")]
    NotIn(Name),
}

impl<A: Peer> Server<A> {
    /// An empty room.
    pub fn new(config: Config) -> Self {
        let idle_limit = config
            .idle_limit_seconds
            .map(|seconds| u64::from(seconds.get()) * 1_000);
        let members = Members::new(idle_limit);
        Self {
            config,
            members,
            plan: Plan::new(),
            stats: Stats::default(),
            closed: None,
        }
    }

    /// A datagram came in from `from`.
    ///
    /// Hand in the whole datagram, or at least its first 1,025 bytes: what is longer than
    /// [`MAX_DATAGRAM`](chat_proto::MAX_DATAGRAM) is refused whatever it holds.
    pub fn handle<'a>(&'a mut self, now: Timestamp, from: A, datagram: &'a [u8]) -> Outgoing<'a, A> {
        self.plan.clear();
        self.stats.datagrams_in += 1;
        let event = self.receive(now, from, datagram);
        self.outgoing(event)
    }

    /// Time has come: do what is due. Removes at most one member a call; call again while
    /// [`poll_timeout`](Self::poll_timeout) is not later than `now`.
    pub fn handle_timeout(&mut self, now: Timestamp) -> Outgoing<'_, A> {
        self.plan.clear();
        let event = match self.members.idle(now) {
            Some(index) => {
                self.say_end_to(index);
                self.remove(index, LeaveReason::Idle)
            }
            None => Event::Nothing,
        };
        self.outgoing(event)
    }

    /// The network reported that nobody is at `peer` (an ICMP port or host unreachable, a closed connection).
    ///
    /// The first report asks the member whether it is there; a second one, with no datagram from it in between,
    /// removes it. Reports about addresses that are not in change nothing.
    pub fn handle_unreachable(&mut self, now: Timestamp, peer: A) -> Outgoing<'_, A> {
        self.plan.clear();
        let event = match self.members.at_address(peer) {
            None => Event::Nothing,
            Some(index) => self.unreachable(now, index),
        };
        self.outgoing(event)
    }

    /// The operator says `text` to every member.
    pub fn announce<'a>(&'a mut self, text: Text<'a>) -> Outgoing<'a, A> {
        self.plan.clear();
        self.stats.announcements += 1;
        let line = Delivery::Said {
            name: self.config.operator,
            text,
        };
        self.plan.delivery(&self.config.dialect, &line, To::All);
        self.outgoing(Event::Announced { text })
    }

    /// The operator removes a member: the end words go to it, the notice to the others.
    pub fn kick(&mut self, name: Name) -> Result<Outgoing<'_, A>, KickError> {
        self.plan.clear();
        let index = self.members.named(&name).ok_or(KickError::NotIn(name))?;
        self.say_end_to(index);
        let event = self.remove(index, LeaveReason::Kicked);
        Ok(self.outgoing(event))
    }

    /// Closes the room for good: every member gets the end words, and whatever comes afterwards is dropped.
    pub fn shutdown(&mut self) -> Outgoing<'_, A> {
        self.plan.clear();
        for word in self.config.dialect.ends().iter() {
            self.plan
                .reply(&self.config.dialect, &Reply::<Reason<'_>>::End { word }, To::All);
        }
        let everybody = self.members.clear();
        let members = everybody.len();
        self.stats.members = 0;
        self.stats.datagrams_out += self.plan.datagrams(members);
        let members_then = self.closed.insert(everybody);
        Outgoing {
            event: Event::Closed { members },
            plan: &self.plan,
            members: members_then,
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called; `None`: not before something else happens.
    /// Perhaps earlier than anything is due, never later.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.members.next_deadline()
    }

    /// Who is in, and from where.
    pub fn members(&self) -> impl Iterator<Item = (Name, A)> + '_ {
        self.members.iter()
    }

    /// What was counted so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// What the server was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn outgoing<'a>(&'a mut self, event: Event<'a, A>) -> Outgoing<'a, A> {
        self.stats.members = self.members.len() as u64;
        self.stats.datagrams_out += self.plan.datagrams(self.members.len());
        Outgoing {
            event,
            plan: &self.plan,
            members: self.members.addresses(),
        }
    }

    fn dialect(&self) -> &Dialect {
        &self.config.dialect
    }

    fn receive<'d>(&mut self, now: Timestamp, from: A, datagram: &'d [u8]) -> Event<'d, A> {
        if self.closed.is_some() {
            return self.dropped(from, DropReason::Closed);
        }
        let sender = self.members.at_address(from);
        if let Some((member, _)) = sender.and_then(|index| self.members.get_mut(index)) {
            member.last_heard = member.last_heard.max(now);
            member.suspect = false;
        }
        match Request::decode(datagram, self.dialect()) {
            Ok(Request::Login { name, .. }) => self.login(now, from, sender, name),
            Ok(Request::Chat { name, text }) => self.chat(now, from, sender, name, text),
            Ok(Request::Quit { name }) => self.quit(from, sender, Some(name)),
            Err(error) => self.unreadable(now, from, sender, error),
        }
    }

    fn login(&mut self, now: Timestamp, from: A, sender: Option<usize>, name: Name) -> Event<'static, A> {
        let owner = self.members.named(&name);
        if sender.is_some() && owner == sender {
            self.stats.repeated_logins += 1;
            self.plan
                .reply(&self.config.dialect, &Reply::<Reason<'_>>::Success, To::One(from));
            return Event::StillIn { name, peer: from };
        }
        if self.config.is_reserved(&name) {
            return self.refused(from, Refusal::Reserved);
        }
        if let Some(owner) = owner {
            let event = self.refused(from, Refusal::NameTaken);
            self.probe_for_another(now, owner);
            return event;
        }
        if sender.is_none() && self.is_full(from) {
            return self.refused(from, Refusal::RoomFull);
        }

        self.stats.logins += 1;
        self.plan
            .reply(&self.config.dialect, &Reply::<Reason<'_>>::Success, To::One(from));
        let (index, replaced) = match sender {
            Some(index) => (index, self.members.rename(index, name)),
            None => (self.members.insert(name, from, now), None),
        };
        if let Some(before) = replaced {
            self.stats.count_leave(LeaveReason::Quit);
            let notice = Delivery::<Text<'_>>::Left { name: before };
            self.plan.delivery(&self.config.dialect, &notice, To::AllBut(index));
        }
        let notice = Delivery::<Text<'_>>::Joined { name };
        self.plan.delivery(&self.config.dialect, &notice, To::AllBut(index));
        Event::Joined {
            name,
            peer: from,
            replaced,
        }
    }

    fn is_full(&self, from: A) -> bool {
        let members = self.members.len() as u64;
        let neighbours = self.members.in_network(from.network());
        self.config
            .max_members
            .is_some_and(|most| members >= u64::from(most.get()))
            || self
                .config
                .max_members_per_network
                .is_some_and(|most| neighbours >= most.get())
    }

    fn chat<'d>(&mut self, now: Timestamp, from: A, sender: Option<usize>, name: Name, text: Text<'d>) -> Event<'d, A> {
        let Some(index) = sender else {
            return self.refused(from, Refusal::NotLoggedIn);
        };
        if self.members.get(index).is_none_or(|(member, _)| member.name != name) {
            return self.line_refused(now, index, Refusal::NotYourName);
        }
        self.stats.messages += 1;
        self.plan
            .delivery(&self.config.dialect, &Delivery::Said { name, text }, To::AllBut(index));
        Event::Said { name, text }
    }

    /// A quit is always answered: receivers in use wait for the end word. It removes the sender and nobody else.
    fn quit(&mut self, from: A, sender: Option<usize>, name: Option<Name>) -> Event<'static, A> {
        for word in self.config.dialect.ends().iter() {
            self.plan
                .reply(&self.config.dialect, &Reply::<Reason<'_>>::End { word }, To::One(from));
        }
        let own = sender.filter(|&index| {
            self.members
                .get(index)
                .is_some_and(|(member, _)| Some(member.name) == name)
        });
        match own {
            Some(index) => self.remove(index, LeaveReason::Quit),
            None => Event::NotIn { name, peer: from },
        }
    }

    /// A datagram that is no request. One that begins like a request is answered as such, all else is dropped.
    fn unreadable(&mut self, now: Timestamp, from: A, sender: Option<usize>, error: DecodeError) -> Event<'static, A> {
        let Some(verb) = error.verb() else {
            return self.dropped(from, DropReason::NotARequest);
        };
        match (verb, sender) {
            (Verb::Login, _) => self.refused(from, Refusal::BadName),
            (Verb::Quit, _) => self.quit(from, sender, None),
            (Verb::Chat, None) => self.refused(from, Refusal::NotLoggedIn),
            (Verb::Chat, Some(index)) => {
                let refusal = match error.kind() {
                    DecodeErrorKind::TooLong { .. } | DecodeErrorKind::Text(TextError::TooLong { .. }) => {
                        Refusal::TooLong
                    }
                    DecodeErrorKind::Text(TextError::Control { .. }) => Refusal::ControlCharacter,
                    DecodeErrorKind::Name(_) => Refusal::NotYourName,
                    _ => return self.dropped(from, DropReason::NotARequest),
                };
                self.line_refused(now, index, refusal)
            }
        }
    }

    fn refused(&mut self, from: A, refusal: Refusal) -> Event<'static, A> {
        self.stats.refusals.count(refusal);
        let reason = refusal.reason(self.config.dialect.language());
        self.plan.reply(
            &self.config.dialect,
            &Reply::Refused { reason: Some(reason) },
            To::One(from),
        );
        Event::Refused { peer: from, refusal }
    }

    /// Refuses a member's line, or drops it when the member was told of a refusal just now.
    fn line_refused(&mut self, now: Timestamp, index: usize, refusal: Refusal) -> Event<'static, A> {
        let Some((member, from)) = self.members.get_mut(index) else {
            return Event::Nothing;
        };
        if member
            .last_refusal
            .is_some_and(|last| now.millis_since(last) < REFUSAL_INTERVAL_MILLIS)
        {
            return self.dropped(from, DropReason::RefusedAlready);
        }
        member.last_refusal = Some(now);
        self.refused(from, refusal)
    }

    fn dropped(&mut self, from: A, reason: DropReason) -> Event<'static, A> {
        self.stats.count_drop(reason);
        Event::Dropped { peer: from, reason }
    }

    fn unreachable(&mut self, now: Timestamp, index: usize) -> Event<'static, A> {
        let Some((member, peer)) = self.members.get_mut(index) else {
            return Event::Nothing;
        };
        if member.suspect {
            return self.remove(index, LeaveReason::Unreachable);
        }
        member.suspect = true;
        let name = member.name;
        self.probe(now, index);
        Event::Probed { name, peer }
    }

    /// Somebody else wants the name of the member at `index`: ask whether that member is still there.
    fn probe_for_another(&mut self, now: Timestamp, index: usize) {
        let last = self.members.get(index).and_then(|(member, _)| member.last_probe);
        if last.is_none_or(|last| now.millis_since(last) >= PROBE_INTERVAL_MILLIS) {
            self.probe(now, index);
        }
    }

    fn probe(&mut self, now: Timestamp, index: usize) {
        if let Some((member, peer)) = self.members.get_mut(index) {
            member.last_probe = Some(now);
            self.stats.probes += 1;
            let text = self.config.dialect.language().probe();
            let question = Delivery::Said {
                name: self.config.operator,
                text,
            };
            self.plan.delivery(&self.config.dialect, &question, To::One(peer));
        }
    }

    fn say_end_to(&mut self, index: usize) {
        if let Some((_, peer)) = self.members.get(index) {
            for word in self.config.dialect.ends().iter() {
                self.plan
                    .reply(&self.config.dialect, &Reply::<Reason<'_>>::End { word }, To::One(peer));
            }
        }
    }

    /// Takes a member out and tells the others.
    fn remove(&mut self, index: usize, reason: LeaveReason) -> Event<'static, A> {
        let Some((name, peer)) = self.members.remove(index) else {
            return Event::Nothing;
        };
        self.stats.count_leave(reason);
        self.plan
            .delivery(&self.config.dialect, &Delivery::<Text<'_>>::Left { name }, To::All);
        Event::Left { name, peer, reason }
    }
}
