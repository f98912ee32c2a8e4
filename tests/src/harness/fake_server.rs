//! A server whose every datagram a test chooses.

use std::net::SocketAddr;

use super::own_socket::OwnSocket;
use super::{PATIENCE, Process, chat, net};

/// A socket that our client takes for a server. No other program gets its port once it is dropped.
pub struct FakeServer(OwnSocket);

impl FakeServer {
    /// Binds a free port.
    #[allow(clippy::new_without_default)] // It takes a port.
    pub fn new() -> Self {
        let socket = OwnSocket::bind(net::free_address()).expect("the address is free");
        let patience = socket.set_read_timeout(Some(PATIENCE));
        patience.expect("a time-out above zero can be set");
        Self(socket)
    }

    /// Returns the address.
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("a bound socket has an address")
    }

    /// Starts `chat join alice` at this server, as a filter.
    pub fn join(&self, options: &[&str]) -> Process {
        let at = self.address().to_string();
        chat(&[&["join", "alice", "--server", &at], options].concat())
    }

    /// Receives the next request, with the address of its sender. Of a hello it keeps what a plain
    /// server reads.
    pub fn request(&self) -> (String, SocketAddr) {
        let (mut request, from) = self.datagram();
        if let Some(tail) = request.find(" ~1 ").filter(|_| request.starts_with("L ")) {
            request.truncate(tail);
        }
        (request, from)
    }

    /// Receives the next datagram whole, with the address of its sender.
    pub fn datagram(&self) -> (String, SocketAddr) {
        let mut buffer = [0; 2048];
        let received = self.0.recv_from(&mut buffer);
        let (length, from) = received.expect("our client sends a request");
        let datagram = String::from_utf8(buffer[..length].to_vec());
        (datagram.expect("our client sends UTF-8"), from)
    }

    /// Waits for this request, passes over others, and returns the address of its sender.
    pub fn wait_for(&self, wanted: &str) -> SocketAddr {
        loop {
            let (request, from) = self.request();
            if request == wanted {
                return from;
            }
        }
    }

    /// Sends a datagram to a client.
    pub fn answer(&self, to: SocketAddr, datagram: impl AsRef<[u8]>) {
        let sent = self.0.send_to(datagram.as_ref(), to);
        sent.expect("a datagram can be sent");
    }
}
