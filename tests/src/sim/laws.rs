//! The laws that hold in every world.

use std::fmt;

macro_rules! laws {
    ($($name:ident: $law:literal,)+) => {
        $(#[doc = $law] pub const $name: &str = $law;)+

        /// Every law.
        pub const ALL: &[&str] = &[$($name),+];
    };
}

laws! {
    OWN_NAME: "nobody's line appears under another's name",
    NO_ECHO: "nobody hears itself",
    AT_MOST_ONCE: "a datagram leads to at most one delivery per listener",
    UNCHANGED: "content arrives unchanged or not at all",
    NO_CONTROLS: "no control character reaches a reader",
    NO_AMPLIFIER: "a stranger gets at most one short datagram per datagram",
    STRUCTURE: "what is sent is a message of the protocol",
    TIMEOUTS: "after what is due is done, poll_timeout is in the future",
    ALL_ARRIVES: "without faults every line arrives",
    ALL_BACK: "everybody who lives is back in the room within 30 seconds",
    ALL_OUT: "everybody who is dead is out of the room within 30 seconds",
    NO_PANIC: "nothing panics",
}

/// A broken law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The law, one of [`ALL`].
    pub law: &'static str,
    /// The case that broke it.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law, self.detail)
    }
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
