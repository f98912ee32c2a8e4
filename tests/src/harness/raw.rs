//! A peer that is only a socket: it sends the bytes that a test gives it, and receives others.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::own_socket::OwnSocket;
use super::{PATIENCE, find_in_time};

/// A socket that speaks with one server.
///
/// The socket is not connected, so that it never hears from the kernel that the server is away.
/// To the server, dropping it looks like a client that vanishes.
pub struct RawPeer {
    socket: OwnSocket,
    server: SocketAddr,
}

/// A request that changes nothing and is always answered, with exactly one `EXIT` (by a server with
/// the default end word, which sends a stranger other end words behind it).
///
/// A server takes the datagrams of the loopback network in the order in which they were sent. So
/// the results of an earlier datagram arrive before the answer to this one, and a test recognises
/// silence without waiting.
const MARK: &str = "Q nobody-of-that-name";
const MARK_ANSWER: &[u8] = b"EXIT";

impl RawPeer {
    /// Opens a socket on a free port.
    pub fn new(server: SocketAddr) -> Self {
        let home: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        let socket = OwnSocket::bind((home, 0).into()).expect("a loopback address has a free port");
        Self { socket, server }
    }

    /// Opens a socket and enters the room under this name.
    pub fn login(server: SocketAddr, name: &str) -> Self {
        let peer = Self::new(server);
        peer.send(format!("L {name}"));
        peer.expect("OK", &format!("the login of {name}"));
        peer
    }

    /// Returns its own address.
    pub fn address(&self) -> SocketAddr {
        self.socket
            .local_addr()
            .expect("a bound socket has an address")
    }

    /// Sends one datagram.
    pub fn send(&self, datagram: impl AsRef<[u8]>) {
        self.send_to(self.server, datagram);
    }

    /// Sends one datagram to another address than the server's.
    pub fn send_to(&self, to: SocketAddr, datagram: impl AsRef<[u8]>) {
        let sent = self.socket.send_to(datagram.as_ref(), to);
        sent.unwrap_or_else(|error| panic!("cannot send to {to}: {error}"));
    }

    /// Returns the next datagram, if one comes within this time.
    pub fn receive_within(&self, patience: Duration) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 65_536];
        let patience = patience.max(Duration::from_millis(1));
        let timeout = self.socket.set_read_timeout(Some(patience));
        timeout.expect("a time-out above zero can be set");
        let (length, from) = match self.socket.recv_from(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            received => received.expect("a socket on the loopback network can receive"),
        };
        assert_eq!(
            from, self.server,
            "a datagram came from elsewhere than the server"
        );
        assert!(
            length <= 1024,
            "the server sent {length} bytes, which no peer reads whole"
        );
        buffer.truncate(length);
        Some(buffer)
    }

    /// Returns the next datagram; `after` says what should have caused it.
    pub fn receive(&self, after: &str) -> Vec<u8> {
        self.receive_within(PATIENCE)
            .unwrap_or_else(|| panic!("after {after} nothing came"))
    }

    /// Returns the next datagram as text: a server sends nothing else.
    pub fn receive_text(&self, after: &str) -> String {
        let datagram = self.receive(after);
        String::from_utf8(datagram)
            .unwrap_or_else(|error| panic!("after {after} came invalid UTF-8: {error}"))
    }

    /// Checks that the next datagram is exactly this one.
    pub fn expect(&self, wanted: impl AsRef<[u8]>, after: &str) {
        let received = self.receive(after);
        assert!(
            received == wanted.as_ref(),
            "after {after} came {:?}, not {:?}",
            shown(&received),
            shown(wanted.as_ref())
        );
    }

    /// Waits until this datagram comes and passes over all others.
    pub fn wait_for(&self, wanted: &str, after: &str) {
        let started = Instant::now();
        let mut others = Vec::new();
        while let Some(left) = PATIENCE.checked_sub(started.elapsed())
            && let Some(received) = self.receive_within(left)
        {
            if received == wanted.as_bytes() {
                return;
            }
            others.push(shown(&received));
        }
        panic!("after {after} {wanted:?} did not come, only {others:?}");
    }

    /// Returns all that the server sends to this socket for the datagrams until now.
    pub fn receive_to_the_mark(&self, after: &str) -> Vec<Vec<u8>> {
        self.send(MARK);
        let mut received = Vec::new();
        loop {
            let datagram = self.receive(after);
            if datagram == MARK_ANSWER {
                return received;
            }
            received.push(datagram);
        }
    }

    /// Checks that the server sends nothing to this socket for the datagrams until now, and that it
    /// answers.
    pub fn expect_nothing_before_the_mark(&self, after: &str) {
        let received = self.receive_to_the_mark(after);
        let shown = shown(&received.join(&b'|'));
        assert!(received.is_empty(), "after {after} came {shown:?}");
    }

    /// Repeats a request until a server at the address answers. Returns the number of requests.
    pub fn wait_until_a_server_answers(&self) -> u64 {
        let turn = Duration::from_millis(20);
        let mut asked = 0;
        let answer = find_in_time(|| {
            self.send(MARK);
            asked += 1;
            self.receive_within(turn)
        });
        assert!(answer.is_some(), "no server answers at {}", self.server);
        asked
    }

    /// Leaves the room in order.
    pub fn quit(self, name: &str) {
        self.send(format!("Q {name}"));
        self.wait_for("EXIT", &format!("the quit of {name}"));
    }
}

fn shown(datagram: &[u8]) -> String {
    let text = String::from_utf8_lossy(datagram);
    text.chars().take(200).collect()
}
