//! Bans of networks and names: PROTOCOL.md, rule 15.

use alloc::collections::BTreeMap;
use core::num::NonZeroU32;

use chat_proto::Name;
use thiserror::Error;

use super::confusable::Skeletons;
use crate::time::Timestamp;

/// The target of a ban: networks or a name.
///
/// With the feature `serde`: `{"address": "192.0.2.1"}` for one network,
/// `{"networks": {"first": …, "last": …}}` for several, or `{"name": "bob"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "Written<N>", from = "Written<N>"))]
#[non_exhaustive]
pub enum BanTarget<N: Copy + Ord> {
    /// A range of networks, as [`Peer::network`](crate::Peer::network) gives them.
    Networks {
        /// The first network.
        first: N,
        /// The last one: `first` for a single network.
        last: N,
    },
    /// A name and all names that are confusable with it (PROTOCOL.md, "Names that look alike").
    Name(Name),
}

/// A ban: a target and an end.
///
/// With the feature `serde`: `{"name": "bob", "until": 60000}`, by the clock of this run of the
/// program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ban<N: Copy + Ord> {
    /// The networks or the name.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub target: BanTarget<N>,
    /// The first moment at which it no longer holds; `None`: it holds until it is taken back.
    pub until: Option<Timestamp>,
}

/// The reason for which a ban was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BanError {
    /// There are as many bans as [`Config::max_bans`](crate::Config::max_bans).
    #[error("there are {most} bans already, and no more can be kept: take one back first")]
    TooMany {
        /// The limit.
        most: NonZeroU32,
    },
}

/// The written form of a [`BanTarget`].
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Written<N> {
    Address(N),
    Networks { first: N, last: N },
    Name(Name),
}

#[cfg(feature = "serde")]
impl<N: Copy + Ord> From<BanTarget<N>> for Written<N> {
    fn from(target: BanTarget<N>) -> Self {
        match target {
            BanTarget::Networks { first, last } if first == last => Self::Address(first),
            BanTarget::Networks { first, last } => Self::Networks { first, last },
            BanTarget::Name(name) => Self::Name(name),
        }
    }
}

#[cfg(feature = "serde")]
impl<N: Copy + Ord> From<Written<N>> for BanTarget<N> {
    fn from(written: Written<N>) -> Self {
        match written {
            Written::Address(network) => Self::Networks {
                first: network,
                last: network,
            },
            Written::Networks { first, last } => Self::Networks { first, last },
            Written::Name(name) => Self::Name(name),
        }
    }
}

/// A target as members are compared with it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pattern<N> {
    Networks { first: N, last: N },
    Confusable(Skeletons),
}

impl<N: Copy + Ord> Pattern<N> {
    pub(super) fn of(target: BanTarget<N>) -> Self {
        match target {
            BanTarget::Networks { first, last } => Self::Networks { first, last },
            BanTarget::Name(name) => Self::Confusable(Skeletons::of(&name)),
        }
    }

    pub(super) fn hits(self, skeletons: Skeletons, network: N) -> bool {
        match self {
            Self::Networks { first, last } => (first..=last).contains(&network),
            Self::Confusable(banned) => banned.confusable_with(skeletons),
        }
    }
}

/// A bounded table of bans, searched from one end to the other: there are few, and neither ranges
/// nor confusable names have an order. One that has ended is removed when its place is needed.
#[derive(Debug)]
pub(super) struct Bans<N: Copy + Ord> {
    most: NonZeroU32,
    bans: BTreeMap<BanTarget<N>, (Pattern<N>, Option<Timestamp>)>,
}

impl<N: Copy + Ord> Bans<N> {
    pub(super) fn new(most: NonZeroU32) -> Self {
        Self {
            most,
            bans: BTreeMap::new(),
        }
    }

    /// Adds a ban, or gives the one with the same target another end.
    pub(super) fn add(&mut self, now: Timestamp, ban: Ban<N>) -> Result<(), BanError> {
        self.remove_ended(now);
        let is_full = self.bans.len() >= self.most.get() as usize;
        if is_full && !self.bans.contains_key(&ban.target) {
            return Err(BanError::TooMany { most: self.most });
        }
        let pattern = Pattern::of(ban.target);
        self.bans.insert(ban.target, (pattern, ban.until));
        Ok(())
    }

    /// Removes the ban of exactly these networks, or of every name that is confusable with this
    /// one; `false` when there is none.
    pub(super) fn remove(&mut self, now: Timestamp, target: BanTarget<N>) -> bool {
        self.remove_ended(now);
        let before = self.bans.len();
        match Pattern::of(target) {
            Pattern::Networks { .. } => drop(self.bans.remove(&target)),
            Pattern::Confusable(name) => self.bans.retain(|_, (pattern, _)| match pattern {
                Pattern::Confusable(banned) => !banned.confusable_with(name),
                Pattern::Networks { .. } => true,
            }),
        }
        self.bans.len() < before
    }

    /// Returns the bans that hold at `now`: of networks, then of names.
    pub(super) fn iter(&self, now: Timestamp) -> impl Iterator<Item = Ban<N>> + '_ {
        let bans = self.bans.iter();
        bans.map(|(&target, &(_, until))| Ban { target, until })
            .filter(move |ban| holds(ban.until, now))
    }

    pub(super) fn hit(&self, now: Timestamp, skeletons: Skeletons, network: N) -> bool {
        let mut bans = self.bans.values();
        bans.any(|&(pattern, until)| holds(until, now) && pattern.hits(skeletons, network))
    }

    fn remove_ended(&mut self, now: Timestamp) {
        self.bans.retain(|_, (_, until)| holds(*until, now));
    }
}

fn holds(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_none_or(|until| now < until)
}
