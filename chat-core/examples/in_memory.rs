//! A room of three clients on a network and a clock that exist only in this program: no socket, no
//! thread, no waiting.
//!
//! The same state machines that the program `chat` runs on UDP are driven by a loop that delivers
//! datagrams one after the other and, when none is under way, moves the clock to the next deadline.
//! One login is lost on purpose, to show that the client repeats it. Run it with `cargo run -p
//! chat-core --example in_memory`.

use std::collections::VecDeque;
use std::error::Error;

use chat_core::proto::{Delivery, Name, Text};
use chat_core::{
    Client, ClientConfig, ClientEvent, ClientOutgoing, Config, Peer, SayError, Server, Timestamp,
};

/// An address on this network: a number is enough, the room does not care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seat(usize);

impl Peer for Seat {
    type Network = Self;

    fn network(&self) -> Self {
        *self
    }

    fn is_private(&self) -> bool {
        true
    }
}

/// A datagram under way.
enum Packet {
    ToServer(Seat, Vec<u8>),
    ToClient(Seat, Vec<u8>),
}

/// A client and what its user has seen so far.
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
    /// Calls somebody's client and does what the call returned.
    fn act<E>(
        &mut self,
        seat: usize,
        call: impl for<'c> FnOnce(&'c mut Client, Timestamp) -> Result<ClientOutgoing<'c>, E>,
    ) -> Result<(), E> {
        if let Some(Participant { client, seen }) = self.people.get_mut(seat) {
            react(
                &call(client, self.now)?,
                Seat(seat),
                seen,
                &mut self.network,
            );
        }
        Ok(())
    }

    /// Lets `millis` milliseconds pass, and everything happen that happens meanwhile.
    fn run(&mut self, millis: u64) {
        let end = self.now.plus_millis(millis);
        loop {
            while let Some(packet) = self.network.pop_front() {
                self.arrive(&packet);
            }
            // Nothing is under way: the next thing that happens is a deadline.
            let next = self
                .people
                .iter()
                .filter_map(|person| person.client.poll_timeout())
                .min();
            let Some(due) = next.filter(|&due| due <= end) else {
                break;
            };
            self.now = due.max(self.now);
            for (index, Participant { client, seen }) in self.people.iter_mut().enumerate() {
                while client.poll_timeout().is_some_and(|due| due <= self.now) {
                    react(
                        &client.handle_timeout(self.now),
                        Seat(index),
                        seen,
                        &mut self.network,
                    );
                }
            }
        }
        self.now = end;
    }

    fn arrive(&mut self, packet: &Packet) {
        match packet {
            Packet::ToServer(from, payload) => {
                // The recipients are borrowed from the member table; a real frontend would send
                // here.
                for transmit in self.server.handle(self.now, *from, payload).transmits() {
                    for to in transmit.to.iter() {
                        self.network
                            .push_back(Packet::ToClient(to, transmit.payload.to_vec()));
                    }
                }
            }
            Packet::ToClient(seat, payload) => {
                if let Some(Participant { client, seen }) = self.people.get_mut(seat.0) {
                    react(
                        &client.handle(self.now, payload),
                        *seat,
                        seen,
                        &mut self.network,
                    );
                }
            }
        }
    }
}

/// The datagram goes to the network, the event to the user.
fn react(
    outgoing: &ClientOutgoing<'_>,
    seat: Seat,
    seen: &mut Vec<String>,
    network: &mut VecDeque<Packet>,
) {
    for payload in outgoing.transmits() {
        network.push_back(Packet::ToServer(seat, payload.to_vec()));
    }
    let line = match outgoing.event() {
        ClientEvent::Joined { .. } => "(in)".to_owned(),
        ClientEvent::Delivered(Delivery::Said { name, text }) => format!("{name} : {text}"),
        ClientEvent::Delivered(Delivery::Joined { name }) => format!("* {name} joined"),
        ClientEvent::Delivered(Delivery::Left { name }) => format!("* {name} left"),
        ClientEvent::Left { .. } => "(out)".to_owned(),
        _ => return,
    };
    seen.push(line);
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut people = Vec::new();
    for name in ["alice", "bob", "小明"] {
        let client = Client::new(Name::new(name)?, ClientConfig::default());
        people.push(Participant {
            client,
            seen: Vec::new(),
        });
    }
    let mut world = World {
        now: Timestamp::from_millis(0),
        server: Server::new(Config::default()),
        people,
        network: VecDeque::new(),
    };

    for seat in 0..3 {
        world.act(seat, |client, now| Ok::<_, SayError>(client.login(now)))?;
    }
    // The network loses bob's login; nobody tells him.
    world.network.remove(1);
    world.run(500);
    assert_eq!(world.server.members().count(), 2, "bob is not in yet");
    // After a second of silence he has asked again.
    world.run(1_000);
    assert_eq!(
        world.server.members().count(),
        3,
        "bob's second login arrived"
    );

    for (seat, line) in [(0, "has anybody eaten?"), (2, "吃了"), (1, "me too")] {
        let text = Text::new(line)?;
        world.act(seat, |client, now| client.say(now, text))?;
        world.run(100);
    }
    for seat in [1, 2] {
        world.act(seat, |client, now| Ok::<_, SayError>(client.quit(now)))?;
    }
    world.run(5_000);

    for Participant { client, seen } in &world.people {
        println!("{} saw:\n  {}", client.name(), seen.join("\n  "));
    }
    let [alice, bob, ..] = world.people.as_slice() else {
        return Err("three people".into());
    };
    let expected = [
        "(in)",
        "* 小明 joined",
        "* bob joined",
        "小明 : 吃了",
        "bob : me too",
        "* bob left",
        "* 小明 left",
    ];
    assert_eq!(alice.seen, expected, "alice saw all but her own line");
    assert_eq!(
        bob.seen,
        ["(in)", "alice : has anybody eaten?", "小明 : 吃了", "(out)"],
        "bob saw what came after him"
    );
    let stats = world.server.stats();
    println!(
        "{} lines were said, {} datagrams went out",
        stats.messages, stats.datagrams_out
    );
    Ok(())
}
