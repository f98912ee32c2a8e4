//! The counts of a world, the hash of everything that happened, and the last of it in words.

use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::AddAssign;

/// The number of events that are reported in words.
const REPORTED: usize = 30;

macro_rules! tally {
    ($($name:ident: $title:literal,)+) => {
        /// The number of times that things happened.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Tally {
            $(#[doc = $title] pub $name: u64,)+
        }

        impl Tally {
            /// Returns every count with its title.
            pub fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$(($title, self.$name)),+].into_iter()
            }
        }

        impl AddAssign<&Tally> for Tally {
            fn add_assign(&mut self, other: &Tally) {
                $(self.$name += other.$name;)+
            }
        }
    };
}

tally! {
    millis: "simulated milliseconds",
    datagrams: "datagrams sent",
    arrived: "datagrams that arrived",
    lost: "lost",
    doubled: "doubled",
    delayed: "held back",
    corrupted: "corrupted",
    cut_off: "cut off",
    cuts: "times a person was cut off",
    reports: "unreachable reports",
    crashes: "crashes",
    moves: "moves to another address",
    renames: "returns under another name",
    restarts: "rooms that died",
    closings: "rooms that closed",
    kicks: "kicks",
    sleeps: "times a program slept",
    jumps: "times a clock jumped",
    tokens_again: "programs that started with an old token",
    tokens_shared: "programs that started with another one's token",
    forged: "forged",
    replayed: "replayed",
    inside: "sent by strangers under sessions",
    flooded: "flooded",
    said: "lines said by people",
    accepted: "lines accepted by rooms",
    heard: "deliveries to people",
    all_heard: "lines that everybody had to hear, and did",
    visits: "programs that started with a session",
    attached: "sessions that were attached again",
    shown: "entries that sessions showed",
    missed: "entries that sessions told as missed",
    acknowledged: "lines of sessions acknowledged",
    doubtful: "lines of sessions marked as doubtful",
    pages: "pages of members' names",
    half_read: "calls of rooms whose datagrams were not all fetched",
    logins: "logins",
    noticed: "losses that clients noticed",
    back: "people who were in at the end",
    buried: "rooms without a ghost at the end",
}

/// A record of what happened in a world.
#[derive(Debug)]
pub(super) struct Trace {
    hasher: DefaultHasher,
    words: Option<Vec<String>>,
}

impl Trace {
    /// Starts a record; with `in_words` a person can read it, too.
    pub(super) fn new(in_words: bool) -> Self {
        Self {
            hasher: DefaultHasher::new(),
            words: in_words.then(Vec::new),
        }
    }

    pub(super) fn note(&mut self, now: u64, what: &(impl Hash + Debug)) {
        (now, what).hash(&mut self.hasher);
        if let Some(words) = &mut self.words {
            words.push(format!("{now} ms: {what:?}"));
        }
    }

    pub(super) fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    /// Returns the last events in words, where these are kept.
    pub(super) fn last(self) -> Vec<String> {
        let mut words = self.words.unwrap_or_default();
        words.split_off(words.len().saturating_sub(REPORTED))
    }
}
