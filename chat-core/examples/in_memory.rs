//! Two sessions in a room on a network and a clock that exist only in this program: no socket, no
//! thread, no waiting. The network loses a fifth of all datagrams, and no line is lost.
//!
//! A loop moves the clock to the next arrival or deadline and does what is due then. Run it with
//! `cargo run -p chat-core --example in_memory`.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)] // A mistake here ends the program.

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

use chat_core::proto::{Id, MAX_SESSION_DATAGRAM, Name, Text};
use chat_core::{
    Client, ClientConfig, ClientOutgoing, ClientSession, Config, Outgoing, Peer, Server,
    SessionConfig, Timestamp,
};

/// The time that a datagram travels.
const DELAY: Duration = Duration::from_millis(25);

/// An address on this network: the index of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Seat(usize);

impl Peer for Seat {
    type Network = Self;

    fn network(&self) -> Self {
        *self
    }

    fn may_be_forged(&self) -> bool {
        false
    }
}

enum Packet {
    ToServer(Seat, Vec<u8>),
    ToClient(Seat, Vec<u8>),
}

/// The datagrams under way, each with its arrival.
struct Network {
    under_way: VecDeque<(Timestamp, Packet)>,
    dice: u64,
    lost: u32,
}

impl Network {
    fn send(&mut self, now: Timestamp, packet: Packet) {
        let dice = self.dice.wrapping_mul(6_364_136_223_846_793_005);
        self.dice = dice.wrapping_add(1_442_695_040_888_963_407);
        if (self.dice >> 33).is_multiple_of(5) {
            self.lost += 1;
        } else {
            self.under_way.push_back((now.plus(DELAY), packet));
        }
    }

    /// Sends all datagrams that a call of the server caused.
    fn send_all(&mut self, now: Timestamp, mut outgoing: Outgoing<'_, Seat>) {
        for transmit in outgoing.transmits() {
            for to in transmit.to.iter() {
                self.send(now, Packet::ToClient(to, transmit.payload.to_vec()));
            }
        }
        let mut buffer = [0; MAX_SESSION_DATAGRAM];
        while let Some((payload, to)) = outgoing.next_for_session(&mut buffer) {
            self.send(now, Packet::ToClient(to, payload.to_vec()));
        }
    }
}

/// A client, and the entries of the room's log that its user has seen.
struct Person {
    client: Client,
    seen: Vec<String>,
}

struct World {
    now: Timestamp,
    server: Server<Seat>,
    people: Vec<Person>,
    network: Network,
}

impl World {
    /// Calls a client, and does what the call returned.
    fn act<'a>(
        &'a mut self,
        seat: Seat,
        call: impl FnOnce(&'a mut Client, Timestamp) -> ClientOutgoing<'a>,
    ) {
        let Person { client, seen } = &mut self.people[seat.0];
        let outgoing = call(client, self.now);
        assert_eq!(
            outgoing.missed(),
            Some(0),
            "the log holds more than this program says"
        );
        seen.extend(outgoing.entries().map(|entry| entry.text.to_owned()));
        if let Some(payload) = outgoing.payload() {
            let packet = Packet::ToServer(seat, payload.to_vec());
            self.network.send(self.now, packet);
        }
    }

    /// Lets time pass, and does all that is due meanwhile.
    fn run(&mut self, duration: Duration) {
        let end = self.now.plus(duration);
        loop {
            let arrival = self.network.under_way.front().map(|&(at, _)| at);
            let clients = self
                .people
                .iter()
                .map(|person| person.client.poll_timeout());
            let moments = clients.chain([arrival, self.server.poll_timeout()]);
            let Some(next) = moments.flatten().min().filter(|&next| next <= end) else {
                break;
            };
            self.now = next.max(self.now);
            self.turn();
        }
        self.now = end;
    }

    /// Does what is due now.
    fn turn(&mut self) {
        let now = self.now;
        let is_due = |due: Option<Timestamp>| due.is_some_and(|due| due <= now);
        while let Some((_, packet)) = self.network.under_way.pop_front_if(|(at, _)| *at <= now) {
            match packet {
                Packet::ToServer(from, payload) => {
                    let outgoing = self.server.handle(now, from, &payload);
                    self.network.send_all(now, outgoing);
                }
                Packet::ToClient(to, payload) => {
                    self.act(to, |client, now| client.handle(now, &payload));
                }
            }
        }
        while is_due(self.server.poll_timeout()) {
            let outgoing = self.server.handle_timeout(now);
            self.network.send_all(now, outgoing);
        }
        for seat in 0..self.people.len() {
            while is_due(self.people[seat].client.poll_timeout()) {
                self.act(Seat(seat), Client::handle_timeout);
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // Fixed numbers, so that each run is the same. Outside of tests they are random: see mio.rs.
    let mut config = Config::default();
    config.sessions = Some(SessionConfig::new([7; 16], Id(1)));
    let mut people = Vec::new();
    for (name, token) in [("alice", 10), ("小明", 20)] {
        let mut config = ClientConfig::default();
        config.session = Some(ClientSession::new(Id(token), [7; 16]));
        let client = Client::new(Name::new(name)?, config);
        let seen = Vec::new();
        people.push(Person { client, seen });
    }
    let mut world = World {
        now: Timestamp::from_millis(0),
        server: Server::new(config),
        people,
        network: Network {
            under_way: VecDeque::new(),
            dice: 1,
            lost: 0,
        },
    };

    for seat in [0, 1] {
        world.act(Seat(seat), Client::login);
    }
    world.run(Duration::from_secs(20));
    for (seat, line) in [(0, "has anybody eaten?"), (1, "吃了"), (0, "me too")].repeat(7) {
        let text = Text::new(line)?;
        world.act(Seat(seat), |client, now| client.say(now, text).unwrap());
        world.run(Duration::from_secs(1));
    }
    world.run(Duration::from_secs(20));

    let [alice, xiaoming] = [0, 1].map(|seat| world.people[seat].seen.join("\n"));
    println!("{alice}\n({} datagrams were lost)", world.network.lost);
    let joined = "* alice joined\n* 小明 joined";
    let said = "\nalice : has anybody eaten?\n小明 : 吃了\nalice : me too".repeat(7);
    assert_eq!(
        alice,
        format!("{joined}{said}"),
        "nothing is lost or doubled"
    );
    assert_eq!(xiaoming, alice, "both see one log, in one order");
    assert!(world.network.lost > 20);
    Ok(())
}
