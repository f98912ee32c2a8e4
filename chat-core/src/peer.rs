//! Who sent a datagram: whatever the embedding program says.

use core::net::{IpAddr, SocketAddr};

/// An address that a [`Server`](crate::Server) can answer to: a socket address, a number in a
/// simulation, the id of a connection in a gateway.
pub trait Peer: Copy + Ord {
    /// What limits count by: addresses that are cheap to have once one of them is had.
    type Network: Copy + Ord;

    /// The network that the address belongs to.
    fn network(&self) -> Self::Network;

    /// Whether the address is a loopback, private or link-local one, behind which no stranger on
    /// the Internet can be made
    /// a victim: [`silent_traffic_bytes`](crate::Config::silent_traffic_bytes) does not count for
    /// it.
    fn is_private(&self) -> bool;
}

/// Counts by IPv4 address and by IPv6 /64. Hand in canonical addresses: what a dual-stack socket
/// reports as `::ffff:a.b.c.d` is the peer `a.b.c.d`.
impl Peer for SocketAddr {
    type Network = u64;

    fn network(&self) -> u64 {
        match self.ip().to_canonical() {
            // The lower half of ::ffff:0:0/96, which no /64 of IPv6 in use begins with.
            IpAddr::V4(v4) => 0xffff_0000_0000 | u64::from(v4.to_bits()),
            IpAddr::V6(v6) => u64::try_from(v6.to_bits() >> 64).unwrap_or(u64::MAX),
        }
    }

    fn is_private(&self) -> bool {
        match self.ip().to_canonical() {
            IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
            IpAddr::V6(v6) => {
                v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()
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
        assert_eq!(
            address("192.0.2.1:1").network(),
            address("192.0.2.1:2").network()
        );
        assert_ne!(
            address("192.0.2.1:1").network(),
            address("192.0.2.2:1").network()
        );
        assert_eq!(
            address("[2001:db8::1]:1").network(),
            address("[2001:db8::ffff:0:0:2]:2").network()
        );
        assert_ne!(
            address("[2001:db8::1]:1").network(),
            address("[2001:db8:0:1::1]:1").network()
        );
        assert_eq!(
            address("[::ffff:192.0.2.1]:1").network(),
            address("192.0.2.1:1").network()
        );
    }

    #[test]
    fn private_is_what_the_internet_does_not_route() {
        for private in [
            "127.0.0.1:1",
            "10.1.2.3:1",
            "192.168.1.1:1",
            "169.254.0.1:1",
            "[::1]:1",
            "[fd00::1]:1",
            "[fe80::1]:1",
        ] {
            assert!(address(private).is_private(), "{private}");
        }
        for public in ["192.0.2.1:1", "172.32.0.1:1", "[2001:db8::1]:1"] {
            assert!(!address(public).is_private(), "{public}");
        }
    }
}
