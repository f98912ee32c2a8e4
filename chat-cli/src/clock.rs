//! The time, as `chat-core`, a person and a log want it.

use std::time::{Duration, Instant};

use chat_core::Timestamp;
use jiff::Zoned;

/// Returns the time in the local time zone, so long ago: `19:46`, and a day or more ago
/// `11-24 19:46`.
pub(crate) fn time_of_day(age: Duration) -> String {
    let is_today = age < Duration::from_hours(24);
    let moment = Zoned::now().saturating_sub(age);
    let moment = moment.strftime(if is_today { "%H:%M" } else { "%m-%d %H:%M" });
    moment.to_string()
}

/// Returns the date and time in UTC, to the microsecond: `2026-11-24T19:46:00.123456Z`.
pub(crate) fn timestamp(moment: jiff::Timestamp) -> String {
    format!("{moment:.6}")
}

/// Milliseconds since the start of the clock, which is never set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Timestamp {
        self.0.elapsed().into()
    }

    /// Returns the time until the earliest of these moments, if there is one.
    pub(crate) fn until_first(
        self,
        moments: impl IntoIterator<Item = Option<Timestamp>>,
    ) -> Option<Duration> {
        let first = moments.into_iter().flatten().min()?;
        Some(first.since(self.now()))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_timestamp_has_six_digits_of_microseconds() {
        let timestamp = super::timestamp(jiff::Timestamp::now());
        let parsed: jiff::Timestamp = timestamp.parse().unwrap();
        assert_eq!(
            parsed.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
            timestamp
        );
    }
}
