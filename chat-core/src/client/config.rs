//! What an embedding program can choose.

use core::num::NonZeroU32;

use chat_proto::Dialect;

/// The choices of a client.
///
/// With the feature `serde`: a map of these names. What is left out has its default;
/// `keep_alive_seconds` is `"off"` for `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct ClientConfig {
    /// How requests are written and answers read. Default: [`Dialect::lenient`], which understands
    /// the servers in use.
    pub dialect: Dialect,
    /// Repeat the login every so many seconds, so that a server with an idle limit keeps the
    /// member and a server that is gone is noticed. `None`: never. Default: `None`, because
    /// some servers in use do not survive a repeated login.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_forms::limit"))]
    pub keep_alive_seconds: Option<NonZeroU32>,
}
