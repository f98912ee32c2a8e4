//! How often something may happen: a token bucket.

/// What one event costs. Credit is counted in thousandths of an event, because a rate of one event a second earns
/// exactly one thousandth in each millisecond: no rounding, hence no drift.
const EVENT: u64 = 1000;

/// At most `burst` events at once and `per_second` in the long run.
///
/// The caller brings the time, in milliseconds since any fixed moment. A clock that goes backwards earns nothing
/// for that step and counts on from there, so a jump can neither add a burst nor silence the caller until the clock
/// has caught up.
#[derive(Debug, Clone)]
pub struct Pace {
    burst: u32,
    per_second: u32,
    credit: u64,
    counted_until_ms: u64,
}

impl Pace {
    /// A full bucket. A `burst` of 0 allows nothing at all; a `per_second` of 0 allows the burst and nothing after.
    pub fn new(burst: u32, per_second: u32) -> Pace {
        Pace {
            burst,
            per_second,
            credit: u64::from(burst) * EVENT,
            counted_until_ms: 0,
        }
    }

    /// The earliest moment at which [`take`](Pace::take) will allow an event: `now_ms` itself when it would now,
    /// `u64::MAX` when it never will.
    pub fn ready_at(&self, now_ms: u64) -> u64 {
        let missing = EVENT.saturating_sub(self.credit_at(now_ms));
        if missing == 0 {
            now_ms
        } else if self.burst == 0 || self.per_second == 0 {
            u64::MAX
        } else {
            now_ms.saturating_add(missing.div_ceil(u64::from(self.per_second)))
        }
    }

    /// Whether an event may happen now; if so it is counted.
    #[must_use = "the event is counted whether or not it then happens"]
    pub fn take(&mut self, now_ms: u64) -> bool {
        self.credit = self.credit_at(now_ms);
        self.counted_until_ms = now_ms;
        match self.credit.checked_sub(EVENT) {
            Some(rest) => {
                self.credit = rest;
                true
            }
            None => false,
        }
    }

    fn credit_at(&self, now_ms: u64) -> u64 {
        let elapsed = now_ms.saturating_sub(self.counted_until_ms);
        let earned = elapsed.saturating_mul(u64::from(self.per_second));
        self.credit.saturating_add(earned).min(u64::from(self.burst) * EVENT)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let mut pace = Pace::new(3, 2);
        assert_eq!((0..5).filter(|_| pace.take(7_000)).count(), 3);
        assert_eq!(pace.ready_at(7_000), 7_500);
        assert!(!pace.take(7_499));
        assert!(pace.take(7_500));
        assert!(!pace.take(7_500));
    }

    #[test]
    fn asking_often_neither_earns_nor_loses() {
        // 3 a second does not divide a second into whole milliseconds: rounding at each question would drift.
        let mut pace = Pace::new(1, 3);
        let allowed = (0..100_000).filter(|now| pace.take(*now)).count();
        assert_eq!(allowed, 300);
    }

    #[test]
    fn idle_time_earns_no_more_than_the_burst() {
        let mut pace = Pace::new(2, 1000);
        assert!(pace.take(0));
        assert_eq!((0..9).filter(|_| pace.take(u64::MAX)).count(), 2);
    }

    #[test]
    fn a_clock_that_goes_back_is_harmless() {
        let mut pace = Pace::new(1, 1);
        assert!(pace.take(1_000_000));
        assert!(!pace.take(10));
        assert!(!pace.take(1_009));
        assert!(pace.take(1_010), "the wait is a second, not the whole jump");
    }

    #[test]
    fn empty_limits_never_open() {
        assert_eq!(Pace::new(0, 5).ready_at(1), u64::MAX);
        assert!(!Pace::new(0, 5).take(u64::MAX));
        let mut once = Pace::new(1, 0);
        assert!(once.take(0));
        assert_eq!(once.ready_at(9), u64::MAX);
    }

    proptest! {
        #[test]
        fn ready_at_is_the_first_moment_that_take_allows(
            burst in 1u32..5, per_second in 1u32..3000, takes in 0usize..9, start in 0u64..9999, later in 0u64..9999,
        ) {
            let mut pace = Pace::new(burst, per_second);
            for _ in 0..takes {
                let _ = pace.take(start);
            }
            let now = start + later;
            let ready = pace.ready_at(now);
            if ready > now {
                prop_assert!(!pace.clone().take(ready - 1));
            }
            prop_assert!(pace.take(ready));
        }
    }
}
