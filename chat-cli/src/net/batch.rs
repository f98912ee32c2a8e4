//! Many datagrams in one system call, which only Linux has.

use std::net::{SocketAddr, UdpSocket};

use rustix::io::Result;

/// The most datagrams in one call. More gain nothing measurable.
pub(super) const BATCH_SIZE: usize = 64;

/// The experience of a socket with calls that send a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Batching {
    /// No call was accepted or refused so far.
    Untried,
    /// A call has sent something.
    Works,
    /// The system refuses the call: each datagram needs a call of its own.
    Refused,
}

/// Returns the form of the address that the socket takes: an IPv6 socket takes IPv4 as mapped.
pub(super) fn on_wire(is_ipv6: bool, to: SocketAddr) -> SocketAddr {
    match to {
        SocketAddr::V4(ipv4) if is_ipv6 => (ipv4.ip().to_ipv6_mapped(), ipv4.port()).into(),
        to => to,
    }
}

/// Sends the payload to the first [`BATCH_SIZE`] addresses in order, until one fails, and returns
/// the count of datagrams sent. Allocates nothing.
///
/// # Errors
///
/// The first datagram failed, or the call as such: the system has none (`NOSYS`), or a filter of
/// system calls forbids it (`PERM`). A call that stops later gives no reason.
#[cfg(target_os = "linux")]
pub(super) fn send(
    udp: &UdpSocket,
    is_ipv6: bool,
    payload: &[u8],
    to: &[SocketAddr],
) -> Result<usize> {
    use std::array;
    use std::io::IoSlice;

    use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};

    let Some(filler) = to.first() else {
        return Ok(0);
    };
    let mut places: [_; BATCH_SIZE] = array::from_fn(|place| {
        let peer = *to.get(place).unwrap_or(filler);
        let address = SocketAddrAny::from(on_wire(is_ipv6, peer));
        (address, SendAncillaryBuffer::default())
    });
    let slices = [IoSlice::new(payload)];
    let mut headers = (places.each_mut())
        .map(|(address, control)| MMsgHdr::new_with_addr(address, &slices, control));
    let count = to.len().min(BATCH_SIZE);
    let headers = headers.get_mut(..count).unwrap_or_default();
    sendmmsg(udp, headers, SendFlags::NOSIGNAL)
}

/// Fails: this system has no such call.
#[cfg(not(target_os = "linux"))]
pub(super) fn send(_: &UdpSocket, _: bool, _: &[u8], _: &[SocketAddr]) -> Result<usize> {
    Err(rustix::io::Errno::NOSYS)
}
