//! How often something may happen: token buckets.

use core::num::NonZeroU32;

use crate::time::Timestamp;

/// What one event costs. Debt is counted in thousandths of an event, because a rate of one event a
/// second pays back exactly one thousandth in each millisecond: no rounding, hence no drift.
const EVENT: u64 = 1_000;

/// At most [`burst`](Self::burst) events at once and [`per_second`](Self::per_second) in the long
/// run. Neither can be zero: a limit that is off is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Rate {
    /// How many a second in the long run.
    pub per_second: NonZeroU32,
    /// How many at once after a pause.
    pub burst: NonZeroU32,
}

impl Rate {
    /// A rate from two plain numbers; a zero counts as one.
    pub(crate) const fn at_least_one(per_second: u32, burst: u32) -> Self {
        Self {
            per_second: at_least_one(per_second),
            burst: at_least_one(burst),
        }
    }

    const fn capacity(self) -> u64 {
        self.burst.get() as u64 * EVENT
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// A token bucket: how much of a [`Rate`] is used up. A new one is full.
///
/// A clock that goes backwards pays nothing back for that step and counts on from there: a jump
/// neither gives a second burst nor stops anybody until the clock has caught up.
///
/// ```
/// use std::num::NonZeroU32;
/// use chat_core::{Bucket, Rate, Timestamp};
///
/// let ten = NonZeroU32::new(10).unwrap();
/// let rate = Rate { per_second: ten, burst: ten };
/// let mut bucket = Bucket::default();
/// let now = Timestamp::from_millis(0);
/// assert!(bucket.take(now, rate, 10));
/// assert!(!bucket.take(now, rate, 1), "the burst is used up");
/// assert_eq!(bucket.ready_at(now, rate, 1), Timestamp::from_millis(100));
/// assert!(bucket.take(Timestamp::from_millis(100), rate, 1));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    /// Thousandths of an event that are not paid back yet.
    debt: u64,
    counted_until: Timestamp,
}

impl Bucket {
    /// Takes `amount` events out. Whether they were there; if not, nothing is taken. More than the
    /// burst is never there.
    pub fn take(&mut self, now: Timestamp, rate: Rate, amount: u32) -> bool {
        self.debt = self.debt_at(now, rate);
        self.counted_until = now;
        let debt = self.debt + u64::from(amount) * EVENT;
        let there = debt <= rate.capacity();
        if there {
            self.debt = debt;
        }
        there
    }

    /// Puts `amount` events back that were taken and not used.
    pub fn give_back(&mut self, amount: u32) {
        self.debt = self.debt.saturating_sub(u64::from(amount) * EVENT);
    }

    /// The earliest moment at which [`take`](Self::take) gives `amount`: `now` itself when it would
    /// now, the last possible moment when it never will.
    pub fn ready_at(&self, now: Timestamp, rate: Rate, amount: u32) -> Timestamp {
        let needed = u64::from(amount) * EVENT;
        let Some(most) = rate.capacity().checked_sub(needed) else {
            return Timestamp::from_millis(u64::MAX);
        };
        let excess = self.debt_at(now, rate).saturating_sub(most);
        now.plus_millis(excess.div_ceil(u64::from(rate.per_second.get())))
    }

    fn debt_at(&self, now: Timestamp, rate: Rate) -> u64 {
        let passed = now.millis_since(self.counted_until);
        let paid = passed.saturating_mul(u64::from(rate.per_second.get()));
        self.debt.saturating_sub(paid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate::at_least_one(2, 3);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_burst_then_the_rate_to_the_millisecond() {
        let mut bucket = Bucket::default();
        let now = 1_000_000;
        assert!((0..3).all(|_| bucket.take(at(now), RATE, 1)), "the burst");
        assert!(!bucket.take(at(now + 499), RATE, 1));
        assert!(
            bucket.take(at(now + 500), RATE, 1),
            "what was refused cost nothing"
        );
        assert!(!bucket.take(at(now + 999), RATE, 1));
        assert!(bucket.take(at(now + 1_000), RATE, 1));
        assert!((0..3).all(|_| bucket.take(at(now + 9_000), RATE, 1)));
        assert!(
            !bucket.take(at(now + 9_000), RATE, 1),
            "a pause earns one burst at most"
        );
    }

    #[test]
    fn ready_at_is_the_first_moment_at_which_it_is_given() {
        for amount in 1..=3 {
            let mut bucket = Bucket::default();
            assert!(bucket.take(at(10), RATE, 3));
            let ready = bucket.ready_at(at(10), RATE, amount);
            let mut early = bucket;
            assert!(
                !early.take(at(ready.as_millis() - 1), RATE, amount),
                "{amount}"
            );
            assert!(bucket.take(ready, RATE, amount), "{amount}");
        }
        assert_eq!(
            Bucket::default().ready_at(at(10), RATE, 4),
            at(u64::MAX),
            "more than the burst"
        );
        assert_eq!(Bucket::default().ready_at(at(10), RATE, 3), at(10));
    }

    #[test]
    fn a_clock_that_jumps_gives_no_second_burst_and_takes_none_away() {
        let mut bucket = Bucket::default();
        assert!(bucket.take(at(100_000), RATE, 3));
        assert!(!bucket.take(at(50), RATE, 1), "back: nothing is paid");
        assert!(bucket.take(at(550), RATE, 1), "and it goes on from there");
        assert!(!bucket.take(at(550), RATE, 1));
        assert!(
            bucket.take(at(u64::MAX), RATE, 3),
            "the largest jump does not overflow"
        );
    }
}
