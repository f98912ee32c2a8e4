//! Who was seen in the room.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chat_core::proto::Name;

use super::event::Shown;

/// How many names are remembered: more than a person can use, and a bound for a room that makes
/// them up.
const MOST: usize = 10_000;

/// The names that this client knows of: from joins, leaves and lines. Who came before us and says
/// nothing is not among them.
#[derive(Debug, Default)]
pub(crate) struct NamesSeen(BTreeSet<Name>);

impl NamesSeen {
    pub(crate) fn notice(&mut self, shown: &Shown<'_>) {
        match *shown {
            Shown::In { name, .. } | Shown::Said { name, .. } | Shown::Joined { name }
                if self.0.len() < MOST =>
            {
                self.0.insert(name);
            }
            Shown::Left { name } => {
                self.0.remove(&name);
            }
            _ => {}
        }
    }

    /// In order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Name> + '_ {
        self.0.iter().copied()
    }
}

/// What is in there. A thread that panicked in between has left names, which are still right.
pub(crate) fn locked(names: &Mutex<NamesSeen>) -> MutexGuard<'_, NamesSeen> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}
