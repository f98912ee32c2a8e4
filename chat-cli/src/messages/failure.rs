//! Why a command ended badly: one sentence about what was wrong, and what to do next.

use std::fmt;
use std::io::ErrorKind;

use chat_core::proto::Refusal;

use super::{Language, bans, say, status};
use crate::address::DEFAULT_ADDRESS;
use crate::args::{ConfigError, ConfigProblem};
use crate::failure::{AddressProblem, Doing, Failure, Silence};

impl Failure {
    /// What the user is told.
    pub(crate) fn message(&self, language: Language) -> impl fmt::Display {
        fmt::from_fn(move |f| write(f, language, self))
    }
}

// One sentence a variant, in two languages.
#[allow(clippy::too_many_lines)]
fn write(f: &mut fmt::Formatter<'_>, language: Language, failure: &Failure) -> fmt::Result {
    match failure {
        Failure::Words(error) => say!(
            f,
            language,
            "--success and --end: {error}",
            "--success 与 --end：{error}"
        ),
        Failure::Config(error) => config(f, language, error),
        Failure::BadAddress { text, problem } => {
            say!(
                f,
                language,
                "{text:?} is no address (",
                "{text:?} 不是地址（"
            )?;
            match problem {
                AddressProblem::Empty => say!(f, language, "it is empty", "是空的"),
                AddressProblem::Unreadable(error) => write!(f, "{error}"),
                AddressProblem::Unknown => say!(
                    f,
                    language,
                    "nothing is known by that name",
                    "查不到这个名字"
                ),
            }?;
            say!(
                f,
                language,
                "); write HOST:PORT, such as {DEFAULT_ADDRESS} or [::1]:8888",
                "）；请写成 主机:端口，例如 {DEFAULT_ADDRESS} 或 [::1]:8888"
            )
        }
        Failure::CannotSay(error) => {
            say!(f, language, "this cannot be said: ", "这句话发不出去：")?;
            status::text_error(f, language, error)
        }
        Failure::NoSuchCommand { name } => say!(
            f,
            language,
            "there is no command {name:?}; `chat --help` lists them",
            "没有 {name:?} 这个命令；`chat --help` 列出所有命令"
        ),
        Failure::Refused {
            answer,
            refusal,
            repeated,
        } => {
            say!(
                f,
                language,
                "the server refused the login: {answer}",
                "服务器拒绝登录：{answer}"
            )?;
            refused(f, language, *refusal, *repeated)
        }
        Failure::LineRefused { answer } => {
            say!(
                f,
                language,
                "the server refused the line: {answer}",
                "服务器拒绝了这句话：{answer}"
            )
        }
        Failure::NoAnswer { server, silence } => {
            say!(f, language, "no answer from {server}", "{server} 没有应答")?;
            silent(f, language, silence)
        }
        Failure::Ended { word } => say!(
            f,
            language,
            "the server ended the conversation ({word}); join again with the same command if it was not you it meant",
            "服务器结束了会话（{word}）；如果不是针对你，可用同样的命令再次进入"
        ),
        Failure::Interrupted => say!(
            f,
            language,
            "interrupted before the server answered",
            "在服务器应答之前被中断"
        ),
        Failure::Transcript(error) => status::transcript_error(f, language, error),
        Failure::NotAllWritten => {
            say!(
                f,
                language,
                "the transcript is not complete; see above",
                "记录不完整，见上文"
            )
        }
        Failure::Bans(error) => bans::write(f, language, error),
        Failure::NotAllSaid => say!(
            f,
            language,
            "not everything was said; see above",
            "有的话没有说出去，见上文"
        ),
        #[cfg(target_os = "linux")]
        Failure::Bench(error) => write!(f, "{error}"),
        Failure::Io { doing, error } => {
            what(f, language, doing)?;
            say!(f, language, ": {error}", "：{error}")?;
            remedy(f, language, doing, error.kind())
        }
    }
}

/// What is wrong with a file of options, where, and what to do.
fn config(f: &mut fmt::Formatter<'_>, language: Language, error: &ConfigError) -> fmt::Result {
    let file = error.file.display();
    write!(f, "{file}")?;
    if let Some(line) = error.line {
        say!(f, language, ", line {line}", " 第 {line} 行")?;
    }
    say!(f, language, ": ", "：")?;
    match &error.problem {
        ConfigProblem::Unreadable(error) => say!(
            f,
            language,
            "cannot be read: {error}; give --config a file that is there and that you can read",
            "无法读取：{error}；请让 --config 指向一个存在且可读的文件"
        ),
        ConfigProblem::Syntax(why) => say!(
            f,
            language,
            "this is not TOML: {why}; write a line as: option = \"value\"",
            "不是 TOML：{why}；每行请写成：选项 = \"值\""
        ),
        ConfigProblem::UnknownOption(name) => say!(
            f,
            language,
            "there is no option {name:?}; `chat serve --help` lists them, and here they are written without dashes in front",
            "没有 {name:?} 这个选项；`chat serve --help` 列出所有选项，这里写的时候前面不加横线"
        ),
        ConfigProblem::BadValue { option, why } => {
            say!(
                f,
                language,
                "{option} cannot be this: {why}",
                "{option} 不能是这个值：{why}"
            )
        }
    }
}

/// What helps against a refusal.
fn refused(
    f: &mut fmt::Formatter<'_>,
    language: Language,
    refusal: Option<Refusal>,
    repeated: bool,
) -> fmt::Result {
    match refusal {
        Some(Refusal::Banned) => say!(
            f,
            language,
            "; ask whoever runs the room",
            "；请询问聊天室的管理员"
        ),
        Some(Refusal::RoomFull) => say!(
            f,
            language,
            "; try again later, or ask whoever runs the room for more places (--max-members)",
            "；请稍后再试，或请管理员增加名额（--max-members）"
        ),
        _ if repeated => say!(
            f,
            language,
            " (the login was repeated: the first one may have been accepted; wait a moment, or choose another name)",
            "（登录请求重发过，第一次可能已被接受；请稍等片刻，或换一个名字）"
        ),
        _ => say!(f, language, "; choose another name", "；请换一个名字"),
    }
}

/// What is known about a server that did not answer, and what to do.
fn silent(f: &mut fmt::Formatter<'_>, language: Language, silence: &Silence) -> fmt::Result {
    match silence {
        Silence::ButThisCame(datagram) => {
            say!(
                f,
                language,
                ", but this came: {datagram}",
                "，却收到了：{datagram}"
            )
        }
        Silence::NobodyListens => say!(
            f,
            language,
            ": nobody listens there; start a room with `chat serve`, or look at --server",
            "：那里没有人在听；请用 `chat serve` 开一个聊天室，或检查 --server"
        ),
        Silence::Nothing => say!(
            f,
            language,
            "; is the address right, and does a firewall let UDP through? See --server, and --verbs for servers with other \
             words",
            "；地址对吗？防火墙放行 UDP 吗？请检查 --server；如果服务器用别的命令词，请看 --verbs"
        ),
    }
}

/// What could not be done.
fn what(f: &mut fmt::Formatter<'_>, language: Language, doing: &Doing) -> fmt::Result {
    match doing {
        Doing::ListenOn(address) => say!(
            f,
            language,
            "cannot listen on {address}",
            "无法在 {address} 上监听"
        ),
        Doing::HostAt(address) => say!(
            f,
            language,
            "cannot host a room at {address}",
            "无法在 {address} 主持聊天室"
        ),
        Doing::FindAddress(text) => say!(
            f,
            language,
            "cannot find the address of {text}",
            "查不到 {text} 的地址"
        ),
        Doing::Reach(address) => say!(f, language, "cannot reach {address}", "无法到达 {address}"),
        #[cfg(feature = "metrics")]
        Doing::ShowMetrics(address) => {
            say!(
                f,
                language,
                "cannot show the metrics at {address}",
                "无法在 {address} 提供指标"
            )
        }
        Doing::TellAddress => say!(
            f,
            language,
            "cannot tell the socket's address",
            "无法得知套接字的地址"
        ),
        Doing::MakeQueue => say!(
            f,
            language,
            "cannot make the input's queue",
            "无法建立输入队列"
        ),
        Doing::WatchSignals => say!(f, language, "cannot watch for signals", "无法监视信号"),
        Doing::ReadInput => say!(
            f,
            language,
            "cannot read standard input",
            "无法读取标准输入"
        ),
        Doing::WriteOutput => say!(
            f,
            language,
            "cannot write to standard output",
            "无法写到标准输出"
        ),
        Doing::UseSocket => say!(f, language, "the socket broke", "套接字出错"),
        Doing::HostRoom => say!(f, language, "cannot host the room", "无法主持聊天室"),
    }
}

/// What helps, where it is known.
fn remedy(
    f: &mut fmt::Formatter<'_>,
    language: Language,
    doing: &Doing,
    kind: ErrorKind,
) -> fmt::Result {
    match (doing, kind) {
        (Doing::ListenOn(_), ErrorKind::AddrInUse) => say!(
            f,
            language,
            "; another program has this port: stop it, or choose another with --bind",
            "；这个端口被别的程序占用：请停掉它，或用 --bind 换一个端口"
        ),
        (Doing::ListenOn(_), ErrorKind::AddrNotAvailable) => say!(
            f,
            language,
            "; this machine does not have that address: see `ip address`",
            "；本机没有这个地址：请看 `ip address`"
        ),
        (Doing::ListenOn(_), ErrorKind::PermissionDenied) => {
            say!(
                f,
                language,
                "; choose a port above 1023 with --bind",
                "；请用 --bind 选 1023 以上的端口"
            )
        }
        #[cfg(feature = "metrics")]
        (Doing::ShowMetrics(_), _) => say!(
            f,
            language,
            "; choose another address of this machine, or a free port above 1023, with --metrics",
            "；请用 --metrics 换一个本机地址，或 1023 以上的空闲端口"
        ),
        (Doing::HostAt(_), _) => say!(
            f,
            language,
            "; choose a port above 1023 with CHAT_ADDRESS, such as CHAT_ADDRESS={DEFAULT_ADDRESS}, or join a room elsewhere \
             with --server",
            "；请用 CHAT_ADDRESS 选 1023 以上的端口，例如 CHAT_ADDRESS={DEFAULT_ADDRESS}，或用 --server 加入别处的聊天室"
        ),
        (Doing::FindAddress(_), _) => say!(
            f,
            language,
            "; is the name spelt right, and is there a network? An IP address such as {DEFAULT_ADDRESS} needs neither",
            "；名字写对了吗？网络通吗？也可以直接写 IP 地址，例如 {DEFAULT_ADDRESS}"
        ),
        _ => Ok(()),
    }
}
