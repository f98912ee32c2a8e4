//! The results of a client's calls.

use core::ops::Range;

use chat_proto::{Delivery, EncodeError, EndCode, Line, Lines, Name, Names, Refusal, Text, Word};
use thiserror::Error;

use super::session::SessionEntry;

/// The event of a call, and the datagram for the server that it caused.
#[must_use = "the datagram that the call caused has to be sent"]
#[derive(Debug, Default)]
pub struct ClientOutgoing<'a> {
    pub(super) event: ClientEvent<'a>,
    pub(super) payload: Option<&'a [u8]>,
    /// The lines of a session's datagram, the number of the first one, and the numbers of those
    /// that are new.
    pub(super) lines: Option<Lines<'a>>,
    pub(super) first: u64,
    pub(super) new: Range<u64>,
    pub(super) missed: u64,
    pub(super) is_new_log: bool,
    pub(super) doubtful: u64,
    pub(super) names: Option<(Option<Name>, Names<'a>)>,
}

impl<'a> ClientOutgoing<'a> {
    /// Returns the event of the call.
    pub fn event(&self) -> ClientEvent<'a> {
        self.event
    }

    /// Returns the datagram to send to the server, if there is one.
    pub fn payload(&self) -> Option<&'a [u8]> {
        self.payload
    }

    /// Returns the new entries of the room's log that a session's datagram brought, each exactly
    /// once and in their order. The client's own lines are among them.
    pub fn entries(&self) -> impl Iterator<Item = SessionEntry<'a>> + use<'a> {
        let (mut next, mut age_seconds, new) = (self.first, 0, self.new.clone());
        let lines = self.lines.into_iter().flat_map(|lines| lines.iter());
        lines.filter_map(move |line| match line {
            Line::Age(seconds) => {
                age_seconds = seconds;
                None
            }
            Line::Numbered(text) => {
                let number = next;
                next += 1;
                new.contains(&number).then_some(SessionEntry {
                    number,
                    age_seconds,
                    text,
                })
            }
            _ => None,
        })
    }

    /// Returns the number of entries that the server no longer had: they would stand before the
    /// [`entries`](Self::entries). `None`: an unknown number, because the room's log is another one
    /// than before.
    pub fn missed(&self) -> Option<u64> {
        (!self.is_new_log).then_some(self.missed)
    }

    /// Returns the number of this client's pending lines, the first ones, that may be said twice:
    /// the server has forgotten whether it had taken them.
    pub fn doubtful(&self) -> u64 {
        self.doubtful
    }

    /// Returns a page of the members' names and the name behind which it begins; an empty page
    /// means that there are no more.
    pub fn names(&self) -> Option<(Option<Name>, Names<'a>)> {
        self.names
    }
}

/// The result of a call, for the user.
///
/// Borrows from the call; copy out what you want to keep. Text comes from strangers: make it safe
/// before you show it. With the feature `serde` it can be written, for logs:
/// `{"lost": "silent"}`, and datagrams as text with U+FFFD for bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ClientEvent<'a> {
    /// The server accepted the login.
    Joined {
        /// `true` for a new login after the connection was lost.
        again: bool,
    },
    /// A line, a notice or an end word before the answer to the login: to be shown when the login
    /// succeeds, or as the server's answer when no other comes.
    Early {
        /// The datagram.
        #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
        datagram: &'a [u8],
    },
    /// The server refused the login; the client is done.
    Refused {
        /// The server's answer, perhaps not UTF-8.
        #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
        answer: &'a [u8],
        /// `true` when the login had been repeated: the first one may have been accepted and its
        /// answer lost.
        repeated: bool,
    },
    /// The server did not answer the login; the client is done.
    NoAnswer,
    /// A member spoke, came or went.
    Delivered(Delivery<'a>),
    /// A datagram that is neither a reply nor a delivery. Show it without a speaker.
    Unparsed(#[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))] &'a [u8]),
    /// The server refused a line.
    LineRefused {
        /// The server's answer.
        #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
        answer: &'a [u8],
    },
    /// The connection is lost, and perhaps the last lines with it. The client logs in again by
    /// itself, with growing pauses, and cannot say anything until [`Joined`](Self::Joined).
    Lost(LostReason),
    /// The server refused a login after the connection was lost, for a passing reason: for
    /// example, its former address still has the name. The client tries again.
    StillOut {
        /// The server's answer.
        #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
        answer: &'a [u8],
    },
    /// The server ended the conversation unasked; the client is done and does not log in again.
    Ended {
        /// The end word.
        word: Word,
    },
    /// The client has left, as asked, and is done.
    Left {
        /// `true` when the server answered the quit.
        answered: bool,
    },
    /// A datagram of the session was taken: see [`ClientOutgoing::entries`].
    Heard,
    /// The server refused the session. If the client was in before and the reason may pass, it
    /// tries again; otherwise it is done. `None`: its token's session has ended.
    SessionRefused(Option<Refusal>),
    /// The server ended the session unasked; the client is done.
    SessionEnded {
        /// The reason.
        code: EndCode,
        /// The operator's words.
        text: Option<Text<'a>>,
    },
    /// Another program uses the token of this client's session; the client is done.
    TokenInUse,
    /// Nothing happened that concerns the user.
    #[default]
    Nothing,
}

/// The reason for which a client logs in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LostReason {
    /// The server answered `FAIL not logged in`: it was restarted or has removed this client.
    NotLoggedIn,
    /// The network reported that no program receives at the server's address.
    Unreachable,
    /// The server did not answer repeated logins (keep-alive).
    Silent,
}

/// The reason for which a line was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SayError {
    /// As many lines wait for the server as [`crate::ClientSession::pending`] allows.
    #[error("too many lines wait for the server: wait until it has taken some")]
    Full,
    /// The client is not logged in.
    #[error("not in the room: wait for the login to be answered")]
    NotIn,
    /// The line and this dialect's verb do not fit a datagram together.
    #[error(transparent)]
    Encode(EncodeError),
}

/// Writes a datagram as text, for logs, with U+FFFD for bytes that are not UTF-8.
#[cfg(feature = "serde")]
fn as_text<S: serde::Serializer>(datagram: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&alloc::string::String::from_utf8_lossy(datagram))
}
