//! Who may not log in: a table with a bounded number of bans.

use alloc::collections::BTreeMap;
use core::num::NonZeroU32;

use chat_proto::Name;
use thiserror::Error;

use super::look_alike::Looks;
use crate::peer::Peer;
use crate::time::Timestamp;

/// Whom a ban is about.
///
/// With the feature `serde`: `{"network": "192.0.2.1:5000"}`, where addresses are socket addresses,
/// or `{"name": "bob"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum BanTarget<A> {
    /// Everybody in the [network](Peer::network) of this address.
    Network(A),
    /// Whoever logs in with this name, or with one that looks like it (PROTOCOL.md, "Names that
    /// look alike").
    Name(Name),
}

/// A ban that stands.
///
/// With the feature `serde`: `{"target": {"name": "bob"}, "until": 60000}`. Without `until` it has
/// no end; the moments are those of the clock that the room was told, which another run of the
/// program may not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Ban<A> {
    /// Whom it is about, as it was given.
    pub target: BanTarget<A>,
    /// From when on it is over; `None`: it stays until it is taken back.
    pub until: Option<Timestamp>,
}

/// Why somebody was not banned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BanError {
    /// There are as many bans as [`Config::max_bans`](crate::Config::max_bans).
    #[error("there are {most} bans already, and no more can be kept: take one back first")]
    TooMany {
        /// How many there may be.
        most: NonZeroU32,
    },
}

/// The bans. Those of networks are found by one lookup. Those of names are looked through: looking
/// alike is no order, and there are few. One that is over is forgotten when its place is needed,
/// and counts for nothing until then.
#[derive(Debug)]
pub(super) struct Bans<A: Peer> {
    most: NonZeroU32,
    networks: BTreeMap<A::Network, (A, Option<Timestamp>)>,
    names: BTreeMap<Name, (Looks, Option<Timestamp>)>,
}

impl<A: Peer> Bans<A> {
    pub(super) fn new(most: NonZeroU32) -> Self {
        Self {
            most,
            networks: BTreeMap::new(),
            names: BTreeMap::new(),
        }
    }

    /// Adds a ban, or gives the one of the same network or name another end.
    pub(super) fn add(&mut self, now: Timestamp, ban: Ban<A>) -> Result<(), BanError> {
        self.forget_past(now);
        let known = match ban.target {
            BanTarget::Network(address) => self.networks.contains_key(&address.network()),
            BanTarget::Name(name) => self.names.contains_key(&name),
        };
        if !known && self.networks.len() + self.names.len() >= self.most.get() as usize {
            return Err(BanError::TooMany { most: self.most });
        }
        match ban.target {
            BanTarget::Network(address) => {
                self.networks
                    .insert(address.network(), (address, ban.until));
            }
            BanTarget::Name(name) => {
                self.names.insert(name, (Looks::of(&name), ban.until));
            }
        }
        Ok(())
    }

    /// Takes back every ban that hits `target`. Whether there was one.
    pub(super) fn remove(&mut self, now: Timestamp, target: BanTarget<A>) -> bool {
        self.forget_past(now);
        match target {
            BanTarget::Network(address) => self.networks.remove(&address.network()).is_some(),
            BanTarget::Name(name) => {
                let (looks, before) = (Looks::of(&name), self.names.len());
                self.names.retain(|_, (banned, _)| !banned.is_like(looks));
                self.names.len() < before
            }
        }
    }

    /// The bans that stand at `now`: of networks, then of names, each in their order.
    pub(super) fn iter(&self, now: Timestamp) -> impl Iterator<Item = Ban<A>> + '_ {
        let networks = self.networks.values().map(|&(address, until)| Ban {
            target: BanTarget::Network(address),
            until,
        });
        let names = self.names.iter().map(|(&name, &(_, until))| Ban {
            target: BanTarget::Name(name),
            until,
        });
        networks
            .chain(names)
            .filter(move |ban| stands(ban.until, now))
    }

    pub(super) fn hits_network(&self, now: Timestamp, network: A::Network) -> bool {
        self.networks
            .get(&network)
            .is_some_and(|&(_, until)| stands(until, now))
    }

    pub(super) fn hits_name(&self, now: Timestamp, looks: Looks) -> bool {
        self.names
            .values()
            .any(|&(banned, until)| banned.is_like(looks) && stands(until, now))
    }

    fn forget_past(&mut self, now: Timestamp) {
        self.networks.retain(|_, (_, until)| stands(*until, now));
        self.names.retain(|_, (_, until)| stands(*until, now));
    }
}

fn stands(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_none_or(|until| now < until)
}
