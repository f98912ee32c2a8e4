//! A number of places, which are given back by themselves.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// So many may do something at the same time.
#[derive(Debug)]
pub(super) struct Places {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// One of them, until it is dropped: also by a thread that panics.
#[derive(Debug)]
pub(super) struct Place(Arc<Places>);

impl Places {
    pub(super) fn new(count: usize) -> Arc<Self> {
        Arc::new(Self {
            free: Mutex::new(count),
            given_back: Condvar::new(),
        })
    }

    /// A place, if one is free.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place> {
        self.wait(Duration::ZERO)
    }

    /// A place, if one gets free in time.
    pub(super) fn wait(self: &Arc<Self>, patience: Duration) -> Option<Place> {
        // A number is whole whatever a thread that panicked did.
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut free, _) = self
            .given_back
            .wait_timeout_while(free, patience, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Place(Arc::clone(self)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn there_are_as_many_as_were_made_and_a_panic_gives_one_back() {
        let places = Places::new(2);
        let first = places.take().unwrap();
        let second = places.take().unwrap();
        assert!(places.take().is_none());
        drop(first);
        let panicked = thread::spawn(move || {
            let _second = second;
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        assert!(panicked.join().is_err());
        let _all = [places.take().unwrap(), places.take().unwrap()];
        assert!(places.take().is_none());
    }

    #[test]
    fn who_waits_gets_the_next() {
        let places = Places::new(1);
        let only = places.take().unwrap();
        let waiting = {
            let places = Arc::clone(&places);
            thread::spawn(move || places.wait(Duration::from_mins(1)).is_some())
        };
        drop(only);
        assert!(waiting.join().unwrap());
    }
}
