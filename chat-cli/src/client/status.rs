//! Remarks of the client to its user: one line each.

use std::fmt::{self, Write as _};
use std::io;
use std::net::SocketAddr;

use chat_core::SayError;
use chat_core::proto::{Name, TextError};

use super::notices::list;
use super::transcript::TranscriptError;
use crate::io::stdin::LineError;
use crate::language::{Worded, Words, not_said, say};

/// A remark of the client to its user.
#[derive(Debug)]
pub(super) enum Status<'a> {
    /// This program hosts the room, as no other does.
    Hosting { address: SocketAddr },
    /// The login was accepted.
    InRoom {
        server: SocketAddr,
        name: Name,
        /// True for a person at a terminal, who gets a hint.
        is_typed: bool,
    },
    /// A session has the name, perhaps one of the same user that crashed.
    NameTaken,
    /// The login has no answer yet.
    LoggingIn,
    /// The network reported that no program receives there; the client goes on trying.
    NobodyThere { server: SocketAddr },
    /// The question to a host who wants to leave others.
    MayLeave { others: usize },
    /// A line of the input was not sent.
    NotSaid {
        /// Its number, where it came through a pipe.
        line: Option<u64>,
        problem: Problem,
    },
    /// Nothing is written to the transcript any more.
    TranscriptBroken(TranscriptError),
    /// The commands, one a line.
    Help,
    /// The answer to `/names` in a room that does not name its members.
    NamesSeen(&'a [Name]),
    /// The answer of the server to `/names`.
    NamesIn(&'a [Name]),
    /// Lines that were on their way to a server that has forgotten this client.
    MayBeTwice { lines: usize },
    /// Lines that such a server had answered and not brought back yet.
    MayBeLost { lines: usize },
    /// The answer to `/ignore` and `/unignore`.
    Ignored(&'a [String]),
}

/// The reason for which a line was not sent.
#[derive(Debug)]
pub(super) enum Problem {
    Text(TextError),
    Line(LineError),
    NotNow(SayError),
    NotSent(io::Error),
    NoCommand(String),
}

impl Worded for Status<'_> {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::Hosting { address } => say! { to,
            "nobody hosts a room at {address}: hosting it here, until you leave; others join \
             with `chat join NAME`",
            "{address} 还没有聊天室：由你在这里主持，直到你离开；别人用 `chat join 名字` 进入" },
            Self::InRoom {
                server,
                name,
                is_typed,
            } => {
                say! { to, "in the room at {server} as {name}",
                "已进入 {server} 的聊天室，名字是 {name}" }?;
                if *is_typed {
                    say! { to, "; /quit or Ctrl-D leaves, /help helps",
                    "；/quit 或 Ctrl-D 离开，/help 看帮助" }?;
                }
                Ok(())
            }
            Self::NameTaken => say! { to,
            "a member has this name; trying for 12 s, as it may be a client of yours that crashed",
            "已有人用这个名字；它也许是你崩溃了的客户端，再试 12 秒" },
            Self::LoggingIn => say! { to, "logging in…", "正在登录…" },
            Self::NobodyThere { server } => say! { to,
            "nobody listens at {server}; trying for 7 s, as it may be about to start",
            "{server} 上没有程序在监听；它也许正要启动，再试 7 秒" },
            Self::MayLeave { others } => say! { to,
            "others in the room: {others}; it closes when you leave. Leave? [y/N]",
            "聊天室里还有 {others} 人；你离开，聊天室就关闭。要离开吗？[y/N]" },
            Self::NotSaid { line, problem } => {
                let Some(line) = line else {
                    return not_said(to, problem);
                };
                say! { to, "line {line} was not said: ", "第 {line} 行未发送：" }?;
                problem.word(to)
            }
            Self::TranscriptBroken(error) => {
                error.word(to)?;
                say! { to, "; nothing more is written there", "；后面的话不再写入" }
            }
            Self::Help => say! { to, "\
/names      who is in the room
/ignore     show nothing more of a NAME, or of who `joins` and leaves
/unignore   show it again
/quit       leave (as Ctrl-D does)
//text      say a line that begins with a slash
Tab         completes a name
arrow keys  bring back lines", "\
/names     谁在聊天室里
/ignore    不再显示某人（后面写名字），或进出通知（joins）
/unignore  重新显示
/quit      离开（也可以按 Ctrl-D）
//文字     说一句以斜杠开头的话
Tab        补全名字
方向键     找回说过的话" },
            Self::NamesSeen(names) => {
                let (count, names) = (names.len(), list(names, usize::MAX));
                say! { to, "seen by this client so far, {count}: {names}",
                "本客户端到现在见过 {count} 人：{names}" }
            }
            Self::NamesIn(names) => {
                let (count, names) = (names.len(), list(names, usize::MAX));
                say! { to, "in the room, {count}: {names}", "聊天室里有 {count} 人：{names}" }
            }
            Self::MayBeLost { lines } => say! { to,
            "the server has forgotten us: lines that others may not have, {lines}",
            "服务器忘了我们：别人可能没收到的话有 {lines} 句" },
            Self::MayBeTwice { lines } => say! { to,
            "the server has forgotten us: lines that may be there twice, {lines}",
            "服务器忘了我们：可能重复的话有 {lines} 句" },
            Self::Ignored([]) => say! { to, "no member is ignored", "没有屏蔽任何人" },
            Self::Ignored(names) => {
                let (count, names) = (names.len(), list(names, usize::MAX));
                say! { to, "ignored by this client, {count}: {names}",
                "已屏蔽：{names}" }
            }
        }
    }
}

impl Worded for Problem {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::Text(error) => error.word(to),
            Self::Line(error) => error.word(to),
            Self::NotNow(SayError::NotIn) => say! { to,
            "not in the room: wait until the login is answered",
            "还不在聊天室里：请等登录得到应答" },
            Self::NotNow(SayError::Full) => say! { to,
            "too many lines wait for the server: wait until it has taken some",
            "等着服务器的话太多了：请等它收下一些" },
            Self::NotNow(error) => write!(to, "{error}"),
            Self::NotSent(error) => write!(to, "{error}"),
            Self::NoCommand(command) => say! { to,
            "there is no command {command}; /help lists them, // begins a line with a slash",
            "没有 {command} 这个命令；/help 列出所有命令，以斜杠开头的话请写 //" },
        }
    }
}
