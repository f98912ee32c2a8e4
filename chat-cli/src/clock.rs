//! The time: as `chat-core` wants it, and as a person does.

use std::time::{Duration, Instant};

use chat_core::Timestamp;
use jiff::Zoned;

/// Hours and minutes where the user is, in five columns.
pub(crate) fn time_of_day() -> String {
    Zoned::now().strftime("%H:%M").to_string()
}

/// Milliseconds since the program began: a clock that nobody sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Timestamp {
        self.0.elapsed().into()
    }

    /// How long it is until the earliest of `moments`; `None`: there is none.
    pub(crate) fn until_first(
        self,
        moments: impl IntoIterator<Item = Option<Timestamp>>,
    ) -> Option<Duration> {
        let now = self.now();
        moments
            .into_iter()
            .flatten()
            .min()
            .map(|moment| moment.since(now))
    }
}
