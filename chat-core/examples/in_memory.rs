//! A room of three clients on a network and a clock that exist only in this program: no socket, no
//! thread, no waiting.
//!
//! A loop delivers datagrams one after the other and, when none is under way, moves the clock to
//! the next deadline. One login is lost on purpose, to show that the client repeats it. Run it with
//! `cargo run -p chat-core --example in_memory`.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)] // A mistake here ends the program.

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

use chat_core::proto::{Delivery, Name, Text};
use chat_core::{
    Client, ClientConfig, ClientEvent, ClientOutgoing, Config, Peer, Server, Timestamp,
};

/// An address on this network: the index of a participant.
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

/// A datagram under way.
enum Packet {
    ToServer(Seat, Vec<u8>),
    ToClient(Seat, Vec<u8>),
}

/// A client, and the lines that its user has seen.
struct Participant {
    client: Client,
    seen: Vec<String>,
}

struct World {
    now: Timestamp,
    server: Server<Seat>,
    people: Vec<Participant>,
    network: VecDeque<Packet>,
}

impl World {
    /// Calls a client, and does what the call returned.
    fn act(&mut self, seat: Seat, call: impl FnOnce(&mut Client, Timestamp) -> ClientOutgoing<'_>) {
        let Participant { client, seen } = &mut self.people[seat.0];
        let outgoing = call(client, self.now);
        if let Some(payload) = outgoing.payload() {
            let packet = Packet::ToServer(seat, payload.to_vec());
            self.network.push_back(packet);
        }
        seen.extend(shown(outgoing.event()));
    }

    /// Lets time pass, and does all that is due meanwhile.
    fn run(&mut self, duration: Duration) {
        let end = self.now.plus(duration);
        loop {
            while let Some(packet) = self.network.pop_front() {
                self.arrive(packet);
            }
            // Nothing is under way: the next thing that happens is a deadline.
            let clients = self.people.iter().map(|person| &person.client).enumerate();
            let deadlines =
                clients.filter_map(|(seat, client)| Some((client.poll_timeout()?, seat)));
            let Some((due, seat)) = deadlines.min().filter(|&(due, _)| due <= end) else {
                break;
            };
            self.now = due.max(self.now);
            self.act(Seat(seat), Client::handle_timeout);
        }
        self.now = end;
    }

    fn arrive(&mut self, packet: Packet) {
        match packet {
            Packet::ToServer(from, payload) => {
                for transmit in self.server.handle(self.now, from, &payload).transmits() {
                    for to in transmit.to.iter() {
                        let packet = Packet::ToClient(to, transmit.payload.to_vec());
                        self.network.push_back(packet);
                    }
                }
            }
            Packet::ToClient(to, payload) => {
                let Participant { client, seen } = &mut self.people[to.0];
                seen.extend(shown(client.handle(self.now, &payload).event()));
            }
        }
    }
}

/// Returns the line that shows an event to a user.
fn shown(event: ClientEvent<'_>) -> Option<String> {
    Some(match event {
        ClientEvent::Joined { .. } => "(in)".to_owned(),
        ClientEvent::Delivered(Delivery::Said { name, text }) => format!("{name} : {text}"),
        ClientEvent::Delivered(Delivery::Joined { name }) => format!("* {name} joined"),
        ClientEvent::Delivered(Delivery::Left { name }) => format!("* {name} left"),
        ClientEvent::Left { .. } => "(out)".to_owned(),
        _ => return None,
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let names = [Name::new("alice")?, Name::new("bob")?, Name::new("小明")?];
    let people = names.map(|name| Participant {
        client: Client::new(name, ClientConfig::default()),
        seen: Vec::new(),
    });
    let mut world = World {
        now: Timestamp::from_millis(0),
        server: Server::new(Config::default()),
        people: people.into(),
        network: VecDeque::new(),
    };

    for seat in 0..3 {
        world.act(Seat(seat), Client::login);
    }
    world.network.remove(1); // bob's login is lost
    world.run(Duration::from_millis(500));
    assert_eq!(world.server.members().count(), 2, "bob is not in yet");
    world.run(Duration::from_secs(1));
    assert_eq!(world.server.members().count(), 3, "bob has asked again");

    for (seat, line) in [(0, "has anybody eaten?"), (2, "吃了"), (1, "me too")] {
        let text = Text::new(line)?;
        world.act(Seat(seat), |client, now| client.say(now, text).unwrap());
        world.run(Duration::from_millis(100));
    }
    for seat in [1, 2] {
        world.act(Seat(seat), Client::quit);
    }
    world.run(Duration::from_secs(5));

    let [alice, bob] = [0, 1].map(|seat| world.people[seat].seen.join("|"));
    println!("alice saw:\n  {}", alice.replace('|', "\n  "));
    let expected =
        "(in)|* 小明 joined|* bob joined|小明 : 吃了|bob : me too|* bob left|* 小明 left";
    assert_eq!(alice, expected);
    assert_eq!(bob, "(in)|alice : has anybody eaten?|小明 : 吃了|(out)");
    Ok(())
}
