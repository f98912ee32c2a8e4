//! What the operator of a room is told: answers to commands, and what is wrong with a line.

use std::fmt;
use std::net::IpAddr;

use chat_core::Stats;

use super::{Language, log, say, status};
use crate::room::{Answer, BanEntry, Banned, Losses, Mistake};

impl Answer<'_> {
    /// As lines for people. What strangers wrote is made safe by whoever prints it.
    pub(crate) fn lines(&self, language: Language) -> Vec<String> {
        match self {
            Self::Names { members } => {
                let count = members.len();
                let title = fmt::from_fn(|f| {
                    say!(f, language, "{count} in the room", "聊天室里有 {count} 人")
                });
                let members = members
                    .iter()
                    .map(|member| format!("  {} {}", member.name, member.peer));
                [title.to_string()].into_iter().chain(members).collect()
            }
            Self::Bans { bans } => {
                let count = bans.len();
                let title =
                    fmt::from_fn(|f| say!(f, language, "{count} banned", "有 {count} 条封禁"));
                let bans = bans
                    .iter()
                    .map(|ban| format!("  {}", fmt::from_fn(|f| ban_until(f, language, ban))));
                [title.to_string()].into_iter().chain(bans).collect()
            }
            Self::Help => help(language).lines().map(str::to_owned).collect(),
            _ => vec![fmt::from_fn(|f| self.write(f, language)).to_string()],
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, language: Language) -> fmt::Result {
        match self {
            Self::Stats { stats, losses } => statistics(f, language, stats, *losses),
            Self::Banned { ban, removed } => {
                say!(f, language, "banned ", "已封禁 ")?;
                ban_until(f, language, ban)?;
                match removed {
                    0 => say!(
                        f,
                        language,
                        "; nobody in the room was meant",
                        "；聊天室里没有相符的人"
                    ),
                    1 => say!(f, language, "; 1 member removed", "；移出了 1 人"),
                    _ => say!(
                        f,
                        language,
                        "; {removed} members removed",
                        "；移出了 {removed} 人"
                    ),
                }
            }
            Self::Unbanned { who } => {
                say!(f, language, "no longer banned: ", "已解除封禁：")?;
                whom(f, language, *who)
            }
            Self::NotBanned { who } => {
                whom(f, language, *who)?;
                say!(
                    f,
                    language,
                    " is not banned; /bans shows who is",
                    "没有被封禁；用 /bans 查看封禁"
                )
            }
            Self::TooManyBans { most } => say!(
                f,
                language,
                "there are {most} bans already, and there can be no more: take one back with /unban",
                "已有 {most} 条封禁，不能再多；请先用 /unban 解除一条"
            ),
            Self::NotIn { name } => say!(
                f,
                language,
                "nobody called {name} is in the room; /names shows who is",
                "聊天室里没有叫 {name} 的人；用 /names 查看谁在"
            ),
            Self::Mistake { error } => mistake(f, language, error),
            Self::BansNotWritten {
                file,
                error,
                failures,
            } => {
                let file = file.display();
                say!(
                    f,
                    language,
                    "the bans hold, but cannot be written to {file}: {error} (failed {failures} times); the next change and the \
                     end of the server try it again",
                    "封禁有效，但写不进 {file}：{error}（已失败 {failures} 次）；下次改动和服务器结束时会再试"
                )
            }
            Self::Names { .. } | Self::Bans { .. } | Self::Help => Ok(()),
        }
    }
}

fn help(language: Language) -> &'static str {
    match language {
        Language::Chinese => {
            "\
/names                        谁在聊天室里，来自哪个地址
/kick 名字 [理由]             移出一人，并只告诉他理由
/ban 地址|名字 [分钟]         移出并拒绝再登录；不写分钟就一直有效
/unban 地址|名字              解除封禁
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
/unban ADDRESS|NAME           take a ban back
/bans                         who is banned, and until when
/stats                        what was counted so far
/quit                         close the room
all else is said to everybody; //text says a line that begins with a slash"
        }
    }
}

fn whom(f: &mut fmt::Formatter<'_>, language: Language, who: Banned) -> fmt::Result {
    match who {
        Banned::Address(address @ IpAddr::V4(_)) => write!(f, "{address}"),
        Banned::Address(address @ IpAddr::V6(_)) => write!(f, "{address}/64"),
        Banned::Name(name) => say!(f, language, "the name {name}", "名字 {name}"),
    }
}

fn ban_until(f: &mut fmt::Formatter<'_>, language: Language, ban: &BanEntry) -> fmt::Result {
    whom(f, language, ban.who)?;
    match ban.until {
        None => say!(f, language, " for good", "，一直有效"),
        Some(until) => {
            let (date, time) = (until.date(), until.time());
            let (hour, minute, second) = time.as_hms();
            let clock = format!("{hour:02}:{minute:02}:{second:02}");
            say!(
                f,
                language,
                " until {date} {clock} UTC",
                "，到 {date} {clock} UTC 为止"
            )
        }
    }
}

fn statistics(
    f: &mut fmt::Formatter<'_>,
    language: Language,
    stats: &Stats,
    losses: Losses,
) -> fmt::Result {
    let members = stats.members;
    say!(f, language, "{members} in the room, ", "{members} 人在场，")?;
    log::counted(f, language, stats, losses)
}

fn mistake(f: &mut fmt::Formatter<'_>, language: Language, error: &Mistake) -> fmt::Result {
    match error {
        Mistake::UnknownCommand => say!(
            f,
            language,
            "there is no such command, and nothing was said; /help shows the commands, //text says a line that begins with a \
             slash",
            "没有这个命令，什么也没有说；/help 列出命令，//文字 说出以斜杠开头的话"
        ),
        Mistake::Usage(usage) => say!(f, language, "write {usage}", "请写成 {usage}"),
        Mistake::Minutes { most } => say!(
            f,
            language,
            "write a whole number of minutes from 1 to {most}, or none for a ban for good",
            "分钟数请写 1 到 {most} 的整数；不写就一直有效"
        ),
        Mistake::Name(error) => say!(
            f,
            language,
            "this is neither an IP address nor a name: {error}",
            "这不是 IP 地址，也不是名字：{error}"
        ),
        Mistake::Port(address) => say!(
            f,
            language,
            "a ban is about an address without a port: {address}",
            "封禁的地址不带端口：{address}"
        ),
        Mistake::Text(error) => {
            say!(f, language, "not said: ", "没有说出去：")?;
            status::text_error(f, language, error)
        }
        Mistake::NotUtf8 { offset } => say!(
            f,
            language,
            "not said: it is not UTF-8 at byte {offset}",
            "没有说出去：第 {offset} 字节不是 UTF-8"
        ),
    }
}
