//! How often something may happen: so many at once, so many a second.

use chat_core::Rate;

/// What is left of a burst, in thousandths.
#[derive(Debug)]
pub struct Allowance {
    rate: Option<Rate>,
    left: u64,
    since: u64,
}

impl Allowance {
    /// A whole burst, or without a rate any number.
    pub fn full(rate: Option<Rate>) -> Self {
        let left = rate.map_or(0, most);
        Self {
            rate,
            left,
            since: 0,
        }
    }

    /// Uses `amount` when that much is left, and says whether it was.
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

    /// Takes back one that was used and not needed.
    pub fn returns_one(&mut self) {
        self.left += 1_000;
    }
}

fn most(rate: Rate) -> u64 {
    u64::from(rate.burst.get()) * 1_000
}
