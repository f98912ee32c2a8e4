//! The network: addresses, datagrams, and the fate of a datagram on its way.

use std::fmt;
use std::rc::Rc;

use chat_core::Peer;
use chat_core::proto::is_session_datagram;
use fastrand::Rng;

use super::record::Tally;

/// The time of a clock when the world begins: it may go back.
pub(super) const CLOCK_START: u64 = 1_000_000;

/// Bytes of a corrupted datagram of a session. With all digits of its first id it would come from
/// an attacker who reads and writes the traffic, against whom nothing is promised.
const SPOILED: usize = 18;

/// An address: numbers count from 0, sixteen of them are a network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct At {
    number: u32,
    /// Reached over the Internet, where senders' addresses can be forged.
    public: bool,
}

impl At {
    pub(super) fn new(number: usize, public: bool) -> Self {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        Self { number, public }
    }

    pub(super) fn number(self) -> usize {
        self.number as usize
    }
}

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let public = if self.public { "public " } else { "" };
        write!(f, "{public}{}", self.number)
    }
}

impl Peer for At {
    type Network = u32;

    fn network(&self) -> u32 {
        self.number >> 4
    }

    fn may_be_forged(&self) -> bool {
        self.public
    }
}

/// A datagram on its way.
#[derive(Clone, Hash)]
pub(super) struct Datagram {
    pub(super) from: At,
    pub(super) to: At,
    pub(super) payload: Rc<[u8]>,
    /// Corrupted, or with a forged address or name, or caused by such a one: it may say anything.
    pub(super) tainted: bool,
    /// The moment on the clock of the room that sent it.
    pub(super) sent: u64,
}

impl Datagram {
    pub(super) fn new(from: At, to: At, payload: impl Into<Rc<[u8]>>, tainted: bool) -> Self {
        let payload = payload.into();
        Self {
            from,
            to,
            payload,
            tainted,
            sent: 0,
        }
    }
}

impl fmt::Debug for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from, self.to);
        let tainted = if self.tainted { " (tainted)" } else { "" };
        let text = String::from_utf8_lossy(&self.payload);
        write!(f, "{from:?} to {to:?}{tainted}: {}", text.escape_debug())
    }
}

/// The rates at which the network fails, in thousandths, and its delays.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    pub(super) loss: u32,
    double: u32,
    hold: u32,
    corrupt: u32,
    /// The time that every datagram takes.
    pub(super) delay_millis: u64,
    /// The longest additional time of one that is held back.
    hold_millis: u64,
    /// Senders hear of an address at which nothing listens.
    pub(super) icmp: bool,
}

impl Faults {
    pub(super) fn draw(rng: &mut Rng, icmp: bool) -> Self {
        Self {
            loss: rng.u32(..=300),
            double: rng.u32(..=100),
            hold: rng.u32(..=300),
            corrupt: rng.u32(..=30),
            delay_millis: rng.u64(1..50),
            hold_millis: rng.u64(1..3_000),
            icmp,
        }
    }

    pub(super) fn none(delay_millis: u64) -> Self {
        Self {
            delay_millis,
            hold_millis: 1,
            icmp: true,
            ..Self::default()
        }
    }

    /// Returns every copy of `datagram` that arrives, and the time that each takes.
    pub(super) fn carry(
        &self,
        rng: &mut Rng,
        tally: &mut Tally,
        mut datagram: Datagram,
    ) -> [Option<(u64, Datagram)>; 2] {
        let mut delay = self.delay_millis;
        if chance(rng, self.loss) {
            tally.lost += 1;
            return [None, None];
        }
        let double = chance(rng, self.double)
            .then(|| (delay + rng.u64(..=self.hold_millis), datagram.clone()));
        tally.doubled += u64::from(double.is_some());
        if chance(rng, self.hold) {
            tally.delayed += 1;
            delay += rng.u64(..=self.hold_millis);
        }
        if chance(rng, self.corrupt) {
            tally.corrupted += 1;
            let mut bytes = datagram.payload.to_vec();
            if is_session_datagram(&bytes) {
                bytes.truncate(SPOILED);
            }
            mutate(rng, &mut bytes);
            datagram.payload = bytes.into();
            datagram.tainted = true;
        }
        [double, Some((delay, datagram))]
    }
}

pub(super) fn chance(rng: &mut Rng, thousandths: u32) -> bool {
    rng.u32(..1_000) < thousandths
}

/// Changes, cuts or adds a few bytes.
pub(super) fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..rng.usize(1..4) {
        let place = rng.usize(..=bytes.len());
        match rng.u32(..4) {
            0 => bytes.insert(place, rng.u8(..)),
            1 => bytes.truncate(place),
            2 if place < bytes.len() => drop(bytes.remove(place)),
            _ if place < bytes.len() => bytes[place] ^= 1 << rng.u32(..8),
            _ => {}
        }
    }
}
