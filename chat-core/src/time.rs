//! The time, as the embedding program tells it.

use core::time::Duration;

/// Milliseconds since any moment that the embedding program has chosen and keeps. Time that goes
/// backwards is harmless: deadlines are then met later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `millis` milliseconds after the chosen one.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// How many milliseconds after the chosen moment.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// This moment and `millis` milliseconds; the last possible moment where that is too much.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// How long it is from `now` until this moment; zero when it has passed.
    pub const fn after(self, now: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(now.0))
    }

    /// Milliseconds from `earlier` until this moment; zero when time went backwards.
    pub(crate) const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
