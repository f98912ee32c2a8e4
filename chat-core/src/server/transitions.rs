//! Every transition of the room: PROTOCOL.md, "Rules of the server". The calls that lead here are
//! in `room.rs`.

use chat_proto::{
    DecodeError, DecodeErrorKind, Delivery, Dialect, Name, Reason, Refusal, Reply, Request, Text,
    TextError, Verb,
};

use super::event::{DropReason, Event, LeaveReason};
use super::look_alike::{Looks, has_stray_marks};
use super::outgoing::To;
use super::place::MAX_MEMBERS;
use super::room::Server;
use crate::peer::Peer;
use crate::time::Timestamp;

/// A member is told of a refused line at most once in this time.
const REFUSAL_INTERVAL_MILLIS: u64 = 1_000;
/// Logins under a member's name make the room ask that member at most once in this time.
const PROBE_INTERVAL_MILLIS: u64 = 5_000;

impl<A: Peer> Server<A> {
    fn dialect(&self) -> &Dialect {
        &self.config.dialect
    }

    pub(super) fn receive<'d>(
        &mut self,
        now: Timestamp,
        from: A,
        datagram: &'d [u8],
    ) -> Event<'d, A> {
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
            Ok(Request::Chat { name, text }) => {
                self.chat(now, from, sender, datagram.len(), (name, text))
            }
            Ok(Request::Quit { name }) => self.quit(now, from, sender, Some(name)),
            Err(error) => self.unreadable(now, from, sender, datagram.len(), error),
        }
    }

    /// A login that is repeated is answered whatever else holds; any other first has to be within
    /// its network's rate.
    fn login(
        &mut self,
        now: Timestamp,
        from: A,
        sender: Option<usize>,
        name: Name,
    ) -> Event<'static, A> {
        let own_name =
            sender.and_then(|index| self.members.get(index).map(|(member, _)| member.name));
        if own_name == Some(name) {
            self.stats.repeated_logins += 1;
            self.plan.reply(
                &self.config.dialect,
                &Reply::<Reason<'_>>::Success,
                To::One(from),
            );
            return Event::StillIn { name, peer: from };
        }
        if !self.takes_login(now, from) {
            return self.dropped(from, DropReason::LoginRate);
        }
        if has_stray_marks(&name) {
            return self.refused(now, from, sender, Refusal::BadName);
        }
        if self.reserved.covers(&name) {
            return self.refused(now, from, sender, Refusal::Reserved);
        }
        let looks = Looks::of(&name);
        if self.bans.hits_network(now, from.network()) || self.bans.hits_name(now, looks) {
            return self.refused(now, from, sender, Refusal::Banned);
        }
        if let Some(owner) = self.members.other_like(looks, sender) {
            let event = self.refused(now, from, sender, Refusal::NameTaken);
            self.probe_for_another(now, owner);
            return event;
        }
        if sender.is_none() && self.is_full(from) {
            return self.refused(now, from, sender, Refusal::RoomFull);
        }

        self.stats.logins += 1;
        self.plan.reply(
            &self.config.dialect,
            &Reply::<Reason<'_>>::Success,
            To::One(from),
        );
        let (index, replaced) = match sender {
            Some(index) => (index, self.members.rename(index, name, looks)),
            None => (self.members.insert(name, looks, from, now), None),
        };
        if let Some(before) = replaced {
            self.stats.count_leave(LeaveReason::Quit);
            let notice = Delivery::<Text<'_>>::Left { name: before };
            self.plan
                .delivery(&self.config.dialect, &notice, To::AllBut(index));
        }
        let notice = Delivery::<Text<'_>>::Joined { name };
        self.plan
            .delivery(&self.config.dialect, &notice, To::AllBut(index));
        Event::Joined {
            name,
            peer: from,
            replaced,
        }
    }

    fn is_full(&self, from: A) -> bool {
        let members = self.members.len() as u64;
        let neighbours = self.members.in_network(from.network());
        let most = self
            .config
            .max_members
            .map_or(MAX_MEMBERS, |most| most.get().min(MAX_MEMBERS));
        members >= u64::from(most)
            || self
                .config
                .max_members_per_network
                .is_some_and(|most| neighbours >= most.get())
    }

    fn chat<'d>(
        &mut self,
        now: Timestamp,
        from: A,
        sender: Option<usize>,
        len: usize,
        (name, text): (Name, Text<'d>),
    ) -> Event<'d, A> {
        let Some(index) = sender else {
            return self.refused(now, from, None, Refusal::NotLoggedIn);
        };
        if !self.takes_line(now, index, len) {
            return self.line_refused(now, index, Refusal::TooFast);
        }
        if self
            .members
            .get(index)
            .is_none_or(|(member, _)| member.name != name)
        {
            return self.line_refused(now, index, Refusal::NotYourName);
        }
        self.members.spoke(index);
        self.stats.messages += 1;
        self.plan.delivery(
            &self.config.dialect,
            &Delivery::Said { name, text },
            To::AllBut(index),
        );
        Event::Said { name, text }
    }

    /// A quit is answered: receivers in use wait for the end word. It removes the sender and nobody
    /// else. What removes nobody counts as a line of a member, as answers of a stranger.
    fn quit(
        &mut self,
        now: Timestamp,
        from: A,
        sender: Option<usize>,
        name: Option<Name>,
    ) -> Event<'static, A> {
        let own = sender.filter(|&index| {
            self.members
                .get(index)
                .is_some_and(|(member, _)| Some(member.name) == name)
        });
        let words = self.config.dialect.ends().iter().count();
        if own.is_none() {
            match sender {
                Some(index) if !self.takes_line(now, index, 0) => {
                    return self.line_refused(now, index, Refusal::TooFast);
                }
                None if !self.answers_stranger(now, words) => {
                    return self.dropped(from, DropReason::ReplyRate);
                }
                _ => {}
            }
        }
        self.say_end_to(from);
        match own {
            Some(index) => self.remove(index, LeaveReason::Quit),
            None => Event::NotIn { name, peer: from },
        }
    }

    /// A datagram that is no request. One that begins like a request is answered as such, all else
    /// is dropped.
    fn unreadable(
        &mut self,
        now: Timestamp,
        from: A,
        sender: Option<usize>,
        len: usize,
        error: DecodeError,
    ) -> Event<'static, A> {
        let Some(verb) = error.verb() else {
            return self.dropped(from, DropReason::NotARequest);
        };
        match (verb, sender) {
            (Verb::Login, _) if !self.takes_login(now, from) => {
                self.dropped(from, DropReason::LoginRate)
            }
            (Verb::Login, _) => self.refused(now, from, sender, Refusal::BadName),
            (Verb::Quit, _) => self.quit(now, from, sender, None),
            (Verb::Chat, None) => self.refused(now, from, None, Refusal::NotLoggedIn),
            (Verb::Chat, Some(index)) => {
                let refusal = match error.kind() {
                    DecodeErrorKind::TooLong { .. }
                    | DecodeErrorKind::Text(TextError::TooLong { .. }) => Refusal::TooLong,
                    DecodeErrorKind::Text(TextError::Control { .. }) => Refusal::ControlCharacter,
                    DecodeErrorKind::Name(_) => Refusal::NotYourName,
                    _ => return self.dropped(from, DropReason::NotARequest),
                };
                if !self.takes_line(now, index, len) {
                    return self.line_refused(now, index, Refusal::TooFast);
                }
                self.line_refused(now, index, refusal)
            }
        }
    }

    /// Whether the network of `from` may log in once more now.
    fn takes_login(&mut self, now: Timestamp, from: A) -> bool {
        let rate = self.config.network_logins;
        rate.is_none_or(|rate| self.login_rates.take(now, from.network(), rate))
    }

    /// Whether the member at `index` may say `len` bytes more now. A line that is refused costs
    /// nothing.
    fn takes_line(&mut self, now: Timestamp, index: usize, len: usize) -> bool {
        let (lines, bytes) = (self.config.member_lines, self.config.member_bytes);
        let Some((member, _)) = self.members.get_mut(index) else {
            return false;
        };
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        if !lines.is_none_or(|rate| member.lines.take(now, rate, 1)) {
            return false;
        }
        let taken = bytes.is_none_or(|rate| member.bytes.take(now, rate, len));
        if !taken && lines.is_some() {
            member.lines.give_back(1);
        }
        taken
    }

    /// Whether strangers may have so many answers more now.
    fn answers_stranger(&mut self, now: Timestamp, answers: usize) -> bool {
        let answers = u32::try_from(answers).unwrap_or(u32::MAX);
        let rate = self.config.stranger_replies;
        rate.is_none_or(|rate| self.stranger_replies.take(now, rate, answers))
    }

    /// Answers a refused request, unless it is a stranger's and strangers have had their answers.
    fn refused(
        &mut self,
        now: Timestamp,
        from: A,
        sender: Option<usize>,
        refusal: Refusal,
    ) -> Event<'static, A> {
        if sender.is_none() && !self.answers_stranger(now, 1) {
            return self.dropped(from, DropReason::ReplyRate);
        }
        self.stats.refusals.count(refusal);
        let reason = refusal.reason(self.config.dialect.language());
        self.plan.reply(
            &self.config.dialect,
            &Reply::Refused {
                reason: Some(reason),
            },
            To::One(from),
        );
        Event::Refused {
            peer: from,
            refusal,
        }
    }

    /// Refuses a member's line, or drops it when the member was told of a refusal just now.
    fn line_refused(
        &mut self,
        now: Timestamp,
        index: usize,
        refusal: Refusal,
    ) -> Event<'static, A> {
        let Some((member, from)) = self.members.get_mut(index) else {
            return Event::Nothing;
        };
        if now < member.quiet_until {
            return self.dropped(from, DropReason::RefusedAlready);
        }
        member.quiet_until = now.plus_millis(REFUSAL_INTERVAL_MILLIS);
        self.refused(now, from, Some(index), refusal)
    }

    fn dropped(&mut self, from: A, reason: DropReason) -> Event<'static, A> {
        self.stats.count_drop(reason);
        Event::Dropped { peer: from, reason }
    }

    pub(super) fn unreachable(&mut self, now: Timestamp, index: usize) -> Event<'static, A> {
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

    /// Somebody else wants the name of the member at `index`: ask whether that member is still
    /// there.
    fn probe_for_another(&mut self, now: Timestamp, index: usize) {
        if self
            .members
            .get(index)
            .is_some_and(|(member, _)| member.unprobed_until <= now)
        {
            self.probe(now, index);
        }
    }

    fn probe(&mut self, now: Timestamp, index: usize) {
        if let Some((member, peer)) = self.members.get_mut(index) {
            member.unprobed_until = now.plus_millis(PROBE_INTERVAL_MILLIS);
            self.stats.probes += 1;
            let text = self.config.dialect.language().probe();
            let question = Delivery::Said {
                name: self.config.operator,
                text,
            };
            self.plan
                .delivery(&self.config.dialect, &question, To::One(peer));
        }
    }

    /// What is due: a member that has to be removed, if there is one.
    pub(super) fn time_out(&mut self, now: Timestamp) -> Event<'static, A> {
        let silent = self
            .members
            .overdue_silent()
            .map(|index| (index, LeaveReason::Silent));
        match silent.or_else(|| {
            self.members
                .idle(now)
                .map(|index| (index, LeaveReason::Idle))
        }) {
            Some((index, reason)) => self.expel(index, reason),
            None => Event::Nothing,
        }
    }

    /// Tells the member at `index`, and nobody else, why it has to go.
    pub(super) fn explain(&mut self, index: usize, reason: Option<Text<'_>>) {
        if let (Some(text), Some((_, peer))) = (reason, self.members.get(index)) {
            let line = Delivery::Said {
                name: self.config.operator,
                text,
            };
            self.plan
                .delivery(&self.config.dialect, &line, To::One(peer));
        }
    }

    /// Takes a member out that did not ask for it: the end words go to it, the notice to the
    /// others.
    pub(super) fn expel(&mut self, index: usize, reason: LeaveReason) -> Event<'static, A> {
        if let Some((_, peer)) = self.members.get(index) {
            self.say_end_to(peer);
        }
        self.remove(index, reason)
    }

    fn say_end_to(&mut self, peer: A) {
        for word in self.config.dialect.ends().iter() {
            self.plan.reply(
                &self.config.dialect,
                &Reply::<Reason<'_>>::End { word },
                To::One(peer),
            );
        }
    }

    /// Takes a member out and tells the others.
    fn remove(&mut self, index: usize, reason: LeaveReason) -> Event<'static, A> {
        let Some((name, peer)) = self.members.remove(index) else {
            return Event::Nothing;
        };
        self.stats.count_leave(reason);
        self.plan.delivery(
            &self.config.dialect,
            &Delivery::<Text<'_>>::Left { name },
            To::All,
        );
        Event::Left { name, peer, reason }
    }
}
