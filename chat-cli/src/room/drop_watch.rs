//! When to look at what the kernel dropped.

use std::time::Duration;

use chat_core::Timestamp;

/// How long it is at least from one look to the next: a look costs as much as many
/// datagrams.
const PAUSE: Duration = Duration::from_secs(10);

/// Looks at a counter now and then, and tells when it has grown.
#[derive(Debug)]
pub(super) struct DropWatch {
    next_look: Timestamp,
    seen: u64,
}

/// By how much a counter has grown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Growth {
    pub(super) new: u64,
    pub(super) total: u64,
}

impl DropWatch {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            next_look: now.plus(PAUSE),
            seen: 0,
        }
    }

    /// To be called after datagrams were received: where none were, none were dropped, and a room
    /// in which nothing happens should not wake for this.
    pub(super) fn look(
        &mut self,
        now: Timestamp,
        read: impl FnOnce() -> Option<u64>,
    ) -> Option<Growth> {
        if now < self.next_look {
            return None;
        }
        self.next_look = now.plus(PAUSE);
        let total = read()?;
        let new = total.saturating_sub(self.seen);
        self.seen = total;
        (new > 0).then_some(Growth { new, total })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn it_looks_every_ten_seconds_and_tells_only_growth() {
        let looks = Cell::new(0);
        let mut watch = DropWatch::new(Timestamp::from_millis(500));
        let mut look = |millis, counter| {
            watch.look(Timestamp::from_millis(millis), || {
                looks.set(looks.get() + 1);
                counter
            })
        };
        assert_eq!(look(10_499, Some(9)), None);
        assert_eq!(looks.get(), 0, "too early");
        assert_eq!(look(10_500, Some(0)), None);
        assert_eq!(look(20_499, Some(9)), None);
        assert_eq!(looks.get(), 1, "too early again");
        assert_eq!(look(20_500, Some(9)), Some(Growth { new: 9, total: 9 }));
        assert_eq!(look(40_000, Some(9)), None, "nothing new");
        assert_eq!(look(60_000, None), None, "unknown is no growth");
        assert_eq!(look(80_000, Some(12)), Some(Growth { new: 3, total: 12 }));
        assert_eq!(looks.get(), 5);
    }
}
