//! The kernel's reports of peers that could not be reached.
//!
//! A datagram to a closed port provokes the ICMP message "port unreachable", of which a socket that
//! is not connected normally learns nothing. On Linux it can ask for such reports (`IP_RECVERR`).
//! The price: the next send or receive fails with the error of any one peer, and only the *error
//! queue* tells the peer's address. On other systems these functions do nothing.
//!
//! A report is a hint and no proof: the ICMP message behind it can be forged.

#[cfg(target_os = "linux")]
pub(super) use linux::{drain, enable};
#[cfg(not(target_os = "linux"))]
pub(super) use unsupported::{drain, enable};

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, IoSliceMut};
    use std::net::{SocketAddr, UdpSocket};
    use std::os::fd::AsRawFd;

    use nix::cmsg_space;
    use nix::errno::Errno;
    use nix::libc::{SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6, sock_extended_err, sockaddr_in6};
    use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
    use nix::sys::socket::{
        ControlMessageOwned, MsgFlags, RecvMsg, SockaddrStorage, recvmsg, setsockopt,
    };

    /// The most reports that one call of [`drain`] reads, so that a flood cannot hold up the loop.
    const MAX_REPORTS: usize = 4096;

    /// Asks the kernel to keep ICMP errors for [`drain`].
    pub(in super::super) fn enable(socket: &UdpSocket) -> io::Result<()> {
        // A dual-stack socket needs both, because it sends to both families.
        if socket.local_addr()?.is_ipv6() {
            setsockopt(socket, Ipv6RecvErr, &true)?;
        }
        setsockopt(socket, Ipv4RecvErr, &true)?;
        Ok(())
    }

    /// Reads at most 4,096 reports and returns their number, those of other kinds included.
    ///
    /// Calls `unreachable` with the address of each peer whose port or host an ICMP message calls
    /// unreachable. An IPv6 socket has IPv4 addresses in the form `::ffff:a.b.c.d`.
    pub(in super::super) fn drain(
        socket: &UdpSocket,
        mut unreachable: impl FnMut(SocketAddr),
    ) -> usize {
        let mut control = cmsg_space!(sock_extended_err, sockaddr_in6);
        let mut read = 0;
        while read < MAX_REPORTS {
            // The payload is the datagram that failed, which no one needs.
            let mut payload = [0; 1];
            let mut slices = [IoSliceMut::new(&mut payload)];
            match recvmsg::<SockaddrStorage>(
                socket.as_raw_fd(),
                &mut slices,
                Some(&mut control),
                MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT,
            ) {
                Ok(message) => {
                    read += 1;
                    unreachable_peer(&message)
                        .into_iter()
                        .for_each(&mut unreachable);
                }
                Err(Errno::EINTR) => {}
                // EAGAIN is the end of the queue; any other error would come again.
                Err(_) => break,
            }
        }
        read
    }

    fn unreachable_peer(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Option<SocketAddr> {
        let reports_a_peer = message.cmsgs().ok()?.any(|control| match control {
            ControlMessageOwned::Ipv4RecvErr(error, _)
            | ControlMessageOwned::Ipv6RecvErr(error, _) => is_unreachable(&error),
            _ => false,
        });
        let peer = message.address.as_ref().filter(|_| reports_a_peer)?;
        let ipv4 = peer.as_sockaddr_in().map(|&ipv4| ipv4.into());
        ipv4.or_else(|| peer.as_sockaddr_in6().map(|&ipv6| ipv6.into()))
    }

    fn is_unreachable(error: &sock_extended_err) -> bool {
        // Other origins are this machine (no route); other errors are advice (a smaller MTU).
        matches!(error.ee_origin, SO_EE_ORIGIN_ICMP | SO_EE_ORIGIN_ICMP6)
            && [Errno::ECONNREFUSED, Errno::EHOSTUNREACH]
                .iter()
                .any(|errno| *errno as u32 == error.ee_errno)
    }
}

#[cfg(not(target_os = "linux"))]
mod unsupported {
    use std::io;
    use std::net::{SocketAddr, UdpSocket};

    pub(in super::super) fn enable(_: &UdpSocket) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn drain(_: &UdpSocket, _: impl FnMut(SocketAddr)) -> usize {
        0
    }
}
