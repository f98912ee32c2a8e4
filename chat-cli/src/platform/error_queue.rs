//! The kernel's list of who could not be reached.
//!
//! A UDP server learns of a dead peer from the ICMP message "port unreachable" that its datagram
//! provokes. A socket that is not connected normally hears nothing of it. On Linux it can ask for
//! it (`IP_RECVERR`), at a price: the next send or receive then fails with the error of whichever
//! peer is dead, and only the *error queue* says which one. Elsewhere these functions do nothing,
//! and dead peers are found by their silence.
//!
//! A report is a hint, never proof: whoever can guess the ports can forge the ICMP message behind
//! it.

#[cfg(target_os = "linux")]
pub use linux::{drain, enable};
#[cfg(not(target_os = "linux"))]
pub use nothing::{drain, enable};

/// The most reports that one call of [`drain`] reads, so that a flood of them cannot hold up the
/// loop.
pub const MAX_REPORTS: usize = 4096;

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

    use super::super::socket::canonical;
    use super::MAX_REPORTS;

    /// Asks the kernel to keep ICMP errors for [`drain`]. On an IPv6 socket for both families,
    /// since a dual-stack one talks to both.
    pub fn enable(socket: &UdpSocket) -> io::Result<()> {
        if socket.local_addr()?.is_ipv6() {
            setsockopt(socket, Ipv6RecvErr, &true)?;
        }
        setsockopt(socket, Ipv4RecvErr, &true)?;
        Ok(())
    }

    /// Empties the error queue and calls `unreachable` with the address of each peer that, by an
    /// ICMP message, has no socket on its port or cannot be reached as a host. The address is
    /// canonical: never `::ffff:a.b.c.d`.
    ///
    /// Returns how many reports were read, those of other kinds included: at most [`MAX_REPORTS`].
    pub fn drain(socket: &UdpSocket, unreachable: &mut impl FnMut(SocketAddr)) -> usize {
        let mut control = cmsg_space!(sock_extended_err, sockaddr_in6);
        let mut read = 0;
        while read < MAX_REPORTS {
            // The payload is the datagram that failed, of which nobody needs anything.
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
                    if let Some(peer) = unreachable_peer(&message) {
                        unreachable(peer);
                    }
                }
                Err(Errno::EINTR) => {}
                // EAGAIN is the end of the queue. Anything else is no better reason to go on.
                Err(_) => break,
            }
        }
        read
    }

    fn unreachable_peer(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Option<SocketAddr> {
        let says_unreachable = message.cmsgs().ok()?.any(|control| match control {
            ControlMessageOwned::Ipv4RecvErr(error, _)
            | ControlMessageOwned::Ipv6RecvErr(error, _) => is_unreachable(&error),
            _ => false,
        });
        if !says_unreachable {
            return None;
        }
        let name = message.address.as_ref()?;
        let ipv4 = name
            .as_sockaddr_in()
            .map(|address| SocketAddr::from(*address));
        ipv4.or_else(|| {
            name.as_sockaddr_in6()
                .map(|address| SocketAddr::from(*address))
        })
        .map(canonical)
    }

    /// Not the errors of this machine (a datagram that is too long, no route) and not those that
    /// say how to do better (a smaller path MTU).
    fn is_unreachable(error: &sock_extended_err) -> bool {
        matches!(error.ee_origin, SO_EE_ORIGIN_ICMP | SO_EE_ORIGIN_ICMP6)
            && [Errno::ECONNREFUSED, Errno::EHOSTUNREACH]
                .iter()
                .any(|errno| *errno as u32 == error.ee_errno)
    }
}

#[cfg(not(target_os = "linux"))]
mod nothing {
    use std::io;
    use std::net::{SocketAddr, UdpSocket};

    /// Does nothing: this system has no error queue.
    pub fn enable(_socket: &UdpSocket) -> io::Result<()> {
        Ok(())
    }

    /// Reads nothing: this system has no error queue.
    pub fn drain(_socket: &UdpSocket, _unreachable: &mut impl FnMut(SocketAddr)) -> usize {
        0
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::{SocketAddr, UdpSocket};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    /// An address of `host` where nobody answers us, for as long as the socket lives: it is
    /// connected elsewhere, so the kernel refuses for it, and no other test can be given its
    /// port.
    fn dead(host: &str) -> (UdpSocket, SocketAddr) {
        let reserved = UdpSocket::bind((host, 0)).unwrap();
        reserved.connect((host, 1)).unwrap();
        let address = reserved.local_addr().unwrap();
        (reserved, address)
    }

    /// Everything that is reported until `count` addresses are, or for two seconds.
    fn reported(socket: &UdpSocket, count: usize) -> Vec<SocketAddr> {
        let mut peers = Vec::new();
        let start = Instant::now();
        while peers.len() < count && start.elapsed() < Duration::from_secs(2) {
            drain(socket, &mut |peer| peers.push(peer));
            thread::sleep(Duration::from_millis(1));
        }
        peers
    }

    fn has_ipv6() -> bool {
        UdpSocket::bind("[::1]:0").is_ok()
    }

    #[test]
    fn a_dead_port_is_reported_and_a_live_one_is_not() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        enable(&socket).unwrap();
        let live = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (_reserved, dead) = dead("127.0.0.1");
        socket.send_to(b"live", live.local_addr().unwrap()).unwrap();
        assert_eq!(drain(&socket, &mut |_| ()), 0);
        socket.send_to(b"dead", dead).unwrap();
        assert_eq!(reported(&socket, 1), [dead]);
        assert_eq!(drain(&socket, &mut |_| ()), 0, "each report is read once");
    }

    #[test]
    fn two_dead_ports_are_both_reported_and_then_sends_work() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        enable(&socket).unwrap();
        let live = UdpSocket::bind("127.0.0.1:0").unwrap();
        live.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let ((_one, one), (_two, two)) = (dead("127.0.0.1"), dead("127.0.0.1"));
        for peer in [one, two] {
            // The error of one comes back from the send to the other, which is then not sent.
            while socket.send_to(b"dead", peer).is_err() {}
        }
        let mut peers = reported(&socket, 2);
        peers.sort();
        peers.dedup();
        let mut expected = vec![one, two];
        expected.sort();
        assert_eq!(peers, expected);

        socket.send_to(b"live", live.local_addr().unwrap()).unwrap();
        assert_eq!(live.recv(&mut [0; 9]).unwrap(), 4);
    }

    #[test]
    fn without_enable_nothing_is_reported() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (_reserved, dead) = dead("127.0.0.1");
        socket.send_to(b"dead", dead).unwrap();
        thread::sleep(Duration::from_millis(50));
        assert_eq!(drain(&socket, &mut |_| ()), 0);
    }

    #[test]
    fn an_error_of_this_machine_names_nobody() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        enable(&socket).unwrap();
        let live = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(
            socket
                .send_to(&vec![0; 65_508], live.local_addr().unwrap())
                .is_err()
        );
        let mut peers = Vec::new();
        drain(&socket, &mut |peer| peers.push(peer));
        assert_eq!(peers, []);
    }

    #[test]
    fn ipv6_is_reported() {
        if !has_ipv6() {
            return;
        }
        let socket = UdpSocket::bind("[::1]:0").unwrap();
        enable(&socket).unwrap();
        let (_reserved, dead) = dead("::1");
        socket.send_to(b"dead", dead).unwrap();
        assert_eq!(reported(&socket, 1), [dead]);
    }

    #[test]
    fn a_dual_stack_socket_reports_ipv4_as_ipv4() {
        if !has_ipv6() {
            return;
        }
        let socket = UdpSocket::bind("[::]:0").unwrap();
        enable(&socket).unwrap();
        let (_reserved, dead) = dead("127.0.0.1");
        let SocketAddr::V4(ipv4) = dead else {
            panic!("an IPv4 address")
        };
        socket
            .send_to(b"dead", (ipv4.ip().to_ipv6_mapped(), ipv4.port()))
            .unwrap();
        assert_eq!(reported(&socket, 1), [dead]);
    }
}
