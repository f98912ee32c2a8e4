//! The room: PROTOCOL.md, "Rules of the server". Every call and every transition is in this file.
//!
//! The states of a member, with the numbers of the rules:
//!
//! ```text
//! stranger ──login (1)──▶ silent ──first line (3)──▶ heard
//!
//! silent, heard ──reported unreachable: is asked (8)──▶ suspect
//! suspect ──any datagram (8)──▶ silent or heard, as before
//!
//! silent ──traffic limit (14)──────────────────────────────────────────▶ gone
//! suspect ──reported unreachable again (8)─────────────────────────────▶ gone
//! all ──own quit (4), idle limit (9), closing (10), ban (15), kick (16)─▶ gone
//! ```

mod answers;
mod bans;
mod config;
mod confusable;
mod event;
mod limits;
mod members;
mod outgoing;
mod sessions;
mod stats;
mod tokens;
mod words;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::num::NonZeroU64;
use core::time::Duration;

use chat_proto::{
    DecodeErrorKind, Delivery, Id, Name, Refusal, Reply, Request, Text, TextError, Verb,
    is_session_datagram,
};
use thiserror::Error;

use self::bans::{Bans, Pattern};
use self::confusable::{Reserved, Skeletons};
use self::members::{Member, Members};
use self::outgoing::{Plan, To};
use self::tokens::{Scope, Sessions};
use self::words::Words;
use crate::peer::Peer;
use crate::rate::{Bucket, Buckets};
use crate::time::Timestamp;

pub use self::bans::{Ban, BanError, BanTarget};
pub use self::config::Config;
#[cfg(feature = "serde")]
pub(crate) use self::config::off;
pub use self::event::{DropReason, Event, LeaveReason};
pub use self::outgoing::{Outgoing, Recipients, Transmit};
pub use self::stats::{RefusalCounts, Stats};
pub use self::tokens::SessionConfig;

/// The room.
///
/// The [crate's documentation](crate) shows the shape of its calls. [`Config::max_members`],
/// [`Config::tracked_networks`] and [`Config::max_bans`] bound its memory.
pub struct Server<A: Peer> {
    config: Config,
    words: Words,
    reserved: Reserved,
    bans: Bans<A::Network>,
    /// The members that a ban hit when it was added. Only a ban can hit a member, because a login
    /// that a ban hits is refused.
    banned: BTreeSet<A>,
    members: Members<A>,
    sessions: Option<Sessions<A>>,
    /// The sessions that the present call gives something to send.
    scope: Scope,
    /// The number of the first entry that the present call added to the log.
    first_entry: u64,
    network_logins: Buckets<A::Network>,
    stranger_replies: Bucket,
    plan: Plan<A>,
    stats: Stats,
    /// The time of the present call, or of the last one.
    now: Timestamp,
    /// The addresses of the last members, once the room is closed.
    closed: Option<Vec<A>>,
}

/// The reason for which no member was kicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KickError {
    /// No member has exactly this name.
    #[error("no member is called {0}")]
    NotIn(Name),
}

/// The datagram that is being handled.
#[derive(Clone, Copy)]
struct Call<A> {
    from: A,
    /// The index of the member at `from`.
    sender: Option<usize>,
    /// Bytes of the datagram.
    len: usize,
}

impl<A: Peer> core::fmt::Debug for Server<A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Server")
            .field("config", &self.config)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl<A: Peer> Server<A> {
    /// Creates an empty room.
    pub fn new(config: Config) -> Self {
        let idle_limit = config.idle_limit_seconds;
        let idle_limit = idle_limit.map(|seconds| Duration::from_secs(seconds.get().into()));
        let silent_limit = config.silent_traffic_bytes.map(NonZeroU64::get);
        Self {
            words: Words::new(&config),
            reserved: Reserved::new(config.reserved.iter().chain([&config.operator])),
            bans: Bans::new(config.max_bans),
            banned: BTreeSet::new(),
            members: Members::new(idle_limit, silent_limit),
            sessions: config
                .sessions
                .map(|sessions| Sessions::new(sessions, &config.dialect)),
            scope: Scope::Nothing,
            first_entry: 1,
            network_logins: Buckets::new(config.tracked_networks),
            stranger_replies: Bucket::default(),
            plan: Plan::new(),
            stats: Stats::default(),
            now: Timestamp::default(),
            closed: None,
            config,
        }
    }

    /// Handles a datagram from `from`.
    ///
    /// Give it the whole datagram, or at least the first 1,201 bytes: one longer than
    /// [`MAX_SESSION_DATAGRAM`](chat_proto::MAX_SESSION_DATAGRAM) is too long in any case.
    pub fn handle<'a>(
        &'a mut self,
        now: Timestamp,
        from: A,
        datagram: &'a [u8],
    ) -> Outgoing<'a, A> {
        self.begin(now);
        let event = self.receive(from, datagram);
        self.outgoing(event)
    }

    /// Removes at most one member: one that was idle or silent for too long, that a ban hits (rules
    /// 9, 14 and 15), or whose session was not heard. Sends what is due to sessions. Call it again
    /// while [`poll_timeout`](Self::poll_timeout) is not later than `now`; at any other time it
    /// does nothing.
    pub fn handle_timeout(&mut self, now: Timestamp) -> Outgoing<'_, A> {
        self.begin(now);
        let sessions = self.sessions.as_ref();
        if sessions.is_some_and(|it| it.next_due().is_some_and(|due| due <= now)) {
            self.scope = Scope::ALL;
        }
        let event = match self.overdue() {
            Some((index, reason)) => self.expel(index, reason, None),
            None => Event::Nothing,
        };
        self.outgoing(event)
    }

    /// Handles the network's report that `peer` is unreachable: an ICMP message (rule 8).
    ///
    /// The first report sends the member a question. A second one, without a datagram from the
    /// member in between, removes it. Reports about other addresses do nothing.
    pub fn handle_unreachable(&mut self, now: Timestamp, peer: A) -> Outgoing<'_, A> {
        self.begin(now);
        let event = match self.members.at(peer) {
            Some(index) if self.members.get(index).session.is_some() => Event::Nothing,
            Some(index) if self.members.get(index).suspect => {
                self.leave(index, LeaveReason::Unreachable)
            }
            Some(index) => {
                self.members.get_mut(index).suspect = true;
                self.probe(index);
                let name = self.members.get(index).name;
                Event::Probed { name, peer }
            }
            None => Event::Nothing,
        };
        self.outgoing(event)
    }

    /// Removes the member at `peer`, such as one whose connection was closed, and tells the others
    /// but not the member. Does nothing when there is none.
    pub fn remove(&mut self, now: Timestamp, peer: A, reason: LeaveReason) -> Outgoing<'_, A> {
        self.begin(now);
        let member = self.members.at(peer);
        let event = member.map_or(Event::Nothing, |index| self.leave(index, reason));
        self.outgoing(event)
    }

    /// Sends `text` to all members as a line of the operator (rule 7).
    pub fn announce<'a>(&'a mut self, now: Timestamp, text: Text<'a>) -> Outgoing<'a, A> {
        self.begin(now);
        self.stats.announcements += 1;
        let name = self.config.operator;
        self.append(&Delivery::Said { name, text }, To::All);
        self.outgoing(Event::Announced { name, text })
    }

    /// Removes a member: the end words go to it, the notice to the others (rule 16). A `reason` is
    /// sent to the member first, as a line of the operator.
    ///
    /// # Errors
    ///
    /// [`KickError::NotIn`] when no member has exactly this name.
    pub fn kick(
        &mut self,
        now: Timestamp,
        name: Name,
        reason: Option<Text<'_>>,
    ) -> Result<Outgoing<'_, A>, KickError> {
        self.begin(now);
        let index = self.members.named(name).ok_or(KickError::NotIn(name))?;
        let event = self.expel(index, LeaveReason::Kicked, reason);
        Ok(self.outgoing(event))
    }

    /// Bans `target` until the moment `until`, or until [`unban`](Self::unban) (rule 15). The ban
    /// of the same networks or name, if there is one, gets this end.
    ///
    /// Logins that the ban hits are refused from now on. [`handle_timeout`](Self::handle_timeout)
    /// removes the members that it hits, and [`poll_timeout`](Self::poll_timeout) asks for that at
    /// once. A ban that has ended or was taken back before that removes no member.
    ///
    /// # Errors
    ///
    /// [`BanError::TooMany`] when there are as many bans as [`Config::max_bans`].
    pub fn ban(
        &mut self,
        now: Timestamp,
        target: BanTarget<A::Network>,
        until: Option<Timestamp>,
    ) -> Result<(), BanError> {
        self.now = now;
        self.bans.add(now, Ban { target, until })?;
        let hit: Vec<A> = self.members_hit_by(target).map(|(_, peer)| peer).collect();
        self.banned.extend(hit);
        Ok(())
    }

    /// Takes back the ban of exactly these networks, or of every name that is confusable with this
    /// one. Returns `false` when there is none at `now`.
    pub fn unban(&mut self, now: Timestamp, target: BanTarget<A::Network>) -> bool {
        self.now = now;
        self.bans.remove(now, target)
    }

    /// Closes the room for good: every member gets the end words (rule 10), and all later
    /// datagrams are dropped.
    pub fn shutdown(&mut self, now: Timestamp) -> Outgoing<'_, A> {
        self.begin(now);
        self.say_end(None, To::All);
        self.banned.clear();
        let members = self.members.len();
        self.close_sessions();
        self.closed = Some(self.members.clear());
        self.outgoing(Event::Closed { members })
    }

    /// Returns the moment at which to call [`handle_timeout`](Self::handle_timeout), perhaps too
    /// early and never too late; `None`: not before another call. "At once" is the time of the
    /// last call.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        if !self.banned.is_empty() || self.members.overdue_silent().is_some() {
            return Some(self.now);
        }
        let sessions = self.sessions.as_ref().and_then(Sessions::next_due);
        let sessions = sessions.map(|due| due.max(self.now));
        let deadlines = [sessions, self.members.next_deadline()];
        deadlines.into_iter().flatten().min()
    }

    /// Returns the members and their addresses, in an unspecified order.
    pub fn members(&self) -> impl Iterator<Item = (Name, A)> + '_ {
        let members = self.members.iter();
        members.map(|(member, address)| (member.name, address))
    }

    /// Returns `true` when the member at `peer` has a session.
    pub fn has_session(&self, peer: A) -> bool {
        let index = self.members.at(peer);
        index.is_some_and(|index| self.members.get(index).session.is_some())
    }

    /// Returns the members that a ban of `target` would hit. Looks at every member.
    pub fn members_hit_by(
        &self,
        target: BanTarget<A::Network>,
    ) -> impl Iterator<Item = (Name, A)> + '_ {
        let pattern = Pattern::of(target);
        let hit = move |member: &Member, peer: A| pattern.hits(member.skeletons, peer.network());
        let members = self.members.iter();
        members.filter_map(move |(member, peer)| hit(member, peer).then_some((member.name, peer)))
    }

    /// Returns the bans that hold at `now`. A ban ends without a call and without a deadline in
    /// [`poll_timeout`](Self::poll_timeout), because nothing has to be sent then.
    pub fn bans(&self, now: Timestamp) -> impl Iterator<Item = Ban<A::Network>> + '_ {
        self.bans.iter(now)
    }

    /// Returns the counts since the room was created.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Returns the options that the room was created with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn begin(&mut self, now: Timestamp) {
        self.now = now;
        self.plan.clear();
        self.scope = Scope::Nothing;
        if let Some(sessions) = &mut self.sessions {
            sessions.begin();
            self.first_entry = sessions.log.next();
        }
        // Only the call that closes the room reaches its last members.
        self.closed.as_mut().map(Vec::clear);
    }

    fn outgoing<'a>(&'a mut self, event: Event<'a, A>) -> Outgoing<'a, A> {
        self.members.count_traffic(self.plan.broadcast_bytes());
        self.stats.members = self.members.len() as u64;
        self.stats.sessions = (self.members.len() - self.members.plain().len()) as u64;
        let members = self.closed.as_deref();
        let members = members.unwrap_or(self.members.plain());
        self.stats.datagrams_out += self.plan.datagrams(members.len());
        Outgoing {
            event,
            plan: &self.plan,
            members,
            sessions: self.sessions.as_mut(),
            scope: self.scope,
            first_entry: self.first_entry,
            stats: &mut self.stats,
            now: self.now,
        }
    }

    fn receive<'d>(&mut self, from: A, datagram: &'d [u8]) -> Event<'d, A> {
        self.stats.datagrams_in += 1;
        if self.closed.is_some() {
            return self.dropped(from, DropReason::Closed);
        }
        if self.sessions.is_some() && is_session_datagram(datagram) {
            return self.receive_session(from, datagram);
        }
        let sender = self.members.at(from);
        if let Some(index) = sender {
            if self.members.get(index).session.is_some() {
                return self.dropped(from, DropReason::InSession);
            }
            self.members.heard(self.now, index);
        }
        let len = datagram.len();
        let call = Call { from, sender, len };
        match Request::decode(datagram, self.words.of(&self.members, sender)) {
            Ok(Request::Login { name, .. }) => self.login(call, Some(name)),
            Ok(Request::Chat { name, text }) => self.chat(call, Ok((name, text))),
            Ok(Request::Quit { name }) => self.quit(call, Some(name)),
            Err(error) => match Verb::of(datagram, &self.config.dialect) {
                Some(Verb::Login) => self.login(call, None),
                Some(Verb::Chat) => self.chat(call, Err(error.kind())),
                Some(Verb::Quit) => self.quit(call, None),
                None => self.dropped(from, DropReason::NotARequest),
            },
        }
    }

    /// Handles a login; `None` stands for a name that cannot be read.
    fn login(&mut self, call: Call<A>, name: Option<Name>) -> Event<'static, A> {
        let Call { from, sender, .. } = call;
        let has_it = |&index: &usize| name == Some(self.members.get(index).name);
        if let (Some(name), Some(index)) = (name, sender.filter(has_it)) {
            self.stats.repeated_logins += 1;
            self.words.search(self.now, self.members.get_mut(index));
            self.reply(sender, &Reply::Success, To::One(from));
            return Event::StillIn { name, peer: from };
        }
        if !self.take_login(from) {
            return self.dropped(from, DropReason::LoginRate);
        }
        let (name, skeletons) = match self.admit(from, name, &[sender]) {
            Ok(admitted) => admitted,
            Err((refusal, owner)) => {
                let event = self.refused(call, refusal);
                let is_plain = |&index: &usize| self.members.get(index).session.is_none();
                // The source of a plain login is not proved, so it has no session asked.
                if let Some(owner) = owner.filter(is_plain) {
                    self.probe_owner(owner);
                }
                return event;
            }
        };
        self.reply(sender, &Reply::Success, To::One(from));
        match sender {
            Some(index) => {
                let replaced = Some(self.rename(index, name, skeletons));
                self.members.get_mut(index).answered = self.now;
                self.stats.logins += 1;
                Event::Joined {
                    name,
                    peer: from,
                    replaced,
                }
            }
            None => self.enter(from, name, skeletons, None),
        }
    }

    /// Lets a member in, plain or with a session, and tells the others.
    fn enter(
        &mut self,
        peer: A,
        name: Name,
        skeletons: Skeletons,
        session: Option<Id>,
    ) -> Event<'static, A> {
        self.stats.logins += 1;
        let now = self.now;
        let index = self.members.insert(now, peer, name, skeletons, session);
        let others = self.others(index);
        self.append(&Delivery::Joined { name }, others);
        Event::Joined {
            name,
            peer,
            replaced: None,
        }
    }

    /// Gives a member another name, tells the others, and returns the former name.
    fn rename(&mut self, index: usize, name: Name, skeletons: Skeletons) -> Name {
        let former = self.members.rename(index, name, skeletons);
        self.stats.count_leave(LeaveReason::Quit);
        let others = self.others(index);
        self.append(&Delivery::Left { name: former }, others);
        self.append(&Delivery::Joined { name }, others);
        former
    }

    /// Moves the member of a session to another address.
    fn relocate(&mut self, index: usize, address: A) {
        let former = self.members.relocate(index, address);
        if self.banned.remove(&former) {
            self.banned.insert(address);
        }
    }

    /// Returns the plain members but this one.
    fn others(&self, index: usize) -> To<A> {
        match self.members.get(index).session {
            Some(_) => To::All,
            None => To::AllBut(index),
        }
    }

    fn is_banned(&self, peer: A) -> bool {
        let index = self.members.at(peer);
        let skeletons = index.map(|index| self.members.get(index).skeletons);
        skeletons.is_some_and(|it| self.bans.hit(self.now, it, peer.network()))
    }

    /// Handles a line, or the error of one that does not decode.
    fn chat<'d>(
        &mut self,
        call: Call<A>,
        line: Result<(Name, Text<'d>), DecodeErrorKind>,
    ) -> Event<'d, A> {
        let Some(index) = call.sender else {
            return self.refused(call, Refusal::NotLoggedIn);
        };
        let name = self.members.get(index).name;
        let text = match line {
            Ok((given, text)) if given == name => Ok(text),
            Ok(_) | Err(DecodeErrorKind::Name(_)) => Err(Refusal::NotYourName),
            Err(
                DecodeErrorKind::TooLong { .. } | DecodeErrorKind::Text(TextError::TooLong { .. }),
            ) => Err(Refusal::TooLong),
            Err(DecodeErrorKind::Text(TextError::Control { .. })) => Err(Refusal::ControlCharacter),
            Err(_) => return self.dropped(call.from, DropReason::NotARequest),
        };
        if !self.take_line(index, call.len) {
            return self.line_refused(call, index, Refusal::TooFast);
        }
        match text {
            Err(refusal) => self.line_refused(call, index, refusal),
            Ok(text) => {
                self.members.spoke(index);
                self.say(name, text, To::AllBut(index));
                Event::Said { name, text }
            }
        }
    }

    /// Adds a member's line to the room.
    fn say(&mut self, name: Name, text: Text<'_>, others: To<A>) {
        self.stats.messages += 1;
        self.append(&Delivery::Said { name, text }, others);
    }

    /// Answers a quit, also one that removes no member: existing clients wait for the end word.
    /// Such a quit counts as a line of a member, or as answers to a stranger.
    fn quit(&mut self, call: Call<A>, name: Option<Name>) -> Event<'static, A> {
        match call.sender {
            Some(index) if name == Some(self.members.get(index).name) => {
                return self.expel(index, LeaveReason::Quit, None);
            }
            Some(index) if !self.take_line(index, 0) => {
                return self.line_refused(call, index, Refusal::TooFast);
            }
            None if !self.take_stranger_replies(self.words.all_ends.iter().count()) => {
                return self.dropped(call.from, DropReason::ReplyRate);
            }
            _ => {}
        }
        self.say_end(call.sender, To::One(call.from));
        Event::NotIn {
            name,
            peer: call.from,
        }
    }

    /// Finds a member that has to go. Bans that no longer hit their member are forgotten.
    fn overdue(&mut self) -> Option<(usize, LeaveReason)> {
        while let Some(peer) = self.banned.pop_first() {
            let index = self.members.at(peer).expect("removed with its member");
            let skeletons = self.members.get(index).skeletons;
            if self.bans.hit(self.now, skeletons, peer.network()) {
                return Some((index, LeaveReason::Kicked));
            }
        }
        if let Some(index) = self.members.overdue_silent() {
            return Some((index, LeaveReason::Silent));
        }
        if let Some(index) = self.unheard_session() {
            return Some((index, LeaveReason::Parked));
        }
        Some((self.members.overdue_idle(self.now)?, LeaveReason::Idle))
    }

    /// Removes a member: `text` of the operator and the end go to it, the notice to the others
    /// (rules 4, 9, 14 to 16).
    fn expel(
        &mut self,
        index: usize,
        reason: LeaveReason,
        text: Option<Text<'_>>,
    ) -> Event<'static, A> {
        match self.members.get(index).session {
            Some(token) => self.end_session(token, reason, text),
            None => {
                if let Some(text) = text {
                    self.say_to(index, text);
                }
                self.say_end(Some(index), To::One(self.members.address(index)));
            }
        }
        self.leave(index, reason)
    }

    /// Removes a member and tells the others.
    fn leave(&mut self, index: usize, reason: LeaveReason) -> Event<'static, A> {
        if let Some(token) = self.members.get(index).session {
            self.park_token(token);
        }
        let (name, peer) = self.members.remove(index);
        self.banned.remove(&peer);
        self.stats.count_leave(reason);
        self.append(&Delivery::Left { name }, To::All);
        Event::Left { name, peer, reason }
    }

    /// Adds an entry to the log, which hands it to the sessions, and to the plain members `to`.
    fn append(&mut self, entry: &Delivery<'_>, to: To<A>) {
        if let Some(sessions) = &mut self.sessions {
            sessions.append(self.now, entry);
            self.scope = Scope::ALL;
        }
        self.deliver(entry, to);
    }
}
