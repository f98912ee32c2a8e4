//! The network: what becomes of a datagram on its way.

use fastrand::Rng;

use super::datagram::{Datagram, Payload};
use super::tally::Tally;

/// How often the network fails, in thousandths, and how slow it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Faults {
    pub(super) loss: u32,
    pub(super) double: u32,
    pub(super) hold: u32,
    pub(super) corrupt: u32,
    /// How long every datagram takes.
    pub(super) delay_millis: u64,
    /// How much longer one takes that is held back, at most.
    pub(super) hold_millis: u64,
    /// Whether a sender is told that nobody is at an address.
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
            loss: 0,
            double: 0,
            hold: 0,
            corrupt: 0,
            delay_millis,
            hold_millis: 1,
            icmp: true,
        }
    }

    /// Hands every copy of `datagram` that arrives to `plan`, with the time that it takes.
    pub(super) fn carry(
        &self,
        rng: &mut Rng,
        tally: &mut Tally,
        datagram: Datagram,
        mut plan: impl FnMut(u64, Datagram),
    ) {
        // One draw for all of it: this runs for every datagram of every world.
        let dice = rng.u64(..);
        let chance = |place: u32, thousandths: u32| {
            ((dice >> (place * 16)) & 0xffff) as u32 * 1_000 < thousandths << 16
        };
        if chance(0, self.loss) {
            tally.lost += 1;
            return;
        }
        let delay = self.delay_millis;
        if chance(1, self.double) {
            tally.doubled += 1;
            plan(delay + rng.u64(..=self.hold_millis), datagram.clone());
        }
        let late = if chance(2, self.hold) {
            tally.delayed += 1;
            rng.u64(..=self.hold_millis)
        } else {
            0
        };
        let datagram = if chance(3, self.corrupt) {
            tally.corrupted += 1;
            corrupt(rng, &datagram)
        } else {
            datagram
        };
        plan(delay + late, datagram);
    }
}

fn corrupt(rng: &mut Rng, datagram: &Datagram) -> Datagram {
    let mut bytes = datagram.payload.bytes().to_vec();
    mutate(rng, &mut bytes);
    Datagram {
        payload: Payload::new(&bytes),
        tainted: true,
        ..datagram.clone()
    }
}

/// Changes, cuts or adds a few bytes.
pub(super) fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..rng.usize(1..4) {
        let place = rng.usize(..=bytes.len());
        match rng.u32(..4) {
            0 => bytes.insert(place, rng.u8(..)),
            1 => bytes.truncate(place),
            2 if place < bytes.len() => drop(bytes.remove(place)),
            _ => bytes
                .iter_mut()
                .skip(place)
                .take(1)
                .for_each(|byte| *byte ^= 1 << rng.u32(..8)),
        }
    }
}
