//! Seats, rates and the reasons to refuse a name: PROTOCOL.md, rules 11 to 13 and 15.

use chat_proto::{Name, Refusal};

use super::Server;
use super::confusable::{Skeletons, has_stray_marks};
use crate::peer::Peer;

impl<A: Peer> Server<A> {
    /// Checks the name of a login or hello by the reasons of rule 15, in their order. The members
    /// `except` count neither for the name nor for the seats. The owner of a name that is taken
    /// stands beside the refusal.
    pub(super) fn admit(
        &self,
        from: A,
        name: Option<Name>,
        except: &[Option<usize>],
    ) -> Result<(Name, Skeletons), (Refusal, Option<usize>)> {
        let name = name.filter(|name| !has_stray_marks(name));
        let name = name.ok_or((Refusal::BadName, None))?;
        if self.reserved.covers(&name) {
            return Err((Refusal::Reserved, None));
        }
        let skeletons = Skeletons::of(&name);
        if self.bans.hit(self.now, skeletons, from.network()) {
            return Err((Refusal::Banned, None));
        }
        if let Some(owner) = self.members.confusable_with(skeletons, except) {
            return Err((Refusal::NameTaken, Some(owner)));
        }
        if self.is_full(from, except) {
            return Err((Refusal::RoomFull, None));
        }
        Ok((name, skeletons))
    }

    /// Returns `true` when there is no seat for one more, if `except` had none.
    pub(super) fn is_full(&self, from: A, except: &[Option<usize>]) -> bool {
        let network = from.network();
        let others = || except.iter().flatten();
        let is_near = |&&index: &&usize| self.members.address(index).network() == network;
        let members = self.members.len() - others().count();
        let neighbours =
            self.members.in_network(network) as usize - others().filter(is_near).count();
        let max = self.config.max_members;
        let max_per_network = self.config.max_members_per_network;
        max.is_some_and(|max| members >= max.get() as usize)
            || max_per_network.is_some_and(|max| neighbours >= max.get() as usize)
    }

    /// Takes a login from the bucket of the sender's network (rule 12).
    pub(super) fn take_login(&mut self, from: A) -> bool {
        let (rate, network) = (self.config.network_logins, from.network());
        rate.is_none_or(|rate| self.network_logins.take(self.now, network, rate))
    }

    /// Takes a line of `len` bytes from the member's buckets, or nothing from either (rule 11).
    /// A member that sends one is in by its own account, so its search for words ends (rule 1).
    pub(super) fn take_line(&mut self, index: usize, len: usize) -> bool {
        let (lines, bytes) = (self.config.member_lines, self.config.member_bytes);
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        let member = self.members.get_mut(index);
        member.understood = true;
        if !lines.is_none_or(|rate| member.lines.take(self.now, rate, 1)) {
            return false;
        }
        let taken = bytes.is_none_or(|rate| member.bytes.take(self.now, rate, len));
        if !taken {
            member.lines.give_back(1);
        }
        taken
    }

    /// Takes `replies` from the bucket that all strangers share (rule 13).
    pub(super) fn take_stranger_replies(&mut self, replies: usize) -> bool {
        let replies = u32::try_from(replies).unwrap_or(u32::MAX);
        let rate = self.config.stranger_replies;
        rate.is_none_or(|rate| self.stranger_replies.take(self.now, rate, replies))
    }
}
