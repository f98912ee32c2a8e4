//! The operator's console: from a line to a command, and the sentences about mistakes.
//!
//! `operator` does the commands and words the answers.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use chat_core::proto::{Name, NameError, TextBuf, TextError};
use chat_core::{BanTarget, Peer};
use ipnet::IpNet;

use crate::io::stdin::{Line, LineError};
use crate::language::{Language, Worded, Words, not_said, say};

/// The longest ban with an end: ten years, in minutes.
const MAX_MINUTES: u32 = 10 * 366 * 24 * 60;

/// The commands, for completion.
pub(super) const COMMANDS: [&str; 8] = [
    "/ban", "/bans", "/help", "/kick", "/names", "/quit", "/stats", "/unban",
];

const KICK: &str = "/kick NAME [REASON]";
const BAN: &str = "/ban ADDRESS|NAME [MINUTES]";
const UNBAN: &str = "/unban ADDRESS|NAME";

/// A command of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A line for all members.
    Say(TextBuf),
    /// The list of the members.
    Names,
    /// The removal of a member.
    Kick {
        /// Its exact name.
        name: Name,
        /// Sent to that member only.
        reason: Option<TextBuf>,
    },
    /// The removal of all members that the target hits, and the refusal of their logins.
    Ban {
        /// The addresses or the name.
        target: BanTarget<IpAddr>,
        /// The length; `None`: for good.
        minutes: Option<NonZeroU32>,
    },
    /// The end of a ban.
    Unban(BanTarget<IpAddr>),
    /// The list of the bans.
    Bans,
    /// The counts.
    Stats,
    /// The list of the commands.
    Help,
    /// The end of the room.
    Quit,
}

/// The reason for which a line of the console is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// It begins with a slash, and no command has that name.
    UnknownCommand,
    /// An argument is missing or too much.
    Usage(&'static str),
    /// The length of a ban is no number of minutes within the limit.
    Minutes,
    /// A name is against the protocol.
    Name(NameError),
    /// The target of a ban is neither an address nor a name.
    Target(NameError),
    /// The target of a ban looks like an address or a range, and is none.
    Address,
    /// The address of a ban has a port.
    Port(IpAddr),
    /// The text is against the protocol.
    Text(TextError),
    /// The line is too long or not UTF-8.
    Line(LineError),
}

/// Reads a line of the console; `None`: it is empty.
pub(super) fn read(line: Line) -> Option<Result<Command, Mistake>> {
    Some(match line {
        Ok(text) if text.is_empty() => return None,
        Ok(text) => match (text.strip_suffix('\n'), text.strip_prefix('/')) {
            // A pasted line keeps its line feed, and is text.
            (Some(pasted), _) => say(pasted),
            (_, Some(said)) if said.starts_with('/') => say(said),
            (_, Some(command)) => command_of(command),
            _ => say(&text),
        },
        Err(error) => Err(Mistake::Line(error)),
    })
}

fn say(text: &str) -> Result<Command, Mistake> {
    TextBuf::new(text).map(Command::Say).map_err(Mistake::Text)
}

fn command_of(line: &str) -> Result<Command, Mistake> {
    let (word, arguments) = first_word(line);
    let alone = |command, usage| match arguments {
        "" => Ok(command),
        _ => Err(Mistake::Usage(usage)),
    };
    let with_arguments = |usage| match first_word(arguments) {
        ("", _) => Err(Mistake::Usage(usage)),
        first_and_rest => Ok(first_and_rest),
    };
    match word {
        "names" => alone(Command::Names, "/names"),
        "bans" => alone(Command::Bans, "/bans"),
        "stats" => alone(Command::Stats, "/stats"),
        "help" => alone(Command::Help, "/help"),
        "quit" => alone(Command::Quit, "/quit"),
        "kick" => {
            let (name, reason) = with_arguments(KICK)?;
            let reason = Some(reason).filter(|reason| !reason.is_empty());
            Ok(Command::Kick {
                name: Name::new(name).map_err(Mistake::Name)?,
                reason: reason
                    .map(TextBuf::new)
                    .transpose()
                    .map_err(Mistake::Text)?,
            })
        }
        "ban" => {
            let (target, minutes) = with_arguments(BAN)?;
            let minutes = Some(minutes).filter(|minutes| !minutes.is_empty());
            Ok(Command::Ban {
                target: target_of(target)?,
                minutes: minutes.map(minutes_of).transpose()?,
            })
        }
        "unban" => match with_arguments(UNBAN)? {
            (target, "") => Ok(Command::Unban(target_of(target)?)),
            _ => Err(Mistake::Usage(UNBAN)),
        },
        _ => Err(Mistake::UnknownCommand),
    }
}

fn minutes_of(text: &str) -> Result<NonZeroU32, Mistake> {
    let minutes: Option<NonZeroU32> = text.parse().ok();
    minutes
        .filter(|minutes| minutes.get() <= MAX_MINUTES)
        .ok_or(Mistake::Minutes)
}

/// Reads an address or a range where the word can be one, and else a name.
fn target_of(word: &str) -> Result<BanTarget<IpAddr>, Mistake> {
    let range = word
        .parse::<IpNet>()
        .or_else(|_| word.parse().map(IpAddr::into));
    if let Ok(range) = range
        && range.addr() == range.network()
    {
        return Ok(networks(range.network(), range.broadcast()));
    }
    if let Ok(address) = word.parse::<SocketAddr>() {
        return Err(Mistake::Port(address.ip()));
    }
    if looks_like_an_address(word) {
        return Err(Mistake::Address);
    }
    Name::new(word)
        .map(BanTarget::Name)
        .map_err(Mistake::Target)
}

/// Returns whether this would be a surprising name to ban: `10.0.0`, `10/8`, `10.0.0.0/33`,
/// also with the digits and stops of Chinese keyboards.
fn looks_like_an_address(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_numeric() || ".*。．".contains(c));
    let fits = rest.is_empty() || rest.starts_with(['/', '-', ',']);
    let is_parted = word.contains(['.', '/', '。', '．']);
    word.contains(':') || fits && word.starts_with(char::is_numeric) && is_parted
}

/// Makes the target of these addresses and those between: of IPv6, every /64 that they touch.
pub(super) fn networks(first: IpAddr, last: IpAddr) -> BanTarget<IpAddr> {
    let [first, last] = [first, last].map(|address| SocketAddr::new(address, 0).network());
    BanTarget::Networks { first, last }
}

/// Returns the range of exactly these networks, if they are one.
pub(super) fn range_of(first: IpAddr, last: IpAddr) -> Option<IpNet> {
    let mut ranges = (0..=128).filter_map(|length| IpNet::new(first, length).ok());
    ranges.find(|range| networks(range.network(), range.broadcast()) == networks(first, last))
}

/// Splits off the first word, without the spaces between and around the two parts.
fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_end();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

impl Worded for Mistake {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::UnknownCommand => say! { to, "there is no such command", "没有这个命令" },
            Self::Usage(usage) => {
                let chinese = usage.replace("NAME", "名字").replace("ADDRESS", "地址");
                let chinese = chinese.replace("REASON", "理由").replace("MINUTES", "分钟");
                say! { to, "write {usage}", "请写成 {chinese}" }
            }
            Self::Minutes => say! { to,
            "write a whole number of minutes from 1 to {MAX_MINUTES}, or none for a ban for \
             good",
            "分钟数请写 1 到 {MAX_MINUTES} 的整数；不写就一直有效" },
            Self::Name(error) => say! { to, "this is no name: {error}", "这不是名字：{error}" },
            Self::Target(error) => say! { to, "this is neither an IP address nor a name: {error}",
            "这不是 IP 地址，也不是名字：{error}" },
            Self::Address => say! { to,
            "this is no address, no name, and no range such as 10.0.0.0/8, from its first address",
            "这不是地址、名字，也不是从首个地址开始的网段，例如 10.0.0.0/8" },
            Self::Port(address) => {
                say! { to, "a ban is about an address without a port: {address}",
                "封禁的地址不带端口：{address}" }
            }
            Self::Text(error) => not_said(to, error),
            Self::Line(error) => not_said(to, error),
        }
    }
}

impl Mistake {
    /// Writes what helps a person, behind the sentence that a script gets too.
    pub(super) fn remedy(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::UnknownCommand => say! { to,
            ", and nothing was said; /help shows the commands, //text says a line that \
             begins with a slash",
            "，什么也没有说；/help 列出命令，//文字 说出以斜杠开头的话" },
            _ => Ok(()),
        }
    }
}

/// Returns the list of the commands, one a line.
pub(super) fn help(language: Language) -> &'static str {
    match language {
        Language::Chinese => {
            "\
/names                        谁在聊天室里，来自哪个地址
/kick 名字 [理由]             移出一人，并只告诉他理由
/ban 地址|名字 [分钟]         移出并拒绝再登录；不写分钟就一直有效
/unban 地址|名字              解除封禁；地址可以是网段：10.0.0.0/8
/bans                         谁被封禁，到何时
/stats                        到现在为止的计数
/quit                         关闭聊天室
其他内容对所有人说；//文字 说出以斜杠开头的话"
        }
        _ => {
            "\
/names                        who is in, and from which address
/kick NAME [REASON]           remove a member, and tell the reason to nobody else
/ban ADDRESS|NAME [MINUTES]   remove, and let in no more; without MINUTES for good
/unban ADDRESS|NAME           take a ban back; ADDRESS can be a range: 10.0.0.0/8
/bans                         who is banned, and until when
/stats                        what was counted so far
/quit                         close the room
all else is said to everybody; //text says a line that begins with a slash"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn expect(line: &str, read: Result<Command, Mistake>) {
        assert_eq!(super::read(Ok(line.to_owned())), Some(read), "{line}");
    }

    fn text(text: &str) -> TextBuf {
        TextBuf::new(text).unwrap()
    }

    fn name(name: &str) -> BanTarget<IpAddr> {
        BanTarget::Name(Name::new(name).unwrap())
    }

    fn address(address: &str) -> BanTarget<IpAddr> {
        let first = address.parse().unwrap();
        BanTarget::Networks { first, last: first }
    }

    fn range(first: &str, last: &str) -> BanTarget<IpAddr> {
        networks(first.parse().unwrap(), last.parse().unwrap())
    }

    #[test]
    fn a_range_that_is_shown_is_read_as_the_same_range() {
        for length in 0..=64 {
            for base in ["0.0.0.0", "128.0.0.0", "::", "8000::"] {
                let Ok(net) = IpNet::new(base.parse().unwrap(), length) else {
                    continue;
                };
                let net = net.trunc();
                let target = networks(net.network(), net.broadcast());
                let shown = target.in_words(Language::English);
                expect(&format!("/unban {shown}"), Ok(Command::Unban(target)));
            }
        }
    }

    #[test]
    fn a_line_without_a_command_is_said_unchanged() {
        for (line, said) in [
            ("hello  all ", "hello  all "),
            (" /names", " /names"),
            ("//names", "/names"),
            ("//", "/"),
            ("/quit\n", "/quit"),
            ("\n", ""),
        ] {
            expect(line, Ok(Command::Say(text(said))));
        }
        assert_eq!(read(Ok(String::new())), None);
        let too_long = Mistake::Text(TextError::TooLong { len: 989 });
        expect(&"x".repeat(989), Err(too_long));
        let error = LineError::NotUtf8 { offset: 3 };
        assert_eq!(read(Err(error)), Some(Err(Mistake::Line(error))));
    }

    #[test]
    fn each_command_takes_its_arguments_and_no_more() {
        for line in ["/", "/ names", "/nmaes", "/NAMES", "/bann x"] {
            expect(line, Err(Mistake::UnknownCommand));
        }
        for (line, command) in [
            ("/names", Command::Names),
            ("/bans", Command::Bans),
            ("/stats", Command::Stats),
            ("/help", Command::Help),
            ("/quit", Command::Quit),
        ] {
            expect(&format!("{line} "), Ok(command));
            expect(&format!("{line} x"), Err(Mistake::Usage(line)));
        }
        for (line, usage) in [("/kick", KICK), ("/ban", BAN), ("/unban ", UNBAN)] {
            expect(line, Err(Mistake::Usage(usage)));
        }
        expect("/unban a b", Err(Mistake::Usage(UNBAN)));
        let kick = |reason: Option<&str>| Command::Kick {
            name: Name::new("小明").unwrap(),
            reason: reason.map(text),
        };
        expect("/kick 小明", Ok(kick(None)));
        expect("/kick  小明  too  loud", Ok(kick(Some("too  loud"))));
        let colon = Name::new("a:b").unwrap_err();
        expect("/kick a:b", Err(Mistake::Name(colon)));
        let bell = TextBuf::new("\u{7}").unwrap_err();
        expect("/kick a \u{7}", Err(Mistake::Text(bell)));
    }

    #[test]
    fn a_ban_is_of_an_address_or_else_of_a_name() {
        for (word, target, minutes) in [
            ("203.0.113.7", address("203.0.113.7"), None),
            ("::ffff:203.0.113.7 5", address("203.0.113.7"), Some(5)),
            ("2001:db8::1:2:3:4", address("2001:db8::"), None),
            ("troll 60", name("troll"), Some(60)),
            ("10.0.0.0/8", range("10.0.0.0", "10.255.255.255"), None),
            ("0.0.0.0/0", range("0.0.0.0", "255.255.255.255"), None),
            (
                "2001:db8::/32 9",
                range("2001:db8::", "2001:db8:ffff:ffff::"),
                Some(9),
            ),
            ("2001:db8::1/128", address("2001:db8::"), None),
            ("2001:db8:0:0:8000::/65", address("2001:db8::"), None),
            ("127", name("127"), None),
            ("a.b/c-1", name("a.b/c-1"), None),
        ] {
            let minutes = minutes.and_then(NonZeroU32::new);
            expect(
                &format!("/ban {word}"),
                Ok(Command::Ban { target, minutes }),
            );
        }
        expect(
            "/unban 203.0.113.7",
            Ok(Command::Unban(address("203.0.113.7"))),
        );
        for word in [
            "203.0.113",
            "10.0.0.256",
            "10.0.0.0/33",
            "10/8",
            "10.0.0.*",
            "10.0.0.1-9",
            "10.0.0.0/8x",
            "10.1.2.3/8",
            "2001:db8::/129",
            "2001:db8::1/64",
            "[::1]",
            "１０.0.0.1",
            "10。0。0。1",
            "１０．０．０．０/8",
        ] {
            expect(&format!("/ban {word}"), Err(Mistake::Address));
        }
        let port = Mistake::Port("203.0.113.7".parse().unwrap());
        expect("/ban 203.0.113.7:5000", Err(port));
        let wrong = Name::new("a\u{7}").unwrap_err();
        expect("/ban a\u{7}", Err(Mistake::Target(wrong)));
        for minutes in ["0", "-1", "x", "5 6", "5270401"] {
            expect(&format!("/ban troll {minutes}"), Err(Mistake::Minutes));
        }
    }
}
