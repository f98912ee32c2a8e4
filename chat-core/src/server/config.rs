//! What an embedding program can choose.

use alloc::vec::Vec;
use core::num::{NonZeroU32, NonZeroU64};

use chat_proto::{Dialect, Language, Name};

use crate::rate::Rate;

/// The choices of a server. Every combination works; limits that can be off are `None` then.
///
/// ```
/// use std::num::NonZeroU32;
/// use chat_core::Config;
///
/// let mut config = Config::default();
/// config.idle_limit_seconds = NonZeroU32::new(600);
/// ```
///
/// With the feature `serde`: a map of these names. What is left out has the value of
/// [`Config::default`] (the operator is then `admin`, whatever the language); a name that is not
/// known is refused. A limit that is off is the word `"off"`, not a null: that can be written in
/// every format, and nobody writes it by leaving something out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Config {
    /// How requests are read and answers written. Default: [`Dialect::lenient`].
    pub dialect: Dialect,
    /// Under whose name announcements and probes are said; nobody can log in with it. Default:
    /// that of the dialect's language, `admin` or `管理员`.
    pub operator: Name,
    /// Names that nobody can log in with: neither these, nor a name that contains one of them, nor
    /// what looks like that (PROTOCOL.md, "Names that look alike"). The operator's name is
    /// reserved in the same way. Default: `admin`, `管理员`, `管理員`.
    pub reserved: Vec<Name>,
    /// The most members at one time; `None`: as many as memory holds, and never more than
    /// 4,294,967,294. Default: 16,384.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_forms::limit"))]
    pub max_members: Option<NonZeroU32>,
    /// The most members of one [network](crate::Peer::network) at one time. Default: 4,096.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_forms::limit"))]
    pub max_members_per_network: Option<NonZeroU32>,
    /// After how many seconds without any datagram a member is removed; `None`: never. Default:
    /// `None`, because programs in use send nothing while their user listens.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_forms::limit"))]
    pub idle_limit_seconds: Option<NonZeroU32>,
    /// How many lines one member may say; what is more is refused with `FAIL too fast`, at most
    /// once a second, and the member stays. Every request counts as a line but a repeated
    /// login and the member's own quit. `None`: any number. Default: 200 a second, 2,000 at
    /// once.
    ///
    /// What this leaves: one member makes the room send 200 lines a second to everybody, from each
    /// address that it has.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_forms::limit"))]
    pub member_lines: Option<Rate>,
    /// How many bytes one member's lines may have, counted by datagram; what is more is refused in
    /// the same way. `None`: any number. Default: 256 KiB a second, 2 MiB at once. A burst
    /// below [`MAX_DATAGRAM`](chat_proto::MAX_DATAGRAM) refuses the longest lines always.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_forms::limit"))]
    pub member_bytes: Option<Rate>,
    /// How many logins one [network](crate::Peer::network) may send, refused ones included; what
    /// is more is met with silence. A member's repeated login does not count. `None`: any
    /// number. Default: 64 a second, 4,096 at once: a room's worth of people behind one
    /// router.
    ///
    /// What this leaves: who has, or forges, addresses in many networks is not held up, and who
    /// has more networks than [`tracked_networks`](Self::tracked_networks) is not remembered.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_forms::limit"))]
    pub network_logins: Option<Rate>,
    /// Of how many networks the logins are counted at one time. When there are more, the one of
    /// which no login was accepted for longest is forgotten. Default: 16,384.
    pub tracked_networks: NonZeroU32,
    /// How many datagrams strangers get as answers, all of them together; above that they are met
    /// with silence. The success word of an accepted login does not count. `None`: any number.
    /// Default: 1,000 a second, 1,000 at once.
    ///
    /// What this leaves: who forges a victim's address makes the room send it that many datagrams
    /// of at most 120 bytes, one for each that the forger sends (one per end word for a quit),
    /// and while that lasts honest strangers get no answer.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_forms::limit"))]
    pub stranger_replies: Option<Rate>,
    /// After how many bytes of the room's traffic a member is removed that has said nothing since
    /// it logged in from an address that is not [private](crate::Peer::is_private). A login
    /// does not prove that its address is the sender's own: without this a single forged one
    /// would make the room send its traffic to a victim for ever. `None`: never. Default: 1
    /// MiB.
    ///
    /// What this leaves: that many bytes, give or take one datagram, for each forged login; and a
    /// forger who also forges a line keeps the victim in.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_forms::limit"))]
    pub silent_traffic_bytes: Option<NonZeroU64>,
    /// How many [bans](crate::Server::ban) there can be at one time. Default: 1,024.
    pub max_bans: NonZeroU32,
}

impl Config {
    /// The defaults, with the operator's name of the dialect's language.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            operator: dialect.language().operator(),
            reserved: reserved(),
            max_members: NonZeroU32::new(16_384),
            max_members_per_network: NonZeroU32::new(4_096),
            idle_limit_seconds: None,
            member_lines: Some(Rate::at_least_one(200, 2_000)),
            member_bytes: Some(Rate::at_least_one(256 << 10, 2 << 20)),
            network_logins: Some(Rate::at_least_one(64, 4_096)),
            tracked_networks: NonZeroU32::new(16_384).unwrap_or(NonZeroU32::MAX),
            stranger_replies: Some(Rate::at_least_one(1_000, 1_000)),
            silent_traffic_bytes: NonZeroU64::new(1 << 20),
            max_bans: NonZeroU32::new(1_024).unwrap_or(NonZeroU32::MAX),
        }
    }
}

/// The operator's names, and the second one in traditional characters, which look too much like it.
fn reserved() -> Vec<Name> {
    let names = [Language::English.operator(), Language::Chinese.operator()];
    names.into_iter().chain(Name::new("管理員")).collect()
}

impl Default for Config {
    fn default() -> Self {
        Self::new(Dialect::default())
    }
}
