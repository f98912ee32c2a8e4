//! The laws that hold in every world.

pub(super) const OWN_NAME: &str = "a line appears under its sender's name only";
pub(super) const NO_ECHO: &str = "a sender does not hear its own line";
pub(super) const AT_MOST_ONCE: &str = "a datagram leads to at most one delivery per listener";
pub(super) const UNCHANGED: &str = "content arrives unchanged or not at all";
pub(super) const NO_CONTROLS: &str = "no control character reaches a reader";
pub(super) const NO_AMPLIFIER: &str = "a stranger gets one short datagram for one, at most";
pub(super) const STRUCTURE: &str = "what is sent is a message of the protocol";
pub(super) const TIMEOUTS: &str = "after what is due is done, poll_timeout is in the future";
pub(super) const ALL_ARRIVES: &str = "without faults every line arrives";
pub(super) const ALL_BACK: &str = "all who live are back in the room within 30 seconds";
pub(super) const ALL_OUT: &str = "all who are dead are out of the room within 30 seconds";
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
