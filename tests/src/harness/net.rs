//! Addresses for tests that have to know a port before a program binds it.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use super::own_socket::OwnSocket;

/// Returns an address of the loopback network at which no program listens.
///
/// The port lies below those that systems give to sockets bound to port 0, so that no client of a
/// test that runs at the same time takes it in between.
pub fn free_address() -> SocketAddr {
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..COUNT {
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (process::id().wrapping_mul(97).wrapping_add(turn)) % COUNT;
        let address = SocketAddr::from((
            Ipv4Addr::LOCALHOST,
            u16::try_from(port).expect("below 65,536"),
        ));
        if OwnSocket::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT);
}

/// Returns whether this machine has an IPv6 loopback address.
pub fn has_ipv6() -> bool {
    UdpSocket::bind("[::1]:0").is_ok()
}
