//! Bans: a list that is searched from one end to the other.

use super::names::row;
use super::room::network;

/// What the operator banned: an address or a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Banned {
    /// Everybody in the network of this address.
    Network(u8),
    /// This name and what looks like it.
    Name(&'static str),
}

impl Banned {
    /// Whether somebody with this name at this address is meant.
    pub fn hits(self, name: &str, at: u8) -> bool {
        match self {
            Self::Network(banned) => network(banned) == network(at),
            Self::Name(banned) => row(banned) == row(name),
        }
    }

    fn is_same_as(self, other: Self) -> bool {
        match (self, other) {
            (Self::Network(one), Self::Network(other)) => network(one) == network(other),
            (one, other) => one == other,
        }
    }
}

/// Who is banned until when.
#[derive(Debug)]
pub struct Bans {
    most: usize,
    all: Vec<(Banned, Option<u64>)>,
}

impl Bans {
    pub(super) fn new(most: usize) -> Self {
        Self { most, all: vec![] }
    }

    /// Bans; whether there is a place for it.
    pub fn add(&mut self, now: u64, banned: Banned, until: Option<u64>) -> bool {
        self.forget(now);
        let others = self
            .all
            .iter()
            .filter(|(other, _)| !other.is_same_as(banned))
            .count();
        if others == self.all.len() && others >= self.most {
            return false;
        }
        self.all.retain(|(other, _)| !other.is_same_as(banned));
        self.all.push((banned, until));
        true
    }

    /// Takes bans back; whether there was one.
    pub fn remove(&mut self, now: u64, banned: Banned) -> bool {
        self.forget(now);
        let before = self.all.len();
        self.all.retain(|(other, _)| match (*other, banned) {
            (Banned::Name(name), Banned::Name(_)) => !banned.hits(name, 0),
            _ => !other.is_same_as(banned),
        });
        self.all.len() < before
    }

    /// How many there are.
    pub fn count(&self, now: u64) -> usize {
        self.all
            .iter()
            .filter(|(_, until)| stands(*until, now))
            .count()
    }

    pub(super) fn hit(&self, now: u64, name: &str, at: u8) -> bool {
        self.all
            .iter()
            .any(|(banned, until)| banned.hits(name, at) && stands(*until, now))
    }

    fn forget(&mut self, now: u64) {
        self.all.retain(|(_, until)| stands(*until, now));
    }
}

fn stands(until: Option<u64>, now: u64) -> bool {
    until.is_none_or(|until| now < until)
}
