//! Time, as the embedding program reports it.

use core::time::Duration;

/// Milliseconds since a fixed moment that the embedding program chooses. A clock that goes
/// backwards is harmless: deadlines are then met later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Timestamp(u64);

impl Timestamp {
    /// Creates the moment `millis` milliseconds after the chosen one.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the chosen moment.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Adds the whole milliseconds of `duration`; stops at the last possible moment.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(Self::from(duration).0))
    }

    /// Returns the time from `earlier` to this moment; zero when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Reads the time since the chosen moment, such as `Instant::elapsed`; parts of a millisecond are
/// cut off.
impl From<Duration> for Timestamp {
    fn from(since_chosen: Duration) -> Self {
        Self(u64::try_from(since_chosen.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_adds_up_in_whole_milliseconds_and_never_wraps() {
        let [early, late] = [1_000, 1_002].map(Timestamp::from_millis);
        assert_eq!(early.plus(Duration::from_micros(2_999)), late);
        assert_eq!(late.since(early), Duration::from_millis(2));
        assert_eq!(early.since(late), Duration::ZERO);
        let last = Timestamp::from_millis(u64::MAX);
        assert_eq!(late.plus(Duration::MAX), last);
        assert_eq!(Timestamp::from(Duration::MAX), last);
    }
}
