//! A thousand members on one socket.
//!
//! On Linux the whole of `127.0.0.0/8` is this machine: a socket that is bound to no address
//! receives the datagrams to all these addresses, and can choose one of them as the source of each
//! datagram that it sends.

use std::io::IoSlice;
use std::iter;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;

use nix::libc::{in_addr, in_pktinfo};
use nix::sys::socket::sockopt::RcvBuf;
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg, setsockopt};

use super::find_in_time;
use super::own_socket::OwnSocket;

/// The wanted receive buffer, in bytes; the system may grant less.
const BUFFER: usize = 4 * 1024 * 1024;
/// Peers of one server, each with an IPv4 address of its own, that share a socket.
pub struct Crowd {
    socket: OwnSocket,
    server: SocketAddrV4,
}

impl Crowd {
    /// Creates peers that have not logged in.
    ///
    /// # Panics
    /// When the server is not one at an IPv4 address, or the system gives no socket.
    pub fn new(server: SocketAddr) -> Self {
        let SocketAddr::V4(server) = server else {
            panic!("a crowd has IPv4 addresses only")
        };
        let socket = OwnSocket::bind((Ipv4Addr::UNSPECIFIED, 0).into()).expect("a free port");
        setsockopt(&*socket, RcvBuf, &BUFFER).expect("Linux grants what it can");
        let nonblocking = socket.set_nonblocking(true);
        nonblocking.expect("a socket need not block");
        Self { socket, server }
    }

    /// Sends a datagram from the address of this peer.
    pub fn send(&self, peer: usize, datagram: impl AsRef<[u8]>) {
        let number = u32::try_from(peer).expect("fewer than four thousand million peers");
        // Peers count up from 127.1.0.0.
        let source = Ipv4Addr::from_bits(0x7F01_0000 + number);
        let s_addr = u32::from_ne_bytes(source.octets());
        let from = in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: in_addr { s_addr },
            ipi_addr: in_addr { s_addr: 0 },
        };
        let datagram = datagram.as_ref();
        let sent = sendmsg(
            self.socket.as_raw_fd(),
            &[IoSlice::new(datagram)],
            &[ControlMessage::Ipv4PacketInfo(&from)],
            MsgFlags::empty(),
            Some(&SockaddrIn::from(self.server)),
        );
        assert_eq!(sent, Ok(datagram.len()), "peer {peer} cannot send");
    }

    /// Returns the name of this peer.
    pub fn name(peer: usize) -> String {
        format!("m{peer}")
    }

    /// Returns the next datagram for any peer, if there is one now.
    fn receive(&self) -> Option<Vec<u8>> {
        let mut buffer = [0; 1025];
        let length = self.socket.recv(&mut buffer).ok()?;
        Some(buffer[..length].to_vec())
    }

    /// Throws away what there is.
    pub fn discard_all(&self) {
        while self.receive().is_some() {}
    }

    /// Waits until this datagram has come this many times.
    pub fn expect_times(&self, wanted: &str, times: usize) {
        let mut seen = 0;
        let all = find_in_time(|| {
            let datagrams = iter::from_fn(|| self.receive());
            seen += datagrams.filter(|one| one == wanted.as_bytes()).count();
            (seen >= times).then_some(())
        });
        assert!(
            all.is_some(),
            "{wanted:?} came {seen} times and not {times} times"
        );
    }
}
