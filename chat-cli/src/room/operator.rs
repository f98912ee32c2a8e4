//! What a room does for its operator.

use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;
use std::time::Duration;

use chat_core::{BanError, Server, Timestamp};
use time::OffsetDateTime;

use super::command::{Answer, BanEntry, Banned, Command, Input, MemberEntry};
use super::{Room, RoomLog, Snapshot, deliver};

impl<L: RoomLog> Room<L> {
    /// Does what a line of the console says. Breaks when that is to end the room.
    pub(super) fn obey(&mut self, input: Input) -> ControlFlow<()> {
        let now = self.clock.now();
        match input {
            Err(error) => self.log.answer(&Answer::Mistake { error }),
            Ok(Command::Say(text)) => {
                let outgoing = self.server.announce(now, text.as_text());
                deliver(&self.socket, &mut self.log, &mut self.lost, &outgoing);
            }
            Ok(Command::Names) => {
                let members = self.server.members();
                let mut members: Vec<_> = members
                    .map(|(name, peer)| MemberEntry { name, peer })
                    .collect();
                members.sort_unstable_by_key(|member| member.name);
                self.log.answer(&Answer::Names { members: &members });
            }
            Ok(Command::Kick { name, reason }) => {
                let reason = reason.as_ref().map(|reason| reason.as_text());
                match self.server.kick(now, name, reason) {
                    Ok(outgoing) => deliver(&self.socket, &mut self.log, &mut self.lost, &outgoing),
                    Err(_) => self.log.answer(&Answer::NotIn { name }),
                }
            }
            Ok(Command::Ban { who, minutes }) => {
                let length =
                    minutes.map(|minutes| Duration::from_secs(60 * u64::from(minutes.get())));
                self.ban(who, length);
            }
            Ok(Command::Unban(who)) => self.unban(who),
            Ok(Command::Bans) => {
                let bans = bans(&self.server, self.clock.now());
                self.log.answer(&Answer::Bans { bans: &bans });
            }
            Ok(Command::Stats) => {
                let losses = self.losses();
                let stats = self.server.stats();
                self.log.answer(&Answer::Stats { stats, losses });
            }
            Ok(Command::Count) => self.count(),
            Ok(Command::Help) => self.log.answer(&Answer::Help),
            Ok(Command::Quit) => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    fn count(&self) {
        if let Some(board) = &self.board {
            board.write(Snapshot {
                stats: self.server.stats().clone(),
                losses: self.losses(),
                bans: self.server.bans(self.clock.now()).count(),
            });
        }
    }

    fn ban(&mut self, who: Banned, length: Option<Duration>) {
        let now = self.clock.now();
        let until = length.map(|length| now.plus(length));
        if let Err(BanError::TooMany { most }) = self.server.ban(now, who.target(), until) {
            self.log.answer(&Answer::TooManyBans { most });
            return;
        }
        let removed = self.server.members_hit_by(who.target()).count();
        self.do_what_is_due(now);
        let ban = BanEntry {
            who,
            until: length.map(on_the_wall),
        };
        self.log.answer(&Answer::Banned { ban, removed });
        self.keep_bans();
    }

    fn unban(&mut self, who: Banned) {
        if self.server.unban(self.clock.now(), who.target()) {
            self.log.answer(&Answer::Unbanned { who });
            self.keep_bans();
        } else {
            self.log.answer(&Answer::NotBanned { who });
        }
    }

    /// Lets the bans of former times stand again, for as long as they have left.
    pub(super) fn restore(&mut self, bans: &[BanEntry]) -> Result<(), BanError> {
        let now = self.clock.now();
        let wall = OffsetDateTime::now_utc();
        for ban in bans {
            let left = ban
                .until
                .map(|until| Duration::try_from(until - wall).unwrap_or_default());
            if left != Some(Duration::ZERO) {
                let until = left.map(|left| now.plus(left));
                self.server.ban(now, ban.who.target(), until)?;
            }
        }
        Ok(())
    }

    /// Writes the bans to their file, where there is one.
    pub(super) fn keep_bans(&mut self) {
        let Some(file) = &mut self.ban_file else {
            return;
        };
        if let Err(error) = file.write(&bans(&self.server, self.clock.now())) {
            self.log.answer(&Answer::BansNotWritten {
                file: file.path(),
                error: &error,
                failures: file.failures(),
            });
        }
    }
}

pub(super) fn bans(server: &Server<SocketAddr>, now: Timestamp) -> Vec<BanEntry> {
    let entry = |ban: chat_core::Ban<IpAddr>| {
        Some(BanEntry {
            who: Banned::of(ban.target)?,
            until: ban.until.map(|until| on_the_wall(until.since(now))),
        })
    };
    server.bans(now).filter_map(entry).collect()
}

/// The time of day so long from now, to the nearest second: what is written twice stays the same.
fn on_the_wall(length: Duration) -> OffsetDateTime {
    let moment = OffsetDateTime::now_utc()
        .checked_add(time::Duration::try_from(length).unwrap_or(time::Duration::MAX))
        .unwrap_or(time::PrimitiveDateTime::MAX.assume_utc());
    let half = time::Duration::milliseconds(500);
    moment
        .saturating_add(half)
        .replace_nanosecond(0)
        .unwrap_or(moment)
}
