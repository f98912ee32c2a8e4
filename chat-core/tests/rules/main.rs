//! PROTOCOL.md's rules of the server and of the client, on literal bytes.
#![allow(clippy::unwrap_used, clippy::panic)] // A test that cannot go on stops.

mod bans;
mod client;
mod limits;
mod members;
mod requests;
mod threats;

use chat_core::{Config, Event, Outgoing, Peer, Server, Timestamp};

/// An address: its network is the tens, and from 200 on it may be forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct At(u8);

impl Peer for At {
    type Network = u8;

    fn network(&self) -> u8 {
        self.0 / 10
    }

    fn may_be_forged(&self) -> bool {
        self.0 >= 200
    }
}

/// A server, the time, and what its last call sent: one `(address, text)` per datagram.
struct Room {
    server: Server<At>,
    now: u64,
    sent: Vec<(u8, String)>,
    sent_in_all: u64,
}

impl Room {
    fn new(config: Config) -> Self {
        Self {
            server: Server::new(config),
            now: 1_000_000,
            sent: Vec::new(),
            sent_in_all: 0,
        }
    }

    /// A room with these members, at the addresses 1, 2, ….
    fn with(names: &[&str]) -> Self {
        let mut room = Self::new(Config::default());
        for (index, name) in names.iter().enumerate() {
            room.from(u8::try_from(index + 1).unwrap(), format!("L {name}"));
        }
        room
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    /// Sends a datagram from an address; returns the event as text.
    fn from(&mut self, address: u8, datagram: impl AsRef<[u8]>) -> String {
        let now = self.now();
        let (event, sent) = collect(&self.server.handle(now, At(address), datagram.as_ref()));
        self.keep(event, sent)
    }

    /// Sends a datagram from an address, and expects that exactly these datagrams are sent.
    #[track_caller]
    fn on(&mut self, address: u8, datagram: impl AsRef<[u8]>, expected: &[(u8, &str)]) -> String {
        let event = self.from(address, datagram);
        self.sent(expected);
        event
    }

    fn unreachable(&mut self, address: u8) -> String {
        let now = self.now();
        let (event, sent) = collect(&self.server.handle_unreachable(now, At(address)));
        self.keep(event, sent)
    }

    fn timeout(&mut self) -> String {
        let now = self.now();
        let (event, sent) = collect(&self.server.handle_timeout(now));
        self.keep(event, sent)
    }

    fn keep(&mut self, event: String, sent: Vec<(u8, String)>) -> String {
        self.sent_in_all += sent.len() as u64;
        self.sent = sent;
        event
    }

    /// Exactly these datagrams were sent by the last call; those of one payload in any order.
    #[track_caller]
    fn sent(&self, expected: &[(u8, &str)]) {
        let sent: Vec<(u8, &str)> = self
            .sent
            .iter()
            .map(|(to, text)| (*to, text.as_str()))
            .collect();
        assert_eq!(sent, expected);
    }

    /// Bytes that the last call sent to an address.
    fn bytes_to(&self, address: u8) -> usize {
        let to_it = self.sent.iter().filter(|(to, _)| *to == address);
        to_it.map(|(_, text)| text.len()).sum()
    }

    /// Says `text` as alice, from the address 1, until something is due; returns how many bytes of
    /// that went to `listener`.
    #[track_caller]
    fn talk_until_due(&mut self, text: &str, listener: u8) -> usize {
        let mut received = 0;
        for _ in 0..2_000 {
            if self.server.poll_timeout().is_some() {
                return received;
            }
            self.now += 100;
            self.from(1, format!("C alice {text}"));
            received += self.bytes_to(listener);
        }
        panic!("nothing is due after 2,000 lines");
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .server
            .members()
            .map(|(name, _)| name.to_string())
            .collect();
        names.sort();
        names
    }
}

/// The event as text, and every datagram, the recipients of one payload in order of their
/// addresses.
fn collect(outgoing: &Outgoing<'_, At>) -> (String, Vec<(u8, String)>) {
    let mut sent = Vec::new();
    for transmit in outgoing.transmits() {
        let mut to: Vec<u8> = transmit.to.iter().map(|at| at.0).collect();
        assert_eq!(to.len(), transmit.to.len(), "as many as len says");
        to.sort_unstable();
        let text = String::from_utf8(transmit.payload.to_vec()).unwrap();
        sent.extend(to.into_iter().map(|to| (to, text.clone())));
    }
    let event = match outgoing.event() {
        Event::Nothing => "nothing".to_owned(),
        event => format!("{event:?}"),
    };
    (event, sent)
}
