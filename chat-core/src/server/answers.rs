//! Answers to one sender, and questions to one member: PROTOCOL.md, rules 1, 4, 5 and 8.

use core::time::Duration;

use chat_proto::{Delivery, Refusal, Reply, Text};

use super::event::{DropReason, Event};
use super::outgoing::To;
use super::{Call, Server};
use crate::peer::Peer;

/// The shortest time between two refusals of a member's lines (rule 5).
const REFUSAL_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest time between two probes of a member whose name is wanted (rule 8).
const PROBE_INTERVAL: Duration = Duration::from_secs(5);

impl<A: Peer> Server<A> {
    /// Sends the end words that go with a member's success word, or without a member all in use.
    pub(super) fn say_end(&mut self, member: Option<usize>, to: To<A>) {
        let own = |index| *self.words.of(&self.members, Some(index)).ends();
        let ends = member.map_or(self.words.all_ends, own);
        for word in ends.iter() {
            self.reply(member, &Reply::End { word }, to);
        }
    }

    /// Answers with a refusal, or drops a stranger's request that finds no replies left.
    pub(super) fn refused(&mut self, call: Call<A>, refusal: Refusal) -> Event<'static, A> {
        let peer = call.from;
        if call.sender.is_none() && !self.take_stranger_replies(1) {
            return self.dropped(peer, DropReason::ReplyRate);
        }
        self.stats.refusals.count(refusal);
        let reason = Some(refusal.reason(self.config.dialect.language()));
        self.reply(call.sender, &Reply::Refused { reason }, To::One(peer));
        Event::Refused { peer, refusal }
    }

    /// Refuses a member's line, or drops it when the last refusal was less than a second ago.
    pub(super) fn line_refused(
        &mut self,
        call: Call<A>,
        index: usize,
        refusal: Refusal,
    ) -> Event<'static, A> {
        let member = self.members.get_mut(index);
        if self.now < member.quiet_until {
            return self.dropped(call.from, DropReason::RefusedAlready);
        }
        member.quiet_until = self.now.plus(REFUSAL_INTERVAL);
        self.refused(call, refusal)
    }

    pub(super) fn dropped(&mut self, peer: A, reason: DropReason) -> Event<'static, A> {
        self.stats.count_drop(reason);
        Event::Dropped { peer, reason }
    }

    /// Asks the plain owner of a wanted name whether it is still there, if it was not asked lately.
    pub(super) fn probe_owner(&mut self, owner: usize) {
        if self.members.get(owner).unprobed_until <= self.now {
            self.probe(owner);
        }
    }

    /// Asks a member whether it is still there (rule 8).
    pub(super) fn probe(&mut self, index: usize) {
        self.members.get_mut(index).unprobed_until = self.now.plus(PROBE_INTERVAL);
        self.stats.probes += 1;
        self.say_to(index, self.config.dialect.language().probe());
    }

    /// Sends a member a line of the operator.
    pub(super) fn say_to(&mut self, index: usize, text: Text<'_>) {
        let name = self.config.operator;
        let to = To::One(self.members.address(index));
        self.deliver(&Delivery::Said { name, text }, to);
    }

    /// Sends a reply in the dialect of a member, or in that of strangers.
    pub(super) fn reply(&mut self, member: Option<usize>, reply: &Reply<'_>, to: To<A>) {
        let dialect = self.words.of(&self.members, member);
        self.plan.push(to, |buffer| reply.encode(dialect, buffer));
    }

    pub(super) fn deliver(&mut self, delivery: &Delivery<'_>, to: To<A>) {
        let dialect = &self.config.dialect;
        self.plan
            .push(to, |buffer| delivery.encode(dialect, buffer));
    }
}
