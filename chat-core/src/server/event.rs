//! The result of a call: an event.

use chat_proto::{Name, Refusal, Text};

/// The result of a call, for logs, user interfaces and tests. The datagrams to send are in the
/// [`Outgoing`](crate::Outgoing) beside it.
///
/// Borrows from the call; copy out what you want to keep. With the feature `serde` an event can be
/// written, for logs, as a map whose `event` names it:
/// `{"event": "said", "name": "bob", "text": "hi"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(tag = "event", rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Event<'a, A> {
    /// A login was accepted.
    Joined {
        /// The new member.
        name: Name,
        /// Its address.
        peer: A,
        /// The former name of the member at this address, if it changed its name.
        replaced: Option<Name>,
    },
    /// A member repeated its login and was answered again.
    StillIn {
        /// The member.
        name: Name,
        /// Its address.
        peer: A,
    },
    /// A member spoke to all others.
    Said {
        /// The speaker.
        name: Name,
        /// The line: a stranger's text, to be made safe before it is shown.
        text: Text<'a>,
    },
    /// The operator spoke to all members.
    Announced {
        /// The operator's name.
        name: Name,
        /// The line.
        text: Text<'a>,
    },
    /// A member left or was removed.
    Left {
        /// The former member.
        name: Name,
        /// Its address.
        peer: A,
        /// The reason.
        reason: LeaveReason,
    },
    /// A quit was answered and removed no member, because the name is not in from that address.
    NotIn {
        /// The name in the quit, where it can be read.
        name: Option<Name>,
        /// The sender.
        peer: A,
    },
    /// A request was refused, with an answer.
    Refused {
        /// The sender.
        peer: A,
        /// The reason. With the feature `serde` it is written as `reason`.
        #[cfg_attr(feature = "serde", serde(rename = "reason"))]
        refusal: Refusal,
    },
    /// A datagram was dropped without an answer.
    Dropped {
        /// The sender.
        peer: A,
        /// The reason.
        reason: DropReason,
    },
    /// A member was reported unreachable and was asked whether it is there.
    Probed {
        /// The member.
        name: Name,
        /// Its address.
        peer: A,
    },
    /// A member's session moved to another address or began anew there, which concerns no other.
    Attached {
        /// The member.
        name: Name,
        /// Its address now.
        peer: A,
    },
    /// A datagram of a session was taken. [`Outgoing::entries`](crate::Outgoing::entries) has the
    /// lines in it that are new.
    Heard {
        /// The member.
        name: Name,
        /// Its address.
        peer: A,
    },
    /// A session was asked to prove its address, or to say hello again.
    Challenged {
        /// The sender.
        peer: A,
    },
    /// The room was closed, and every member was sent the end words.
    Closed {
        /// The number of members until then.
        members: usize,
    },
    /// Nothing happened: no deadline was due, or no member has that address.
    Nothing,
}

/// The reason for which a member is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LeaveReason {
    /// It quit, or took another name.
    Quit,
    /// The network reported twice that its address is unreachable.
    Unreachable,
    /// It sent nothing for as long as the idle limit.
    Idle,
    /// It never spoke while [`silent_traffic_bytes`](crate::Config::silent_traffic_bytes) were
    /// sent to its unverified address.
    Silent,
    /// The operator removed or banned it.
    Kicked,
    /// Its session was not heard for 75 seconds, or its name or address was claimed. The session
    /// goes on when it is heard again.
    Parked,
}

/// The reason for which a datagram was dropped without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DropReason {
    /// It is neither a request nor anything that a refusal answers.
    NotARequest,
    /// A member's request would have been refused less than a second after the last one.
    RefusedAlready,
    /// A login exceeded [`network_logins`](crate::Config::network_logins).
    LoginRate,
    /// Its answer would have exceeded [`stranger_replies`](crate::Config::stranger_replies).
    ReplyRate,
    /// A plain datagram came from the address of a session.
    InSession,
    /// A datagram of a session parses, but its sender cannot have these numbers.
    Malformed,
    /// A session's lines exceeded a rate of its member; the session repeats them.
    LineRate,
    /// The room is closed.
    Closed,
}
