//! The hash of everything that happened, and the last of it in words.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The number of events that are kept in words.
const KEPT: usize = 30;

/// A record of what happened in a world.
#[derive(Debug)]
pub(super) struct Trace {
    hasher: DefaultHasher,
    last: Option<VecDeque<String>>,
}

impl Trace {
    /// Starts a record; with `in_words` the last events are kept for a person to read.
    pub(super) fn new(in_words: bool) -> Self {
        Self {
            hasher: DefaultHasher::new(),
            last: in_words.then(VecDeque::new),
        }
    }

    pub(super) fn note(&mut self, now: u64, what: &(impl Hash + Debug)) {
        (now, what).hash(&mut self.hasher);
        if let Some(last) = &mut self.last {
            if last.len() == KEPT {
                last.pop_front();
            }
            last.push_back(format!("{now} ms: {what:?}"));
        }
    }

    pub(super) fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    pub(super) fn last(&self) -> Vec<String> {
        self.last.iter().flatten().cloned().collect()
    }
}
