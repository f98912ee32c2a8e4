//! A conversation of plain members over a bad network: lines are lost, and nothing worse happens.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use chat_tests::harness::{PATIENCE, Process, Server, Signal, chat};
use chat_tests::relay::{Direction, Faults, Relay};

const SEED: u64 = 20_260_705;
const NAMES: [&str; 3] = ["alice", "bob", "carol"];
/// Five minutes of three people with a line every second.
const LINES: usize = 300;
/// The pace of the people, faster than life. All lines take longer than a second, so that
/// keep-alives meet the bad network too.
const BETWEEN_LINES: Duration = Duration::from_millis(15);
const FAULTS: Faults = Faults {
    loss_percent: 20,
    duplicate_percent: 5,
    reorder_percent: 20,
    delay: Duration::ZERO,
};

/// One of the people, at a `chat join` behind the bad network.
struct Person {
    name: &'static str,
    client: Process,
    /// Its address towards the relay.
    address: SocketAddr,
    /// Its lines.
    lines: Vec<String>,
}

impl Person {
    /// Joins while the network is still good: this test is not about logins.
    fn join(name: &'static str, relay: &Relay) -> Self {
        let server = relay.address().to_string();
        let options = ["--plain", "--keep-alive", "1"];
        let client = chat(&[&["join", name, "--server", &server], &options[..]].concat());
        client.wait_for_text("in the room at");
        let address = relay.client_that_sent(format!("L {name}"));
        Self {
            name,
            client,
            address: address.expect("a member has logged in through the relay"),
            lines: Vec::new(),
        }
    }

    fn say(&mut self, text: String) {
        self.client.write_line(&text);
        self.lines.push(text);
    }
}

#[test]
fn a_bad_network_invents_and_repeats_nothing() {
    println!("seed {SEED}, {FAULTS:?}");
    let mut server = Server::start(&[]);
    let relay = Relay::start(server.address, FAULTS, SEED);
    let mut people = NAMES.map(|name| Person::join(name, &relay));

    relay.set_faulty(true);
    for number in 0..LINES {
        // Not in turns: now and then one says two things in a row.
        let speaker = (number + number / 7) % people.len();
        people[speaker].say(format!("line {number} and 第{number}行"));
        thread::sleep(BETWEEN_LINES);
    }
    relay.set_faulty(false);
    // Lines that the relay holds back could still overtake later ones.
    let started = Instant::now();
    while relay.held() > 0 {
        assert!(
            started.elapsed() < PATIENCE,
            "the relay holds back too much"
        );
        thread::sleep(Duration::from_millis(1));
    }
    for (speaker, name) in NAMES.iter().enumerate() {
        people[speaker].say(format!("the last line of {name}"));
        for listener in people.iter().filter(|listener| listener.name != *name) {
            let line = format!("{name} : the last line of {name}");
            listener.client.wait_for_line(&line);
        }
    }

    let counts = relay.counts();
    let heard: usize = people
        .iter()
        .map(|listener| check(listener, &people, &relay))
        .sum();
    println!("{counts:?}; of {LINES} lines for 2 listeners each, {heard} were heard");
    let bad = counts.lost > 0 && counts.doubled > 0 && counts.delayed > 0;
    assert!(bad, "the network was not bad: {counts:?}");
    assert!(heard >= LINES, "only {heard} lines were heard");

    for person in &mut people {
        person.client.close_stdin();
        person.client.expect_exit(0);
    }
    server.expect_alive("a bad network");
    server.process.signal(Signal::SIGTERM);
    server.process.expect_exit(0);
}

/// Compares the output of a listener with the lines said and the faults of the network: each
/// program forwards a line as often as it comes. Returns the number of lines that came through.
fn check(listener: &Person, people: &[Person], relay: &Relay) -> usize {
    let printed = listener.client.stdout();
    let mut heard: HashMap<&str, usize> = HashMap::new();
    for line in printed.lines() {
        *heard.entry(line).or_default() += 1;
    }
    let mut came_through = 0;
    for speaker in people
        .iter()
        .filter(|speaker| speaker.name != listener.name)
    {
        for text in &speaker.lines {
            let line = format!("{} : {text}", speaker.name);
            let request = format!("C {} {text}", speaker.name);
            let to_server = relay.tally(speaker.address, Direction::ToServer, request);
            let to_listener = relay.tally(listener.address, Direction::ToClient, &line);
            let times = heard.remove(line.as_str()).unwrap_or_default();
            let whom = format!("{line:?} for {}", listener.name);
            assert_eq!(to_server.arrived, 1, "{whom}: sent by the client");
            assert_eq!(
                to_listener.arrived, to_server.forwarded,
                "{whom}: sent by the server"
            );
            assert_eq!(times, to_listener.forwarded, "{whom}: printed");
            came_through += usize::from(times > 0);
        }
    }
    for line in heard.keys() {
        let notice = NAMES
            .iter()
            .any(|name| *line == format!("* {name} joined") || *line == format!("* {name} left"));
        let of_the_room = notice || line.starts_with("admin : ");
        assert!(
            of_the_room,
            "{} printed {line:?}, which was not said",
            listener.name
        );
    }
    came_through
}
