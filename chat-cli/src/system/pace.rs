//! Not too much at once.

/// A token bucket: `burst` lines at once, then `per_second`. Times are milliseconds of any clock; one that goes
/// backwards only makes it wait longer.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// What one line costs, in microseconds.
    cost: u64,
    /// The most that can be owed before the next line has to wait, in microseconds.
    allowance: u64,
    /// When everything said so far is paid, in microseconds.
    paid_at: u64,
}

impl Pace {
    /// Both numbers at least 1.
    pub fn new(burst: u64, per_second: u64) -> Self {
        let cost = 1_000_000 / per_second.clamp(1, 1_000_000);
        Self {
            cost,
            // The millisecond makes up for times that are rounded to milliseconds, so that the rate does not drift.
            allowance: cost.saturating_mul(burst.max(1) - 1) + 1_000,
            paid_at: 0,
        }
    }

    /// From when on the next line may be said.
    pub fn ready_at(&self, now_millis: u64) -> u64 {
        let ready = self.paid_at.saturating_sub(self.allowance).div_ceil(1_000);
        ready.max(now_millis)
    }

    /// A line is said now.
    pub fn take(&mut self, now_millis: u64) {
        self.paid_at = self
            .paid_at
            .max(now_millis.saturating_mul(1_000))
            .saturating_add(self.cost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each of `count` lines is said by somebody who is always in a hurry.
    fn hurried(mut pace: Pace, count: usize) -> Vec<u64> {
        let mut now = 1_000;
        let mut times = Vec::new();
        for _ in 0..count {
            now = pace.ready_at(now);
            pace.take(now);
            times.push(now);
        }
        times
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let times = hurried(Pace::new(3, 100), 6);
        assert_eq!(times, [1_000, 1_000, 1_000, 1_009, 1_019, 1_029]);
    }

    #[test]
    fn the_rate_does_not_drift() {
        let times = hurried(Pace::new(1, 3), 301);
        assert!(
            (100_999..=101_001).contains(&times[300]),
            "100 s after the first: {}",
            times[300]
        );
    }

    #[test]
    fn a_pause_allows_a_new_burst_but_not_a_larger_one() {
        let mut pace = Pace::new(2, 10);
        pace.take(0);
        pace.take(0);
        assert_eq!(pace.ready_at(0), 99);
        assert_eq!(pace.ready_at(10_000), 10_000);
        pace.take(10_000);
        pace.take(10_000);
        assert_eq!(pace.ready_at(10_000), 10_099);
    }
}
