//! Who is not there any more: the kernel's error queue of a socket (Linux, `ip(7)`, `IP_RECVERR`).
//!
//! Without it an unconnected UDP socket never learns that a peer is gone. Other systems have nothing like it: there the
//! functions do nothing, and only an idle limit removes members who vanished.

#[cfg(target_os = "linux")]
pub use linux::{drain, enable};
#[cfg(not(target_os = "linux"))]
pub use other::{drain, enable};

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, IoSliceMut};
    use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
    use std::os::fd::AsRawFd;

    use nix::cmsg_space;
    use nix::errno::Errno;
    use nix::libc::{SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6, sock_extended_err, sockaddr_in6};
    use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
    use socket2::Socket;

    /// How many reports one call takes; the rest stays for the next.
    const REPORTS_AT_ONCE: usize = 4_096;

    /// Makes the kernel keep reports for this socket.
    pub fn enable(socket: &Socket) -> io::Result<()> {
        // A dual-stack socket has reports of both families.
        setsockopt(socket, Ipv4RecvErr, &true)?;
        if socket.local_addr()?.is_ipv6() {
            setsockopt(socket, Ipv6RecvErr, &true)?;
        }
        Ok(())
    }

    /// Takes the reports that are there and hands the addresses of those who are gone to `unreachable`.
    pub fn drain(udp: &UdpSocket, unreachable: &mut impl FnMut(SocketAddr)) {
        let mut control = cmsg_space!(sock_extended_err, sockaddr_in6);
        for _ in 0..REPORTS_AT_ONCE {
            // The payload of what was sent comes back too; a byte of it is enough.
            let mut payload = [0];
            let mut pieces = [IoSliceMut::new(&mut payload)];
            let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
            let report = recvmsg::<SockaddrStorage>(udp.as_raw_fd(), &mut pieces, Some(&mut control), flags);
            let report = match report {
                Ok(report) => report,
                Err(Errno::EINTR) => continue,
                // Empty; or broken, which the next receive will tell.
                Err(_) => return,
            };
            let gone = report
                .cmsgs()
                .is_ok_and(|mut messages| messages.any(|message| says_gone(&message)));
            if let Some(peer) = report.address.as_ref().filter(|_| gone).and_then(socket_addr) {
                unreachable(peer);
            }
        }
    }

    /// Whether a router or the peer's own machine said that nobody is there. Errors of this machine, and datagrams that
    /// were too long for the way, say nothing about the peer.
    fn says_gone(message: &ControlMessageOwned) -> bool {
        let (ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _)) = message else {
            return false;
        };
        matches!(error.ee_origin, SO_EE_ORIGIN_ICMP | SO_EE_ORIGIN_ICMP6)
            && i32::try_from(error.ee_errno)
                .is_ok_and(|errno| matches!(Errno::from_raw(errno), Errno::ECONNREFUSED | Errno::EHOSTUNREACH))
    }

    fn socket_addr(address: &SockaddrStorage) -> Option<SocketAddr> {
        if let Some(v4) = address.as_sockaddr_in() {
            return Some(SocketAddrV4::from(*v4).into());
        }
        address.as_sockaddr_in6().map(|v6| SocketAddrV6::from(*v6).into())
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::io;
    use std::net::{SocketAddr, UdpSocket};

    use socket2::Socket;

    /// There is nothing to make the kernel do.
    pub fn enable(_: &Socket) -> io::Result<()> {
        Ok(())
    }

    /// There is never a report.
    pub fn drain(_: &UdpSocket, _: &mut impl FnMut(SocketAddr)) {}
}
