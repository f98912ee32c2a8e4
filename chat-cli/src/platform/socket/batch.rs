//! Many datagrams with one system call (Linux); elsewhere there is no such call.
//!
//! Everything that the call needs is on the stack: nothing is allocated, and nothing has to be
//! kept.

use std::net::{SocketAddr, UdpSocket};

#[cfg(target_os = "linux")]
pub(super) use linux::send;
#[cfg(not(target_os = "linux"))]
pub(super) use nothing::send;

/// The most datagrams that one call sends. More at once gain nothing measurable, and the call takes
/// 1,024 at most.
pub(super) const MAX_BATCH: usize = 64;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Batch {
    /// So many, from the first. Where these are not all, the next one could not be sent; why is not
    /// known.
    Sent(usize),
    /// The first one could not be sent, and none was.
    Failed,
    /// The same; but it may be that the call as such is forbidden.
    PerhapsRefused,
    /// This system does not have the call.
    NoSuchCall,
}

/// The form in which a socket takes the address: an IPv4 peer of an IPv6 socket is
/// `::ffff:a.b.c.d`.
pub(super) fn on_wire(is_ipv6: bool, to: SocketAddr) -> SocketAddr {
    match to {
        SocketAddr::V4(ipv4) if is_ipv6 => {
            SocketAddr::new(ipv4.ip().to_ipv6_mapped().into(), ipv4.port())
        }
        to => to,
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::array;
    use std::io::IoSlice;

    use rustix::io::Errno;
    use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};

    use super::{Batch, MAX_BATCH, SocketAddr, UdpSocket, on_wire};

    /// What is enough for a conversation, and for a small room: headers that are not used have to
    /// be made all the same.
    const TINY_BATCH: usize = 4;
    const SMALL_BATCH: usize = 16;

    /// Sends the payload to the first [`MAX_BATCH`] of these, in order, until one cannot be sent.
    pub(in super::super) fn send(
        udp: &UdpSocket,
        is_ipv6: bool,
        payload: &[u8],
        to: &[SocketAddr],
    ) -> Batch {
        let sent = if to.len() <= TINY_BATCH {
            send_up_to::<TINY_BATCH>(udp, is_ipv6, payload, to)
        } else if to.len() <= SMALL_BATCH {
            send_up_to::<SMALL_BATCH>(udp, is_ipv6, payload, to)
        } else {
            send_up_to::<MAX_BATCH>(udp, is_ipv6, payload, to)
        };
        match sent {
            Ok(sent) => Batch::Sent(sent),
            Err(Errno::NOSYS) => Batch::NoSuchCall,
            // What filters of system calls answer.
            Err(Errno::PERM) => Batch::PerhapsRefused,
            Err(_) => Batch::Failed,
        }
    }

    fn send_up_to<const N: usize>(
        udp: &UdpSocket,
        is_ipv6: bool,
        payload: &[u8],
        to: &[SocketAddr],
    ) -> Result<usize, Errno> {
        let Some(&first) = to.first() else {
            return Ok(0);
        };
        // The places behind the last one are filled with the first address, and not sent.
        let mut wanted = to.iter().copied();
        let addresses: [SocketAddrAny; N] =
            array::from_fn(|_| on_wire(is_ipv6, wanted.next().unwrap_or(first)).into());
        let slices = [IoSlice::new(payload)];
        let mut controls: [SendAncillaryBuffer<'_, '_, '_>; N] =
            array::from_fn(|_| SendAncillaryBuffer::default());
        let filler = SocketAddrAny::from(first);
        let mut address = addresses.iter();
        let mut headers = controls.each_mut().map(|control| {
            MMsgHdr::new_with_addr(address.next().unwrap_or(&filler), &slices, control)
        });
        let count = to.len().min(N);
        sendmmsg(
            udp,
            headers.get_mut(..count).unwrap_or_default(),
            SendFlags::NOSIGNAL,
        )
    }
}

#[cfg(not(target_os = "linux"))]
mod nothing {
    use super::{Batch, SocketAddr, UdpSocket};

    /// Sends nothing: this system has no call for many datagrams.
    pub(in super::super) fn send(
        _udp: &UdpSocket,
        _is_ipv6: bool,
        _payload: &[u8],
        _to: &[SocketAddr],
    ) -> Batch {
        Batch::NoSuchCall
    }
}
