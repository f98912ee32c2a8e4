//! What happened in a call, and what has to be sent for it.

use chat_proto::{Delivery, EncodeError, Text, Word};
use thiserror::Error;

/// What happened, and the datagram that has to be sent to the server for it.
#[must_use = "the datagram that the call caused has to be sent"]
#[derive(Debug)]
pub struct ClientOutgoing<'a> {
    pub(super) event: ClientEvent<'a>,
    pub(super) payload: Option<&'a [u8]>,
}

impl<'a> ClientOutgoing<'a> {
    /// What happened.
    pub fn event(&self) -> ClientEvent<'a> {
        self.event
    }

    /// What has to be sent to the server: one datagram or none.
    pub fn transmits(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.payload.into_iter()
    }
}

/// What a call meant for the user.
///
/// It borrows, and is no value to keep. With the feature `serde` it can be written, for logs:
/// `{"joined": {"again": false}}`, `{"lost": "silent"}`; datagrams as text, with U+FFFD for what is
/// not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ClientEvent<'a> {
    /// The server accepted the login.
    Joined {
        /// Whether this is a new login after the connection was lost.
        again: bool,
    },
    /// Something came before the answer to the login that is no answer: a line, a notice, an end
    /// word. To be shown when the login succeeds, or as the server's answer when none comes.
    Early {
        /// The datagram.
        #[cfg_attr(
            feature = "serde",
            serde(serialize_with = "crate::serde_forms::as_text")
        )]
        datagram: &'a [u8],
    },
    /// The server refused the login; the client is done.
    Refused {
        /// The server's answer: text for the user, perhaps not UTF-8, to be made safe before it is
        /// shown.
        #[cfg_attr(
            feature = "serde",
            serde(serialize_with = "crate::serde_forms::as_text")
        )]
        answer: &'a [u8],
        /// Whether the login had been repeated: then the first one may have been accepted, and its
        /// answer lost.
        repeated: bool,
    },
    /// No answer came to the login; the client is done.
    NoAnswer,
    /// Somebody spoke, came or went.
    Delivered(Delivery<Text<'a>>),
    /// Something came that is neither a reply nor a delivery: to be made safe, shown, and
    /// attributed to nobody.
    Unparsed(
        #[cfg_attr(
            feature = "serde",
            serde(serialize_with = "crate::serde_forms::as_text")
        )]
        &'a [u8],
    ),
    /// The server refused a line.
    LineRefused {
        /// The server's answer.
        #[cfg_attr(
            feature = "serde",
            serde(serialize_with = "crate::serde_forms::as_text")
        )]
        answer: &'a [u8],
    },
    /// The server does not know this client any more, or is not there. The client logs in again by
    /// itself, with growing pauses; until [`Joined`](Self::Joined) nothing can be said, and
    /// what was said last may be lost.
    Lost(LostReason),
    /// After the connection was lost, the server refused a new login, but for a reason that passes:
    /// the name is taken (by what the server remembers of this client at a former address), the
    /// room is full. It is tried again.
    StillOut {
        /// The server's answer: text for the user, to be made safe before it is shown.
        #[cfg_attr(
            feature = "serde",
            serde(serialize_with = "crate::serde_forms::as_text")
        )]
        answer: &'a [u8],
    },
    /// The server ended the conversation, unasked; the client is done and does not log in again.
    Ended {
        /// The end word.
        word: Word,
    },
    /// The client has left, as it was asked to, and is done.
    Left {
        /// Whether the server answered.
        answered: bool,
    },
    /// Nothing for the user.
    Nothing,
}

/// Why a client has to log in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LostReason {
    /// The server said `FAIL not logged in`: it was restarted, or has removed this client.
    NotLoggedIn,
    /// The network reported that nobody is at the server's address.
    Unreachable,
    /// Repeated logins (keep-alive) were not answered.
    Silent,
}

/// Why a line was not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SayError {
    /// The client is not in the room, or not any more.
    #[error("not in the room: wait for the login to be answered")]
    NotIn,
    /// The line does not fit a datagram together with this dialect's verb.
    #[error(transparent)]
    Encode(EncodeError),
}
