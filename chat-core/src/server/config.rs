//! What an embedding program can choose.

use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use chat_proto::{Dialect, Language, Name};

/// The choices of a server. Every combination works; limits that can be off are `None` then.
///
/// ```
/// use std::num::NonZeroU32;
/// use chat_core::Config;
///
/// let mut config = Config::default();
/// config.idle_limit_seconds = NonZeroU32::new(600);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// How requests are read and answers written. Default: [`Dialect::lenient`].
    pub dialect: Dialect,
    /// Under whose name announcements and probes are said; nobody can log in with it. Default: that of the dialect's
    /// language, `admin` or `管理员`.
    pub operator: Name,
    /// Names that nobody can log in with: neither these, nor a name that contains one of them, in any ASCII case.
    /// The operator's name is reserved in the same way. Default: `admin`, `管理员`.
    pub reserved: Vec<Name>,
    /// The most members at one time; `None`: as many as memory holds. Default: 16,384.
    pub max_members: Option<NonZeroU32>,
    /// The most members of one [network](crate::Peer::network) at one time. Default: 4,096.
    pub max_members_per_network: Option<NonZeroU32>,
    /// After how many seconds without any datagram a member is removed; `None`: never. Default: `None`, because
    /// programs in use send nothing while their user listens.
    pub idle_limit_seconds: Option<NonZeroU32>,
}

impl Config {
    /// The defaults, with the operator's name of the dialect's language.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            operator: dialect.language().operator(),
            reserved: vec![Language::English.operator(), Language::Chinese.operator()],
            max_members: NonZeroU32::new(16_384),
            max_members_per_network: NonZeroU32::new(4_096),
            idle_limit_seconds: None,
        }
    }

    /// Whether nobody can log in with `name`.
    pub(crate) fn is_reserved(&self, name: &Name) -> bool {
        self.reserved
            .iter()
            .chain([&self.operator])
            .any(|word| contains(name.as_bytes(), word.as_bytes()))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new(Dialect::default())
    }
}

/// Whether `part` stands in `whole`, in any ASCII case.
fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole
        .windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_name_is_reserved_in_every_disguise_of_case_and_company() {
        let config = Config {
            operator: Name::new("Boss").unwrap(),
            ..Config::default()
        };
        for name in ["Boss", "boss", "BOSS2", "xboss", "admin", "Admin", "管理员", "小管理员"] {
            assert!(config.is_reserved(&Name::new(name).unwrap()), "{name}");
        }
        for name in ["bos", "adm", "管理", "alice"] {
            assert!(!config.is_reserved(&Name::new(name).unwrap()), "{name}");
        }
    }
}
