//! What happened in a call.

use chat_proto::{Name, Refusal, Text};

/// What a call did to the room, for logs, user interfaces and tests. What has to be sent is in the
/// [`Outgoing`](crate::Outgoing) beside it.
///
/// It borrows, and is no value to keep. With the feature `serde` it can be written, for logs:
/// `{"said": {"name": "bob", "text": "hi"}}`, `"nothing"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Event<'a, A> {
    /// A login was accepted.
    Joined {
        /// Who is in now.
        name: Name,
        /// From which address.
        peer: A,
        /// Under which other name the same address was in until now.
        replaced: Option<Name>,
    },
    /// A member repeated its login and was told that it is in.
    StillIn {
        /// Which member.
        name: Name,
        /// Its address.
        peer: A,
    },
    /// A member said something to all others.
    Said {
        /// Who spoke.
        name: Name,
        /// What was said.
        text: Text<'a>,
    },
    /// The operator said something to all.
    Announced {
        /// What was said.
        text: Text<'a>,
    },
    /// A member is gone.
    Left {
        /// Who is gone.
        name: Name,
        /// From which address.
        peer: A,
        /// Why.
        reason: LeaveReason,
    },
    /// A quit that removed nobody, because the name is not in from that address, was answered.
    NotIn {
        /// The name that it gave, where it can be read.
        name: Option<Name>,
        /// Who asked.
        peer: A,
    },
    /// A request was refused, with an answer.
    Refused {
        /// Who asked.
        peer: A,
        /// Why.
        refusal: Refusal,
    },
    /// A datagram was dropped without an answer.
    Dropped {
        /// Who sent it.
        peer: A,
        /// Why.
        reason: DropReason,
    },
    /// A member was reported unreachable and was asked whether it is there.
    Probed {
        /// Which member.
        name: Name,
        /// Its address.
        peer: A,
    },
    /// The room was closed; everybody was told.
    Closed {
        /// How many members were in.
        members: usize,
    },
    /// Nothing happened: no deadline was due, or the address is nobody's.
    Nothing,
}

/// Why a member is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LeaveReason {
    /// It said so.
    Quit,
    /// The network reported twice that nobody is there.
    Unreachable,
    /// Nothing came from it for as long as the idle limit.
    Idle,
    /// It had said nothing for as much traffic as the limit, at an address that may be forged.
    Silent,
    /// The operator removed it.
    Kicked,
}

/// Why a datagram was dropped without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DropReason {
    /// It is no request, and nothing that is answered with a refusal.
    NotARequest,
    /// It would have been refused, but the same member was told of another refusal less than a
    /// second ago.
    RefusedAlready,
    /// A login from a network that sends more of them than it may.
    LoginRate,
    /// It would have been answered, but strangers have had all the answers that they may have.
    ReplyRate,
    /// The room is closed.
    Closed,
}
