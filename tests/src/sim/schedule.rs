//! Planned things, in the order of simulated time.

use std::collections::BTreeMap;

/// Things to come, in the order of their milliseconds and, within one, in the order of planning.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    things: BTreeMap<(u64, u64), T>,
    now: u64,
    planned: u64,
}

impl<T> Schedule<T> {
    pub(super) fn new() -> Self {
        Self {
            things: BTreeMap::new(),
            now: 0,
            planned: 0,
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// Plans `thing` for the millisecond `at`, at the earliest the next one.
    pub(super) fn plan(&mut self, at: u64, thing: T) {
        self.planned += 1;
        self.things
            .insert((at.max(self.now + 1), self.planned), thing);
    }

    /// Goes on to the next thing, if there is one before the millisecond `end`.
    pub(super) fn next(&mut self, end: u64) -> Option<T> {
        let first = self.things.first_entry()?;
        let (at, _) = *first.key();
        (at < end).then(|| {
            self.now = at;
            first.remove()
        })
    }
}
