//! What went through the relay.

use std::collections::HashMap;
use std::net::SocketAddr;

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// From a client to the server.
    ToServer,
    /// From the server to a client.
    ToClient,
}

/// How many datagrams met with what, both directions together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Handed on, each copy counted.
    pub passed: usize,
    /// Not handed on.
    pub lost: usize,
    /// Handed on twice.
    pub doubled: usize,
    /// Copies held back for a while, so that others could overtake them.
    pub delayed: usize,
}

/// How often one payload went one way of one client.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// How often it came to the relay.
    pub arrived: usize,
    /// How often the relay handed it on.
    pub forwarded: usize,
}

/// Everything that the relay remembers. All of it changes under one lock, so that a datagram is
/// never between two states when a test looks.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Whether datagrams meet with faults now.
    pub(super) faulty: bool,
    /// How many copies are held back now.
    pub(super) held: usize,
    pub(super) counts: Counts,
    tallies: HashMap<(SocketAddr, Direction), HashMap<Vec<u8>, Tally>>,
}

impl Record {
    pub(super) fn arrived(&mut self, client: SocketAddr, direction: Direction, payload: &[u8]) {
        self.tally_mut(client, direction, payload).arrived += 1;
    }

    pub(super) fn forwarded(&mut self, client: SocketAddr, direction: Direction, payload: &[u8]) {
        self.counts.passed += 1;
        self.tally_mut(client, direction, payload).forwarded += 1;
    }

    pub(super) fn tally(&self, client: SocketAddr, direction: Direction, payload: &[u8]) -> Tally {
        let way = self.tallies.get(&(client, direction));
        way.and_then(|way| way.get(payload))
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn client_that_sent(&self, payload: &[u8]) -> Option<SocketAddr> {
        self.tallies.iter().find_map(|(&(client, direction), way)| {
            (direction == Direction::ToServer && way.contains_key(payload)).then_some(client)
        })
    }

    fn tally_mut(
        &mut self,
        client: SocketAddr,
        direction: Direction,
        payload: &[u8],
    ) -> &mut Tally {
        let way = self.tallies.entry((client, direction)).or_default();
        way.entry(payload.to_vec()).or_default()
    }
}
