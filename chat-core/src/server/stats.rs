//! Counters of a server.

use chat_proto::Refusal;

use super::event::{DropReason, LeaveReason};

/// Counts since the server was created. With the feature `serde` it can be written, as a map of
/// these names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Stats {
    /// Members now.
    pub members: u64,
    /// Those of them that have a session.
    pub sessions: u64,
    /// Accepted logins, without repeated ones.
    pub logins: u64,
    /// Accepted logins that a member repeated.
    pub repeated_logins: u64,
    /// Lines of members that were delivered.
    pub messages: u64,
    /// Lines of the operator to all members.
    pub announcements: u64,
    /// Datagrams returned for sending, one per recipient.
    pub datagrams_out: u64,
    /// Datagrams that came in.
    pub datagrams_in: u64,
    /// Refused requests that were answered, by reason.
    pub refusals: RefusalCounts,
    /// Datagrams dropped as [`DropReason::NotARequest`].
    pub dropped_not_a_request: u64,
    /// Datagrams dropped as [`DropReason::RefusedAlready`].
    pub dropped_refused_already: u64,
    /// Datagrams dropped as [`DropReason::LoginRate`].
    pub dropped_login_rate: u64,
    /// Datagrams dropped as [`DropReason::ReplyRate`].
    pub dropped_reply_rate: u64,
    /// Datagrams dropped as [`DropReason::InSession`].
    pub dropped_in_session: u64,
    /// Datagrams dropped as [`DropReason::Malformed`].
    pub dropped_malformed: u64,
    /// Datagrams dropped as [`DropReason::LineRate`].
    pub dropped_line_rate: u64,
    /// Datagrams dropped as [`DropReason::Closed`].
    pub dropped_closed: u64,
    /// Sessions that were asked to prove their address or to say hello again.
    pub challenges: u64,
    /// Probes: questions to members that may be gone.
    pub probes: u64,
    /// Members gone as [`LeaveReason::Quit`].
    pub left_quit: u64,
    /// Members gone as [`LeaveReason::Unreachable`].
    pub left_unreachable: u64,
    /// Members gone as [`LeaveReason::Idle`].
    pub left_idle: u64,
    /// Members gone as [`LeaveReason::Silent`].
    pub left_silent: u64,
    /// Members gone as [`LeaveReason::Kicked`].
    pub left_kicked: u64,
    /// Members gone as [`LeaveReason::Parked`].
    pub left_parked: u64,
}

/// Refused requests that were answered, by reason.
///
/// With the feature `serde`: a map from every reason to its count, `{"name_taken": 3, …}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusalCounts([u64; Refusal::ALL.len()]);

// A reason is its own index in `Refusal::ALL`.
#[allow(clippy::indexing_slicing)]
impl RefusalCounts {
    /// Returns the count for `reason`.
    pub fn get(&self, reason: Refusal) -> u64 {
        self.0[reason as usize]
    }

    /// Returns every reason with its count, which may be 0.
    pub fn iter(&self) -> impl Iterator<Item = (Refusal, u64)> + '_ {
        let reasons = Refusal::ALL.into_iter();
        reasons.map(|reason| (reason, self.get(reason)))
    }

    pub(crate) fn count(&mut self, reason: Refusal) {
        self.0[reason as usize] += 1;
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for RefusalCounts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Stats {
    /// Returns the number of dropped datagrams, for all reasons together.
    pub fn dropped(&self) -> u64 {
        self.dropped_not_a_request
            + self.dropped_refused_already
            + self.dropped_login_rate
            + self.dropped_reply_rate
            + self.dropped_in_session
            + self.dropped_malformed
            + self.dropped_line_rate
            + self.dropped_closed
    }

    pub(crate) fn count_drop(&mut self, reason: DropReason) {
        *match reason {
            DropReason::NotARequest => &mut self.dropped_not_a_request,
            DropReason::RefusedAlready => &mut self.dropped_refused_already,
            DropReason::LoginRate => &mut self.dropped_login_rate,
            DropReason::ReplyRate => &mut self.dropped_reply_rate,
            DropReason::InSession => &mut self.dropped_in_session,
            DropReason::Malformed => &mut self.dropped_malformed,
            DropReason::LineRate => &mut self.dropped_line_rate,
            DropReason::Closed => &mut self.dropped_closed,
        } += 1;
    }

    pub(crate) fn count_leave(&mut self, reason: LeaveReason) {
        *match reason {
            LeaveReason::Quit => &mut self.left_quit,
            LeaveReason::Unreachable => &mut self.left_unreachable,
            LeaveReason::Idle => &mut self.left_idle,
            LeaveReason::Silent => &mut self.left_silent,
            LeaveReason::Kicked => &mut self.left_kicked,
            LeaveReason::Parked => &mut self.left_parked,
        } += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_is_the_sum_over_all_reasons() {
        let mut stats = Stats::default();
        for (reason, count) in [
            (DropReason::NotARequest, 1),
            (DropReason::RefusedAlready, 2),
            (DropReason::LoginRate, 4),
            (DropReason::ReplyRate, 8),
            (DropReason::Closed, 16),
            (DropReason::InSession, 32),
            (DropReason::Malformed, 64),
            (DropReason::LineRate, 128),
        ] {
            (0..count).for_each(|_| stats.count_drop(reason));
        }
        assert_eq!(stats.dropped(), 255);
    }
}
