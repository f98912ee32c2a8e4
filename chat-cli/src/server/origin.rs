//! The origin of a member, for the rules, the log and the way back.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use chat_core::Peer;
use serde::Serialize;

/// The address of a member or stranger, with the transport that reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub(super) enum Origin {
    /// A UDP address, canonical: an IPv4 peer of a dual-stack socket is `a.b.c.d`.
    Udp(SocketAddr),
}

impl Peer for Origin {
    type Network = IpAddr;

    fn network(&self) -> IpAddr {
        let Self::Udp(address) = self;
        address.network()
    }

    fn may_be_forged(&self) -> bool {
        let Self::Udp(address) = self;
        address.may_be_forged()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Udp(address) = self;
        address.fmt(f)
    }
}
