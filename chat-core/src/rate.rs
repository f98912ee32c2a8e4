//! Token buckets, and a bounded table of them.

use alloc::collections::{BTreeMap, BTreeSet};
use core::num::NonZeroU32;
use core::time::Duration;

use crate::time::Timestamp;

/// The debt of one event, in thousandths: a rate of one event a second pays back exactly one
/// thousandth in each millisecond, so nothing is ever rounded.
const EVENT: u64 = 1_000;

/// A limit on events: [`burst`](Self::burst) at once, [`per_second`](Self::per_second) in the long
/// run. Neither can be zero; a limit that is off is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Rate {
    /// Events a second in the long run.
    pub per_second: NonZeroU32,
    /// Events at once after a pause.
    pub burst: NonZeroU32,
}

impl Rate {
    pub(crate) const fn new(per_second: u32, burst: u32) -> Self {
        Self {
            per_second: NonZeroU32::new(per_second).expect("a default rate is not zero"),
            burst: NonZeroU32::new(burst).expect("a default burst is not zero"),
        }
    }

    const fn capacity(self) -> u64 {
        self.burst.get() as u64 * EVENT
    }
}

/// A token bucket: how much of a [`Rate`] is used up. A new one is full.
///
/// When the clock goes backwards, the bucket pays nothing back for that step and goes on from the
/// earlier moment: a jump gives no second burst and blocks nothing until the clock has caught up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    /// Thousandths of an event that are not paid back yet.
    debt: u64,
    counted_until: Timestamp,
}

impl Bucket {
    /// Takes `amount` events and returns `true`, or takes nothing and returns `false` when fewer
    /// are there. More than the burst is never there.
    pub fn take(&mut self, now: Timestamp, rate: Rate, amount: u32) -> bool {
        self.debt = self.debt_at(now, rate);
        self.counted_until = now;
        let debt = self.debt + u64::from(amount) * EVENT;
        let enough = debt <= rate.capacity();
        if enough {
            self.debt = debt;
        }
        enough
    }

    /// Returns `true` while anything is left.
    pub(crate) fn is_left(&self, now: Timestamp, rate: Rate) -> bool {
        self.debt_at(now, rate) < rate.capacity()
    }

    /// Takes `amount` events even if fewer are left: the rest is paid back first.
    pub(crate) fn owe(&mut self, now: Timestamp, rate: Rate, amount: u32) {
        self.debt = self.debt_at(now, rate) + u64::from(amount) * EVENT;
        self.counted_until = now;
    }

    /// Puts back `amount` events that were taken and not used.
    pub fn give_back(&mut self, amount: u32) {
        self.debt = self.debt.saturating_sub(u64::from(amount) * EVENT);
    }

    /// Returns the earliest moment at which [`take`](Self::take) gives `amount`: `now` when it
    /// gives them at once, the last possible moment when it never does.
    pub fn ready_at(&self, now: Timestamp, rate: Rate, amount: u32) -> Timestamp {
        let needed = u64::from(amount) * EVENT;
        let Some(most) = rate.capacity().checked_sub(needed) else {
            return Timestamp::from_millis(u64::MAX);
        };
        let excess = self.debt_at(now, rate).saturating_sub(most);
        let millis = excess.div_ceil(u64::from(rate.per_second.get()));
        now.plus(Duration::from_millis(millis))
    }

    fn debt_at(&self, now: Timestamp, rate: Rate) -> u64 {
        let passed = now
            .as_millis()
            .saturating_sub(self.counted_until.as_millis());
        let paid = passed.saturating_mul(u64::from(rate.per_second.get()));
        self.debt.saturating_sub(paid)
    }
}

/// One bucket per key, for at most `capacity` keys: a new key replaces the one unused for longest.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    capacity: NonZeroU32,
    /// Each key's bucket, and the last time that it gave something.
    by_key: BTreeMap<K, (Bucket, Timestamp)>,
    /// The same keys, the one unused for longest first.
    by_use: BTreeSet<(Timestamp, K)>,
}

impl<K: Copy + Ord> Buckets<K> {
    pub(crate) fn new(capacity: NonZeroU32) -> Self {
        Self {
            capacity,
            by_key: BTreeMap::new(),
            by_use: BTreeSet::new(),
        }
    }

    /// Takes one event from the bucket of `key`; `false` when its `rate` is used up.
    pub(crate) fn take(&mut self, now: Timestamp, key: K, rate: Rate) -> bool {
        if !self.by_key.contains_key(&key) {
            if self.by_key.len() >= self.capacity.get() as usize
                && let Some((_, unused)) = self.by_use.pop_first()
            {
                self.by_key.remove(&unused);
            }
            self.by_key.insert(key, (Bucket::default(), now));
            self.by_use.insert((now, key));
        }
        let (bucket, used) = self.by_key.get_mut(&key).expect("it is there by now");
        let given = bucket.take(now, rate, 1);
        if given {
            self.by_use.remove(&(*used, key));
            self.by_use.insert((now, key));
            *used = now;
        }
        given
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate::new(2, 3);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_rate_is_kept_to_the_millisecond() {
        let mut bucket = Bucket::default();
        let now = 1_000_000;
        assert!((0..3).all(|_| bucket.take(at(now), RATE, 1)), "the burst");
        assert!(!bucket.take(at(now + 499), RATE, 1));
        assert!(bucket.take(at(now + 500), RATE, 1), "a refusal is free");
        assert!(!bucket.take(at(now + 999), RATE, 1));
        assert!(bucket.take(at(now + 1_000), RATE, 1));
        // A long pause earns one burst at most.
        assert!((0..3).all(|_| bucket.take(at(now + 9_000), RATE, 1)));
        assert!(!bucket.take(at(now + 9_000), RATE, 1));
    }

    #[test]
    fn tokens_given_back_can_be_taken_again() {
        let mut bucket = Bucket::default();
        assert!(bucket.take(at(0), RATE, 3));
        bucket.give_back(2);
        assert!(bucket.take(at(0), RATE, 2));
        assert!(!bucket.take(at(0), RATE, 1));
    }

    #[test]
    fn ready_at_is_the_first_moment_that_gives() {
        for amount in 1..=3 {
            let mut bucket = Bucket::default();
            assert!(bucket.take(at(10), RATE, 3));
            let ready = bucket.ready_at(at(10), RATE, amount);
            let (mut early, before) = (bucket, at(ready.as_millis() - 1));
            assert!(!early.take(before, RATE, amount), "{amount}");
            assert!(bucket.take(ready, RATE, amount), "{amount}");
        }
        let full = Bucket::default();
        assert_eq!(full.ready_at(at(10), RATE, 3), at(10));
        assert_eq!(full.ready_at(at(10), RATE, 4), at(u64::MAX), "never");
    }

    #[test]
    fn a_clock_that_jumps_gives_and_takes_no_burst() {
        let mut bucket = Bucket::default();
        assert!(bucket.take(at(100_000), RATE, 3));
        assert!(!bucket.take(at(50), RATE, 1), "back: nothing is paid");
        assert!(bucket.take(at(550), RATE, 1), "and it goes on from there");
        assert!(!bucket.take(at(550), RATE, 1));
        // The largest jump does not overflow.
        assert!(bucket.take(at(u64::MAX), RATE, 3));
    }

    #[test]
    fn a_full_table_drops_the_bucket_unused_for_longest() {
        let rate = Rate::new(1, 1);
        let mut buckets = Buckets::new(NonZeroU32::new(2).unwrap());
        let mut take = |millis, key| buckets.take(at(millis), key, rate);
        assert!(take(0, 'a'));
        assert!(take(1, 'b'));
        assert!(!take(2, 'a'), "its burst is used up");
        assert!(take(1_001, 'a'), "a second later");
        assert!(take(1_002, 'c'), "b, the idlest, gives way");
        assert!(!take(1_002, 'a'), "a is remembered");
        assert!(take(1_002, 'b'), "b was forgotten");
        for index in 0..100 {
            buckets.take(at(2_000 + u64::from(index)), char::from(index), rate);
            assert_eq!((buckets.by_key.len(), buckets.by_use.len()), (2, 2));
        }
    }
}
