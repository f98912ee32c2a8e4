//! What the server writes down: a line or a JSON object per event.
//!
//! Both go through a queue with a thread of its own behind it. Where nobody reads the log, the room
//! goes on: lines that find the queue full are left out, counted, and the count is part of the
//! summary at the end.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use chat_core::proto::{Name, Refusal};
use chat_core::{DropReason, Event, LeaveReason, Stats};
use serde::Serialize;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

use crate::json;
use crate::messages::Language;
use crate::platform::safe_text::SafeText;
use crate::room::{Answer, Losses, RoomLog};

/// How many lines may wait for somebody who reads slowly.
const QUEUED_LINES: usize = 16_384;
/// How long the end of the program waits for them.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

/// What a line per event looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Quiet,
    Lines,
    Json,
}

pub(super) struct EventLog {
    form: Form,
    language: Language,
    out: NonBlocking,
    left_out: ErrorCounter,
    guard: Option<WorkerGuard>,
}

/// What is written down: an event as one JSON object, or as a line for people (`messages::log`).
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Entry<'a> {
    Joined {
        name: Name,
        peer: SocketAddr,
        replaced: Option<Name>,
    },
    StillIn {
        name: Name,
        peer: SocketAddr,
    },
    Said {
        name: Name,
        text: &'a str,
    },
    Announced {
        name: Name,
        text: &'a str,
    },
    Left {
        name: Name,
        peer: SocketAddr,
        reason: LeaveReason,
    },
    NotIn {
        name: Option<Name>,
        peer: SocketAddr,
    },
    Refused {
        peer: SocketAddr,
        reason: Refusal,
    },
    Dropped {
        peer: SocketAddr,
        reason: DropReason,
    },
    Probed {
        name: Name,
        peer: SocketAddr,
    },
    Closed {
        members: usize,
    },
    SendFailed {
        peer: SocketAddr,
        error: String,
    },
    KernelDropped {
        datagrams: u64,
        total: u64,
    },
    Stopped {
        stats: &'a Stats,
        #[serde(flatten)]
        losses: Losses,
        log_lines_left_out: usize,
    },
}

impl EventLog {
    pub(super) fn new(form: Form, language: Language) -> Self {
        let builder = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(QUEUED_LINES);
        let (out, guard) = match form {
            Form::Json => builder.finish(io::stdout()),
            Form::Quiet | Form::Lines => builder.finish(io::stderr()),
        };
        if form == Form::Lines {
            let lines = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_target(false)
                .with_level(false);
            // Only one subscriber can be installed, and this is the only place that does.
            let _installed_already = lines.with_writer(out.clone()).try_init();
        }
        let left_out = out.error_counter();
        Self {
            form,
            language,
            out,
            left_out,
            guard: Some(guard),
        }
    }

    fn write(&mut self, entry: &Entry<'_>) {
        match self.form {
            Form::Quiet => {}
            Form::Lines => tracing::info!(
                "{}",
                SafeText::for_terminal(&entry.message(self.language).to_string())
            ),
            // The queue takes any line or counts it; it has no other error.
            Form::Json => drop(writeln!(self.out, "{}", json::event(entry))),
        }
    }
}

impl Drop for EventLog {
    /// Waits for the queue to be written, but not for a reader who does not read: dropping the
    /// guard can wait for that one for ever, so it is left to a thread.
    fn drop(&mut self) {
        let guard = self.guard.take();
        let (written, wait) = mpsc::channel();
        let flushing = thread::Builder::new().spawn(move || {
            drop(guard);
            let _nobody_waits = written.send(());
        });
        if flushing.is_ok() {
            let _too_slow = wait.recv_timeout(FLUSH_PATIENCE);
        }
    }
}

impl RoomLog for EventLog {
    fn event(&mut self, event: &Event<'_, SocketAddr>) {
        let entry = match *event {
            Event::Joined {
                name,
                peer,
                replaced,
            } => Entry::Joined {
                name,
                peer,
                replaced,
            },
            Event::StillIn { name, peer } => Entry::StillIn { name, peer },
            Event::Said { name, text } => Entry::Said {
                name,
                text: text.as_str(),
            },
            Event::Announced { name, text } => Entry::Announced {
                name,
                text: text.as_str(),
            },
            Event::Left { name, peer, reason } => Entry::Left { name, peer, reason },
            Event::NotIn { name, peer } => Entry::NotIn { name, peer },
            Event::Refused { peer, refusal } => Entry::Refused {
                peer,
                reason: refusal,
            },
            // Whoever floods the room is counted in the statistics: a line for each datagram would
            // flood the log too.
            Event::Dropped {
                reason: DropReason::LoginRate | DropReason::ReplyRate | DropReason::RefusedAlready,
                ..
            } => return,
            Event::Dropped { peer, reason } => Entry::Dropped { peer, reason },
            Event::Probed { name, peer } => Entry::Probed { name, peer },
            Event::Closed { members } => Entry::Closed { members },
            // `Nothing`, and what later versions of the room may add.
            _ => return,
        };
        self.write(&entry);
    }

    fn lost(&mut self, peer: SocketAddr, error: &io::Error) {
        self.write(&Entry::SendFailed {
            peer,
            error: error.to_string(),
        });
    }

    /// Also where the log is quiet: the operator has asked. In one piece, so that no line of the
    /// log comes in between.
    fn answer(&mut self, answer: &Answer<'_>) {
        let text = match self.form {
            Form::Json => json::event(answer),
            Form::Quiet | Form::Lines => {
                let lines = answer.lines(self.language);
                let safe: Vec<String> = lines
                    .iter()
                    .map(|line| SafeText::for_terminal(line).to_string())
                    .collect();
                safe.join("\n")
            }
        };
        // The queue takes any line or counts it; it has no other error.
        drop(writeln!(self.out, "{text}"));
    }

    fn kernel_dropped(&mut self, new: u64, total: u64) {
        self.write(&Entry::KernelDropped {
            datagrams: new,
            total,
        });
    }

    fn stopped(&mut self, stats: &Stats, losses: Losses) {
        let log_lines_left_out = self.left_out.dropped_lines();
        self.write(&Entry::Stopped {
            stats,
            losses,
            log_lines_left_out,
        });
    }
}
