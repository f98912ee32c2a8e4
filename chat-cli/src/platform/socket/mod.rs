//! The UDP socket of the chat, with the noise of the network kept away from its caller.
//!
//! On a datagram socket an error is mostly somebody else's: "connection refused" from a receive, or
//! from a send, tells that an *earlier* datagram found nobody. None of that is a reason to stop, so
//! a receive separates it from real failures and a send that fails is a datagram that was lost, as
//! any may be.

mod batch;
mod meaning;
mod sending;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

use super::{drop_counter, error_queue};
use meaning::{Meaning, meaning};
use sending::Batching;

/// The receive buffer that is asked for, in bytes: some ten thousand chat lines, the burst of a
/// large room. A queue that overflows drops datagrams without a word.
pub const WANTED_RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// How many unreachable addresses are remembered until somebody asks. More are forgotten: they are
/// hints.
const MAX_UNREACHABLE: usize = 4096;

/// How many receives in a row may fail for an unknown reason before it is the socket that is
/// broken. Enough for a passing shortage of memory; few enough that the loop does not turn on it
/// for ever.
const MAX_STRANGE: u32 = 100;

/// A nonblocking UDP socket: a server's, or a client's that hears nobody but its server.
///
/// Addresses that it reports are canonical: an IPv4 peer of a dual-stack socket is `a.b.c.d`, not
/// `::ffff:a.b.c.d`, so that one peer has one name. It takes them in either form.
#[derive(Debug)]
pub struct ChatSocket {
    udp: UdpSocket,
    is_ipv6: bool,
    /// The server, for a client.
    server: Option<SocketAddr>,
    receive_buffer: usize,
    unreachable: RefCell<Unreachable>,
    /// A send of a client met the news that its server is unreachable, which the next receive
    /// passes on.
    server_refused: Cell<bool>,
    strange: Cell<u32>,
    batching: Cell<Batching>,
    send_calls: Cell<u64>,
}

/// What a receive found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// A datagram, perhaps an empty one.
    Datagram {
        /// How many bytes of the buffer it fills. One that is longer than the buffer is cut, so a
        /// buffer should be one byte longer than the longest datagram that is welcome.
        len: usize,
        /// Who sent it, canonical; for a client, its server.
        from: SocketAddr,
    },
    /// Nothing is there now.
    Nothing,
    /// Something that was sent earlier could not be delivered. A client knows that it was its
    /// server; a server can ask [`take_unreachable`](ChatSocket::take_unreachable). There may
    /// be more to receive.
    PeerUnreachable,
}

/// What became of a datagram, as far as this machine knows.
#[derive(Debug)]
#[must_use = "a datagram may be lost"]
pub enum Sent {
    /// The kernel took it. Whether it arrives is another question.
    Done,
    /// It was not sent, and why. The next one may well be.
    Lost(io::Error),
}

#[derive(Debug, Default)]
struct Unreachable {
    in_order: Vec<SocketAddr>,
    known: HashSet<SocketAddr>,
}

impl ChatSocket {
    /// A server's socket, on `addr` and on nothing that another socket has. `[::]` takes IPv4 too,
    /// whatever the system's default.
    pub fn bind(addr: SocketAddr) -> io::Result<ChatSocket> {
        let addr = canonical(addr);
        let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
        if addr.is_ipv6() && addr.ip().is_unspecified() {
            socket.set_only_v6(false)?;
        }
        socket.bind(&addr.into())?;
        let socket = ChatSocket::new(socket, addr.is_ipv6(), None)?;
        // Without it dead peers are found by their silence, later but surely.
        let _ = error_queue::enable(&socket.udp);
        Ok(socket)
    }

    /// A client's socket, on any free port, connected: the kernel drops whatever others send to it.
    pub fn connect(server: SocketAddr) -> io::Result<ChatSocket> {
        let server = canonical(server);
        let socket = Socket::new(
            Domain::for_address(server),
            Type::DGRAM,
            Some(Protocol::UDP),
        )?;
        let wildcard = if server.is_ipv6() {
            Ipv6Addr::UNSPECIFIED.into()
        } else {
            IpAddr::from(Ipv4Addr::UNSPECIFIED)
        };
        socket.bind(&SocketAddr::new(wildcard, 0).into())?;
        socket.connect(&server.into())?;
        ChatSocket::new(socket, server.is_ipv6(), Some(server))
    }

    fn new(socket: Socket, is_ipv6: bool, server: Option<SocketAddr>) -> io::Result<ChatSocket> {
        socket.set_nonblocking(true)?;
        ask_for_receive_buffer(&socket);
        let reported = socket.recv_buffer_size().unwrap_or(0);
        // Linux reports twice what was granted: the other half is for its own bookkeeping.
        let receive_buffer = if cfg!(target_os = "linux") {
            reported / 2
        } else {
            reported
        };
        Ok(ChatSocket {
            udp: socket.into(),
            is_ipv6,
            server,
            receive_buffer,
            unreachable: RefCell::default(),
            server_refused: Cell::new(false),
            strange: Cell::new(0),
            batching: Cell::new(Batching::Untried),
            send_calls: Cell::new(0),
        })
    }

    /// The address that the socket is bound to, with the port that the system chose if it was asked
    /// to.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// The socket itself, to wait on.
    pub fn as_udp(&self) -> &UdpSocket {
        &self.udp
    }

    /// How many bytes the system grants to datagrams that wait to be received.
    pub fn granted_receive_buffer(&self) -> usize {
        self.receive_buffer
    }

    /// A warning for the operator, with the remedy, when less was granted than
    /// [`WANTED_RECEIVE_BUFFER`].
    pub fn small_receive_buffer(&self) -> Option<SmallBuffer> {
        SmallBuffer::of(self.receive_buffer)
    }

    /// Takes the next datagram, without waiting for one.
    ///
    /// An error means that the socket itself does not work, and that nothing will be received any
    /// more. Everything else that can go wrong is
    /// [`PeerUnreachable`](Received::PeerUnreachable) or [`Nothing`](Received::Nothing).
    pub fn receive(&self, buf: &mut [u8]) -> io::Result<Received> {
        if self.server_refused.take() {
            return Ok(Received::PeerUnreachable);
        }
        loop {
            let error = match self.udp.recv_from(buf) {
                Ok((len, from)) => {
                    self.strange.set(0);
                    return Ok(Received::Datagram {
                        len,
                        from: self.server.unwrap_or_else(|| canonical(from)),
                    });
                }
                Err(error) => error,
            };
            match meaning(&error) {
                Meaning::Again => {}
                Meaning::Wait => {
                    self.strange.set(0);
                    return Ok(Received::Nothing);
                }
                Meaning::EarlierDatagram => {
                    self.collect_unreachable();
                    return Ok(Received::PeerUnreachable);
                }
                Meaning::Broken => return Err(error),
                Meaning::QueueFull | Meaning::Unknown => {
                    self.strange.set(self.strange.get().saturating_add(1));
                    return if self.strange.get() > MAX_STRANGE {
                        Err(error)
                    } else {
                        Ok(Received::Nothing)
                    };
                }
            }
        }
    }

    /// Which peers were reported unreachable since the last call: canonical, each once, the first
    /// report first. At most 4096; a hint, which a stranger can forge. Always empty on a
    /// client, and on systems other than Linux.
    pub fn take_unreachable(&self) -> Vec<SocketAddr> {
        self.collect_unreachable();
        self.take_collected()
    }

    /// The same without asking the kernel: those whom a wait, a receive or a send has met. Whoever
    /// waits with [`Inbox::wait`](super::inbox::Inbox::wait) misses nobody, because what the
    /// kernel still knows ends that wait.
    pub fn take_collected(&self) -> Vec<SocketAddr> {
        self.unreachable.take().in_order
    }

    /// Whether [`take_collected`](ChatSocket::take_collected) has something to return.
    pub fn has_collected(&self) -> bool {
        !self.unreachable.borrow().in_order.is_empty()
    }

    /// How many datagrams the kernel dropped because they were not received in time; `None` where
    /// that is not known.
    pub fn dropped_by_kernel(&self) -> Option<u64> {
        drop_counter::dropped(&self.udp)
    }

    /// Moves the kernel's reports into [`take_collected`](ChatSocket::take_collected)'s list, which
    /// also clears the errors that are pending because of them. Returns how many there were.
    pub(crate) fn collect_unreachable(&self) -> usize {
        if self.server.is_some() {
            return 0;
        }
        let mut list = self.unreachable.borrow_mut();
        error_queue::drain(&self.udp, &mut |peer| {
            if list.in_order.len() < MAX_UNREACHABLE && list.known.insert(peer) {
                list.in_order.push(peer);
            }
        })
    }

    /// Whether the next receive has something to say that the kernel no longer knows of.
    pub(crate) fn has_notice(&self) -> bool {
        self.server_refused.get()
    }
}

/// `::ffff:a.b.c.d` as `a.b.c.d`, and any other address without its flow label, which is no part of
/// who it is.
pub(crate) fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V4(_) => addr,
        SocketAddr::V6(ipv6) => match ipv6.ip().to_ipv4_mapped() {
            Some(ipv4) => SocketAddr::new(ipv4.into(), ipv6.port()),
            None => SocketAddrV6::new(*ipv6.ip(), ipv6.port(), 0, ipv6.scope_id()).into(),
        },
    }
}

fn ask_for_receive_buffer(socket: &Socket) {
    // Linux grants what it can of any request; other systems refuse one that is too large as a
    // whole.
    let mut size = WANTED_RECEIVE_BUFFER;
    while size >= 64 * 1024 && socket.set_recv_buffer_size(size).is_err() {
        size /= 2;
    }
}

/// A receive buffer below what was asked for: in a burst datagrams may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmallBuffer {
    /// What the system granted, in bytes.
    pub granted: usize,
    /// What was asked for, in bytes.
    pub wanted: usize,
}

impl SmallBuffer {
    fn of(granted: usize) -> Option<Self> {
        let wanted = WANTED_RECEIVE_BUFFER;
        (granted < wanted).then_some(Self { granted, wanted })
    }
}

#[cfg(test)]
mod tests;
