//! What the operator of a room can ask of it, and what the room answers.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::Path;

use chat_core::proto::{Name, NameError, TextBuf, TextError};
use chat_core::{BanTarget, Stats};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::OffsetDateTime;

use super::Losses;

/// A line of the operator's console, or what is wrong with it.
pub type Input = Result<Command, Mistake>;

/// What the operator wants.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Say this to everybody.
    Say(TextBuf),
    /// Who is in?
    Names,
    /// Remove a member, which is told the reason.
    Kick {
        /// Who has exactly this name.
        name: Name,
        /// Told to that member and nobody else.
        reason: Option<TextBuf>,
    },
    /// Remove whoever this hits, and let nobody in whom it hits.
    Ban {
        /// Whom.
        who: Banned,
        /// For how long; `None`: for good.
        minutes: Option<NonZeroU32>,
    },
    /// Take a ban back.
    Unban(Banned),
    /// Who is banned?
    Bans,
    /// What was counted so far?
    Stats,
    /// Write what was counted on the [`Board`](super::Board): asked by the program, not by a line.
    Count,
    /// What can be asked?
    Help,
    /// Close the room.
    Quit,
}

/// Whom a ban is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Banned {
    /// An IPv4 address, or the first address of an IPv6 /64: see [`Banned::address`].
    Address(IpAddr),
    /// A name and what looks like it.
    Name(Name),
}

impl Banned {
    /// The network that limits count by: the IPv4 address itself, or the IPv6 /64 that the address
    /// is in.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        })
    }

    /// As the room's rules want it.
    pub(super) fn target(self) -> BanTarget<IpAddr> {
        match self {
            Self::Address(address) => BanTarget::Networks {
                first: address,
                last: address,
            },
            Self::Name(name) => BanTarget::Name(name),
        }
    }

    /// The other way round; `None`: a kind of ban that this program does not make.
    pub(super) fn of(target: BanTarget<IpAddr>) -> Option<Self> {
        match target {
            BanTarget::Networks { first, last } if first == last => Some(Self::Address(first)),
            BanTarget::Name(name) => Some(Self::Name(name)),
            _ => None,
        }
    }
}

/// A ban, as it is shown and kept in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanEntry {
    /// Whom it is about.
    #[serde(flatten)]
    pub who: Banned,
    /// When it ends, by the clock on the wall; `None`: when it is taken back.
    #[serde(with = "time::serde::rfc3339::option")]
    pub until: Option<OffsetDateTime>,
}

/// Why a line of the console is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Mistake {
    /// It begins with a slash, and no command has that name.
    #[error("there is no such command")]
    UnknownCommand,
    /// What stands behind the command is missing, too much or of the wrong kind.
    #[error("write {0}")]
    Usage(&'static str),
    /// What stands behind a ban is no number of minutes.
    #[error("write a whole number of minutes from 1 to {most}, or none for a ban for good")]
    Minutes {
        /// The longest time.
        most: u32,
    },
    /// A name was wanted, and this is none.
    #[error("this is no name: {0}")]
    Name(NameError),
    /// An address with a port, where one without is wanted.
    #[error("a ban is about an address without a port: {0}")]
    Port(IpAddr),
    /// It cannot be said.
    #[error("this cannot be said: {0}")]
    Text(TextError),
    /// It is not UTF-8.
    #[error("it is not UTF-8 at byte {offset}")]
    NotUtf8 {
        /// The first byte that is wrong.
        offset: usize,
    },
}

/// Somebody who is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MemberEntry {
    /// Under which name.
    pub name: Name,
    /// From which address.
    pub peer: SocketAddr,
}

/// What the operator gets to know. As JSON: an object whose `event` says which.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Answer<'a> {
    /// Who is in, sorted by name.
    Names {
        /// All of them.
        members: &'a [MemberEntry],
    },
    /// Who is banned.
    Bans {
        /// All that stand now.
        bans: &'a [BanEntry],
    },
    /// What was counted.
    Stats {
        /// By the rules.
        stats: &'a Stats,
        /// On this machine.
        #[serde(flatten)]
        losses: Losses,
    },
    /// The commands.
    Help,
    /// A ban stands.
    Banned {
        /// Whom it is about, and until when.
        #[serde(flatten)]
        ban: BanEntry,
        /// How many members it removed.
        removed: usize,
    },
    /// A ban was taken back.
    Unbanned {
        /// Whom it was about.
        #[serde(flatten)]
        who: Banned,
    },
    /// There was no such ban to take back.
    NotBanned {
        /// Whom it would have been about.
        #[serde(flatten)]
        who: Banned,
    },
    /// There are too many bans to add one.
    TooManyBans {
        /// How many there may be.
        most: NonZeroU32,
    },
    /// Nobody in the room has the name that was to be kicked.
    NotIn {
        /// Which name.
        name: Name,
    },
    /// The line was no command.
    Mistake {
        /// What is wrong with it.
        #[serde(serialize_with = "in_words")]
        error: Mistake,
    },
    /// The bans could not be written to their file. They hold all the same, and the next change
    /// tries it again.
    BansNotWritten {
        /// The file.
        file: &'a Path,
        /// What the system said.
        #[serde(serialize_with = "in_words")]
        error: &'a io::Error,
        /// How often this has happened.
        failures: u64,
    },
}

fn in_words<S: serde::Serializer>(
    error: &impl std::fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
}
