//! A UDP socket that the network cannot break.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::error_queue;

/// How much the kernel is asked to hold of what was not received yet: enough for a burst of 10,000 short datagrams.
const RECEIVE_BUFFER: usize = 4 << 20;
/// How long a send waits for room in the socket's send buffer.
const SEND_WAIT: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// How often a send that met another peer's error, or a full queue of the system, is tried.
const SEND_TRIES: u32 = 8;
const QUEUE_PAUSE: Duration = Duration::from_millis(1);

/// A nonblocking [`UdpSocket`], of one thread: either bound (a server's) or connected (a client's).
#[derive(Debug)]
pub struct ChatSocket {
    udp: UdpSocket,
    ipv6: bool,
    /// Who was reported unreachable and not yet taken.
    unreachable: RefCell<Vec<SocketAddr>>,
}

/// What a receive brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A datagram stands in the buffer, cut off where the buffer ends.
    Datagram {
        /// How many bytes.
        len: usize,
        /// Who sent it, in canonical form: never an IPv4 address in IPv6 clothing.
        from: SocketAddr,
    },
    /// Nothing is there now.
    Nothing,
    /// An earlier send met an address where nobody is.
    PeerUnreachable,
}

/// What became of a send.
#[derive(Debug)]
pub enum Sent {
    /// The kernel has it.
    Done,
    /// It is lost, as any datagram may be.
    Lost(io::Error),
}

impl ChatSocket {
    /// A socket that receives at `address`, from anybody. The IPv6 wildcard receives IPv4 too.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
            socket.set_only_v6(false)?;
        }
        socket.bind(&address.into())?;
        error_queue::enable(&socket)?;
        Self::new(socket.into(), address.is_ipv6())
    }

    /// A socket of its own that talks to `server`. The kernel drops what comes from other addresses.
    pub fn connect(server: SocketAddr) -> io::Result<Self> {
        let any: IpAddr = if server.is_ipv6() {
            Ipv6Addr::UNSPECIFIED.into()
        } else {
            Ipv4Addr::UNSPECIFIED.into()
        };
        let udp = UdpSocket::bind((any, 0))?;
        udp.connect(server)?;
        Self::new(udp, server.is_ipv6())
    }

    fn new(udp: UdpSocket, ipv6: bool) -> io::Result<Self> {
        udp.set_nonblocking(true)?;
        // What the kernel grants is asked for later; less is no reason to fail.
        let _granted_less = SockRef::from(&udp).set_recv_buffer_size(RECEIVE_BUFFER);
        Ok(Self {
            udp,
            ipv6,
            unreachable: RefCell::default(),
        })
    }

    /// The socket itself.
    pub fn as_udp(&self) -> &UdpSocket {
        &self.udp
    }

    /// Where it receives.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// How many bytes of datagrams the kernel holds for this socket (Linux counts its own bookkeeping too, and reports
    /// twice what it grants).
    pub fn granted_receive_buffer(&self) -> io::Result<usize> {
        let reported = SockRef::from(&self.udp).recv_buffer_size()?;
        Ok(if cfg!(target_os = "linux") {
            reported / 2
        } else {
            reported
        })
    }

    /// What to tell the user when the kernel granted less than was asked for, and what to do about it.
    pub fn receive_buffer_warning(&self) -> Option<String> {
        let granted = self
            .granted_receive_buffer()
            .ok()
            .filter(|&granted| granted < RECEIVE_BUFFER)?;
        Some(format!(
            "the kernel holds {} KiB of datagrams for this room instead of {} KiB: bursts may be lost; \
             raise the limit with `sysctl -w net.core.rmem_max={RECEIVE_BUFFER}` and start again",
            granted / 1024,
            RECEIVE_BUFFER / 1024
        ))
    }

    /// Takes the next datagram, if there is one. An error means that the socket itself is broken.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        loop {
            return match self.udp.recv_from(buffer) {
                Ok((len, from)) => Ok(Received::Datagram {
                    len,
                    from: canonical(from),
                }),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => continue,
                    ErrorKind::WouldBlock => Ok(Received::Nothing),
                    kind if is_unreachable(kind) => Ok(Received::PeerUnreachable),
                    // The datagram was longer than the buffer, where a system calls that an error (Windows).
                    _ if error.raw_os_error() == Some(10_040) => Ok(Received::PeerUnreachable),
                    _ => Err(error),
                },
            };
        }
    }

    /// Sends to `to`, on a bound socket.
    pub fn send_to(&self, payload: &[u8], to: SocketAddr) -> Sent {
        let to = match to {
            // An IPv6 socket reaches IPv4 addresses only in this form.
            SocketAddr::V4(v4) if self.ipv6 => SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port()),
            other => other,
        };
        self.try_to_send(|| self.udp.send_to(payload, to), true)
    }

    /// Sends to the server, on a connected socket.
    pub fn send(&self, payload: &[u8]) -> Sent {
        self.try_to_send(|| self.udp.send(payload), false)
    }

    fn try_to_send(&self, send: impl Fn() -> io::Result<usize>, many_peers: bool) -> Sent {
        let mut tries = 0;
        loop {
            let Err(error) = send() else { return Sent::Done };
            tries += 1;
            if tries >= SEND_TRIES {
                return Sent::Lost(error);
            }
            match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock => {
                    let mut writable = [PollFd::new(&self.udp, PollFlags::OUT)];
                    // A failed wait is a try that failed.
                    let _waited = poll(&mut writable, Some(&SEND_WAIT));
                }
                // The error belongs to an earlier send to somebody else: note whom, and send again.
                kind if many_peers && is_unreachable(kind) => self.collect_unreachable(),
                _ if is_full_queue(&error) => thread::sleep(QUEUE_PAUSE),
                _ => return Sent::Lost(error),
            }
        }
    }

    /// The addresses that the kernel has reported unreachable since the last call, each once.
    pub fn take_unreachable(&self) -> Vec<SocketAddr> {
        self.collect_unreachable();
        self.unreachable.take()
    }

    fn collect_unreachable(&self) {
        let mut unreachable = self.unreachable.borrow_mut();
        error_queue::drain(&self.udp, &mut |peer| {
            let peer = canonical(peer);
            if !unreachable.contains(&peer) {
                unreachable.push(peer);
            }
        });
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(v4.into(), address.port()),
        IpAddr::V6(_) => address,
    }
}

fn is_unreachable(kind: ErrorKind) -> bool {
    use ErrorKind::{ConnectionRefused, ConnectionReset, HostUnreachable, NetworkDown, NetworkUnreachable};
    matches!(
        kind,
        ConnectionRefused | ConnectionReset | HostUnreachable | NetworkUnreachable | NetworkDown
    )
}

fn is_full_queue(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> ChatSocket {
        ChatSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap()
    }

    /// Receives one datagram, waiting for it.
    fn receive(socket: &ChatSocket) -> (Vec<u8>, SocketAddr) {
        let mut buffer = [0; 2048];
        for _ in 0..5_000 {
            if let Received::Datagram { len, from } = socket.receive(&mut buffer).unwrap() {
                return (buffer[..len].to_vec(), from);
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("nothing came within 5 s");
    }

    fn dead_port() -> SocketAddr {
        // Bound and closed at once: nobody else gets it before the kernel has gone round all others.
        UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    #[test]
    fn datagrams_go_both_ways_empty_ones_included() {
        let server = loopback();
        let client = ChatSocket::connect(server.local_addr().unwrap()).unwrap();
        assert!(matches!(client.send(b""), Sent::Done));
        let (empty, from) = receive(&server);
        assert_eq!((empty, from.port()), (vec![], client.local_addr().unwrap().port()));
        assert!(matches!(server.send_to(b"hello", from), Sent::Done));
        assert_eq!(receive(&client).0, b"hello");
        assert_eq!(server.receive(&mut [0; 10]).unwrap(), Received::Nothing);
    }

    #[test]
    fn dead_peers_are_named_and_live_ones_are_reached_all_the_same() {
        let server = loopback();
        let live = loopback();
        let dead = [dead_port(), dead_port()];
        for round in 0..3_u8 {
            for &peer in &dead {
                assert!(
                    matches!(server.send_to(b"x", peer), Sent::Done),
                    "round {round}: a send to a dead peer"
                );
            }
            assert!(
                matches!(server.send_to(&[round], live.local_addr().unwrap()), Sent::Done),
                "round {round}"
            );
            assert_eq!(
                receive(&live).0,
                [round],
                "the live peer gets its datagram in round {round}"
            );
            let mut reported = server.take_unreachable();
            reported.sort();
            let mut expected = dead.to_vec();
            expected.sort();
            assert_eq!(reported, expected, "exactly the dead are reported in round {round}");
            assert_eq!(server.take_unreachable(), [], "each is reported once");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_lost_and_the_socket_goes_on() {
        let server = loopback();
        let live = loopback();
        let to = live.local_addr().unwrap();
        assert!(
            matches!(server.send_to(&vec![0; 65_508], to), Sent::Lost(_)),
            "longer than UDP allows"
        );
        assert!(
            matches!(server.send_to(b"x", "127.0.0.1:0".parse().unwrap()), Sent::Lost(_)),
            "port 0 is nobody's"
        );
        assert!(matches!(server.send_to(b"on", to), Sent::Done));
        assert_eq!(receive(&live).0, b"on");
    }

    #[test]
    fn a_connected_client_hears_that_nobody_is_there_and_goes_on() {
        let client = ChatSocket::connect(dead_port()).unwrap();
        for _ in 0..3 {
            let _maybe_refused = client.send(b"x");
            thread::sleep(Duration::from_millis(5));
            assert_eq!(client.receive(&mut [0; 10]).unwrap(), Received::PeerUnreachable);
            assert_eq!(
                client.receive(&mut [0; 10]).unwrap(),
                Received::Nothing,
                "the hint comes once"
            );
        }
    }

    #[test]
    fn a_dual_stack_socket_speaks_to_both_families() {
        let Ok(server) = ChatSocket::bind("[::]:0".parse().unwrap()) else {
            eprintln!("SKIPPED: this machine has no IPv6");
            return;
        };
        let port = server.local_addr().unwrap().port();
        for host in ["127.0.0.1", "[::1]"] {
            let client = ChatSocket::connect(format!("{host}:{port}").parse().unwrap()).unwrap();
            assert!(matches!(client.send(b"ping"), Sent::Done));
            let (_, from) = receive(&server);
            assert_eq!(from.ip().to_canonical(), from.ip(), "canonical");
            assert!(matches!(server.send_to(b"pong", from), Sent::Done));
            assert_eq!(receive(&client).0, b"pong");
            drop(client);
            assert!(matches!(server.send_to(b"gone?", from), Sent::Done));
            assert_eq!(server.take_unreachable(), [from], "a dead peer of {host}");
        }
    }

    #[test]
    fn a_small_receive_buffer_is_reported_with_the_remedy() {
        let socket = loopback();
        let granted = socket.granted_receive_buffer().unwrap();
        assert_eq!(socket.receive_buffer_warning().is_some(), granted < RECEIVE_BUFFER);
        SockRef::from(socket.as_udp()).set_recv_buffer_size(100_000).unwrap();
        assert!(
            socket
                .receive_buffer_warning()
                .unwrap()
                .contains("sysctl -w net.core.rmem_max=4194304")
        );
    }
}
