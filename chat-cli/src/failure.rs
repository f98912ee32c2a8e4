//! Every way in which a command can fail: its exit code, its sentence, and the remedy.

use std::fmt::{self, Write as _};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::process::ExitCode;

use chat_core::proto::{DialectError, Refusal, TextError};

use crate::address::{AddressError, DEFAULT_ADDRESS};
use crate::io::safe_text::SafeText;
use crate::language::{Worded, Words, say};

/// The failure of a command.
#[derive(Debug)]
pub(crate) enum Failure {
    /// `--success` and `--end` do not go together.
    Dialect(DialectError),
    /// A text that names no address.
    Address(AddressError),
    /// Wrong usage that words itself: a file of options.
    Usage(Box<dyn Worded>),
    /// A file that cannot be used, which words itself: bans or a transcript.
    File(Box<dyn Worded>),
    /// The text of `chat send` is against the protocol.
    CannotSay(TextError),
    /// `chat man` was asked for a command that does not exist.
    NoSuchCommand { name: String },
    /// The server refused the login.
    Refused {
        answer: SafeText,
        /// True when the login had been repeated.
        repeated: bool,
        /// True when the server has sessions.
        in_session: bool,
    },
    /// The server refused the only line.
    LineRefused { answer: SafeText },
    /// No server answered the login.
    NoAnswer {
        server: SocketAddr,
        silence: Silence,
    },
    /// The server ended the conversation.
    Ended { word: SafeText },
    /// A signal came before the login was answered.
    Interrupted,
    /// Some lines were not sent; the user has seen which.
    NotAllSaid,
    /// Some lines were not shown; the user has seen why.
    NotAllShown,
    /// Some lines are not in the transcript; the user has seen why.
    NotAllWritten,
    /// The system refused an operation.
    Io {
        operation: Operation,
        error: io::Error,
    },
}

/// Hints about a server that did not answer.
#[derive(Debug)]
pub(crate) enum Silence {
    /// A datagram came that answers no login.
    Unexpected(SafeText),
    /// The network reported that no program listens there.
    Unreachable,
    /// Nothing came.
    Nothing,
}

/// An operation of the system.
#[derive(Debug)]
pub(crate) enum Operation {
    ListenOn(SocketAddr),
    /// Hosting the room at the default address.
    HostAt(SocketAddr),
    Reach(SocketAddr),
    ShowMetrics(SocketAddr),
    MakeQueue,
    WatchSignals,
    DrawRandom,
    ReadInput,
    WriteOutput,
    UseSocket,
    HostRoom,
}

impl Failure {
    /// Makes a function that turns an error of the system into the failure of this operation.
    pub(crate) fn io(operation: Operation) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { operation, error }
    }

    /// Returns whether the server has sessions, when the name of the login is taken in words of
    /// this project's servers.
    pub(crate) fn name_taken(&self) -> Option<bool> {
        match self {
            Self::Refused {
                answer, in_session, ..
            } if known_refusal(answer.as_str()) == Some(Refusal::NameTaken) => Some(*in_session),
            _ => None,
        }
    }

    /// Returns the exit code: 1 failed, 2 wrong usage, 3 refused by the server, 4 no answer.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::NoAnswer { .. } => 4,
            Self::Refused { .. } | Self::LineRefused { .. } => 3,
            Self::Dialect(_) | Self::Usage(_) | Self::CannotSay(_) | Self::NoSuchCommand { .. } => {
                2
            }
            // A name that the system cannot look up, for lack of a network, is no wrong usage.
            Self::Address(error) if !error.is_of_the_system() => 2,
            _ => 1,
        })
    }
}

impl Worded for Failure {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::Dialect(error) => say! { to, "--success and --end: {error}",
            "--success 与 --end：{error}" },
            Self::Address(error) => error.word(to),
            Self::Usage(error) | Self::File(error) => error.word(to),
            Self::CannotSay(error) => {
                say! { to, "this cannot be said: ", "这句话发不出去：" }?;
                error.word(to)
            }
            Self::NoSuchCommand { name } => say! { to,
            "there is no command {name:?}; `chat --help` lists them",
            "没有 {name:?} 这个命令；`chat --help` 列出所有命令" },
            Self::Refused {
                answer, repeated, ..
            } => {
                say! { to, "the server refused the login: ", "服务器拒绝登录：" }?;
                word_refusal(to, answer.as_str())?;
                remedy_of_refusal(to, answer.as_str(), *repeated)
            }
            Self::LineRefused { answer } => {
                say! { to, "the server refused the line: ", "服务器拒绝了这句话：" }?;
                word_refusal(to, answer.as_str())
            }
            Self::NoAnswer { server, silence } => {
                say! { to, "no answer from {server}", "{server} 没有应答" }?;
                silence.word(to)
            }
            Self::Ended { word } => say! { to,
            "the server ended the conversation ({word}); join again with the same command if \
             it was not you it meant",
            "服务器结束了会话（{word}）；如果不是针对你，可用同样的命令再次进入" },
            Self::Interrupted => say! { to, "interrupted before the server answered",
            "在服务器应答之前被中断" },
            Self::NotAllWritten => say! { to, "the transcript is not complete; see above",
            "记录不完整，见上文" },
            Self::NotAllShown => say! { to, "not everything was shown; see above",
            "有的内容没有显示，见上文" },
            Self::NotAllSaid => say! { to, "not everything was said; see above",
            "有的话未发送，见上文" },
            Self::Io { operation, error } => {
                operation.word(to)?;
                say! { to, ": {error}", "：{error}" }?;
                operation.remedy(to, error.kind())
            }
        }
    }
}

/// Returns the reason of a refusal, where it is word for word one of this project's.
fn known_refusal(answer: &str) -> Option<Refusal> {
    Refusal::from_reason(answer.strip_prefix("FAIL ")?)
}

/// Words a server's refusal: for people, with the server's words behind, where the reason is one of
/// this project's; any other answer as it is.
pub(crate) fn word_refusal(to: &mut Words<'_>, answer: &str) -> fmt::Result {
    let answer = answer.trim();
    let Some(refusal) = known_refusal(answer) else {
        return to.write_str(answer);
    };
    let words = answer.trim_start_matches("FAIL ");
    match refusal {
        Refusal::BadName => say! { to, "the server takes no such name", "服务器不接受这样的名字" },
        Refusal::NameTaken => say! { to, "a member has this name, or one like it",
        "已有人用这个或相似的名字" },
        Refusal::Reserved => say! { to, "it is the operator's name, or reserved",
        "名字属于管理员，或被保留" },
        Refusal::Banned => say! { to, "this name or network is banned", "这个名字或网络被封禁" },
        Refusal::RoomFull => say! { to, "the room or your network's share is full", "已满员" },
        Refusal::NotLoggedIn => say! { to, "the server does not know us", "服务器不认识我们" },
        Refusal::TooLong => say! { to, "it is too long; say it in parts", "太长；请分几句说" },
        Refusal::ControlCharacter => say! { to, "it has a control character", "里面有控制字符" },
        Refusal::NotYourName => say! { to, "it is under another name", "用的是别的名字" },
        Refusal::TooFast => say! { to, "too many at once; wait a moment", "太快；请稍等片刻" },
        _ => to.write_str(answer),
    }?;
    say! { to, " (the server's words: {words})", "（服务器原话：{words}）" }
}

fn remedy_of_refusal(to: &mut Words<'_>, answer: &str, repeated: bool) -> fmt::Result {
    match known_refusal(answer) {
        Some(Refusal::Banned) => say! { to, "; ask whoever runs the room",
        "；请询问聊天室的管理员" },
        Some(Refusal::RoomFull) => say! { to,
        "; try again later, or ask whoever runs the room for more places (--max-members)",
        "；请稍后再试，或请管理员增加名额（--max-members）" },
        None if !answer.starts_with("FAIL") => say! { to, "; look at --server and --verbs",
        "；请检查 --server 和 --verbs" },
        Some(Refusal::NameTaken) | None if repeated => say! { to,
        " (the login was repeated: the first one may have been accepted; wait a moment, or \
         choose another name)",
        "（登录请求重发过，第一次可能已被接受；请稍等片刻，或换一个名字）" },
        Some(Refusal::BadName | Refusal::NameTaken | Refusal::Reserved) => {
            say! { to, "; choose another name", "；请换一个名字" }
        }
        // The server's words have to do.
        _ => Ok(()),
    }
}

/// Writes what helps against an error of a file that this option names.
pub(crate) fn remedy_of_file(to: &mut Words<'_>, error: &io::Error, option: &str) -> fmt::Result {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => say! { to,
        "; the disk is full: make room there, or give {option} a file on another disk",
        "；磁盘已满：请腾出空间，或让 {option} 指向别的磁盘上的文件" },
        _ => say! { to,
        "; give {option} a file that this user can write to, in a folder that exists",
        "；请让 {option} 指向当前用户可写的文件，其文件夹要存在" },
    }
}

impl Worded for Silence {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::Unexpected(datagram) => say! { to, ", but this came: {datagram}",
            "，却收到了：{datagram}" },
            Self::Unreachable => say! { to,
            ": nobody listens there; start a room with `chat serve`, or look at --server",
            "：那里没有程序在监听；请用 `chat serve` 开一个聊天室，或检查 --server" },
            Self::Nothing => say! { to,
            "; is the address right, and does a firewall let UDP through? See --server, and \
             --verbs for servers with other words",
            "；地址对吗？防火墙放行 UDP 吗？请检查 --server；如果服务器用别的命令词，请看 \
             --verbs" },
        }
    }
}

impl Worded for Operation {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::ListenOn(address) => say! { to, "cannot listen on {address}",
            "无法在 {address} 上监听" },
            Self::HostAt(address) => say! { to, "cannot host a room at {address}",
            "无法在 {address} 主持聊天室" },
            Self::Reach(address) => say! { to, "cannot reach {address}", "无法到达 {address}" },
            Self::ShowMetrics(address) => say! { to, "cannot show the metrics at {address}",
            "无法在 {address} 提供指标" },
            Self::MakeQueue => say! { to, "cannot make a queue", "无法建立队列" },
            Self::WatchSignals => say! { to, "cannot watch for signals", "无法监视信号" },
            Self::DrawRandom => say! { to, "cannot draw random bits", "无法取得随机数" },
            Self::ReadInput => say! { to, "cannot read standard input", "无法读取标准输入" },
            Self::WriteOutput => say! { to, "cannot write to standard output",
            "无法写到标准输出" },
            Self::UseSocket => say! { to, "the socket broke", "套接字出错" },
            Self::HostRoom => say! { to, "cannot host the room", "无法主持聊天室" },
        }
    }
}

impl Operation {
    /// Writes what helps, where that is known.
    fn remedy(&self, to: &mut Words<'_>, kind: ErrorKind) -> fmt::Result {
        match (self, kind) {
            (Self::ListenOn(_), ErrorKind::AddrInUse) => say! { to,
            "; another program has this port: stop it, or choose another with --bind",
            "；这个端口被别的程序占用：请停掉它，或用 --bind 换一个端口" },
            (Self::ListenOn(_), ErrorKind::AddrNotAvailable) => say! { to,
            "; this machine does not have that address: see `ip address`",
            "；本机没有这个地址：请看 `ip address`" },
            (Self::ListenOn(_), ErrorKind::PermissionDenied) => say! { to,
            "; choose a port above 1023 with --bind",
            "；请用 --bind 选 1023 以上的端口" },
            (Self::ShowMetrics(_), _) => say! { to,
            "; choose another address of this machine, or a free port above 1023, with \
             --metrics",
            "；请用 --metrics 换一个本机地址，或 1023 以上的空闲端口" },
            (Self::HostAt(_), _) => say! { to,
            "; choose a port above 1023 with CHAT_ADDRESS, such as \
             CHAT_ADDRESS={DEFAULT_ADDRESS}, or join a room elsewhere with --server",
            "；请用 CHAT_ADDRESS 选 1023 以上的端口，例如 CHAT_ADDRESS={DEFAULT_ADDRESS}，\
             或用 --server 加入别处的聊天室" },
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use chat_core::proto::Language;

    use super::*;

    fn worded(answer: &str, language: Language) -> String {
        let answer = SafeText::for_terminal(answer);
        let line = Failure::LineRefused { answer }.in_words(language);
        let (_, worded) = line.split_once([':', '：']).expect("a reason");
        worded.trim().to_owned()
    }

    #[test]
    fn a_refusal_is_worded_for_people_in_their_language() {
        for (refusal, of_server) in Refusal::ALL
            .into_iter()
            .flat_map(|refusal| Language::ALL.map(|language| (refusal, language)))
        {
            let words = refusal.reason(of_server);
            let answer = format!("FAIL {words}");
            let english = worded(&answer, Language::English);
            let behind = format!(" (the server's words: {words})");
            let before = english.strip_suffix(&behind).expect(&english);
            assert!(before.is_ascii() && before.len() > 10, "{english}");
            let chinese = worded(&answer, Language::Chinese);
            let behind = format!("（服务器原话：{words}）");
            let before = chinese.strip_suffix(&behind).expect(&chinese);
            assert!(!before.is_empty() && !before.is_ascii(), "{chinese}");
        }
        for (answer, remedy) in [
            ("FAIL name taken", "; choose another name"),
            ("FAIL too fast", "(the server's words: too fast)"),
            ("FAIL the moon is full", "the moon is full"),
            ("HTTP/1.0 400", "; look at --server and --verbs"),
        ] {
            let answer = SafeText::for_terminal(answer);
            let refused = Failure::Refused {
                answer,
                repeated: false,
                in_session: false,
            };
            let line = refused.in_words(Language::English);
            assert!(line.ends_with(remedy), "{line}");
        }
        for unknown in ["FAIL", "FAIL the moon is full", "no"] {
            assert_eq!(worded(unknown, Language::Chinese), unknown);
        }
    }
}
