//! PROTOCOL.md's rules of the server and of the client, on literal bytes.
#![allow(clippy::unwrap_used, clippy::panic)] // A test that cannot go on stops.

mod bans;
mod client;
mod client_session;
mod limits;
mod members;
mod requests;
mod sessions;
mod talk;
mod threats;
mod words;

use chat_core::proto::MAX_SESSION_DATAGRAM;
use chat_core::{Config, Outgoing, Peer, Server, Timestamp};

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

/// A server, the time, and the datagrams of its last call: one `(address, text)` for each.
struct Room {
    server: Server<At>,
    now: u64,
    sent: Vec<(u8, String)>,
    /// The ids of sessions, and what stands for each in the tests.
    ids: Vec<(String, &'static str)>,
}

impl Room {
    /// Opens a room with these members, at the addresses 1, 2, ….
    fn with(names: &[&str]) -> Self {
        Self::configured(names, |_| {})
    }

    /// Does the same with other options.
    fn configured(names: &[&str], change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let mut room = Self {
            server: Server::new(config),
            now: 1_000_000,
            sent: Vec::new(),
            ids: Vec::new(),
        };
        for (address, name) in (1..).zip(names) {
            room.from(address, format!("L {name}"));
        }
        room
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    /// Sends a datagram from an address; returns the event as text.
    fn from(&mut self, address: u8, datagram: impl AsRef<[u8]>) -> String {
        let mut datagram = datagram.as_ref().to_vec();
        if let Ok(text) = str::from_utf8(&datagram) {
            let ids = self.ids.iter().rev();
            let text = ids.fold(text.to_owned(), |text, (id, word)| text.replace(word, id));
            datagram = text.into_bytes();
        }
        let result = read(self.server.handle(self.now(), At(address), &datagram));
        self.keep(result)
    }

    /// Sends a datagram from an address, and expects that exactly these datagrams are sent.
    #[track_caller]
    fn on(&mut self, address: u8, datagram: impl AsRef<[u8]>, expected: &[(u8, &str)]) -> String {
        let event = self.from(address, datagram);
        self.sent(expected);
        event
    }

    /// Sends a datagram from an address, and expects this answer before anything else.
    #[track_caller]
    fn answers(&mut self, address: u8, datagram: impl AsRef<[u8]>, answer: &str) {
        self.from(address, datagram);
        assert_eq!(self.sent.first(), Some(&(address, answer.to_owned())));
    }

    /// Makes another call; returns the event as text.
    fn call<F>(&mut self, call: F) -> String
    where
        F: FnOnce(&mut Server<At>, Timestamp) -> Outgoing<'_, At>,
    {
        let now = self.now();
        let result = read(call(&mut self.server, now));
        self.keep(result)
    }

    fn keep(&mut self, (event, mut sent): (String, Vec<(u8, String)>)) -> String {
        for (_, text) in &mut sent {
            for (id, word) in &self.ids {
                *text = text.replace(id, word);
            }
        }
        self.sent = sent;
        event
    }

    fn unreachable(&mut self, address: u8) -> String {
        self.call(|server, now| server.handle_unreachable(now, At(address)))
    }

    fn timeout(&mut self) -> String {
        self.call(Server::handle_timeout)
    }

    /// Expects that the last call sent exactly these datagrams; those of one payload in order of
    /// their addresses.
    #[track_caller]
    fn sent(&self, expected: &[(u8, &str)]) {
        let sent = self.sent.iter().map(|(to, text)| (*to, text.as_str()));
        assert_eq!(sent.collect::<Vec<_>>(), expected);
    }

    /// Counts the bytes that the last call sent to an address.
    fn bytes_to(&self, address: u8) -> usize {
        let to_it = self.sent.iter().filter(|(to, _)| *to == address);
        to_it.map(|(_, text)| text.len()).sum()
    }

    /// Says `text` as alice, from the address 1, until something is due; returns the number of
    /// bytes that went to `listener`.
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
        let members = self.server.members();
        let mut names: Vec<String> = members.map(|(name, _)| name.to_string()).collect();
        names.sort();
        names
    }
}

/// Returns the event of a call as text, and its datagrams.
fn read(mut outgoing: Outgoing<'_, At>) -> (String, Vec<(u8, String)>) {
    let mut sent = Vec::new();
    for transmit in outgoing.transmits() {
        let mut to: Vec<u8> = transmit.to.iter().map(|at| at.0).collect();
        assert_eq!(to.len(), transmit.to.len(), "as many as len says");
        assert!(!to.is_empty(), "each has at least one recipient");
        to.sort_unstable();
        let text = String::from_utf8(transmit.payload.to_vec()).unwrap();
        sent.extend(to.into_iter().map(|to| (to, text.clone())));
    }
    let mut buffer = [0; MAX_SESSION_DATAGRAM];
    while let Some((payload, to)) = outgoing.next_for_session(&mut buffer) {
        sent.push((to.0, String::from_utf8(payload.to_vec()).unwrap()));
    }
    (format!("{:?}", outgoing.event()), sent)
}
