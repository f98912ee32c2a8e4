//! Who is in: a dense table of addresses for sending, and ordered maps for finding.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use chat_proto::Name;

use crate::peer::Peer;
use crate::time::Timestamp;

/// What is known of a member beside its address.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: Name,
    pub(super) last_heard: Timestamp,
    pub(super) last_refusal: Option<Timestamp>,
    /// When somebody else's login last caused a probe.
    pub(super) last_probe: Option<Timestamp>,
    /// Reported unreachable and probed since anything was heard.
    pub(super) suspect: bool,
    /// Under which deadline it stands in `deadlines`: never later than `last_heard` and the idle limit.
    deadline: Option<Timestamp>,
}

/// The members. `addresses` and `entries` run in parallel; leaving moves the last member into the gap, so that the
/// table stays dense and a leave costs the same in a room of any size.
pub(super) struct Members<A: Peer> {
    addresses: Vec<A>,
    entries: Vec<Member>,
    by_address: BTreeMap<A, usize>,
    by_name: BTreeMap<Name, usize>,
    per_network: BTreeMap<A::Network, u32>,
    /// Idle deadlines, earliest first. A member that was heard since is put back with a later one only when its turn
    /// comes: hearing a member costs nothing here.
    deadlines: BTreeSet<(Timestamp, Name)>,
    idle_limit_millis: Option<u64>,
}

impl<A: Peer> Members<A> {
    pub(super) fn new(idle_limit_millis: Option<u64>) -> Self {
        Self {
            addresses: Vec::new(),
            entries: Vec::new(),
            by_address: BTreeMap::new(),
            by_name: BTreeMap::new(),
            per_network: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            idle_limit_millis,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.addresses.len()
    }

    pub(super) fn addresses(&self) -> &[A] {
        &self.addresses
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Name, A)> + '_ {
        self.entries
            .iter()
            .zip(&self.addresses)
            .map(|(member, &address)| (member.name, address))
    }

    pub(super) fn at_address(&self, address: A) -> Option<usize> {
        self.by_address.get(&address).copied()
    }

    pub(super) fn named(&self, name: &Name) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(super) fn get(&self, index: usize) -> Option<(&Member, A)> {
        Some((self.entries.get(index)?, *self.addresses.get(index)?))
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<(&mut Member, A)> {
        Some((self.entries.get_mut(index)?, *self.addresses.get(index)?))
    }

    pub(super) fn in_network(&self, network: A::Network) -> u32 {
        self.per_network.get(&network).copied().unwrap_or(0)
    }

    /// Adds a member; the caller has seen to it that neither the name nor the address is in. Returns its place.
    pub(super) fn insert(&mut self, name: Name, address: A, now: Timestamp) -> usize {
        let index = self.len();
        self.by_name.insert(name, index);
        self.by_address.insert(address, index);
        *self.per_network.entry(address.network()).or_insert(0) += 1;
        let deadline = self.idle_limit_millis.map(|limit| now.plus_millis(limit));
        self.deadlines.extend(deadline.map(|deadline| (deadline, name)));
        self.addresses.push(address);
        self.entries.push(Member {
            name,
            last_heard: now,
            last_refusal: None,
            last_probe: None,
            suspect: false,
            deadline,
        });
        index
    }

    /// Gives the member at `index` another name, which nobody has. Returns the name it had.
    pub(super) fn rename(&mut self, index: usize, name: Name) -> Option<Name> {
        let member = self.entries.get_mut(index)?;
        let before = core::mem::replace(&mut member.name, name);
        self.by_name.remove(&before);
        self.by_name.insert(name, index);
        if let Some(deadline) = member.deadline {
            self.deadlines.remove(&(deadline, before));
            self.deadlines.insert((deadline, name));
        }
        Some(before)
    }

    /// Takes the member at `index` out.
    pub(super) fn remove(&mut self, index: usize) -> Option<(Name, A)> {
        if index >= self.len() {
            return None;
        }
        let address = self.addresses.swap_remove(index);
        let member = self.entries.swap_remove(index);
        self.by_address.remove(&address);
        self.by_name.remove(&member.name);
        self.deadlines
            .remove(&(member.deadline.unwrap_or_default(), member.name));
        let network = address.network();
        if let Some(count) = self.per_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.per_network.remove(&network);
            }
        }
        if let (Some(moved), Some(moved_address)) = (self.entries.get(index), self.addresses.get(index)) {
            self.by_name.insert(moved.name, index);
            self.by_address.insert(*moved_address, index);
        }
        Some((member.name, address))
    }

    /// Takes everybody out and returns their addresses.
    pub(super) fn clear(&mut self) -> Vec<A> {
        let emptied = core::mem::replace(self, Self::new(self.idle_limit_millis));
        emptied.addresses
    }

    /// The earliest idle deadline: perhaps too early, never too late.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    /// The place of a member that has been idle for the limit, if there is one. Members heard since their deadline
    /// was set get a later one.
    pub(super) fn idle(&mut self, now: Timestamp) -> Option<usize> {
        let limit = self.idle_limit_millis?;
        while let Some(&(deadline, name)) = self.deadlines.first().filter(|(deadline, _)| *deadline <= now) {
            let index = self.named(&name)?;
            let member = self.entries.get_mut(index)?;
            // At least a millisecond from now: time that went backwards cannot make this loop stay.
            let due = member.last_heard.plus_millis(limit);
            if due <= now {
                return Some(index);
            }
            self.deadlines.remove(&(deadline, name));
            self.deadlines.insert((due, name));
            member.deadline = Some(due);
        }
        None
    }
}
