//! The server's log: a line or a JSON object for each event (EVENTS.md).
//!
//! A queue with a thread behind it takes the lines, so that a reader who does not read cannot hold
//! up the room. Lines that find it full are skipped and counted.

use std::fmt::{self, Write as _};
use std::io;

use chat_core::proto::Delivery;
use chat_core::{DropReason, Event, LeaveReason, Outgoing, Stats};
use jiff::Timestamp;
use serde::Serialize;

use super::origin::Origin;
use crate::clock;
use crate::io::line_queue::{LineQueue, write_line};
use crate::io::safe_text::SafeText;
use crate::io::wrap::{list_indent, wrapped};
use crate::json;
use crate::language::{Language, Worded, Words, say};
use crate::net::kernel_drops::Growth;

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Only the answers to the operator, on standard error.
    Quiet,
    /// A line for each event, on standard error.
    Lines,
    /// A JSON object for each event, on standard output.
    Json,
}

/// The log of a room.
#[derive(Debug)]
pub struct EventLog {
    form: Form,
    language: Language,
    /// `None`: the room has no log.
    pub(super) queue: Option<LineQueue>,
}

/// Datagrams that were lost on this machine, which the rules do not see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    /// Datagrams that could not be sent.
    pub send_failed: u64,
    /// Datagrams that the kernel dropped because the room did not read them in time; `None`: the
    /// system does not tell.
    pub kernel_dropped: Option<u64>,
}

/// All counts of a room since its beginning.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counts {
    /// The counts of the rules.
    pub stats: Stats,
    /// Datagrams that were lost on this machine.
    #[serde(flatten)]
    pub losses: Losses,
}

/// An entry that is no event of the rules.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Entry {
    /// A datagram could not be sent.
    SendFailed { peer: Origin, error: String },
    /// The kernel dropped datagrams.
    KernelDropped(Growth),
    /// The end, with all counts.
    Stopped {
        #[serde(flatten)]
        counts: Box<Counts>,
        log_lines_left_out: u64,
    },
}

impl EventLog {
    /// Opens the log; an error says that its thread cannot be started.
    pub(super) fn open(form: Form, language: Language) -> io::Result<Self> {
        // The last entry has the number of all lines that were skipped.
        let queue = LineQueue::start("log", None, move |line| match form {
            Form::Json => write_line(io::stdout(), line),
            Form::Quiet | Form::Lines => write_line(io::stderr(), line),
        })?;
        Ok(Self {
            form,
            language,
            queue: Some(queue),
        })
    }

    /// Makes a log that writes nothing, for a room whose members see all that happens.
    pub fn off() -> Self {
        Self {
            form: Form::Quiet,
            language: Language::English,
            queue: None,
        }
    }

    /// Writes what a call did: its event, and the entries of the room's log that it does not name.
    pub(super) fn outgoing(&self, outgoing: &Outgoing<'_, Origin>) {
        let event = outgoing.event();
        for entry in outgoing.entries() {
            match (entry, event) {
                // Lines that a session sent, perhaps with its quit behind them.
                (Delivery::Said { name, text }, Event::Heard { .. } | Event::Left { .. }) => {
                    self.write(&Event::Said { name, text });
                }
                (Delivery::Left { name }, Event::Joined { replaced, .. })
                    if replaced == Some(name) => {}
                // A member that had to go because a session is at its address now.
                (
                    Delivery::Left { name },
                    Event::Joined { peer, .. } | Event::Attached { peer, .. },
                ) => {
                    let reason = LeaveReason::Quit;
                    self.write(&Event::Left { name, peer, reason });
                }
                _ => {}
            }
        }
        match event {
            // A flood is counted in the statistics: with a line for each of its datagrams a
            // stranger could fill the log.
            Event::Dropped {
                reason:
                    DropReason::LoginRate
                    | DropReason::ReplyRate
                    | DropReason::RefusedAlready
                    | DropReason::LineRate,
                ..
            }
            | Event::Challenged { .. }
            | Event::Heard { .. }
            | Event::Nothing => {}
            event => self.write(&event),
        }
    }

    /// Writes the end, with all counts.
    pub(super) fn stopped(&self, counts: Counts) {
        let log_lines_left_out = self.queue.as_ref().map_or(0, LineQueue::skipped);
        self.write(&Entry::Stopped {
            counts: Box::new(counts),
            log_lines_left_out,
        });
    }

    /// Writes an answer to the operator, in the quiet form too. It is one entry of the queue, so
    /// that no event comes between its lines.
    pub(super) fn answer(&self, answer: &(impl Worded + Serialize)) {
        self.push(answer, |text| {
            let lines = text.lines().map(SafeText::for_terminal);
            let lines: Vec<String> = lines.map(|line| line.to_string()).collect();
            lines.join("\n")
        });
    }

    /// Writes an entry, except in the quiet form.
    pub(super) fn write(&self, entry: &(impl Worded + Serialize)) {
        if self.form != Form::Quiet {
            self.push(entry, |text| {
                let text = SafeText::for_terminal(text);
                format!("{} {text}", clock::timestamp(Timestamp::now()))
            });
        }
    }

    fn push(&self, entry: &(impl Worded + Serialize), safe: impl FnOnce(&str) -> String) {
        let Some(queue) = &self.queue else { return };
        queue.push(match self.form {
            Form::Json => json::event(Timestamp::now(), entry),
            Form::Quiet | Form::Lines => {
                let text = safe(&entry.in_words(self.language));
                let rows = |line| wrapped(io::stderr(), line, list_indent(line));
                text.lines().map(rows).collect::<Vec<_>>().join("\n")
            }
        });
    }
}

impl Worded for Event<'_, Origin> {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match *self {
            Self::Joined {
                name,
                peer,
                replaced,
            } => match replaced {
                None => say! { to, "{name} joined from {peer}", "{name} 进入聊天室（{peer}）" },
                Some(before) => say! { to, "{before} is now {name} ({peer})",
                "{before} 改名为 {name}（{peer}）" },
            },
            Self::StillIn { name, peer } => say! { to, "{name} is still in ({peer})",
            "{name} 还在（{peer}）" },
            Self::Said { name, text } | Self::Announced { name, text } => {
                write!(to, "{name} : {}", text.as_str())
            }
            Self::Left { name, peer, reason } => {
                let reason = reason.in_words(to.language);
                say! { to, "{name} left ({reason}, {peer})", "{name} 退出聊天室（{reason}，{peer}）" }
            }
            Self::NotIn { name, peer } => match name {
                Some(name) => say! { to, "{peer} tried to quit as {name}, which is not its name",
                "{peer} 以 {name} 的名义退出，但它不是" },
                None => say! { to, "{peer} tried to quit without a valid name",
                "{peer} 要退出，但没有有效的名字" },
            },
            Self::Refused { peer, refusal } => {
                let reason = refusal.reason(to.language);
                say! { to, "refused {peer}: {reason}", "拒绝 {peer}：{reason}" }
            }
            Self::Dropped { peer, reason } => {
                let reason = reason.in_words(to.language);
                say! { to, "dropped a datagram from {peer}: {reason}",
                "丢弃 {peer} 的一个数据报：{reason}" }
            }
            Self::Probed { name, peer } => say! { to,
            "{name} is reported unreachable, asking ({peer})",
            "网络报告 {name} 不可达，正在询问（{peer}）" },
            Self::Attached { name, peer } => say! { to, "{name} goes on at {peer}",
            "{name} 在 {peer} 继续" },
            Self::Closed { members } => say! { to, "closed the room, {members} were in",
            "聊天室已关闭，当时有 {members} 人" },
            // Later versions of the rules may add events.
            _ => write!(to, "{self:?}"),
        }
    }
}

impl Worded for LeaveReason {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::Quit => say! { to, "quit", "自己退出" },
            Self::Unreachable => say! { to, "unreachable", "不可达" },
            Self::Idle => say! { to, "idle", "长时间没有动静" },
            Self::Silent => say! { to, "said nothing, at an address that may be forged",
            "一直没有说话，地址可能是伪造的" },
            Self::Kicked => say! { to, "removed by the operator", "被管理员移出" },
            Self::Parked => say! { to, "not heard for too long", "太久没有消息" },
            _ => say! { to, "gone", "不在了" },
        }
    }
}

impl Worded for DropReason {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::NotARequest => say! { to, "not a request", "不是请求" },
            Self::InSession => say! { to, "its address has a session", "这个地址正在会话中" },
            Self::Malformed => say! { to, "numbers that cannot be", "编号不可能" },
            Self::Closed => say! { to, "the room is closed", "聊天室已关闭" },
            _ => say! { to, "dropped", "已丢弃" },
        }
    }
}

impl Worded for Entry {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::SendFailed { peer, error } => {
                say! { to, "a datagram to {peer} was lost: {error}",
                "发往 {peer} 的一个数据报丢了：{error}" }
            }
            Self::KernelDropped(Growth { datagrams, total }) => say! { to,
            "the system dropped {datagrams} datagrams that came faster than they were read, \
             {total} in all",
            "系统丢弃了 {datagrams} 个来不及读取的数据报，总共 {total} 个" },
            Self::Stopped {
                counts,
                log_lines_left_out,
            } => {
                let counts = counts.in_words(to.language);
                say! { to, "stopped: {counts}, {log_lines_left_out} log lines left out",
                "已停止：{counts}，略去 {log_lines_left_out} 行日志" }
            }
        }
    }
}

impl Worded for Counts {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        let Stats {
            logins,
            messages,
            datagrams_in,
            datagrams_out,
            ..
        } = &self.stats;
        let refused: u64 = self.stats.refusals.iter().map(|(_, count)| count).sum();
        let dropped = self.stats.dropped();
        let send_failed = self.losses.send_failed;
        say! { to,
        "{logins} logins, {messages} lines, {datagrams_in} datagrams in, {datagrams_out} \
         out, {refused} refused, {dropped} dropped, {send_failed} not sent, ",
        "登录 {logins} 次，发言 {messages} 句，收到 {datagrams_in} 个数据报，发出 \
         {datagrams_out} 个，拒绝 {refused} 次，丢弃 {dropped} 个，未发出 {send_failed} 个，" }?;
        match self.losses.kernel_dropped {
            Some(lost) => say! { to, "{lost} dropped by the system", "系统丢弃 {lost} 个" },
            None => say! { to, "not known how many dropped by the system",
            "系统丢弃多少不得而知" },
        }
    }
}
