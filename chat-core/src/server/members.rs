//! Who is in: a dense table of addresses for sending, and ordered maps for finding.

use alloc::collections::btree_map::Entry;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use chat_proto::Name;

use super::look_alike::Looks;
use super::place::Place;
use super::silent::SilentList;
use crate::peer::Peer;
use crate::rate::Bucket;
use crate::time::Timestamp;

/// What is known of a member beside its address.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: Name,
    pub(super) last_heard: Timestamp,
    /// Before this moment no refused line is answered.
    pub(super) quiet_until: Timestamp,
    /// Before this moment nobody else's login causes a probe.
    pub(super) unprobed_until: Timestamp,
    /// Reported unreachable and probed since anything was heard.
    pub(super) suspect: bool,
    pub(super) lines: Bucket,
    pub(super) bytes: Bucket,
    looks: Looks,
    /// Under which deadline it stands in `deadlines`, when there is an idle limit: never later
    /// than `last_heard` and the limit.
    deadline: Timestamp,
}

/// The members. `addresses`, `entries` and `silent` run in parallel; leaving moves the last member
/// into the gap, so that the table stays dense and a leave costs the same in a room of any size.
pub(super) struct Members<A: Peer> {
    addresses: Vec<A>,
    entries: Vec<Member>,
    by_address: BTreeMap<A, Place>,
    /// By each of the forms that a name has for the eye: no two members share one.
    by_looks: BTreeMap<u64, Place>,
    per_network: BTreeMap<A::Network, u32>,
    /// Idle deadlines, earliest first. A member that was heard since is put back with a later one
    /// only when its turn comes: hearing a member costs nothing here.
    deadlines: BTreeSet<(Timestamp, A)>,
    idle_limit_millis: Option<u64>,
    silent: SilentList,
    silent_limit: Option<u64>,
    /// How many bytes each member has been sent that was there from the beginning.
    traffic: u64,
}

impl<A: Peer> Members<A> {
    pub(super) fn new(idle_limit_millis: Option<u64>, silent_limit: Option<u64>) -> Self {
        Self {
            addresses: Vec::new(),
            entries: Vec::new(),
            by_address: BTreeMap::new(),
            by_looks: BTreeMap::new(),
            per_network: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            idle_limit_millis,
            silent: SilentList::default(),
            silent_limit,
            traffic: 0,
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

    pub(super) fn iter_with_looks(&self) -> impl Iterator<Item = (Name, Looks, A)> + '_ {
        self.entries
            .iter()
            .zip(&self.addresses)
            .map(|(member, &address)| (member.name, member.looks, address))
    }

    pub(super) fn at_address(&self, address: A) -> Option<usize> {
        self.by_address.get(&address).map(|place| place.index())
    }

    pub(super) fn named(&self, name: &Name) -> Option<usize> {
        let index = self.like(Looks::of(name))?;
        (self.entries.get(index)?.name == *name).then_some(index)
    }

    /// The member whose name looks like that.
    pub(super) fn like(&self, looks: Looks) -> Option<usize> {
        looks
            .keys()
            .find_map(|key| self.by_looks.get(&key))
            .map(|place| place.index())
    }

    /// Whether a member other than the one at `index` has a name that looks like that; which.
    pub(super) fn other_like(&self, looks: Looks, index: Option<usize>) -> Option<usize> {
        looks
            .keys()
            .filter_map(|key| Some(self.by_looks.get(&key)?.index()))
            .find(|&other| Some(other) != index)
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

    /// Adds a member; the caller has seen to it that neither the name, nor one like it, nor the
    /// address is in, and that there are less than [`MAX_MEMBERS`](super::place::MAX_MEMBERS).
    /// Returns its index.
    pub(super) fn insert(&mut self, name: Name, looks: Looks, address: A, now: Timestamp) -> usize {
        let index = self.len();
        self.stands_at(index, looks, address);
        *self.per_network.entry(address.network()).or_insert(0) += 1;
        let deadline = self.idle_limit_millis.map(|limit| now.plus_millis(limit));
        self.deadlines
            .extend(deadline.map(|deadline| (deadline, address)));
        let is_silent = self.silent_limit.is_some() && !address.is_private();
        self.silent.push(is_silent, self.traffic);
        self.addresses.push(address);
        self.entries.push(Member {
            name,
            last_heard: now,
            quiet_until: Timestamp::default(),
            unprobed_until: Timestamp::default(),
            suspect: false,
            lines: Bucket::default(),
            bytes: Bucket::default(),
            looks,
            deadline: deadline.unwrap_or_default(),
        });
        index
    }

    /// Gives the member at `index` another name, which no other has. Returns the name it had.
    pub(super) fn rename(&mut self, index: usize, name: Name, looks: Looks) -> Option<Name> {
        let member = self.entries.get_mut(index)?;
        let before = core::mem::replace(&mut member.name, name);
        for key in member.looks.keys() {
            self.by_looks.remove(&key);
        }
        member.looks = looks;
        let address = *self.addresses.get(index)?;
        self.stands_at(index, looks, address);
        Some(before)
    }

    /// The member at `index` has said something.
    pub(super) fn spoke(&mut self, index: usize) {
        self.silent.spoke(index);
    }

    /// Takes the member at `index` out.
    pub(super) fn remove(&mut self, index: usize) -> Option<(Name, A)> {
        if index >= self.len() {
            return None;
        }
        self.silent.swap_remove(index);
        let address = self.addresses.swap_remove(index);
        let member = self.entries.swap_remove(index);
        self.by_address.remove(&address);
        for key in member.looks.keys() {
            self.by_looks.remove(&key);
        }
        self.deadlines.remove(&(member.deadline, address));
        if let Entry::Occupied(mut count) = self.per_network.entry(address.network()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        if let Some((moved, moved_address)) = self.get(index) {
            self.stands_at(index, moved.looks, moved_address);
        }
        Some((member.name, address))
    }

    /// Where to find the member with these looks and this address.
    fn stands_at(&mut self, index: usize, looks: Looks, address: A) {
        if let Some(place) = Place::new(index) {
            self.by_looks.extend(looks.keys().map(|key| (key, place)));
            self.by_address.insert(address, place);
        }
    }

    /// Everybody leaves. Returns the addresses.
    pub(super) fn clear(&mut self) -> Vec<A> {
        let addresses = core::mem::take(&mut self.addresses);
        *self = Self::new(self.idle_limit_millis, self.silent_limit);
        addresses
    }

    /// So many bytes go to every member (but perhaps the one that caused them).
    pub(super) fn count_traffic(&mut self, bytes: u64) {
        self.traffic = self.traffic.saturating_add(bytes);
    }

    /// A member that has said nothing for as much traffic as the limit.
    pub(super) fn overdue_silent(&self) -> Option<usize> {
        let (index, before) = self.silent.first()?;
        let due = self.traffic.saturating_sub(before) >= self.silent_limit?;
        due.then_some(index)
    }

    /// When the first member may have been idle for too long: never too late, perhaps too early.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// A member that has been idle for as long as the limit. Deadlines that lie behind are brought
    /// up to date.
    pub(super) fn idle(&mut self, now: Timestamp) -> Option<usize> {
        let limit = self.idle_limit_millis?;
        while let Some(&(deadline, address)) = self
            .deadlines
            .first()
            .filter(|(deadline, _)| *deadline <= now)
        {
            let index = self.at_address(address)?;
            let member = self.entries.get_mut(index)?;
            // At least a millisecond from now: time that went backwards cannot make this loop stay.
            let due = member.last_heard.plus_millis(limit);
            if due <= now {
                return Some(index);
            }
            self.deadlines.remove(&(deadline, address));
            self.deadlines.insert((due, address));
            member.deadline = due;
        }
        None
    }
}
