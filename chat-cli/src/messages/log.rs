//! What happens in a room, as a line for who runs it. What strangers wrote is made safe by whoever
//! prints it.

use std::fmt;

use chat_core::{DropReason, LeaveReason, Stats};

use super::{Language, say};
use crate::platform::socket::SmallBuffer;
use crate::room::Losses;
use crate::serve::log::Entry;

impl Entry<'_> {
    /// The entry for people.
    pub(crate) fn message(&self, language: Language) -> impl fmt::Display {
        fmt::from_fn(move |f| self.write(f, language))
    }

    // One sentence a variant, in two languages.
    #[allow(clippy::too_many_lines)]
    fn write(&self, f: &mut fmt::Formatter<'_>, language: Language) -> fmt::Result {
        match self {
            Self::Joined {
                name,
                peer,
                replaced: None,
            } => {
                say!(
                    f,
                    language,
                    "{name} joined from {peer}",
                    "{name} 进入聊天室（{peer}）"
                )
            }
            Self::Joined {
                name,
                peer,
                replaced: Some(before),
            } => {
                say!(
                    f,
                    language,
                    "{before} is now {name} ({peer})",
                    "{before} 改名为 {name}（{peer}）"
                )
            }
            Self::StillIn { name, peer } => say!(
                f,
                language,
                "{name} is still in ({peer})",
                "{name} 还在（{peer}）"
            ),
            Self::Said { name, text } | Self::Announced { name, text } => {
                write!(f, "{name} : {text}")
            }
            Self::Left { name, peer, reason } => {
                say!(f, language, "{name} left (", "{name} 退出聊天室（")?;
                leave_reason(f, language, *reason)?;
                say!(f, language, ", {peer})", "，{peer}）")
            }
            Self::NotIn {
                name: Some(name),
                peer,
            } => {
                say!(
                    f,
                    language,
                    "{peer} quits as {name}, which it is not",
                    "{peer} 以 {name} 的名义退出，但它不是"
                )
            }
            Self::NotIn { name: None, peer } => {
                say!(
                    f,
                    language,
                    "{peer} quits without a valid name",
                    "{peer} 要退出，但没有有效的名字"
                )
            }
            Self::Refused { peer, reason } => {
                let reason = reason.reason(language);
                say!(
                    f,
                    language,
                    "refused {peer}: {reason}",
                    "拒绝 {peer}：{reason}"
                )
            }
            Self::Dropped { peer, reason } => {
                say!(
                    f,
                    language,
                    "dropped a datagram from {peer}: ",
                    "丢弃 {peer} 的一个数据报："
                )?;
                drop_reason(f, language, *reason)
            }
            Self::Probed { name, peer } => say!(
                f,
                language,
                "{name} is reported unreachable, asking ({peer})",
                "网络报告 {name} 不可达，正在询问（{peer}）"
            ),
            Self::Closed { members } => {
                say!(
                    f,
                    language,
                    "closed the room, {members} were in",
                    "聊天室已关闭，当时有 {members} 人"
                )
            }
            Self::SendFailed { peer, error } => {
                say!(
                    f,
                    language,
                    "a datagram to {peer} was lost: {error}",
                    "发往 {peer} 的一个数据报丢了：{error}"
                )
            }
            Self::KernelDropped { datagrams, total } => say!(
                f,
                language,
                "the system dropped {datagrams} datagrams that came faster than they were read, {total} in all",
                "系统丢弃了 {datagrams} 个来不及读取的数据报，总共 {total} 个"
            ),
            Self::Stopped {
                stats,
                losses,
                log_lines_left_out,
            } => {
                say!(f, language, "stopped: ", "已停止：")?;
                counted(f, language, stats, *losses)?;
                say!(
                    f,
                    language,
                    ", {log_lines_left_out} log lines left out",
                    "，略去 {log_lines_left_out} 行日志"
                )
            }
        }
    }
}

/// What a buffer that is too small means, and what to do.
pub(crate) fn small_buffer(small: SmallBuffer, language: Language) -> impl fmt::Display {
    let SmallBuffer { granted, wanted } = small;
    fmt::from_fn(move |f| {
        say!(
            f,
            language,
            "warning: the system grants a receive buffer of {granted} bytes instead of {wanted}: in a burst datagrams may be lost",
            "警告：系统只给了 {granted} 字节的接收缓冲区，而不是 {wanted}：突发时可能丢失数据报"
        )?;
        if cfg!(target_os = "linux") {
            say!(
                f,
                language,
                "; `sysctl -w net.core.rmem_max={wanted}` allows more",
                "；`sysctl -w net.core.rmem_max={wanted}` 可以放宽"
            )?;
        }
        Ok(())
    })
}

fn leave_reason(
    f: &mut fmt::Formatter<'_>,
    language: Language,
    reason: LeaveReason,
) -> fmt::Result {
    match reason {
        LeaveReason::Quit => say!(f, language, "quit", "自己退出"),
        LeaveReason::Unreachable => say!(f, language, "unreachable", "不可达"),
        LeaveReason::Idle => say!(f, language, "idle", "长时间没有动静"),
        LeaveReason::Silent => say!(
            f,
            language,
            "said nothing, at an address that may be forged",
            "一直没有说话，地址可能是伪造的"
        ),
        LeaveReason::Kicked => say!(f, language, "removed by the operator", "被管理员移出"),
        _ => say!(f, language, "gone", "不在了"),
    }
}

fn drop_reason(f: &mut fmt::Formatter<'_>, language: Language, reason: DropReason) -> fmt::Result {
    match reason {
        DropReason::NotARequest => say!(f, language, "not a request", "不是请求"),
        DropReason::Closed => say!(f, language, "the room is closed", "聊天室已关闭"),
        _ => say!(f, language, "dropped", "已丢弃"),
    }
}

/// What was counted since the beginning.
pub(super) fn counted(
    f: &mut fmt::Formatter<'_>,
    language: Language,
    stats: &Stats,
    losses: Losses,
) -> fmt::Result {
    let Stats {
        logins,
        messages,
        datagrams_in,
        datagrams_out,
        ..
    } = stats;
    let refused: u64 = stats.refusals.iter().map(|(_, count)| count).sum();
    let dropped = stats.dropped();
    let not_sent = losses.not_sent;
    say!(
        f,
        language,
        "{logins} logins, {messages} lines, {datagrams_in} datagrams in, {datagrams_out} out, {refused} refused, {dropped} \
         dropped, {not_sent} not sent, ",
        "登录 {logins} 次，发言 {messages} 句，收到 {datagrams_in} 个数据报，发出 {datagrams_out} 个，拒绝 {refused} 次，\
         丢弃 {dropped} 个，未发出 {not_sent} 个，"
    )?;
    match losses.kernel_dropped {
        Some(lost) => say!(
            f,
            language,
            "{lost} dropped by the system",
            "系统丢弃 {lost} 个"
        ),
        None => say!(
            f,
            language,
            "not known how many dropped by the system",
            "系统丢弃多少不得而知"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_is_too_small_is_said_with_the_remedy_in_every_language() {
        for language in Language::ALL {
            let small = SmallBuffer {
                granted: 212_992,
                wanted: 4 << 20,
            };
            let warning = small_buffer(small, language).to_string();
            assert!(
                warning.contains("212992") && warning.contains("4194304"),
                "{warning}"
            );
            if cfg!(target_os = "linux") {
                assert!(
                    warning.contains("sysctl -w net.core.rmem_max=4194304"),
                    "{warning}"
                );
            }
        }
    }
}
