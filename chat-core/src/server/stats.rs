//! What a server has counted.

use chat_proto::Refusal;

use super::event::{DropReason, LeaveReason};

/// Counts since the server was made, for a program to export. None of them ever wraps in practice:
/// 64 bits.
///
/// With the feature `serde`: a map of these names. A count that is not there is read as 0, and one
/// that this version does not know is left out, so that what another version has written can be
/// read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Stats {
    /// Members at this moment.
    pub members: u64,
    /// Accepted logins, without repeated ones.
    pub logins: u64,
    /// Accepted logins that a member repeated.
    pub repeated_logins: u64,
    /// Lines that members said.
    pub messages: u64,
    /// Lines that the operator said, probes not counted.
    pub announcements: u64,
    /// Datagrams handed out for sending, one per recipient.
    pub datagrams_out: u64,
    /// Datagrams that came in.
    pub datagrams_in: u64,
    /// Refused requests that were answered, by reason.
    pub refusals: RefusalCounts,
    /// Datagrams dropped because they are no request.
    pub dropped_not_a_request: u64,
    /// Datagrams dropped because their sender was told of a refusal less than a second ago.
    pub dropped_refused_already: u64,
    /// Logins dropped because their network sends more of them than it may.
    pub dropped_login_rate: u64,
    /// Datagrams dropped because strangers have had all the answers that they may have.
    pub dropped_reply_rate: u64,
    /// Datagrams dropped because the room is closed.
    pub dropped_closed: u64,
    /// Questions to members whether they are there.
    pub probes: u64,
    /// Members that quit (or took another name).
    pub left_quit: u64,
    /// Members removed because the network reported them unreachable.
    pub left_unreachable: u64,
    /// Members removed by the idle limit.
    pub left_idle: u64,
    /// Members removed because they said nothing for as much traffic as the limit.
    pub left_silent: u64,
    /// Members removed by the operator.
    pub left_kicked: u64,
}

/// How many requests were refused for each reason.
///
/// With the feature `serde`: a map from every reason to its count, `{"name_taken": 3, …}`; a reason
/// that is not there is read as 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusalCounts([u64; Refusal::ALL.len()]);

impl RefusalCounts {
    /// How many for `reason`.
    pub fn get(&self, reason: Refusal) -> u64 {
        self.0.get(reason as usize).copied().unwrap_or(0)
    }

    /// Every reason with its count, those that never occurred included.
    pub fn iter(&self) -> impl Iterator<Item = (Refusal, u64)> + '_ {
        Refusal::ALL
            .into_iter()
            .map(|reason| (reason, self.get(reason)))
    }

    pub(crate) fn count(&mut self, reason: Refusal) {
        if let Some(count) = self.0.get_mut(reason as usize) {
            *count += 1;
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for RefusalCounts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for RefusalCounts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = alloc::collections::BTreeMap::<Refusal, u64>::deserialize(deserializer)?;
        let count = |reason| written.get(&reason).copied().unwrap_or(0);
        Ok(Self(Refusal::ALL.map(count)))
    }
}

impl Stats {
    /// All dropped datagrams, for whatever reason.
    pub fn dropped(&self) -> u64 {
        self.dropped_not_a_request
            + self.dropped_refused_already
            + self.dropped_login_rate
            + self.dropped_reply_rate
            + self.dropped_closed
    }

    pub(crate) fn count_drop(&mut self, reason: DropReason) {
        *match reason {
            DropReason::NotARequest => &mut self.dropped_not_a_request,
            DropReason::RefusedAlready => &mut self.dropped_refused_already,
            DropReason::LoginRate => &mut self.dropped_login_rate,
            DropReason::ReplyRate => &mut self.dropped_reply_rate,
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
        } += 1;
    }
}
