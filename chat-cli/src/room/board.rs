//! Where a room writes its counts for another thread to read.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat_core::Stats;

use super::Losses;

/// What a room has counted at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What the rules count.
    pub stats: Stats,
    /// What was lost on this machine.
    pub losses: Losses,
    /// How many bans hold.
    pub bans: usize,
}

/// A board on which the room writes when it is asked to
/// ([`Command::Count`](super::Command::Count)): it never waits for who reads.
#[derive(Clone, Default)]
pub struct Board(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// The last snapshot, and how many there were.
    written: Mutex<(u64, Option<Snapshot>)>,
    changed: Condvar,
}

impl Board {
    /// How many snapshots were written so far: to be asked before the room is.
    pub fn count(&self) -> u64 {
        self.lock().0
    }

    /// The next snapshot after the first `count`, if it comes within this time.
    pub fn read_after(&self, count: u64, patience: Duration) -> Option<Snapshot> {
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.lock(), patience, |written| written.0 <= count);
        let (written, _) = waited.unwrap_or_else(PoisonError::into_inner);
        written.1.clone().filter(|_| written.0 > count)
    }

    pub(super) fn write(&self, snapshot: Snapshot) {
        let mut written = self.lock();
        written.0 += 1;
        written.1 = Some(snapshot);
        drop(written);
        self.0.changed.notify_all();
    }

    /// Whoever panicked while it held the lock has left a whole snapshot.
    fn lock(&self) -> MutexGuard<'_, (u64, Option<Snapshot>)> {
        self.0
            .written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_snapshot_is_no_answer() {
        let board = Board::default();
        assert!(board.read_after(0, Duration::ZERO).is_none());
        let snapshot = Snapshot {
            stats: Stats::default(),
            losses: Losses {
                not_sent: 7,
                kernel_dropped: None,
            },
            bans: 0,
        };
        board.write(snapshot);
        assert_eq!(
            board.read_after(0, Duration::ZERO).unwrap().losses.not_sent,
            7
        );
        assert!(
            board
                .read_after(board.count(), Duration::from_millis(1))
                .is_none()
        );
    }
}
