//! What travels: bytes that several copies share, from somewhere to somewhere.

use std::fmt;
use std::rc::Rc;

use super::address::At;
use super::trace::digest;

/// The bytes of a datagram, with their digest for the trace.
#[derive(Clone, Debug)]
pub(super) struct Payload(Rc<(u64, Box<[u8]>)>);

impl Payload {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(Rc::new((digest(bytes), bytes.into())))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0.1
    }

    pub(super) fn digest(&self) -> u64 {
        self.0.0
    }
}

/// A datagram on its way.
#[derive(Clone)]
pub(super) struct Datagram {
    pub(super) from: At,
    pub(super) to: At,
    pub(super) payload: Payload,
    /// Whether it was corrupted, carries a forged address or name, or was caused by such a one:
    /// then only the laws on panics, bounds, safe text and structure hold for it.
    pub(super) tainted: bool,
}

impl fmt::Debug for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(self.payload.bytes());
        let tainted = if self.tainted { " (tainted)" } else { "" };
        write!(
            f,
            "{:?} to {:?}{tainted}: {}",
            self.from,
            self.to,
            text.escape_debug()
        )
    }
}
