//! How often something may happen: so many at once, so many a second.

/// What is left of a burst, in thousandths.
#[derive(Debug)]
pub struct Allowance {
    left: u64,
    since: u64,
}

/// How many a second, and how many at once.
pub type PerSecondAtOnce = (u64, u64);

impl Allowance {
    /// All of it.
    #[must_use]
    pub fn full((_, at_once): PerSecondAtOnce) -> Self {
        Self {
            left: at_once * 1_000,
            since: 0,
        }
    }

    /// Whether `amount` is left; then it is used.
    pub fn uses(&mut self, now: u64, (per_second, at_once): PerSecondAtOnce, amount: u64) -> bool {
        if now > self.since {
            self.left = (self.left + (now - self.since) * per_second).min(at_once * 1_000);
        }
        self.since = now;
        let enough = self.left >= amount * 1_000;
        if enough {
            self.left -= amount * 1_000;
        }
        enough
    }

    /// What was used was not needed.
    pub fn returns(&mut self, amount: u64) {
        self.left += amount * 1_000;
    }
}
