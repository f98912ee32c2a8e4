//! The adversaries, and the datagrams of each kind.

use std::collections::VecDeque;
use std::rc::Rc;

use chat_core::proto::{
    Dialect, Hello, Id, MAX_NUMBER, MAX_SESSION_DATAGRAM, Name, SessionMessage,
};
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
    /// Has sessions of its own, and sends anything under them.
    Inside,
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
    /// Datagrams that went over the network, the latest one first.
    pub(super) recorded: &'a VecDeque<Datagram>,
}

impl Adversary {
    pub(super) fn draw(rng: &mut Rng, own: Vec<At>) -> Self {
        let kinds = [Kind::Forge, Kind::Replay, Kind::Flood, Kind::Inside];
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
        let (most, count) = match self.kind {
            Kind::Forge => (4, &mut tally.forged),
            Kind::Replay => (4, &mut tally.replayed),
            Kind::Inside => (20, &mut tally.inside),
            Kind::Flood if rng.u32(..8) == 0 => (1_000, &mut tally.flooded),
            Kind::Flood => (60, &mut tally.flooded),
        };
        let mut attack = Vec::new();
        for _ in 0..rng.usize(1..most) {
            let own = self.own[rng.usize(..self.own.len())];
            match self.kind {
                Kind::Forge => attack.push(forge(rng, target)),
                Kind::Replay => attack.extend(replay(rng, own, target)),
                Kind::Inside => {
                    let bytes = under_session(rng, own, target);
                    attack.push(Datagram::new(own, target.room, bytes, true));
                }
                Kind::Flood => {
                    let request = nearly_valid(rng);
                    let claimed = claimed(&request, &Dialect::lenient());
                    // From its own address it takes nothing but perhaps a name.
                    let tainted = target.people.iter().any(|(_, name)| Some(*name) == claimed);
                    attack.push(Datagram::new(own, target.room, request, tainted));
                }
            }
        }
        *count += attack.len() as u64;
        attack
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

/// Makes a datagram that is not its sender's.
fn forge(rng: &mut Rng, target: &Target<'_>) -> Datagram {
    let room = target.room;
    let (at, name) = target.people[rng.usize(..target.people.len())];
    let (_, another) = target.people[rng.usize(..target.people.len())];
    let victim = target.victims[rng.usize(..target.victims.len())];
    let client = if rng.bool() { at } else { victim };
    let number = victim.number();
    let [id, other] = [(); 2].map(|()| Id(rng.u64(..)));
    let (from, to, text) = match rng.u32(..28) {
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
        13 | 14 => (client, room, hello(rng, name.as_str(), id, None)),
        15 => (client, room, hello(rng, name.as_str(), id, Some(other))),
        16 => (room, at, format!("~K {id} {other}")),
        17 => (room, at, format!("~N {id} closed")),
        18 => (room, at, format!("~R {id}")),
        19 => (room, at, format!("~X {id} kicked")),
        20 => (room, at, format!("~D {id} 1 0 1 1\n~^ {other}\nC x hi")),
        21 => (client, room, format!("~D {id} 1 0 1 1\n~?\nC x hi")),
        _ => (victim, room, format!("L v{number}")),
    };
    Datagram::new(from, to, text.as_bytes(), true)
}

/// Sends an old datagram again; with a challenge, the start line that it led to.
fn replay(rng: &mut Rng, own: At, target: &Target<'_>) -> Vec<Datagram> {
    let wanted: &[u8] = if rng.u32(..4) == 0 { b"~K " } else { b"" };
    let is_wanted = |old: &&Datagram| old.payload.starts_with(wanted);
    let wanted: Vec<_> = target.recorded.iter().filter(is_wanted).collect();
    let Some(&old) = rng.choice(&wanted) else {
        return Vec::new();
    };
    let person = target.people[rng.usize(..target.people.len())].0;
    let from = [own, person, old.from, old.from][rng.usize(..4)];
    let Some(cookie) = cookie(old) else {
        return vec![Datagram::new(from, old.to, Rc::clone(&old.payload), true)];
    };
    let to = if rng.bool() { old.to } else { person };
    let header = format!("~D {cookie} ");
    let is_it = |old: &&Datagram| old.payload.starts_with(header.as_bytes());
    let start = target.recorded.iter().rev().find(is_it);
    let both = [Some(old), start].into_iter().flatten();
    both.map(|it| Datagram::new(old.from, to, Rc::clone(&it.payload), true))
        .collect()
}

/// Returns the cookie of a challenge.
fn cookie(datagram: &Datagram) -> Option<Id> {
    match SessionMessage::decode(&datagram.payload) {
        Ok(SessionMessage::Challenge { cookie, .. }) => Some(cookie),
        _ => None,
    }
}

fn hello(rng: &mut Rng, word: &str, token: Id, cookie: Option<Id>) -> String {
    let hello = SessionMessage::Hello(Hello {
        word,
        token,
        attempt: Id(rng.u64(..)),
        cookie,
        log: Some(Id(rng.u64(..))).filter(|_| rng.bool()),
        entry: rng.u64(..100),
    });
    let mut buffer = [0; MAX_SESSION_DATAGRAM];
    let hello = hello.encode(&mut buffer).expect("a short message");
    String::from_utf8_lossy(hello).into_owned()
}

/// Makes a datagram of the stranger at `own`: a hello, or anything under its last cookie.
fn under_session(rng: &mut Rng, own: At, target: &Target<'_>) -> Vec<u8> {
    let number = own.number();
    let mut name = format!("z{number}");
    if rng.u32(..8) == 0 {
        let (_, person) = target.people[rng.usize(..target.people.len())];
        name = person.to_string();
    }
    let mut received = target.recorded.iter().filter(|old| old.to == own);
    let last = received.find_map(cookie);
    let Some(sid) = last.filter(|_| rng.u32(..8) > 0) else {
        let cookie = last.filter(|_| rng.u32(..4) > 0);
        return hello(rng, &name, Id(number as u64), cookie).into_bytes();
    };
    let mut header = [(); 4].map(|()| match rng.u32(..12) {
        0 => MAX_NUMBER - rng.u64(..2),
        1..=5 => 1,
        _ => rng.u64(..60),
    });
    if rng.bool() {
        // One that the server takes, perhaps.
        (header[1], header[3]) = (0, 1);
    }
    let [n, echo, first, ack] = header;
    let mut text = format!("~D {sid} {n} {echo} {first} {ack}");
    for _ in 0..rng.usize(..6) {
        text.push_str(&match rng.u32(..12) {
            0 => "\n~?".to_owned(),
            1 => "\n~n ~".to_owned(),
            2 => format!("\n~n {name}"),
            3 => "\n~^ 0123456789abcdef =".to_owned(),
            4 => format!("\n~a {}", rng.u64(..)),
            5 => format!("\n~m ~ {name}"),
            6 => "\n".to_owned(),
            7 => format!("\nL {name}"),
            8 => format!("\nC x{number} \u{202e}\u{7}"),
            9 if rng.u32(..20) == 0 => format!("\nQ z{number}"),
            10 => format!("\nC z{number} {}", "x".repeat(rng.usize(900..1_020))),
            _ => format!("\nC z{number} anything"),
        });
    }
    let mut bytes = text.into_bytes();
    if rng.u32(..10) == 0 {
        mutate(rng, &mut bytes);
    }
    bytes
}
