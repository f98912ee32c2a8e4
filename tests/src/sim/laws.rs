//! The laws that hold in every world.

pub(super) const OWN_NAME: &str = "a program sends under its own name only";
pub(super) const NO_ECHO: &str = "a sender does not hear its own line";
pub(super) const AT_MOST_ONCE: &str = "a datagram leads to at most one delivery per listener";
pub(super) const UNCHANGED: &str =
    "a line arrives unchanged, under its sender's name, or not at all";
pub(super) const NO_CONTROLS: &str = "no control character reaches a reader";
pub(super) const NO_AMPLIFIER: &str = "a stranger gets one short datagram for one, at most";
pub(super) const STRUCTURE: &str = "what is sent is a message of the protocol";
pub(super) const TIMEOUTS: &str = "after what is due is done, poll_timeout is in the future";
pub(super) const ALL_ARRIVES: &str = "without faults every line arrives";
pub(super) const ALL_BACK: &str = "all who live are back in the room in time after the faults";
pub(super) const ALL_OUT: &str = "all who are dead are out of the room in time after the faults";
pub(super) const START: &str =
    "a start line names the room's log, and an entry before the attachment";
pub(super) const ONE_ORDER: &str = "lines are in the log in the order in which they were said";
pub(super) const AGES: &str = "an entry is as old as it is said to be";
pub(super) const ALTERNATE: &str = "names are unique, and joined and left alternate in the log";
pub(super) const SHOWN: &str =
    "what is shown and what is told as missed is the log, once, in order";
pub(super) const OWN_ONCE: &str = "a session's line is in the log once, or marked as doubtful";
pub(super) const OWN_ACCEPTED: &str = "an acknowledged line is in the log";
pub(super) const OWN_TOKEN: &str = "no token is taken for another program's";
pub(super) const NAMES: &str = "pages of names have each name once that was in all the time";
pub(super) const NOT_MORE: &str = "an address that is not proved gets no more than came from it";
pub(super) const ENDLESS_HELLO: &str = "without faults a hello is answered";
pub(super) const ALL_SHOWN: &str = "in the end every session has shown the log and said its lines";
pub(super) const NO_PANIC: &str = "nothing panics";

/// A broken law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The law.
    pub law: &'static str,
    /// The case that broke it.
    pub detail: String,
}

/// Fails with the law unless it holds.
pub(super) fn hold(
    law: &'static str,
    holds: bool,
    detail: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if holds {
        return Ok(());
    }
    let detail = detail();
    Err(Violation { law, detail })
}
