//! Bans: a list that is searched from one end to the other.

use super::names::row;
use super::room::network;

/// What the operator banned: networks or a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Banned {
    /// The networks from the first to the last.
    Networks(u8, u8),
    /// This name and what looks like it.
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
        self.all.retain(|(other, _)| *other != banned);
        let has_place = self.all.len() < self.most;
        if has_place {
            self.all.push((banned, until));
        }
        has_place
    }

    /// Takes bans back; whether there was one.
    pub fn remove(&mut self, now: u64, banned: Banned) -> bool {
        self.forget(now);
        let before = self.all.len();
        self.all.retain(|(other, _)| match (*other, banned) {
            (Banned::Name(name), Banned::Name(_)) => !banned.hits(name, 0),
            (other, _) => other != banned,
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
