//! The members: a dense table of addresses for sending, ordered maps for finding, and deadlines.
// An index comes from this table's own maps and is used before the table changes.
#![allow(clippy::indexing_slicing)]

use alloc::collections::btree_map::Entry;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use chat_proto::{Id, Name};

use super::confusable::Skeletons;
use crate::peer::Peer;
use crate::rate::Bucket;
use crate::time::Timestamp;

/// A member, without its address.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: Name,
    pub(super) skeletons: Skeletons,
    pub(super) last_heard: Timestamp,
    /// The moment until which refused lines are not answered.
    pub(super) quiet_until: Timestamp,
    /// The moment until which logins under this name cause no probe.
    pub(super) unprobed_until: Timestamp,
    /// Reported unreachable and probed since the last datagram.
    pub(super) suspect: bool,
    /// The token of its session; `None` for a plain member.
    pub(super) session: Option<Id>,
    pub(super) lines: Bucket,
    pub(super) bytes: Bucket,
    /// The place of its dialect in `Words`.
    pub(super) dialect: u8,
    /// The moment of the last answer to its login.
    pub(super) answered: Timestamp,
    /// A request other than a login has shown that it understood that answer.
    pub(super) understood: bool,
    /// The key in `Members::deadlines`, never later than `last_heard` plus the limit.
    deadline: Option<Timestamp>,
    /// The key in `Members::silent`, until the first line.
    silent_since: Option<u64>,
}

/// The members, in a table without gaps: leaving moves the last member into the gap, so it costs
/// the same in a room of any size. `addresses` and `entries` run in parallel, and the plain members
/// come first, so that a delivery to them is a slice.
pub(super) struct Members<A: Peer> {
    addresses: Vec<A>,
    /// The number of plain members.
    plain: usize,
    entries: Vec<Member>,
    by_address: BTreeMap<A, usize>,
    /// By each skeleton of a name; no two members share one.
    by_skeleton: BTreeMap<u64, usize>,
    per_network: BTreeMap<A::Network, u32>,
    idle_limit: Option<Duration>,
    /// Idle deadlines. A datagram does not move its sender's, which is checked when it comes.
    deadlines: BTreeSet<(Timestamp, A)>,
    silent_limit: Option<u64>,
    /// The members that never spoke and whose address may be forged, by the value of `traffic` at
    /// their login.
    silent: BTreeSet<(u64, A)>,
    /// Bytes sent so far to a member that was in from the beginning.
    traffic: u64,
}

impl<A: Peer> Members<A> {
    pub(super) fn new(idle_limit: Option<Duration>, silent_limit: Option<u64>) -> Self {
        Self {
            addresses: Vec::new(),
            plain: 0,
            entries: Vec::new(),
            by_address: BTreeMap::new(),
            by_skeleton: BTreeMap::new(),
            per_network: BTreeMap::new(),
            idle_limit,
            deadlines: BTreeSet::new(),
            silent_limit,
            silent: BTreeSet::new(),
            traffic: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.addresses.len()
    }

    /// Returns the addresses of the plain members.
    pub(super) fn plain(&self) -> &[A] {
        &self.addresses[..self.plain]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Member, A)> + '_ {
        self.entries.iter().zip(self.addresses.iter().copied())
    }

    pub(super) fn get(&self, index: usize) -> &Member {
        &self.entries[index]
    }

    pub(super) fn get_mut(&mut self, index: usize) -> &mut Member {
        &mut self.entries[index]
    }

    pub(super) fn address(&self, index: usize) -> A {
        self.addresses[index]
    }

    /// Finds the member at `address`.
    pub(super) fn at(&self, address: A) -> Option<usize> {
        self.by_address.get(&address).copied()
    }

    /// Finds the member with exactly this name.
    pub(super) fn named(&self, name: Name) -> Option<usize> {
        let index = self.confusable_with(Skeletons::of(&name), &[])?;
        (self.get(index).name == name).then_some(index)
    }

    /// Finds a member other than `except` whose name has one of these skeletons.
    pub(super) fn confusable_with(
        &self,
        skeletons: Skeletons,
        except: &[Option<usize>],
    ) -> Option<usize> {
        let keys = skeletons.0.iter();
        let mut found = keys.filter_map(|key| self.by_skeleton.get(key));
        found
            .find(|&&index| !except.contains(&Some(index)))
            .copied()
    }

    /// Counts the members of a network.
    pub(super) fn in_network(&self, network: A::Network) -> u32 {
        self.per_network.get(&network).copied().unwrap_or(0)
    }

    /// Adds a plain member, or one with a session, and returns its index. Neither the address nor a
    /// confusable name may be in.
    pub(super) fn insert(
        &mut self,
        now: Timestamp,
        address: A,
        name: Name,
        skeletons: Skeletons,
        session: Option<Id>,
    ) -> usize {
        let mut index = self.len();
        let is_plain = session.is_none();
        let deadline = self.idle_limit.filter(|_| is_plain);
        let deadline = deadline.map(|limit| now.plus(limit));
        self.deadlines.extend(deadline.map(|due| (due, address)));
        let counts_silence = is_plain && self.silent_limit.is_some() && address.may_be_forged();
        let silent_since = counts_silence.then_some(self.traffic);
        self.silent
            .extend(silent_since.map(|since| (since, address)));
        *self.per_network.entry(address.network()).or_insert(0) += 1;
        self.addresses.push(address);
        self.entries.push(Member {
            name,
            skeletons,
            last_heard: now,
            quiet_until: Timestamp::default(),
            unprobed_until: Timestamp::default(),
            suspect: false,
            session,
            lines: Bucket::default(),
            bytes: Bucket::default(),
            dialect: 0,
            answered: now,
            understood: false,
            deadline,
            silent_since,
        });
        self.set_index(index);
        if is_plain {
            self.swap(index, self.plain);
            index = self.plain;
            self.plain += 1;
        }
        index
    }

    /// Moves a member with a session to another address and returns the former one.
    pub(super) fn relocate(&mut self, index: usize, address: A) -> A {
        let former = core::mem::replace(&mut self.addresses[index], address);
        self.by_address.remove(&former);
        self.by_address.insert(address, index);
        self.leave_network(former.network());
        *self.per_network.entry(address.network()).or_insert(0) += 1;
        former
    }

    fn leave_network(&mut self, network: A::Network) {
        if let Entry::Occupied(mut count) = self.per_network.entry(network) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// Exchanges the places of two members in the table.
    fn swap(&mut self, one: usize, other: usize) {
        self.addresses.swap(one, other);
        self.entries.swap(one, other);
        self.set_index(one);
        self.set_index(other);
    }

    /// Gives a member another name and returns the former one. No other member may have a
    /// confusable name.
    pub(super) fn rename(&mut self, index: usize, name: Name, skeletons: Skeletons) -> Name {
        let member = &mut self.entries[index];
        for skeleton in member.skeletons.0 {
            self.by_skeleton.remove(&skeleton);
        }
        let former = core::mem::replace(&mut member.name, name);
        member.skeletons = skeletons;
        self.set_index(index);
        former
    }

    /// Notes a datagram of a member.
    pub(super) fn heard(&mut self, now: Timestamp, index: usize) {
        let member = &mut self.entries[index];
        member.last_heard = member.last_heard.max(now);
        member.suspect = false;
    }

    /// Notes a line of a member: it is no longer silent.
    pub(super) fn spoke(&mut self, index: usize) {
        if let Some(since) = self.entries[index].silent_since.take() {
            self.silent.remove(&(since, self.addresses[index]));
        }
    }

    /// Removes a member and returns its name and address.
    pub(super) fn remove(&mut self, mut index: usize) -> (Name, A) {
        self.spoke(index);
        if index < self.plain {
            self.plain -= 1;
            self.swap(index, self.plain);
            index = self.plain;
        }
        let address = self.addresses.swap_remove(index);
        let member = self.entries.swap_remove(index);
        self.by_address.remove(&address);
        for skeleton in member.skeletons.0 {
            self.by_skeleton.remove(&skeleton);
        }
        if let Some(deadline) = member.deadline {
            self.deadlines.remove(&(deadline, address));
        }
        self.leave_network(address.network());
        if index < self.len() {
            self.set_index(index);
        }
        (member.name, address)
    }

    /// Points both maps at `index` for the member that is there now.
    fn set_index(&mut self, index: usize) {
        self.by_address.insert(self.addresses[index], index);
        for skeleton in self.entries[index].skeletons.0 {
            self.by_skeleton.insert(skeleton, index);
        }
    }

    /// Removes all members and returns the addresses of the plain ones.
    pub(super) fn clear(&mut self) -> Vec<A> {
        let mut addresses = core::mem::take(&mut self.addresses);
        addresses.truncate(self.plain);
        *self = Self::new(self.idle_limit, self.silent_limit);
        addresses
    }

    /// Adds `bytes` to the total that was sent to every member.
    pub(super) fn count_traffic(&mut self, bytes: u64) {
        self.traffic = self.traffic.saturating_add(bytes);
    }

    /// Finds a member that never spoke and has been sent as many bytes as the limit.
    pub(super) fn overdue_silent(&self) -> Option<usize> {
        let &(since, address) = self.silent.first()?;
        let overdue = self.traffic - since >= self.silent_limit?;
        overdue.then(|| self.index_of(address))
    }

    /// Finds a member that was idle for as long as the limit. Moves the deadlines of members that
    /// were heard since.
    pub(super) fn overdue_idle(&mut self, now: Timestamp) -> Option<usize> {
        let limit = self.idle_limit?;
        while let Some(&(deadline, address)) = self.deadlines.first()
            && deadline <= now
        {
            let index = self.index_of(address);
            let member = &mut self.entries[index];
            // A moved deadline is later than `now`, so the loop ends.
            let due = member.last_heard.plus(limit);
            if due <= now {
                return Some(index);
            }
            member.deadline = Some(due);
            self.deadlines.remove(&(deadline, address));
            self.deadlines.insert((due, address));
        }
        None
    }

    /// Returns a moment before which no member reaches the idle limit.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    fn index_of(&self, address: A) -> usize {
        self.at(address)
            .expect("a deadline is removed with its member")
    }
}
