//! A rate: a burst at once, and some a second.

use chat_core::Rate;

/// The rest of a burst, in thousandths.
#[derive(Debug)]
pub struct Allowance {
    rate: Option<Rate>,
    left: u64,
    since: u64,
}

impl Allowance {
    /// Starts with a whole burst; without a rate it never ends.
    pub fn full(rate: Option<Rate>) -> Self {
        let (left, since) = (rate.map_or(0, most), 0);
        Self { rate, left, since }
    }

    /// Uses `amount`, or returns `false` when less is left.
    pub fn uses(&mut self, now: u64, amount: u64) -> bool {
        let Some(rate) = self.rate else { return true };
        if now > self.since {
            let more = (now - self.since) * u64::from(rate.per_second.get());
            self.left = (self.left + more).min(most(rate));
        }
        self.since = now;
        let enough = self.left >= amount * 1_000;
        if enough {
            self.left -= amount * 1_000;
        }
        enough
    }

    /// Puts back one that was used and not needed.
    pub fn returns_one(&mut self) {
        self.left += 1_000;
    }
}

fn most(rate: Rate) -> u64 {
    u64::from(rate.burst.get()) * 1_000
}
