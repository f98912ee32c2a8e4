//! Who gets what is said: the addresses that a login came from.

use std::net::SocketAddr;

/// What a datagram asks of something that knows nothing of chat.
pub(super) enum Wish {
    /// In, answered with this.
    In(&'static [u8]),
    /// To everybody but the one at this place of the roster.
    PassOn { but: usize },
    /// What a stranger says is not passed on.
    Nothing,
}

/// The members, each in the form that the caller's sends want.
pub(super) struct Roster<A> {
    keys: Vec<SocketAddr>,
    ready: Vec<A>,
}

impl<A: From<SocketAddr>> Roster<A> {
    pub(super) fn new() -> Self {
        Self {
            keys: Vec::new(),
            ready: Vec::new(),
        }
    }

    pub(super) fn wish(&mut self, datagram: &[u8], from: SocketAddr) -> Wish {
        // A scan costs less than a send even among thousands, and a map would be one more thing to
        // explain.
        let place = self.keys.iter().position(|&key| key == from);
        match (datagram.starts_with(b"L "), place) {
            (false, Some(but)) => Wish::PassOn { but },
            (false, None) => Wish::Nothing,
            (true, Some(_)) => Wish::In(b"OK"),
            (true, None) => {
                self.keys.push(from);
                self.ready.push(from.into());
                Wish::In(b"OK")
            }
        }
    }

    /// How many are in.
    pub(super) fn len(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn all_but(&self, but: usize) -> impl Iterator<Item = &A> {
        let before = self.ready.get(..but).unwrap_or_default();
        let after = self.ready.get(but + 1..).unwrap_or_default();
        before.iter().chain(after)
    }
}
