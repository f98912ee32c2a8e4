//! A conversation over a bad network: what is lost is lost, and nothing worse happens than that.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use chat_tests::harness::{PATIENCE, Process, Server, Signal, chat};
use chat_tests::relay::{Direction, Faults, Relay};

const SEED: u64 = 20_260_705;
const NAMES: [&str; 3] = ["alice", "bob", "carol"];
/// As many as three people say in five minutes, when somebody says something every second.
const LINES: usize = 300;
/// The five minutes pass faster. This is no waiting for anything: it is how fast people speak, and
/// long enough for the keep-alives of a second to meet with the bad network too.
const BETWEEN_LINES: Duration = Duration::from_millis(15);
const FAULTS: Faults = Faults {
    loss_percent: 20,
    duplicate_percent: 5,
    reorder_percent: 20,
};

/// One of the people, at a `chat join` behind the bad network.
struct Person {
    name: &'static str,
    client: Process,
    /// As the relay knows it.
    address: SocketAddr,
    /// Everything it was given to say.
    lines: Vec<String>,
}

impl Person {
    /// Joins while the network is still good: what a bad one does to a login is another matter.
    fn join(name: &'static str, relay: &Relay) -> Self {
        let server = relay.address().to_string();
        let client = chat(&["join", name, "--server", &server, "--keep-alive", "1"]);
        client.wait_for_text("in the room at");
        let address = relay.client_that_sent(format!("L {name}"));
        Self {
            name,
            client,
            address: address.expect("who is in the room has logged in through the relay"),
            lines: Vec::new(),
        }
    }

    fn say(&mut self, text: String) {
        self.client.write_line(&text);
        self.lines.push(text);
    }

    fn expect_running(&mut self) {
        if !self.client.is_running() {
            self.client.fail("it died of the bad network");
        }
    }

    /// Which lines of the room it printed, and how often.
    fn heard(&self) -> HashMap<String, usize> {
        let mut heard = HashMap::new();
        for line in self.client.stdout().lines() {
            *heard.entry(line.to_owned()).or_default() += 1;
        }
        heard
    }
}

#[test]
fn on_a_bad_network_nothing_is_invented_or_repeated_and_everybody_stays_in_the_room() {
    println!("seed {SEED}, {FAULTS:?}");
    let mut server = Server::start(&[]);
    let relay = Relay::start(server.address, FAULTS, SEED);
    let mut people = NAMES.map(|name| Person::join(name, &relay));

    relay.set_faulty(true);
    for number in 0..LINES {
        // Not in turns: now and then somebody says two things in a row.
        let speaker = (number + number / 7) % people.len();
        people[speaker].say(format!("line {number} and 第{number}行"));
        thread::sleep(BETWEEN_LINES);
    }
    relay.set_faulty(false);
    // What is held back may still overtake what is said from now on.
    wait_until("nothing is held back by the relay", || relay.held() == 0);

    for speaker in 0..people.len() {
        let person = &mut people[speaker];
        let name = person.name;
        person.expect_running();
        person.say(format!("the last line of {name}"));
        for listener in others(&people, speaker) {
            listener
                .client
                .wait_for_line(&format!("{name} : the last line of {name}"));
        }
    }
    people.iter_mut().for_each(Person::expect_running);

    let counts = relay.counts();
    let heard = check_what_was_heard(&people, &relay);
    println!("{counts:?}; of {LINES} lines for 2 listeners each, {heard} were heard");
    assert!(
        counts.lost > 0 && counts.doubled > 0 && counts.delayed > 0,
        "the network was not bad: {counts:?}"
    );
    assert!(
        2 * heard >= 2 * LINES,
        "of {LINES} lines for 2 listeners each, only {heard} were heard"
    );

    for person in &mut people {
        person.client.close_stdin();
        person.client.expect_exit(0);
    }
    server.expect_alive("a bad network");
    server.process.signal(Signal::SIGTERM);
    server.process.expect_exit(0);
}

/// Compares all that was printed with all that was said and with what the network did to it.
/// Returns how many lines came through, each listener counted.
fn check_what_was_heard(people: &[Person; 3], relay: &Relay) -> usize {
    let mut heard_at_all = 0;
    for (place, listener) in people.iter().enumerate() {
        let heard = listener.heard();
        let mut said = HashSet::new();
        for speaker in others(people, place) {
            for text in &speaker.lines {
                let line = format!("{} : {text}", speaker.name);
                let times = heard.get(&line).copied().unwrap_or_default();
                check_one_line(relay, speaker, listener, &line, text, times);
                heard_at_all += usize::from(times > 0);
                said.insert(line);
            }
        }
        for line in heard.keys() {
            let own = format!("{} : ", listener.name);
            assert!(
                !line.starts_with(&own),
                "{} heard itself: {line:?}",
                listener.name
            );
            assert!(
                said.contains(line) || is_of_the_room_itself(line),
                "{} printed {line:?}, which nobody said",
                listener.name
            );
        }
    }
    heard_at_all
}

/// A line was handed on by everybody as often as it came to them; only the network takes away and
/// doubles.
fn check_one_line(
    relay: &Relay,
    speaker: &Person,
    listener: &Person,
    line: &str,
    text: &str,
    times: usize,
) {
    let request = format!("C {} {text}", speaker.name);
    let to_server = relay.tally(speaker.address, Direction::ToServer, request);
    let to_listener = relay.tally(listener.address, Direction::ToClient, line);
    let whom = format!("{line:?} for {}", listener.name);
    assert_eq!(
        to_server.arrived, 1,
        "{whom}: a client must send a line once"
    );
    assert_eq!(
        to_listener.arrived, to_server.forwarded,
        "{whom}: the server must send a line as often as it came to it"
    );
    assert_eq!(
        times, to_listener.forwarded,
        "{whom}: a client must print a line as often as it came to it"
    );
}

/// Whether a line is a notice about one of the people, or spoken by the operator.
fn is_of_the_room_itself(line: &str) -> bool {
    let notice = NAMES
        .iter()
        .any(|name| line == format!("* {name} joined") || line == format!("* {name} left"));
    notice || line.starts_with("admin : ")
}

/// All but one of the people.
fn others(people: &[Person; 3], place: usize) -> impl Iterator<Item = &Person> {
    let (before, after) = people.split_at(place);
    before.iter().chain(&after[1..])
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < PATIENCE,
            "it did not come to pass that {what}"
        );
        thread::sleep(Duration::from_millis(1));
    }
}
