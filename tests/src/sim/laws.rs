//! What must hold in every world. ARCHITECTURE.md lists these laws by the names of their constants.

use std::fmt;

/// Nobody's line appears under another's name.
pub const OWN_NAME: &str = "nobody's line appears under another's name";
/// Nobody hears itself.
pub const NO_ECHO: &str = "nobody hears itself";
/// Each datagram that the network delivered leads to at most one delivery per listener.
pub const AT_MOST_ONCE: &str = "a datagram leads to at most one delivery per listener";
/// Content arrives unchanged or not at all.
pub const UNCHANGED: &str = "content arrives unchanged or not at all";
/// No control character reaches a reader.
pub const NO_CONTROLS: &str = "no control character reaches a reader";
/// Names are unique, also without regard to ASCII case.
pub const UNIQUE_NAMES: &str = "names are unique";
/// Nobody has the operator's name, or one that contains it.
pub const RESERVED: &str = "nobody has the operator's name";
/// No more are in than the configuration says.
pub const SEATS: &str = "no more are in than the configuration says";
/// Nobody is removed but for a reason that holds.
pub const REASONS: &str = "nobody is removed but for a reason that holds";
/// Join and leave alternate for every name and every listener.
pub const ALTERNATE: &str = "join and leave alternate for every name and listener";
/// Every accepted line, and every notice, goes to exactly the members of that moment.
pub const EXACTLY_THE_MEMBERS: &str = "what is said goes to exactly the members of that moment";
/// A stranger gets at most one datagram per datagram (a quit: one per end word), of at most 120
/// bytes.
pub const NO_AMPLIFIER: &str = "a stranger gets at most one short datagram per datagram";
/// A silent member at an address that may be forged gets so much of the room's traffic and no more.
pub const SILENT_BOUND: &str = "a silent member at a public address gets no more than the limit";
/// After calling `handle_timeout` until nothing is due, `poll_timeout` is in the future.
pub const TIMEOUTS: &str = "after what is due is done, poll_timeout is in the future";
/// What a room or a person sends is a message of the protocol, of at most 1,024 bytes, and fits the
/// event.
pub const STRUCTURE: &str = "what is sent is a message that fits the event";
/// On a network without faults every line arrives.
pub const ALL_ARRIVES: &str = "without faults every line arrives";
/// When the faults are over, everybody who lives is in the room again within 30 seconds.
pub const ALL_BACK: &str = "everybody who lives is back in the room within 30 seconds";
/// And everybody who does not is out.
pub const ALL_OUT: &str = "everybody who is dead is out of the room within 30 seconds";
/// No input makes anything panic.
pub const NO_PANIC: &str = "nothing panics";

/// All of them.
pub const ALL: [&str; 19] = [
    OWN_NAME,
    NO_ECHO,
    AT_MOST_ONCE,
    UNCHANGED,
    NO_CONTROLS,
    UNIQUE_NAMES,
    RESERVED,
    SEATS,
    REASONS,
    ALTERNATE,
    EXACTLY_THE_MEMBERS,
    NO_AMPLIFIER,
    SILENT_BOUND,
    TIMEOUTS,
    STRUCTURE,
    ALL_ARRIVES,
    ALL_BACK,
    ALL_OUT,
    NO_PANIC,
];

/// A law that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub law: &'static str,
    /// How.
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
        Ok(())
    } else {
        Err(broken(law, detail()))
    }
}

pub(super) fn broken(law: &'static str, detail: String) -> Violation {
    Violation { law, detail }
}
