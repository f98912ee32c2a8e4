//! Addresses of a world: a number, and whether the Internet would route it.

use std::fmt;

use chat_core::Peer;

/// Marks an address as one that the Internet routes.
const PUBLIC: u32 = 1 << 31;

/// An address: numbers count from 0, sixteen of them are a network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct At(u32);

impl At {
    pub(super) fn new(number: u32, public: bool) -> Self {
        Self(number | if public { PUBLIC } else { 0 })
    }

    pub(super) fn number(self) -> usize {
        (self.0 & !PUBLIC) as usize
    }
}

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            if self.may_be_forged() { "public " } else { "" },
            self.number()
        )
    }
}

impl Peer for At {
    type Network = u32;

    fn network(&self) -> u32 {
        self.0 >> 4
    }

    fn may_be_forged(&self) -> bool {
        self.0 & PUBLIC != 0
    }
}
