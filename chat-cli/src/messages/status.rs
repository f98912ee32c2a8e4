//! What a client's user has to know: one line each.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use chat_core::proto::{MAX_TEXT, Name, TextError};
use chat_core::{LostReason, SayError};

use super::{Language, say};
use crate::join::TranscriptError;
use crate::platform::safe_text::SafeText;

/// A remark of the client to its user.
#[derive(Debug)]
pub(crate) enum Status<'a> {
    /// Nobody hosted a room, so this program does.
    Hosting { address: SocketAddr },
    /// The login was accepted.
    InRoom {
        server: SocketAddr,
        name: Name,
        by_hand: bool,
    },
    /// Logging in again.
    Lost { reason: LostReason },
    /// Not let in again yet.
    StillOut { answer: &'a str },
    /// Logged in again.
    Back,
    /// The server refused a line.
    LineRefused { answer: &'a str },
    /// A line of the input was not said; `line` is its number where it came through a pipe.
    NotSaid { line: Option<u64>, problem: Problem },
    /// What was said is not written down any more.
    TranscriptBroken { failure: &'a TranscriptError },
    /// The commands.
    Help,
    /// Who was seen in the room.
    NamesSeen { names: &'a [Name] },
    /// So many lines were not drawn, because the terminal took none.
    #[cfg(feature = "line-editing")]
    LinesLeftOut { count: u64 },
    /// Standard output cannot be written.
    OutputBroken { error: &'a io::Error },
}

/// Why a line was not said.
#[derive(Debug)]
pub(crate) enum Problem {
    Text(TextError),
    NotUtf8 {
        offset: usize,
    },
    NotNow(SayError),
    NotSent(io::Error),
    /// There is no such command.
    NoCommand(String),
}

impl Status<'_> {
    /// As one line, safe to be shown.
    pub(crate) fn line(&self, language: Language) -> SafeText {
        SafeText::for_terminal(&fmt::from_fn(|f| self.write(f, language)).to_string())
    }

    // One sentence a variant, in two languages.
    #[allow(clippy::too_many_lines)]
    fn write(&self, f: &mut fmt::Formatter<'_>, language: Language) -> fmt::Result {
        match self {
            Self::Hosting { address } => say!(
                f,
                language,
                "nobody hosts a room at {address}: hosting it here, until you leave; others join with `chat join NAME`",
                "{address} 还没有聊天室：由你在这里主持，直到你离开；别人用 `chat join 名字` 进入"
            ),
            Self::InRoom {
                server,
                name,
                by_hand,
            } => {
                say!(
                    f,
                    language,
                    "in the room at {server} as {name}",
                    "已进入 {server} 的聊天室，名字是 {name}"
                )?;
                if *by_hand {
                    say!(
                        f,
                        language,
                        "; /quit or Ctrl-D leaves, /help helps",
                        "；/quit 或 Ctrl-D 离开，/help 看帮助"
                    )?;
                }
                Ok(())
            }
            Self::Lost { reason } => {
                lost(f, language, *reason)?;
                say!(
                    f,
                    language,
                    "; what was said last may be lost; logging in again",
                    "；刚才说的话可能丢了；正在重新登录"
                )
            }
            Self::StillOut { answer } => say!(
                f,
                language,
                "the server does not let us in yet: {answer}; trying again",
                "服务器还不让我们进：{answer}；继续尝试"
            ),
            Self::Back => say!(f, language, "logged in again", "已重新登录"),
            Self::LineRefused { answer } => {
                say!(
                    f,
                    language,
                    "the server refused a line: {answer}",
                    "服务器拒绝了一句话：{answer}"
                )
            }
            Self::NotSaid { line, problem } => {
                match line {
                    Some(line) => say!(
                        f,
                        language,
                        "line {line} was not said: ",
                        "第 {line} 行没有说出去："
                    ),
                    None => say!(f, language, "not said: ", "没有说出去："),
                }?;
                problem.write(f, language)
            }
            Self::TranscriptBroken { failure } => {
                transcript_error(f, language, failure)?;
                say!(
                    f,
                    language,
                    "; nothing more is written there",
                    "；后面的话不再写入"
                )
            }
            Self::Help => say!(
                f,
                language,
                "/names: who was seen here; /quit (or Ctrl-D): leave; //text: say a line that begins with a slash; Tab \
                 completes names, the arrow keys bring back lines",
                "/names：在这里见过谁；/quit（或 Ctrl-D）：离开；//文字：说一句以斜杠开头的话；Tab 补全名字，方向键找回说过的话"
            ),
            Self::NamesSeen { names } => {
                let (count, names) = (names.len(), list(names, usize::MAX));
                say!(
                    f,
                    language,
                    "seen by this client so far, {count}: {names}",
                    "本客户端到现在见过 {count} 人：{names}"
                )
            }
            #[cfg(feature = "line-editing")]
            Self::LinesLeftOut { count } => say!(
                f,
                language,
                "{count} lines are not shown here: the terminal took none",
                "有 {count} 行没有显示：终端当时不接收"
            ),
            Self::OutputBroken { error } => {
                say!(
                    f,
                    language,
                    "cannot write to standard output: {error}",
                    "无法写到标准输出：{error}"
                )
            }
        }
    }
}

fn lost(f: &mut fmt::Formatter<'_>, language: Language, reason: LostReason) -> fmt::Result {
    match reason {
        LostReason::NotLoggedIn => say!(
            f,
            language,
            "the server does not know us any more",
            "服务器已经不认识我们"
        ),
        LostReason::Unreachable => say!(
            f,
            language,
            "nobody is at the server's address",
            "服务器的地址上没有人"
        ),
        LostReason::Silent => say!(f, language, "the server does not answer", "服务器不应答"),
        _ => say!(f, language, "the connection is lost", "连接断了"),
    }
}

impl Problem {
    fn write(&self, f: &mut fmt::Formatter<'_>, language: Language) -> fmt::Result {
        match self {
            Self::Text(error) => text_error(f, language, error),
            Self::NotUtf8 { offset } => {
                say!(
                    f,
                    language,
                    "it is not UTF-8 at byte {offset}",
                    "第 {offset} 字节不是 UTF-8"
                )
            }
            Self::NotNow(SayError::NotIn) => say!(
                f,
                language,
                "not in the room: wait until the login is answered",
                "还不在聊天室里：请等登录得到应答"
            ),
            Self::NotNow(error) => write!(f, "{error}"),
            Self::NotSent(error) => write!(f, "{error}"),
            Self::NoCommand(command) => say!(
                f,
                language,
                "there is no command {command}; /help lists them, // begins a line with a slash",
                "没有 {command} 这个命令；/help 列出所有命令，以斜杠开头的话请写 //"
            ),
        }
    }
}

/// Why nothing is written down, and what to do.
pub(super) fn transcript_error(
    f: &mut fmt::Formatter<'_>,
    language: Language,
    failure: &TranscriptError,
) -> fmt::Result {
    let (path, error) = (failure.path.display(), &failure.error);
    say!(
        f,
        language,
        "cannot write the transcript {path}: {error}; give --transcript a file that you can write, in a folder that exists",
        "无法写入记录 {path}：{error}；请让 --transcript 指向一个可写的文件，文件夹要存在"
    )
}

/// At most so many names, with commas.
pub(super) fn list(names: &[Name], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(Name::as_str).collect();
    let more = if names.len() > most { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Why a text cannot be said, and what to do.
pub(super) fn text_error(
    f: &mut fmt::Formatter<'_>,
    language: Language,
    error: &TextError,
) -> fmt::Result {
    match error {
        TextError::TooLong { len } => say!(
            f,
            language,
            "a line can have {MAX_TEXT} bytes at most, this one has {len}; say it in parts",
            "一句话最多 {MAX_TEXT} 字节，这句有 {len} 字节；请分几句说"
        ),
        TextError::Control { character, .. } => {
            let code = u32::from(*character);
            say!(
                f,
                language,
                "a line cannot hold the control character U+{code:04X}; remove it",
                "一句话里不能有控制字符 U+{code:04X}；请去掉它"
            )
        }
        other => write!(f, "{other}"),
    }
}
