//! What the user sees: lines for people, lines for pipes, or JSON.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;

use chat_core::LostReason;
use chat_core::proto::{Delivery, Name, Text};
use serde::Serialize;

use crate::json;
use crate::platform::safe_text::SafeText;

/// Where events go. What the room said goes to standard output; what the program itself has to say goes to standard
/// error.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Screen {
    /// A terminal: everything strange is escaped.
    Terminal,
    /// A pipe or file: text unchanged, one line a message.
    Pipe,
    /// A JSON object a line.
    Json,
    /// Nothing on standard output.
    Silent,
}

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

impl<'a> From<Delivery<Text<'a>>> for Shown<'a> {
    fn from(delivery: Delivery<Text<'a>>) -> Self {
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

impl Screen {
    pub(crate) fn new(json: bool) -> Self {
        match (json, io::stdout().is_terminal()) {
            (true, _) => Self::Json,
            (false, true) => Self::Terminal,
            (false, false) => Self::Pipe,
        }
    }

    /// Shows it. An error means that nobody reads standard output any more.
    pub(crate) fn show(self, shown: &Shown<'_>) -> io::Result<()> {
        if let Some(status) = shown.status() {
            self::status(&status);
        }
        let line = match self {
            Self::Silent => None,
            Self::Json => Some(json::line(shown)),
            Self::Terminal => shown.line().map(|line| SafeText::for_terminal(&line).to_string()),
            Self::Pipe => shown.line().map(|line| SafeText::for_pipe(&line).to_string()),
        };
        let Some(line) = line else { return Ok(()) };
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }
}

/// What the program itself has to say, on standard error.
pub(crate) fn status(text: &str) {
    // Nothing can be done where standard error is closed.
    let _closed = writeln!(io::stderr(), "{}", SafeText::for_terminal(text));
}

impl Shown<'_> {
    /// As a line of the room.
    fn line(&self) -> Option<String> {
        match self {
            Self::Said { name, text } => Some(format!("{name} : {text}")),
            Self::Joined { name } => Some(format!("* {name} joined")),
            Self::Left { name } => Some(format!("* {name} left")),
            // A line feed in front or behind is the habit of some servers, and only a separator.
            Self::Unparsed { text } => Some(text.trim_matches(['\r', '\n']).to_owned()),
            Self::In { .. }
            | Self::Lost { .. }
            | Self::StillOut { .. }
            | Self::Back
            | Self::LineRefused { .. }
            | Self::Out => None,
        }
    }

    /// As a remark of the program.
    fn status(&self) -> Option<String> {
        match self {
            Self::Lost { reason } => {
                let reason = match reason {
                    LostReason::NotLoggedIn => "the server does not know us any more",
                    LostReason::Unreachable => "nobody is at the server's address",
                    LostReason::Silent => "the server does not answer",
                    _ => "the connection is lost",
                };
                Some(format!("{reason}; what was said last may be lost; logging in again"))
            }
            Self::StillOut { answer } => Some(format!("the server does not let us in yet: {answer}; trying again")),
            Self::Back => Some("logged in again".into()),
            Self::LineRefused { answer } => Some(format!("the server refused a line: {answer}")),
            _ => None,
        }
    }
}
