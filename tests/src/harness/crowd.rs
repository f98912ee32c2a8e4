//! A thousand members on one socket.
//!
//! On Linux the whole of `127.0.0.0/8` is this machine: a socket that is bound to no address
//! receives what is sent to any of them, and can say with each datagram which of them it comes
//! from.

use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::libc::{in_addr, in_pktinfo};
use nix::sys::socket::sockopt::RcvBuf;
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg, setsockopt};

use super::PATIENCE;
use super::own_socket::OwnSocket;

/// The wanted receive buffer, in bytes; the system may grant less.
const BUFFER: usize = 4 * 1024 * 1024;
/// An answer that has not come after this time will not come: the buffer was full.
const RESEND: Duration = Duration::from_millis(200);

/// Peers of one server, each with an IPv4 address of its own, that share a socket.
pub struct Crowd {
    socket: OwnSocket,
    server: SocketAddrV4,
}

impl Crowd {
    /// Nobody has logged in yet.
    ///
    /// # Panics
    /// When the server is not one at an IPv4 address, or the system gives no socket.
    pub fn new(server: SocketAddr) -> Self {
        let SocketAddr::V4(server) = server else {
            panic!("a crowd has IPv4 addresses only")
        };
        let socket = OwnSocket::bind((Ipv4Addr::UNSPECIFIED, 0).into()).expect("a free port");
        setsockopt(&*socket, RcvBuf, &BUFFER).expect("Linux grants what it can");
        socket
            .set_nonblocking(true)
            .expect("a socket need not block");
        Self { socket, server }
    }

    /// Sends a datagram from the address of this peer.
    pub fn send(&self, peer: usize, datagram: impl AsRef<[u8]>) {
        let number = u32::try_from(peer).expect("fewer than four thousand million peers");
        // 127.1.0.0 and what follows.
        let source = Ipv4Addr::from_bits(0x7F01_0000 + number);
        let from = in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: in_addr {
                s_addr: u32::from_ne_bytes(source.octets()),
            },
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
        assert_eq!(
            sent,
            Ok(datagram.len()),
            "peer {peer} cannot send to {}",
            self.server
        );
    }

    /// The name under which [`login`](Self::login) enters this peer.
    pub fn name(peer: usize) -> String {
        format!("m{peer}")
    }

    /// Enters the peer. What comes for others meanwhile is thrown away.
    pub fn login(&self, peer: usize) {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            self.send(peer, format!("L {}", Self::name(peer)));
            let sent = Instant::now();
            while sent.elapsed() < RESEND {
                if self.receive().is_some_and(|datagram| datagram == b"OK") {
                    return;
                }
            }
        }
        panic!("peer {peer} could not log in");
    }

    /// The next datagram for whomever, if there is one now.
    pub fn receive(&self) -> Option<Vec<u8>> {
        let mut buffer = [0; 1025];
        let length = self.socket.recv(&mut buffer).ok()?;
        Some(buffer[..length].to_vec())
    }

    /// Throws away what there is.
    pub fn discard_all(&self) {
        while self.receive().is_some() {}
    }

    /// Waits until this datagram has come so many times.
    pub fn expect_times(&self, wanted: &str, times: usize) {
        let started = Instant::now();
        let mut seen = 0;
        while seen < times {
            assert!(
                started.elapsed() < PATIENCE,
                "{wanted:?} came {seen} times and not {times} times"
            );
            match self.receive() {
                Some(datagram) => seen += usize::from(datagram == wanted.as_bytes()),
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }
}
