//! The operator's commands done, and the answers to them.

use std::fmt::{self, Write as _};
use std::io;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use chat_core::proto::Name;
use chat_core::{Ban, BanError, BanTarget};
use jiff::{Timestamp, Unit};
use serde::{Serialize, Serializer};

use super::ban_file::{BanEntry, BanFile, BanFileError, Problem};
use super::console::{self, Command, Mistake};
use super::event_log::Counts;
use super::origin::Origin;
use super::room::Room;
use crate::language::{Language, Worded, Words, say};

/// An answer to the operator: lines, or an object whose `event` names it (EVENTS.md).
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Answer<'a> {
    Names {
        members: Vec<MemberEntry>,
    },
    Bans {
        bans: Vec<BanEntry>,
    },
    Stats(Box<Counts>),
    Help,
    Banned {
        #[serde(flatten)]
        ban: BanEntry,
        /// The number of members that it removed.
        removed: usize,
    },
    Unbanned(BanTarget<IpAddr>),
    NotBanned(BanTarget<IpAddr>),
    TooManyBans {
        most: NonZeroU32,
    },
    /// No member has the name that was to be kicked.
    NotIn {
        name: Name,
    },
    Mistake {
        #[serde(serialize_with = "in_english")]
        error: Mistake,
    },
    /// The bans hold, and the next change tries to write them again.
    BansNotWritten {
        file: &'a Path,
        error: String,
        /// The number of failed writes so far.
        failures: u64,
    },
}

#[derive(Debug, Serialize)]
struct MemberEntry {
    name: Name,
    peer: Origin,
    /// True for a member with a session.
    session: bool,
}

impl Room {
    /// Does a command; breaks when it is to close the room.
    pub(super) fn obey(&mut self, command: Result<Command, Mistake>) -> ControlFlow<()> {
        let now = self.clock.now();
        let answer = match command {
            Err(error) => Answer::Mistake { error },
            Ok(Command::Say(text)) => {
                self.out.deliver(self.server.announce(now, text.as_text()));
                return ControlFlow::Continue(());
            }
            Ok(Command::Names) => {
                let members = self.server.members();
                let entry = |(name, peer)| MemberEntry {
                    name,
                    peer,
                    session: self.server.has_session(peer),
                };
                let mut members: Vec<_> = members.map(entry).collect();
                members.sort_unstable_by_key(|member| member.name);
                Answer::Names { members }
            }
            Ok(Command::Kick { name, reason }) => {
                let reason = reason.as_ref().map(|reason| reason.as_text());
                if let Ok(outgoing) = self.server.kick(now, name, reason) {
                    self.out.deliver(outgoing);
                    return ControlFlow::Continue(());
                }
                Answer::NotIn { name }
            }
            Ok(Command::Ban { target, minutes }) => {
                let length = |minutes: NonZeroU32| Duration::from_mins(minutes.get().into());
                let until = minutes.map(length).map(wall_clock_after);
                self.ban(BanEntry { target, until })
            }
            Ok(Command::Unban(target)) if self.server.unban(now, target) => {
                Answer::Unbanned(target)
            }
            Ok(Command::Unban(target)) => Answer::NotBanned(target),
            Ok(Command::Bans) => Answer::Bans { bans: self.bans() },
            Ok(Command::Stats) => Answer::Stats(Box::new(self.counts())),
            Ok(Command::Help) => Answer::Help,
            Ok(Command::Quit) => return ControlFlow::Break(()),
        };
        self.out.log.answer(&answer);
        if let Answer::Banned { .. } | Answer::Unbanned(_) = answer {
            let _unsaved = self.save_bans();
        }
        ControlFlow::Continue(())
    }

    fn ban(&mut self, ban: BanEntry) -> Answer<'static> {
        if let Err(BanError::TooMany { most }) = self.enforce(ban) {
            return Answer::TooManyBans { most };
        }
        let removed = self.server.members_hit_by(ban.target).count();
        self.handle_timeouts(self.clock.now());
        Answer::Banned { ban, removed }
    }

    /// Makes the rules keep a ban for the time that is left of it.
    fn enforce(&mut self, ban: BanEntry) -> Result<(), BanError> {
        let (now, wall) = (self.clock.now(), Timestamp::now());
        // The past has nothing left.
        let left = |until: Timestamp| until.duration_since(wall).try_into().unwrap_or_default();
        let left = ban.until.map(left);
        if left == Some(Duration::ZERO) {
            return Ok(());
        }
        let until = left.map(|left| now.plus(left));
        self.server.ban(now, ban.target, until)
    }

    /// Lists the bans with their ends by the wall clock.
    fn bans(&self) -> Vec<BanEntry> {
        let now = self.clock.now();
        let entry = |ban: Ban<IpAddr>| BanEntry {
            target: ban.target,
            until: ban.until.map(|until| wall_clock_after(until.since(now))),
        };
        self.server.bans(now).map(entry).collect()
    }

    /// Keeps the bans in this file from now on, and begins with those in it.
    ///
    /// Writes the file at once, so that one that cannot be written is an error at the start and not
    /// at the first ban.
    pub(super) fn keep_bans_in(&mut self, path: &Path) -> Result<(), BanFileError> {
        let failed = |problem| BanFileError {
            file: path.to_owned(),
            problem,
        };
        let restore = |ban| self.enforce(ban).map_err(io::Error::other);
        let mut file = BanFile::open(path.to_owned(), restore).map_err(failed)?;
        let written = file.write(&self.bans());
        written.map_err(|error| failed(Problem::Unwritable(error)))?;
        self.ban_file = Some(file);
        Ok(())
    }

    pub(super) fn save_bans(&mut self) -> Result<(), BanFileError> {
        let bans = self.bans();
        let Some(file) = &mut self.ban_file else {
            return Ok(());
        };
        file.write(&bans).map_err(|error| {
            self.out.log.answer(&Answer::BansNotWritten {
                file: &file.path,
                error: error.to_string(),
                failures: file.failures,
            });
            BanFileError {
                file: file.path.clone(),
                problem: Problem::Unwritable(error),
            }
        })
    }
}

/// Returns the time of day after this time, to the nearest second: a ban that is written again
/// stays the same.
fn wall_clock_after(length: Duration) -> Timestamp {
    let moment = Timestamp::now().checked_add(length);
    let rounded = moment.and_then(|moment| moment.round(Unit::Second));
    rounded.unwrap_or(Timestamp::MAX)
}

fn in_english<S: Serializer>(value: &impl Worded, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.in_words(Language::English))
}

impl Worded for Answer<'_> {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::Names { members } => {
                let count = members.len();
                say! { to, "{count} in the room", "聊天室里有 {count} 人" }?;
                members.iter().try_for_each(|member| {
                    write!(to, "\n  {} {}", member.name, member.peer)?;
                    if member.session {
                        say! { to, " (session)", "（会话）" }?;
                    }
                    Ok(())
                })
            }
            Self::Bans { bans } => {
                let count = bans.len();
                say! { to, "{count} banned", "有 {count} 条封禁" }?;
                bans.iter().try_for_each(|ban| {
                    to.write_str("\n  ")?;
                    ban.word(to)
                })
            }
            Self::Help => to.write_str(console::help(to.language)),
            Self::Stats(counts) => {
                let (members, counts) = (counts.stats.members, counts.in_words(to.language));
                say! { to, "{members} in the room, {counts}", "{members} 人在场，{counts}" }
            }
            Self::Banned { ban, removed } => {
                let ban = ban.in_words(to.language);
                say! { to, "banned {ban}", "已封禁 {ban}" }?;
                match removed {
                    0 => say! { to, "; nobody in the room was meant",
                    "；聊天室里没有相符的人" },
                    1 => say! { to, "; 1 member removed", "；移出了 1 人" },
                    _ => say! { to, "; {removed} members removed", "；移出了 {removed} 人" },
                }
            }
            Self::Unbanned(target) => {
                let target = target.in_words(to.language);
                say! { to, "no longer banned: {target}", "已解除封禁：{target}" }
            }
            Self::NotBanned(target) => {
                let target = target.in_words(to.language);
                say! { to, "{target} is not banned; /bans shows who is",
                "{target} 没有被封禁；用 /bans 查看封禁" }
            }
            Self::TooManyBans { most } => say! { to,
            "there are {most} bans already, and there can be no more: take one back with \
             /unban",
            "已有 {most} 条封禁，不能再多；请先用 /unban 解除一条" },
            Self::NotIn { name } => say! { to,
            "nobody called {name} is in the room; /names shows who is",
            "聊天室里没有叫 {name} 的人；用 /names 查看谁在" },
            Self::Mistake { error } => {
                error.word(to)?;
                error.remedy(to)
            }
            Self::BansNotWritten {
                file,
                error,
                failures,
            } => {
                let file = file.display();
                say! { to,
                "the bans hold, but cannot be written to {file}: {error} (failed {failures} \
                 times); the next change and the end of the server try it again",
                "封禁有效，但写不进 {file}：{error}（已失败 {failures} 次）；\
                 下次改动和服务器结束时会再试" }
            }
        }
    }
}

impl Worded for BanTarget<IpAddr> {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::Networks { first, last } => match console::range_of(*first, *last) {
                Some(range) if first != last || first.is_ipv6() => write!(to, "{range}"),
                _ => write!(to, "{first}"),
            },
            Self::Name(name) => say! { to, "the name {name}", "名字 {name}" },
            _ => write!(to, "{self:?}"),
        }
    }
}

impl Worded for BanEntry {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        let target = self.target.in_words(to.language);
        match self.until {
            None => say! { to, "{target} for good", "{target}，一直有效" },
            Some(until) => {
                let until = until.strftime("%F %T");
                say! { to, "{target} until {until} UTC", "{target}，到 {until} UTC 为止" }
            }
        }
    }
}
