//! Addresses, as the embedding program defines them.

use core::hash::Hash;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};

/// An address that a [`Server`](crate::Server) can answer to: a socket address, a number in a
/// simulation, the id of a connection in a gateway.
pub trait Peer: Copy + Ord + Hash {
    /// The unit of limits and bans: all addresses that one person can easily get.
    type Network: Copy + Ord;

    /// Returns the network of this address.
    fn network(&self) -> Self::Network;

    /// Returns `true` when a login from this address may have been sent by another host.
    ///
    /// [`silent_traffic_bytes`](crate::Config::silent_traffic_bytes) protects such addresses. A
    /// connection that was set up with an answer, such as TCP, cannot be forged.
    fn may_be_forged(&self) -> bool;
}

/// The network is the IPv4 address, or the IPv6 address with its lower 64 bits zero.
///
/// Public addresses may be forged; loopback, private and link-local ones count as genuine. Give
/// canonical addresses to the server: a dual-stack socket reports the peer `a.b.c.d` as
/// `::ffff:a.b.c.d`.
impl Peer for SocketAddr {
    type Network = IpAddr;

    fn network(&self) -> IpAddr {
        match self.ip().to_canonical() {
            IpAddr::V4(v4) => v4.into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        }
    }

    fn may_be_forged(&self) -> bool {
        match self.ip().to_canonical() {
            IpAddr::V4(v4) => !(v4.is_loopback() || v4.is_private() || v4.is_link_local()),
            IpAddr::V6(v6) => {
                !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_is_an_ipv4_address_or_an_ipv6_64() {
        for (peer, network) in [
            ("192.0.2.1:1", "192.0.2.1"),
            ("192.0.2.1:2", "192.0.2.1"),
            ("[::ffff:192.0.2.1]:1", "192.0.2.1"),
            ("[2001:db8::1]:1", "2001:db8::"),
            ("[2001:db8::ffff:0:0:2]:2", "2001:db8::"),
            ("[2001:db8:0:1::1]:1", "2001:db8:0:1::"),
        ] {
            let network: IpAddr = network.parse().unwrap();
            assert_eq!(address(peer).network(), network, "{peer}");
        }
    }

    #[test]
    fn only_public_addresses_may_be_forged() {
        let private_v4 = [
            "127.0.0.1:1",
            "10.1.2.3:1",
            "192.168.1.1:1",
            "169.254.0.1:1",
        ];
        let private_v6 = ["[::1]:1", "[fd00::1]:1", "[fe80::1]:1"];
        for private in private_v4.iter().chain(&private_v6) {
            assert!(!address(private).may_be_forged(), "{private}");
        }
        for public in ["192.0.2.1:1", "172.32.0.1:1", "[2001:db8::1]:1"] {
            assert!(address(public).may_be_forged(), "{public}");
        }
    }
}
