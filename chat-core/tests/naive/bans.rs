//! Bans: a list that is searched from one end to the other.

use super::names::row;
use super::room::network;

/// The target of a ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Banned {
    /// The networks from the first to the last.
    Networks(u8, u8),
    /// This name and all that look like it.
    Name(&'static str),
}

impl Banned {
    /// Returns `true` when a ban of this hits a member with this name at this address.
    pub fn hits(self, name: &str, at: u8) -> bool {
        match self {
            Self::Networks(first, last) => first <= network(at) && network(at) <= last,
            Self::Name(banned) => row(banned) == row(name),
        }
    }
}

/// The bans, each with its end.
#[derive(Debug)]
pub struct Bans {
    most: usize,
    all: Vec<(Banned, Option<u64>)>,
}

impl Bans {
    pub(super) fn new(most: usize) -> Self {
        Self { most, all: vec![] }
    }

    /// Adds a ban; `false` when there is no place for it.
    pub fn add(&mut self, now: u64, banned: Banned, until: Option<u64>) -> bool {
        self.forget(now);
        self.all.retain(|(other, _)| *other != banned);
        let has_place = self.all.len() < self.most;
        if has_place {
            self.all.push((banned, until));
        }
        has_place
    }

    /// Takes bans back; `false` when there was none.
    pub fn remove(&mut self, now: u64, banned: Banned) -> bool {
        self.forget(now);
        let before = self.all.len();
        self.all.retain(|(other, _)| match (*other, banned) {
            (Banned::Name(name), Banned::Name(_)) => !banned.hits(name, 0),
            (other, _) => other != banned,
        });
        self.all.len() < before
    }

    /// Counts the bans that hold.
    pub fn count(&self, now: u64) -> usize {
        let holding = self.all.iter().filter(|(_, until)| holds(*until, now));
        holding.count()
    }

    pub(super) fn hit(&self, now: u64, name: &str, at: u8) -> bool {
        let mut bans = self.all.iter();
        bans.any(|(banned, until)| banned.hits(name, at) && holds(*until, now))
    }

    fn forget(&mut self, now: u64) {
        self.all.retain(|(_, until)| holds(*until, now));
    }
}

fn holds(until: Option<u64>, now: u64) -> bool {
    until.is_none_or(|until| now < until)
}
