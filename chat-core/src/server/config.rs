//! The options of a server.

use alloc::vec::Vec;
use core::num::{NonZeroU32, NonZeroU64};

use chat_proto::{Dialect, Name};

use super::tokens::SessionConfig;
use crate::rate::Rate;

/// The options of a server. Every combination works; a limit that is off is `None`. SECURITY.md
/// shows what each limit prevents.
///
/// With the feature `serde` this is a table with these names. Missing fields are as in
/// [`Config::default`] (the operator is then `admin` in every language), unknown ones are
/// refused. A limit that is off is written as `"off"`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Config {
    /// The words of requests and answers. Default: [`Dialect::lenient`].
    pub dialect: Dialect,
    /// The search for the words of existing programs: a member that repeats its login, because it
    /// did not understand the answer, gets the next success word in use, and later the end words
    /// that go with it (rule 1). It needs the dialect to have `OK` and `EXIT`: other words are
    /// chosen. A client that reads strictly may repeat no login where this is on. Default: `true`.
    pub search_words: bool,
    /// The name under which the operator speaks. Default: that of the dialect's language.
    pub operator: Name,
    /// Names that no member can have: neither these, nor one that contains or is confusable with
    /// one (PROTOCOL.md, "Names that look alike"). The operator's name is reserved as well.
    /// Default: `admin`, `管理员`, `管理員`.
    pub reserved: Vec<Name>,
    /// The most members at one time; `None`: as many as memory holds. Default: 16,384.
    #[cfg_attr(feature = "serde", serde(with = "off"))]
    pub max_members: Option<NonZeroU32>,
    /// The most members from one [network](crate::Peer::network) at one time; `None`: no limit.
    /// Default: 4,096.
    #[cfg_attr(feature = "serde", serde(with = "off"))]
    pub max_members_per_network: Option<NonZeroU32>,
    /// Seconds without a datagram after which a member is removed (rule 9). Default: `None`,
    /// never, because existing clients send nothing while their user listens.
    #[cfg_attr(feature = "serde", serde(with = "off"))]
    pub idle_limit_seconds: Option<NonZeroU32>,
    /// Lines of one member (rule 11). More are refused with `FAIL too fast`, at most once a
    /// second, and the member stays. Every request counts but a repeated login and the member's
    /// own quit. `None`: no limit. Default: 200 a second, 2,000 at once.
    #[cfg_attr(feature = "serde", serde(with = "off"))]
    pub member_lines: Option<Rate>,
    /// Bytes of one member's lines, counted by datagram (rule 11) and refused in the same way.
    /// `None`: no limit. Default: 256 KiB a second, 2 MiB at once. A burst below
    /// [`MAX_DATAGRAM`](chat_proto::MAX_DATAGRAM) always refuses the longest lines.
    #[cfg_attr(feature = "serde", serde(with = "off"))]
    pub member_bytes: Option<Rate>,
    /// Logins from one [network](crate::Peer::network), refused ones included (rule 12); more are
    /// dropped. Repeated logins do not count. `None`: no limit. Default: 64 a second, 4,096 at
    /// once.
    #[cfg_attr(feature = "serde", serde(with = "off"))]
    pub network_logins: Option<Rate>,
    /// Networks whose logins are counted at one time. A further one replaces the one whose last
    /// accepted login is oldest. Default: 16,384.
    pub tracked_networks: NonZeroU32,
    /// Answers to all strangers together, in datagrams (rule 13); more are not sent. The success
    /// word of an accepted login does not count. `None`: no limit. Default: 1,000 a second, 1,000
    /// at once. A burst below the number of end words answers no quit.
    #[cfg_attr(feature = "serde", serde(with = "off"))]
    pub stranger_replies: Option<Rate>,
    /// Bytes of the room's traffic for a member that has not spoken since its login, at an address
    /// that [may be forged](crate::Peer::may_be_forged); after them it is removed (rule 14).
    /// Without this limit, `None`, a single forged login sends the room's traffic to a victim for
    /// ever; with it, these bytes, give or take one datagram. Default: 1 MiB.
    #[cfg_attr(feature = "serde", serde(with = "off"))]
    pub silent_traffic_bytes: Option<NonZeroU64>,
    /// The most [bans](crate::Server::ban) at one time. Default: 1,024.
    pub max_bans: NonZeroU32,
    /// Sessions, and their secrets; `None`: a room of plain members, which reads a hello as a plain
    /// login. Default: `None`. With the feature `serde` this is left out.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub sessions: Option<SessionConfig>,
}

impl Config {
    /// Creates the default options for `dialect`.
    pub fn new(dialect: Dialect) -> Self {
        let reserved = ["admin", "管理员", "管理員"];
        Self {
            dialect,
            search_words: true,
            operator: dialect.language().operator(),
            reserved: reserved
                .map(|name| Name::new(name).expect("a valid name"))
                .into(),
            max_members: NonZeroU32::new(16_384),
            max_members_per_network: NonZeroU32::new(4_096),
            idle_limit_seconds: None,
            member_lines: Some(Rate::new(200, 2_000)),
            member_bytes: Some(Rate::new(256 << 10, 2 << 20)),
            network_logins: Some(Rate::new(64, 4_096)),
            tracked_networks: NonZeroU32::new(16_384).expect("not zero"),
            stranger_replies: Some(Rate::new(1_000, 1_000)),
            silent_traffic_bytes: NonZeroU64::new(1 << 20),
            max_bans: NonZeroU32::new(1_024).expect("not zero"),
            sessions: None,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new(Dialect::default())
    }
}

/// A limit in serde's formats: its value, or `"off"` for `None`. A null would not do, because TOML
/// has none.
#[cfg(feature = "serde")]
pub(crate) mod off {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged, expecting = "expected a limit that is not zero, or \"off\"")]
    enum Limit<T> {
        Off(Off),
        On(T),
    }

    #[derive(Serialize, Deserialize)]
    enum Off {
        #[serde(rename = "off")]
        Off,
    }

    // The signature that serde's `with` asks for.
    #[allow(clippy::ref_option)]
    pub(crate) fn serialize<T: Serialize + Copy, S: Serializer>(
        limit: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let limit = limit.map_or(Limit::Off(Off::Off), Limit::On);
        limit.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        Limit::deserialize(deserializer).map(|limit| match limit {
            Limit::Off(Off::Off) => None,
            Limit::On(limit) => Some(limit),
        })
    }
}
