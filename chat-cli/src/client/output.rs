//! The output: lines at a terminal, lines through a pipe, JSON, or nothing.
//!
//! The lines of the room go to standard output. Remarks of the program go to standard error, or
//! above the line that is being typed.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use chat_core::proto::{Delivery, Name};
use chat_core::{LostReason, Timestamp};
use serde::Serialize;

use super::notices::{NamesSeen, Notice, folded};
use super::status::Status;
use super::terminal::Terminal;
use super::transcript::Transcript;
use crate::clock::Clock;
use crate::failure::{Failure, Operation, word_refusal};
use crate::io::line_queue::{write_line, write_remark};
use crate::io::safe_text::SafeText;
use crate::json;
use crate::language::{Language, Worded, Words, say};

/// An event of the room, in the form in which scripts get it: EVENTS.md.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    /// The login was accepted.
    In { name: Name, server: SocketAddr },
    /// A member spoke.
    Said { name: Name, text: &'a str },
    /// A member joined.
    Joined { name: Name },
    /// A member left.
    Left { name: Name },
    /// A datagram that is no line of a member came.
    Unparsed { text: &'a str },
    /// A line of this client has its place in the room's log.
    Taken { text: &'a str },
    /// The room's log has lost entries that this client did not get.
    Missed { lines: u64 },
    /// The room's log is another one: an unknown number of entries is lost.
    NewLog,
    /// The connection is lost; the client logs in again.
    Lost {
        reason: LostReason,
        /// True in a session, which loses no lines.
        #[serde(skip)]
        keeps_lines: bool,
    },
    /// The server does not accept the new login yet.
    StillOut { answer: &'a str },
    /// The new login was accepted.
    Back,
    /// The server refused a line.
    LineRefused { answer: &'a str },
    /// This client has left.
    Out,
}

/// The place of an event in the room's log.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Place {
    /// Its number; `None` for an event that has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entry: Option<u64>,
    /// The time between its happening and its coming.
    #[serde(skip)]
    pub(super) age: Duration,
    /// True when it happened before this client came.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) history: bool,
    /// True for a line of this client that may be in the room twice.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) may_be_twice: bool,
}

/// An event with its place, as scripts get it.
#[derive(Serialize)]
struct Placed<'a> {
    #[serde(flatten)]
    event: &'a Event<'a>,
    #[serde(flatten)]
    place: Place,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde wants it.
fn is_false(flag: &bool) -> bool {
    !flag
}

impl<'a> From<Delivery<'a>> for Event<'a> {
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

impl Event<'_> {
    /// Returns the line for a pipe: in the words of the protocol, whatever the user's language is.
    fn pipe_line(&self) -> Option<String> {
        let line = match self {
            Self::Said { name, text } => format!("{name} : {text}"),
            Self::Joined { name } => format!("* {name} joined"),
            Self::Left { name } => format!("* {name} left"),
            Self::Unparsed { text } => text.trim_matches(LINE_ENDS).to_owned(),
            _ => return None,
        };
        Some(SafeText::for_pipe(&line).to_string())
    }
}

/// The changes that the user hears of, whatever the form of the output is.
impl Worded for Event<'_> {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::Missed { lines: 1 } => say! { to, "1 line missed", "漏掉 1 条" },
            Self::Missed { lines } => say! { to, "{lines} lines missed", "漏掉 {lines} 条" },
            Self::NewLog => say! { to, "the room has begun anew: lines may be missed",
            "聊天室重新开始了：可能漏掉了一些话" },
            Self::Lost {
                keeps_lines: true, ..
            } => say! { to,
            "the server does not answer; trying on, and what you say meanwhile is kept",
            "服务器不应答；继续尝试，这期间说的话会保留" },
            Self::Lost { reason, .. } => {
                match reason {
                    LostReason::NotLoggedIn => {
                        say! { to, "the server does not know us any more",
                        "服务器已经不认识我们" }
                    }
                    LostReason::Unreachable => say! { to, "nobody is at the server's address",
                    "服务器地址上没有程序在运行" },
                    LostReason::Silent => say! { to, "the server does not answer",
                    "服务器不应答" },
                    _ => say! { to, "the connection is lost", "连接断了" },
                }?;
                say! { to, "; what was said last may be lost; logging in again",
                "；刚才说的话可能丢了；正在重新登录" }
            }
            Self::StillOut { answer } => {
                say! { to, "the server does not let us in yet: ", "服务器还不让我们进：" }?;
                word_refusal(to, answer)?;
                say! { to, "; trying again", "；继续尝试" }
            }
            Self::Back => say! { to, "logged in again", "已重新登录" },
            Self::LineRefused { answer } => {
                say! { to, "the server refused a line: ", "服务器拒绝了一句话：" }?;
                word_refusal(to, answer)
            }
            // Drawn by the terminal, or not at all.
            _ => Ok(()),
        }
    }
}

/// The line ends around a text, which some servers add as separators.
const LINE_ENDS: [char; 2] = ['\r', '\n'];

/// The output, the transcript, and the names that were seen.
pub(super) struct Output {
    pub(super) language: Language,
    /// The clock of the moments of events.
    pub(super) clock: Clock,
    pub(super) form: Form,
    pub(super) names: NamesSeen,
    /// The names that the user does not want to see, as typed; `joins` stands for all notices.
    pub(super) ignored: Vec<String>,
    pub(super) transcript: Option<Transcript>,
    /// True when standard output takes nothing any more.
    pub(super) is_closed: bool,
    /// True when that is an error, not a reader that has seen enough (`| head`).
    pub(super) is_broken: bool,
    /// True when a line is missing from the transcript.
    pub(super) is_transcript_broken: bool,
}

/// The form of standard output.
pub(super) enum Form {
    /// Lines for a person.
    Terminal(Terminal),
    /// A line a message, with its text unchanged.
    Pipe,
    /// A JSON object a line.
    Json,
    /// Nothing.
    Silent,
}

impl Output {
    pub(super) fn new(form: Form, language: Language) -> Self {
        Self {
            language,
            clock: Clock::start(),
            form,
            names: NamesSeen::default(),
            ignored: Vec::new(),
            transcript: None,
            is_closed: false,
            is_broken: false,
            is_transcript_broken: false,
        }
    }

    /// Returns true when only remarks are shown.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self.form, Form::Silent)
    }

    /// Shows an event that has no place in the room's log.
    pub(super) fn show(&mut self, now: Timestamp, event: &Event<'_>) {
        self.show_at(now, event, Place::default());
    }

    /// Shows an event.
    pub(super) fn show_at(&mut self, now: Timestamp, event: &Event<'_>, place: Place) {
        match *event {
            Event::In { name, .. } | Event::Joined { name } => self.names.add(name),
            Event::Left { name } => self.names.remove(name),
            Event::Said { name, text } => {
                self.names.add(name);
                // The time before is in the transcript of those who were there.
                if !place.history {
                    self.write_down(name, text);
                }
            }
            _ => {}
        }
        self.remark(event);
        let ignores = |name: &str| {
            let mut ignored = self.ignored.iter();
            ignored.any(|ignored| folded(ignored) == folded(name))
        };
        let is_hidden = match event {
            Event::Said { name, .. } => ignores(name.as_str()),
            Event::Joined { name } | Event::Left { name } => {
                place.history || ignores("joins") || ignores(name.as_str())
            }
            _ => false,
        };
        let shown = match &mut self.form {
            Form::Terminal(_) | Form::Pipe if is_hidden => Ok(()),
            Form::Terminal(terminal) => draw(terminal, now, event, place),
            Form::Pipe => event.pipe_line().map_or(Ok(()), |line| {
                let seconds = place.age.as_secs();
                let before = Some(format!("[{seconds} s ago] ")).filter(|_| place.history);
                write_line(io::stdout(), &(before.unwrap_or_default() + &line))
            }),
            Form::Json => {
                let at = jiff::Timestamp::now() - self.clock.now().since(now) - place.age;
                write_line(io::stdout(), &json::event(at, &Placed { event, place }))
            }
            Form::Silent => Ok(()),
        };
        self.check(shown);
    }

    /// Shows a line of the user that has no place in the room yet.
    pub(super) fn show_pending(&mut self, name: Name, text: &str) {
        if let Form::Terminal(terminal) = &mut self.form {
            let drawn = terminal.draw_pending(name, text);
            self.check(drawn);
        }
    }

    /// Shows a line of the user that has got its place in the room late.
    pub(super) fn show_own(&mut self, name: Name, text: &str, place: Place) {
        if let Form::Terminal(terminal) = &mut self.form {
            let drawn = terminal.draw_said(name, text, place);
            self.check(drawn);
        }
    }

    /// Shows what has waited long enough, and returns the moment for what still waits.
    pub(super) fn show_due(&mut self, now: Timestamp) -> Option<Timestamp> {
        let Form::Terminal(terminal) = &mut self.form else {
            return None;
        };
        let drawn = terminal.draw_due_notices(now);
        self.check(drawn)
    }

    /// Remembers an error, which says that standard output takes nothing any more.
    fn check<T: Default>(&mut self, shown: io::Result<T>) -> T {
        shown.unwrap_or_else(|error| {
            self.is_closed = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.is_broken = true;
                self.remark(&Failure::io(Operation::WriteOutput)(error));
            }
            T::default()
        })
    }

    /// Adds a line of a member, or of the user, to the transcript.
    pub(super) fn write_down(&mut self, name: Name, text: &str) {
        let written = self.transcript.as_mut().map(|file| file.append(name, text));
        if let Some(Err(error)) = written {
            // Half a transcript that looks whole would be worse than none: it ends here, and the
            // exit code says so.
            self.transcript = None;
            self.is_transcript_broken = true;
            self.remark(&Status::TranscriptBroken(error));
        }
    }

    /// Shows the list of the commands. Any other remark is one line, whatever it quotes.
    pub(super) fn help(&self) {
        let list = Status::Help.in_words(self.language);
        list.lines().for_each(|line| self.remark_line(line));
    }

    /// Shows a remark of the program, if there are words for it.
    pub(super) fn remark(&self, remark: &dyn Worded) {
        self.remark_line(&remark.in_words(self.language));
    }

    fn remark_line(&self, line: &str) {
        let line = SafeText::for_terminal(line);
        match &self.form {
            _ if line.as_str().is_empty() => {}
            Form::Terminal(terminal) => terminal.draw_remark(&line),
            _ => write_remark(line.as_str()),
        }
    }
}

fn draw(
    terminal: &mut Terminal,
    now: Timestamp,
    event: &Event<'_>,
    place: Place,
) -> io::Result<()> {
    match *event {
        Event::Said { name, text } => terminal.draw_said(name, text, place),
        Event::Joined { name } => terminal.draw_notice(now, Notice::joined(name)),
        Event::Left { name } => terminal.draw_notice(now, Notice::left(name)),
        Event::Unparsed { text } => terminal.draw_text(text.trim_matches(LINE_ENDS)),
        _ => Ok(()),
    }
}
