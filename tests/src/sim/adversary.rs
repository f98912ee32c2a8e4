//! Who is up to no good: what each kind of adversary sends.

use std::collections::VecDeque;

use chat_core::proto::{Dialect, Name, Request};
use fastrand::Rng;

use super::address::At;
use super::datagram::{Datagram, Payload};
use super::network::mutate;
use super::tally::Tally;

/// What somebody is up to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Speaks with others' names and addresses.
    Forger,
    /// Sends what it recorded again.
    Replayer,
    /// Sends as much as it can.
    Flooder,
    /// Logs in the addresses of people who are no part of this.
    VictimLogger,
    /// Sends what is nearly a request.
    NearValid,
}

/// Somebody who is up to no good.
#[derive(Debug)]
pub(super) struct Adversary {
    kind: Kind,
    /// The addresses that are its own.
    own: Vec<At>,
}

/// What an adversary knows of the world.
pub(super) struct Target<'a> {
    pub(super) room: At,
    /// The addresses and names of the people.
    pub(super) people: &'a [(At, Name)],
    /// Addresses at which nobody listens.
    pub(super) victims: &'a [At],
    /// What went over the network.
    pub(super) recorded: &'a VecDeque<Datagram>,
}

impl Adversary {
    pub(super) fn draw(rng: &mut Rng, own: Vec<At>) -> Self {
        let kinds = [
            Kind::Forger,
            Kind::Replayer,
            Kind::Flooder,
            Kind::VictimLogger,
            Kind::NearValid,
        ];
        Self {
            kind: kinds[rng.usize(..kinds.len())],
            own,
        }
    }

    pub(super) fn addresses(&self) -> &[At] {
        &self.own
    }

    /// One attack.
    pub(super) fn act(
        &self,
        rng: &mut Rng,
        target: &Target<'_>,
        tally: &mut Tally,
        out: &mut Vec<Datagram>,
    ) {
        match self.kind {
            Kind::Forger => {
                for _ in 0..rng.usize(1..4) {
                    out.push(forge(rng, target));
                    tally.forged += 1;
                }
            }
            Kind::Replayer => {
                for _ in 0..rng.usize(1..4) {
                    let Some(old) = target
                        .recorded
                        .get(rng.usize(..target.recorded.len().max(1)))
                    else {
                        return;
                    };
                    // As it was, or as if it were its own.
                    let from = if rng.bool() {
                        old.from
                    } else {
                        self.one_of(rng)
                    };
                    out.push(Datagram {
                        from,
                        tainted: true,
                        ..old.clone()
                    });
                    tally.replayed += 1;
                }
            }
            Kind::Flooder => {
                let count = if rng.u32(..8) == 0 {
                    rng.usize(..1_000)
                } else {
                    rng.usize(..60)
                };
                for _ in 0..count {
                    let number = rng.u32(..30);
                    let request = match rng.u32(..8) {
                        0 => format!("L x{number}"),
                        1 => format!("Q x{number}"),
                        2 => "C".to_owned(),
                        3 => String::new(),
                        4 => format!("L x {number}"),
                        _ => format!("C x{number} flood"),
                    };
                    out.push(self.own(rng, target, request.as_bytes()));
                    tally.flooded += 1;
                }
            }
            Kind::VictimLogger => {
                let victim = target.victims[rng.usize(..target.victims.len())];
                let request = match rng.u32(..6) {
                    0 => format!("C v{} hi", victim.number()),
                    1 => format!("L w{}", victim.number()),
                    _ => format!("L v{}", victim.number()),
                };
                out.push(Datagram {
                    from: victim,
                    to: target.room,
                    payload: Payload::new(request.as_bytes()),
                    tainted: true,
                });
                tally.victims += 1;
            }
            Kind::NearValid => {
                let number = rng.u32(..5);
                let requests = [
                    format!("L Admin{number}"),
                    format!("L Y{number}"),
                    format!("L y{number}"),
                    format!("C y{number} hello"),
                    format!("Q y{number}"),
                ];
                let mut bytes = requests[rng.usize(..requests.len())].clone().into_bytes();
                if rng.bool() {
                    mutate(rng, &mut bytes);
                }
                if rng.u32(..20) == 0 {
                    bytes.resize(rng.usize(900..1_200), b'x');
                }
                out.push(self.own(rng, target, &bytes));
                tally.near_valid += 1;
            }
        }
    }

    fn one_of(&self, rng: &mut Rng) -> At {
        self.own[rng.usize(..self.own.len())]
    }

    /// A datagram from an address of its own: tainted only when it claims a name of the people.
    fn own(&self, rng: &mut Rng, target: &Target<'_>, bytes: &[u8]) -> Datagram {
        let claimed = match Request::decode(bytes, &Dialect::lenient()) {
            Ok(
                Request::Login { name, .. } | Request::Chat { name, .. } | Request::Quit { name },
            ) => Some(name),
            Err(_) => None,
        };
        Datagram {
            from: self.one_of(rng),
            to: target.room,
            payload: Payload::new(bytes),
            tainted: target.people.iter().any(|(_, name)| Some(*name) == claimed),
        }
    }
}

/// A request, or a room's answer, that is not its sender's.
fn forge(rng: &mut Rng, target: &Target<'_>) -> Datagram {
    let (at, name) = target.people[rng.usize(..target.people.len())];
    let (_, another) = target.people[rng.usize(..target.people.len())];
    let (from, to, text) = match rng.u32(..11) {
        0 => (at, target.room, format!("Q {name}")),
        1 => (at, target.room, format!("C {name} forged")),
        2 => (at, target.room, format!("L {another}")),
        3 => (at, target.room, format!("C {another} forged")),
        4 => (
            target.victims[rng.usize(..target.victims.len())],
            target.room,
            format!("L {name}"),
        ),
        5 => (target.room, at, "EXIT".to_owned()),
        6 => (target.room, at, "FAIL not logged in".to_owned()),
        7 => (target.room, at, format!("{another} : forged\u{1b}[2J")),
        8 => (target.room, at, format!("* {another} left")),
        9 => (target.room, at, "FAIL bad name".to_owned()),
        _ => {
            let capitals = name.as_str().to_uppercase();
            (
                target.victims[rng.usize(..target.victims.len())],
                target.room,
                format!("L {capitals}"),
            )
        }
    };
    Datagram {
        from,
        to,
        payload: Payload::new(text.as_bytes()),
        tainted: true,
    }
}
