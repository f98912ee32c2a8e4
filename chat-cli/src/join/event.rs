//! What happens to a client, in the shape in which scripts get it: EVENTS.md.

use std::net::SocketAddr;

use chat_core::LostReason;
use chat_core::proto::{Delivery, Name};
use serde::Serialize;

use crate::messages::Status;

/// What can be shown.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Shown<'a> {
    /// The login was accepted.
    In { name: Name, server: SocketAddr },
    /// Somebody spoke.
    Said { name: Name, text: &'a str },
    /// Somebody came.
    Joined { name: Name },
    /// Somebody left.
    Left { name: Name },
    /// What is no line of anybody, as it came.
    Unparsed { text: &'a str },
    /// The server does not know us any more; logging in again.
    Lost { reason: LostReason },
    /// The server does not let us in again yet.
    StillOut { answer: &'a str },
    /// Logged in again.
    Back,
    /// The server refused a line.
    LineRefused { answer: &'a str },
    /// We have left.
    Out,
}

impl<'a> From<Delivery<'a>> for Shown<'a> {
    fn from(delivery: Delivery<'a>) -> Self {
        match delivery {
            Delivery::Said { name, text } => Self::Said {
                name,
                text: text.as_str(),
            },
            Delivery::Joined { name } => Self::Joined { name },
            Delivery::Left { name } => Self::Left { name },
        }
    }
}

impl<'a> Shown<'a> {
    /// As a line of the room, as a pipe gets it: in the words of the protocol, whatever the user's
    /// language is.
    pub(crate) fn line(&self) -> Option<String> {
        match self {
            Self::Said { name, text } => Some(format!("{name} : {text}")),
            Self::Joined { name } => Some(format!("* {name} joined")),
            Self::Left { name } => Some(format!("* {name} left")),
            Self::Unparsed { text } => Some(without_ends(text).to_owned()),
            Self::In { .. }
            | Self::Lost { .. }
            | Self::StillOut { .. }
            | Self::Back
            | Self::LineRefused { .. }
            | Self::Out => None,
        }
    }

    /// As a remark of the program.
    pub(crate) fn status(&self) -> Option<Status<'a>> {
        match *self {
            Self::Lost { reason } => Some(Status::Lost { reason }),
            Self::StillOut { answer } => Some(Status::StillOut { answer }),
            Self::Back => Some(Status::Back),
            Self::LineRefused { answer } => Some(Status::LineRefused { answer }),
            _ => None,
        }
    }
}

/// A line feed in front or behind is the habit of some servers, and only a separator.
pub(crate) fn without_ends(text: &str) -> &str {
    text.trim_matches(['\r', '\n'])
}
