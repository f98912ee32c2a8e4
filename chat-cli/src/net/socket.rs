//! The UDP socket of the chat, with the noise of the network kept away from its caller.
//!
//! An error of a datagram socket mostly concerns an *earlier* datagram: "connection refused" tells
//! that one found its port closed. That must not end a loop, so a receive separates such errors
//! from real failures, and a send that fails is one lost datagram.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io;
use std::net::{SocketAddr, SocketAddrV6, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

use super::batch::Batching;
use super::error_class::{ErrorClass, error_class};
use super::{error_queue, kernel_drops};

/// The receive buffer that is asked for, in bytes: a burst of some ten thousand chat lines.
const WANTED_RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// The most reported peers that are kept for the caller. More are forgotten, for they are hints.
const MAX_UNREACHABLE: usize = 4096;

/// The most receives in a row that may fail for an unknown reason: enough for a passing shortage
/// of memory, too few for an endless loop.
const MAX_UNKNOWN_ERRORS: u32 = 100;

/// A nonblocking UDP socket: a server's, or a client's that is connected to its server.
///
/// It reports canonical addresses: an IPv4 peer of a dual-stack socket is `a.b.c.d` and not
/// `::ffff:a.b.c.d`, so that one peer has one name. It takes addresses in either form.
#[derive(Debug)]
pub struct ChatSocket {
    pub(super) udp: UdpSocket,
    pub(super) is_ipv6: bool,
    /// The peer of a client's socket.
    pub(super) server: Option<SocketAddr>,
    receive_buffer: usize,
    /// Reported peers, in order and as a set.
    unreachable: RefCell<(Vec<SocketAddr>, HashSet<SocketAddr>)>,
    /// A send found that the server is unreachable; the next receive reports it.
    pub(super) server_refused: Cell<bool>,
    unknown_errors: Cell<u32>,
    pub(super) batching: Cell<Batching>,
    pub(super) send_calls: Cell<u64>,
}

/// The result of a receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// A datagram, perhaps an empty one.
    Datagram {
        /// The bytes that it fills in the buffer. A datagram that is longer than the buffer is
        /// cut, so a buffer needs one byte more than the longest datagram that is welcome.
        len: usize,
        /// The sender's canonical address; for a client, the server's.
        from: SocketAddr,
    },
    /// No datagram is there now.
    Nothing,
    /// An earlier datagram could not be delivered; there may be more to receive.
    ///
    /// A client knows that this concerns its server; a server can ask for the peers.
    PeerUnreachable,
}

/// A receive buffer below the wanted size: a burst may overflow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmallBuffer {
    /// The bytes that the system granted.
    pub granted: usize,
    /// The bytes that were asked for.
    pub wanted: usize,
}

impl ChatSocket {
    /// Binds a server's socket. `[::]` takes IPv4 too, whatever the system's default.
    ///
    /// Fails if another socket has the address.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let addr = canonical(addr);
        let socket = udp_socket(addr)?;
        if addr.is_ipv6() && addr.ip().is_unspecified() {
            socket.set_only_v6(false)?;
        }
        socket.bind(&addr.into())?;
        let socket = Self::new(socket, addr.is_ipv6(), None)?;
        // Without reports dead peers are found by their silence: later, but surely.
        let _no_reports = error_queue::enable(&socket.udp);
        Ok(socket)
    }

    /// Opens a client's socket on a free port; the kernel drops datagrams of any but the server.
    ///
    /// Fails if there is no route to the server.
    pub fn connect(server: SocketAddr) -> io::Result<Self> {
        let server = canonical(server);
        let socket = udp_socket(server)?;
        socket.connect(&server.into())?;
        Self::new(socket, server.is_ipv6(), Some(server))
    }

    fn new(socket: Socket, is_ipv6: bool, server: Option<SocketAddr>) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let receive_buffer = enlarge_receive_buffer(&socket);
        Ok(Self {
            udp: socket.into(),
            is_ipv6,
            server,
            receive_buffer,
            unreachable: RefCell::default(),
            server_refused: Cell::new(false),
            unknown_errors: Cell::new(0),
            batching: Cell::new(Batching::Untried),
            send_calls: Cell::new(0),
        })
    }

    /// Returns the address of the socket, with the port that the system chose for port 0.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// Returns both sizes if the system granted less than the 4 MiB that were asked for.
    pub fn small_receive_buffer(&self) -> Option<SmallBuffer> {
        let (granted, wanted) = (self.receive_buffer, WANTED_RECEIVE_BUFFER);
        (granted < wanted).then_some(SmallBuffer { granted, wanted })
    }

    /// Takes the next datagram without waiting for one.
    ///
    /// Fails only if the socket itself does not work, so that nothing will be received any more.
    pub fn receive(&self, buf: &mut [u8]) -> io::Result<Received> {
        if self.server_refused.take() {
            return Ok(Received::PeerUnreachable);
        }
        loop {
            let error = match self.udp.recv_from(buf) {
                Ok((len, from)) => {
                    self.unknown_errors.set(0);
                    let from = self.server.unwrap_or_else(|| canonical(from));
                    return Ok(Received::Datagram { len, from });
                }
                Err(error) => error,
            };
            match error_class(&error) {
                ErrorClass::Again => continue,
                ErrorClass::Wait => self.unknown_errors.set(0),
                ErrorClass::PeerError => {
                    self.collect_unreachable();
                    return Ok(Received::PeerUnreachable);
                }
                ErrorClass::Broken => return Err(error),
                ErrorClass::QueueFull | ErrorClass::Unknown => {
                    if self.unknown_errors.get() == MAX_UNKNOWN_ERRORS {
                        return Err(error);
                    }
                    self.unknown_errors.update(|count| count + 1);
                }
            }
            return Ok(Received::Nothing);
        }
    }

    /// Returns the peers that were reported unreachable to a wait, a receive or a send.
    ///
    /// They are canonical, each once, in the order of their first reports, at most 4,096. A report
    /// is a hint, which can be forged. Only Linux has them, and only for a server's socket. A loop
    /// that waits in an inbox misses none, because a report ends the wait.
    pub fn take_collected(&self) -> Vec<SocketAddr> {
        self.unreachable.take().0
    }

    /// Returns whether [`take_collected`](ChatSocket::take_collected) has something to return.
    pub fn has_collected(&self) -> bool {
        !self.unreachable.borrow().0.is_empty()
    }

    /// Returns how many datagrams the kernel dropped because the receive buffer was full.
    ///
    /// `None` where that is not known. One call reads a table of all UDP sockets of the machine.
    pub fn dropped_by_kernel(&self) -> Option<u64> {
        kernel_drops::dropped(&self.udp)
    }

    /// Collects the kernel's reports, which clears their pending errors, and returns how many.
    pub(super) fn collect_unreachable(&self) -> usize {
        if self.server.is_some() {
            return 0;
        }
        let (in_order, known) = &mut *self.unreachable.borrow_mut();
        error_queue::drain(&self.udp, |peer| {
            let peer = canonical(peer);
            if in_order.len() < MAX_UNREACHABLE && known.insert(peer) {
                in_order.push(peer);
            }
        })
    }
}

fn udp_socket(addr: SocketAddr) -> io::Result<Socket> {
    Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))
}

/// Asks for [`WANTED_RECEIVE_BUFFER`] and returns how many bytes the system grants.
fn enlarge_receive_buffer(socket: &Socket) -> usize {
    // Linux grants a part of any request; other systems refuse one that is too large.
    let mut size = WANTED_RECEIVE_BUFFER;
    while size >= 64 * 1024 && socket.set_recv_buffer_size(size).is_err() {
        size /= 2;
    }
    let reported = socket.recv_buffer_size().unwrap_or(0);
    // Linux reports double the grant; the other half is for its own bookkeeping.
    if cfg!(target_os = "linux") {
        reported / 2
    } else {
        reported
    }
}

/// Returns `::ffff:a.b.c.d` as `a.b.c.d`, and any other address without its flow label.
fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V6(ipv6) if ipv6.ip().to_ipv4_mapped().is_none() => {
            SocketAddrV6::new(*ipv6.ip(), ipv6.port(), 0, ipv6.scope_id()).into()
        }
        _ => SocketAddr::new(addr.ip().to_canonical(), addr.port()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::{IpAddr, Ipv6Addr};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    /// Binds a server's socket on a free port.
    pub(in super::super) fn bind(host: &str) -> ChatSocket {
        let host: IpAddr = host.parse().unwrap();
        ChatSocket::bind((host, 0).into()).unwrap()
    }

    /// Binds a socket on `host` that waits 5 seconds for a datagram.
    pub(in super::super) fn peer(host: &str) -> UdpSocket {
        let peer = UdpSocket::bind((host, 0)).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        peer
    }

    /// Returns an address that refuses every datagram, for as long as the socket beside it lives.
    ///
    /// The socket is connected elsewhere: the kernel refuses for it and keeps others off the port.
    pub(in super::super) fn dead_peer(host: &str) -> (UdpSocket, SocketAddr) {
        let reserved = peer(host);
        reserved.connect((host, 1)).unwrap();
        let address = reserved.local_addr().unwrap();
        (reserved, address)
    }

    /// Returns the loopback addresses of this machine: not every one has IPv6.
    pub(in super::super) fn loopback_hosts() -> Vec<&'static str> {
        let mut hosts = vec!["127.0.0.1", "::1"];
        hosts.retain(|host| UdpSocket::bind((*host, 0)).is_ok());
        hosts
    }

    /// Returns the peers that were reported unreachable, those that the kernel still knows of too.
    pub(in super::super) fn take_unreachable(socket: &ChatSocket) -> Vec<SocketAddr> {
        socket.collect_unreachable();
        socket.take_collected()
    }

    /// Receives until something is there, for at most 2 seconds.
    fn receive(socket: &ChatSocket, buf: &mut [u8]) -> Received {
        let start = Instant::now();
        loop {
            match socket.receive(buf).unwrap() {
                Received::Nothing if start.elapsed() < Duration::from_secs(2) => {
                    thread::sleep(Duration::from_millis(1));
                }
                received => return received,
            }
        }
    }

    #[test]
    fn a_datagram_is_received_with_its_sender_even_if_empty() {
        let (socket, peer) = (bind("127.0.0.1"), peer("127.0.0.1"));
        let from = peer.local_addr().unwrap();
        assert_eq!(socket.receive(&mut [0; 9]).unwrap(), Received::Nothing);
        for payload in [&b"hello"[..], b""] {
            let (mut buf, len) = ([0; 9], payload.len());
            peer.send_to(payload, socket.local_addr().unwrap()).unwrap();
            assert_eq!(receive(&socket, &mut buf), Received::Datagram { len, from });
            assert_eq!(&buf[..len], payload);
        }
    }

    #[test]
    fn a_dual_stack_socket_names_peers_of_both_families() {
        let hosts = loopback_hosts();
        if hosts.len() < 2 {
            return;
        }
        let socket = bind("::");
        let port = socket.local_addr().unwrap().port();
        for host in hosts {
            let peer = peer(host);
            peer.send_to(b"from", (host, port)).unwrap();
            let from = peer.local_addr().unwrap();
            let received = receive(&socket, &mut [0; 9]);
            assert_eq!(received, Received::Datagram { len: 4, from });
            socket.send_to(b"back", from, &mut None).unwrap();
            assert_eq!(peer.recv(&mut [0; 9]).unwrap(), 4);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn dead_peers_are_reported_once_and_cost_no_other_datagram() {
        let hosts = loopback_hosts();
        let dual_stack = hosts.contains(&"::1").then_some(("::", "127.0.0.1"));
        let own = hosts.into_iter().map(|host| (host, host));
        for (host, peers) in own.chain(dual_stack) {
            let (socket, live) = (bind(host), peer(peers));
            let (_one, one) = dead_peer(peers);
            let (_two, two) = dead_peer(peers);
            for _ in 0..50 {
                for to in [one, two, live.local_addr().unwrap()] {
                    socket.send_to(b"hello", to, &mut None).unwrap();
                }
                assert_eq!(live.recv(&mut [0; 9]).unwrap(), 5);
            }
            assert_eq!(take_unreachable(&socket), [one, two]);
            assert_eq!(take_unreachable(&socket), []);
            socket.send_to(b"again", two, &mut None).unwrap();
            assert_eq!(receive(&socket, &mut [0; 9]), Received::PeerUnreachable);
            assert_eq!(socket.receive(&mut [0; 9]).unwrap(), Received::Nothing);
            assert!(socket.has_collected());
            assert_eq!(take_unreachable(&socket), [two]);
        }
    }

    #[test]
    fn a_client_hears_its_server_alone() {
        let server = peer("127.0.0.1");
        let client = ChatSocket::connect(server.local_addr().unwrap()).unwrap();
        client.send(b"hello").unwrap();
        let (_, at) = server.recv_from(&mut [0; 9]).unwrap();
        assert_eq!(at, client.local_addr().unwrap());
        let _refused = peer("127.0.0.1").send_to(b"forged", at);
        server.send_to(b"welcome", at).unwrap();
        let from = server.local_addr().unwrap();
        let received = receive(&client, &mut [0; 9]);
        assert_eq!(received, Received::Datagram { len: 7, from });
        assert_eq!(client.receive(&mut [0; 9]).unwrap(), Received::Nothing);
    }

    #[test]
    fn a_client_learns_of_a_dead_server_and_loses_no_send() {
        let (reserved, address) = dead_peer("127.0.0.1");
        let client = ChatSocket::connect(address).unwrap();
        client.send(b"one").unwrap();
        assert_eq!(receive(&client, &mut [0; 9]), Received::PeerUnreachable);
        assert_eq!(client.receive(&mut [0; 9]).unwrap(), Received::Nothing);

        (0..20).for_each(|_| client.send(b"two").unwrap());
        thread::sleep(Duration::from_millis(20));
        drop(reserved);
        let server = UdpSocket::bind(address).unwrap();
        (server.set_read_timeout(Some(Duration::from_secs(2)))).unwrap();
        // The pending error of "two" would take "three" with it.
        client.send(b"three").unwrap();
        assert_eq!(server.recv(&mut [0; 9]).unwrap(), 5);
        let reported = client.receive(&mut [0; 9]).unwrap();
        assert_eq!(reported, Received::PeerUnreachable);
        assert_eq!(client.receive(&mut [0; 9]).unwrap(), Received::Nothing);
        assert_eq!(take_unreachable(&client), []);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_buffer_that_the_system_cuts_is_reported() {
        let limit = std::fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap();
        let (granted, wanted) = (limit.trim().parse().unwrap(), WANTED_RECEIVE_BUFFER);
        let small = (granted < wanted).then_some(SmallBuffer { granted, wanted });
        assert_eq!(bind("127.0.0.1").small_receive_buffer(), small);
    }

    #[test]
    fn an_address_becomes_canonical() {
        for (given, expected) in [
            ("[::ffff:192.0.2.1]:7", "192.0.2.1:7"),
            ("192.0.2.1:7", "192.0.2.1:7"),
            ("[::1]:7", "[::1]:7"),
            ("[fe80::1%3]:7", "[fe80::1%3]:7"),
        ] {
            assert_eq!(canonical(given.parse().unwrap()), expected.parse().unwrap());
        }
        let labelled = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 7, 99, 0);
        assert_eq!(canonical(labelled.into()), "[::1]:7".parse().unwrap());
    }
}
