//! The adversaries, and the datagrams of each kind.

use std::collections::VecDeque;
use std::rc::Rc;

use chat_core::proto::{Dialect, Name};
use fastrand::Rng;

use super::network::{At, Datagram, mutate};
use super::people::claimed;
use super::record::Tally;

/// A kind of attack.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Sends with the names and addresses of people, and of victims outside the rooms.
    Forge,
    /// Sends what it recorded again.
    Replay,
    /// Sends much that is a request or nearly one.
    Flood,
}

/// An adversary and its own addresses.
#[derive(Debug)]
pub(super) struct Adversary {
    kind: Kind,
    pub(super) own: Vec<At>,
}

/// An adversary's knowledge of the world.
pub(super) struct Target<'a> {
    pub(super) room: At,
    pub(super) people: &'a [(At, Name)],
    /// Addresses without a listener.
    pub(super) victims: &'a [At],
    /// Datagrams that went over the network.
    pub(super) recorded: &'a VecDeque<Datagram>,
}

impl Adversary {
    pub(super) fn draw(rng: &mut Rng, own: Vec<At>) -> Self {
        let kinds = [Kind::Forge, Kind::Replay, Kind::Flood];
        let kind = kinds[rng.usize(..kinds.len())];
        Self { kind, own }
    }

    /// Makes one attack.
    pub(super) fn act(
        &self,
        rng: &mut Rng,
        target: &Target<'_>,
        tally: &mut Tally,
    ) -> Vec<Datagram> {
        let (count, tally) = match self.kind {
            Kind::Forge => (rng.usize(1..4), &mut tally.forged),
            Kind::Replay => (rng.usize(1..4), &mut tally.replayed),
            Kind::Flood if rng.u32(..8) == 0 => (rng.usize(..1_000), &mut tally.flooded),
            Kind::Flood => (rng.usize(..60), &mut tally.flooded),
        };
        let datagrams = (0..count).filter_map(|_| match self.kind {
            Kind::Forge => Some(forge(rng, target)),
            Kind::Replay => {
                let at = rng.usize(..target.recorded.len().max(1));
                let old = target.recorded.get(at)?;
                let from = if rng.bool() { old.from } else { self.own(rng) };
                Some(Datagram::new(from, old.to, Rc::clone(&old.payload), true))
            }
            Kind::Flood => {
                let request = nearly_valid(rng);
                let claimed = claimed(&request, &Dialect::lenient());
                // From its own address it takes nothing but perhaps a name.
                let tainted = target.people.iter().any(|(_, name)| Some(*name) == claimed);
                Some(Datagram::new(self.own(rng), target.room, request, tainted))
            }
        });
        let datagrams: Vec<Datagram> = datagrams.collect();
        *tally += datagrams.len() as u64;
        datagrams
    }

    fn own(&self, rng: &mut Rng) -> At {
        self.own[rng.usize(..self.own.len())]
    }
}

fn nearly_valid(rng: &mut Rng) -> Vec<u8> {
    let number = rng.u32(..30);
    let request = match rng.u32(..10) {
        0 => format!("L x{number}"),
        1 => format!("Q x{number}"),
        2 => "C".to_owned(),
        3 => String::new(),
        4 => format!("L x {number}"),
        5 => format!("L Admin{number}"),
        6 => format!("L X{number}"),
        _ => format!("C x{number} flood"),
    };
    let mut bytes = request.into_bytes();
    if rng.u32(..8) == 0 {
        mutate(rng, &mut bytes);
    }
    if rng.u32(..100) == 0 {
        bytes.resize(rng.usize(900..1_200), b'x');
    }
    bytes
}

/// Makes a request, or a room's answer, that is not its sender's.
fn forge(rng: &mut Rng, target: &Target<'_>) -> Datagram {
    let room = target.room;
    let (at, name) = target.people[rng.usize(..target.people.len())];
    let (_, another) = target.people[rng.usize(..target.people.len())];
    let victim = target.victims[rng.usize(..target.victims.len())];
    let number = victim.number();
    let (from, to, text) = match rng.u32(..16) {
        0 => (at, room, format!("Q {name}")),
        1 => (at, room, format!("C {name} forged")),
        2 => (at, room, format!("L {another}")),
        3 => (at, room, format!("C {another} forged")),
        4 => (victim, room, format!("L {name}")),
        5 => (victim, room, format!("L {}", name.as_str().to_uppercase())),
        6 => (victim, room, format!("C v{number} hi")),
        7 => (victim, room, format!("L w{number}")),
        8 => (room, at, "EXIT".to_owned()),
        9 => (room, at, "FAIL not logged in".to_owned()),
        10 => (room, at, "FAIL bad name".to_owned()),
        11 => (room, at, format!("{another} : forged\u{1b}[2J")),
        12 => (room, at, format!("* {another} left")),
        _ => (victim, room, format!("L v{number}")),
    };
    Datagram::new(from, to, text.as_bytes(), true)
}
