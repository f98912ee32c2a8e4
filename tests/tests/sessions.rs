//! Conversations of sessions over a bad network, with the real programs: what arrives, in which
//! order and how often.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;
use std::{env, thread};

use serde_json::Value;

use chat_tests::harness::net::free_address;
use chat_tests::harness::python::CourseClient;
use chat_tests::harness::{FakeServer, Process, RawPeer, Server, Signal, chat};
use chat_tests::relay::{Direction, Faults, Relay};

const PAIR: [&str; 2] = ["alice", "bob"];
const SEED: u64 = 20_261_130;
const FAULTS: Faults = Faults {
    loss_percent: 20,
    duplicate_percent: 5,
    reorder_percent: 20,
    delay: Duration::ZERO,
};
/// A log that holds all that is said here. With a smaller one a listener that falls behind gets a
/// number of missed lines.
const LARGE_LOG: [&str; 2] = ["--history", "8192:1048576"];

/// A `chat join --json`.
struct Member {
    name: &'static str,
    process: Process,
}

impl Member {
    fn join(server: SocketAddr, name: &'static str, options: &[&str]) -> Self {
        let server = server.to_string();
        let args = ["join", name, "--json", "--server", &server];
        let process = chat(&[&args, options].concat());
        process.wait_for_text("\"event\":\"in\"");
        Self { name, process }
    }

    /// Says these lines as fast as the pipe takes them.
    fn say(&mut self, numbers: Range<u32>) {
        self.process.write(text(self.name, numbers));
    }

    /// Waits until this line of a member, perhaps its own, has come.
    fn hear(&self, name: &str, number: u32) {
        let text = format!("\"text\":\"{name} {number}\"");
        self.process.wait_for_text(&text);
    }

    fn events(&self) -> Vec<Value> {
        let stdout = self.process.stdout();
        let (whole_lines, _) = stdout.rsplit_once('\n').expect("it is in");
        let parse = |line| serde_json::from_str(line).expect("an event is JSON");
        whole_lines.lines().map(parse).collect()
    }

    fn count_of(&self, kind: &str) -> usize {
        let events = self.events().into_iter();
        events.filter(|event| event["event"] == kind).count()
    }

    /// Returns the lines that it has been shown, its own ones too, with their numbers in the log,
    /// which are 0 for a plain member.
    fn lines(&self) -> Vec<(u64, String)> {
        let mut events = self.events();
        events.retain(|event| event["event"] == "said" || event["event"] == "taken");
        let line = |event: &Value| {
            let text = event["text"].as_str().expect("a line has a text");
            let speaker = event["name"].as_str().unwrap_or(self.name);
            assert!(text.starts_with(speaker), "said by another: {event}");
            let entry = event["entry"].as_u64().unwrap_or_default();
            (entry, text.to_owned())
        };
        events.iter().map(line).collect()
    }

    /// Ends its input, at which it leaves.
    fn leave(mut self) {
        self.process.close_stdin();
        self.process.expect_exit(0);
    }
}

/// Lets alice and bob join a room.
fn pair_at(server: SocketAddr) -> [Member; 2] {
    PAIR.map(|name| Member::join(server, name, &[]))
}

/// Lets both say these lines at the same time.
fn both_say(people: &mut [Member; 2], numbers: &Range<u32>) {
    let speakers = people.iter_mut();
    speakers.for_each(|member| member.say(numbers.clone()));
}

/// Waits until this line of each has come to both.
fn both_hear(people: &[Member; 2], number: u32) {
    for listener in people {
        PAIR.iter().for_each(|name| listener.hear(name, number));
    }
}

/// Returns what a member says: a line for each number.
fn text(name: &str, numbers: Range<u32>) -> String {
    let line = |number| format!("{name} {number}\n");
    numbers.map(line).collect()
}

/// Checks that a listener has been shown these lines of a member, once each and in order, and no
/// others of it.
fn expect_each_once(listener: &str, shown: &[(u64, String)], name: &str, numbers: Range<u32>) {
    let shown = shown.iter().map(|(_, line)| line.as_str());
    let shown: Vec<_> = shown.filter(|line| line.starts_with(name)).collect();
    let (said, count) = (text(name, numbers), shown.len());
    let other = shown.iter().zip(said.lines()).find(|(one, it)| *one != it);
    assert!(
        other.is_none() && count == said.lines().count(),
        "{listener} got {count} lines of {name}; the first other one: {other:?}"
    );
}

/// Checks that both have been shown all lines of both, once each and in the order of the log.
fn expect_one_conversation(people: &[Member; 2], numbers: &Range<u32>) {
    let [first, second] = people.each_ref().map(Member::lines);
    for name in PAIR {
        expect_each_once(people[0].name, &first, name, numbers.clone());
    }
    let other = first.iter().zip(&second).find(|(one, it)| one != it);
    assert!(first == second, "not the same for both: {other:?}");
    assert!(first.is_sorted(), "not in the order of the log");
}

/// Starts a server, and a relay to it that is bad from the first datagram on.
fn bad_network(options: &[&str]) -> (Server, Relay) {
    let server = Server::start(options);
    let relay = Relay::start(server.address, FAULTS, SEED);
    relay.set_faulty(true);
    (server, relay)
}

#[test]
fn a_thousand_lines_each_way_arrive_once_and_in_one_order() {
    let (_server, relay) = bad_network(&LARGE_LOG);
    let mut people = pair_at(relay.address());
    both_say(&mut people, &(0..1000));
    both_hear(&people, 999);
    expect_one_conversation(&people, &(0..1000));
    let counts = relay.counts();
    let bad = counts.lost > 0 && counts.doubled > 0 && counts.delayed > 0;
    assert!(bad, "the network was not bad: {counts:?}");
    people.into_iter().for_each(Member::leave);
}

#[test]
fn a_new_port_of_the_network_goes_unnoticed() {
    let (server, relay) = bad_network(&[]);
    let mut people = pair_at(relay.address());
    for part in [0..100, 100..200, 200..300] {
        both_say(&mut people, &part);
        // Half of the conversation is on its way.
        relay.rebind();
        both_hear(&people, part.end - 1);
    }
    for name in PAIR {
        let line = format!("{name} goes on at ");
        server.process.wait_for_text(&line);
    }
    expect_one_conversation(&people, &(0..300));
    for member in &people {
        let counts = ["joined", "left", "lost", "missed", "new_log"].map(|it| member.count_of(it));
        // Each has seen the other one come, alice live and bob as history.
        assert_eq!(counts, [1, 0, 0, 0, 0], "{}", member.name);
    }
    people.into_iter().for_each(Member::leave);
}

#[test]
fn a_killed_server_loses_no_line_typed_while_it_is_away() {
    let address = free_address();
    let mut server = Server::start_at(&address.to_string(), &[]);
    let relay = Relay::start(address, FAULTS, SEED);
    relay.set_faulty(true);
    let mut people = pair_at(relay.address());
    both_say(&mut people, &(0..7));
    both_hear(&people, 6);
    // These are on their way when the server dies.
    both_say(&mut people, &(7..14));
    server.process.signal(Signal::SIGKILL);
    let _killed = server.process.wait_for_exit();
    both_say(&mut people, &(14..21));
    let _server = Server::start_at(&address.to_string(), &[]);
    both_hear(&people, 20);
    for [speaker, listener] in [[0, 1], [1, 0]].map(|pair| pair.map(|it| &people[it])) {
        let (lines, events) = (listener.lines(), speaker.events());
        assert_eq!(speaker.count_of("new_log"), 1, "{}", speaker.name);
        for number in 0..21 {
            let text = format!("{} {number}", speaker.name);
            let count = lines.iter().filter(|(_, line)| *line == text).count();
            let is_marked = |event: &Value| event["text"] == *text && event["may_be_twice"] == true;
            let marked = events.iter().any(is_marked);
            let may_be_lost = (7..14).contains(&number);
            assert!(
                count == 1 || count == 2 && marked || count == 0 && may_be_lost,
                "{text:?} came {count} times; marked: {marked}"
            );
        }
    }
    people.into_iter().for_each(Member::leave);
}

/// Stops a client for `SLEEP_SECONDS` while another says forty lines, in a room with these options.
/// Returns the number of lines that the client shows, and that of those that it says it has missed.
fn lines_of_a_sleeper(options: &[&str]) -> [u64; 2] {
    let (_server, relay) = bad_network(options);
    let [mut alice, mut carol] =
        ["alice", "carol"].map(|name| Member::join(relay.address(), name, &[]));
    carol.process.signal(Signal::SIGSTOP);
    carol.process.wait_until_stopped();
    alice.say(0..20);
    alice.hear("alice", 19);
    let seconds = env::var("SLEEP_SECONDS").map_or(2, |number| number.parse().expect("a number"));
    thread::sleep(Duration::from_secs(seconds));
    alice.say(20..40);
    alice.hear("alice", 39);
    carol.process.signal(Signal::SIGCONT);
    carol.hear("alice", 39);
    carol.say(0..1);
    alice.hear("carol", 0);
    carol.hear("carol", 0);

    let lines = carol.lines();
    let in_order = lines.is_sorted_by(|(one, _), (next, _)| one < next);
    assert!(in_order, "not once each, in the order of the log");
    let missed = carol.events().into_iter();
    let missed: u64 = missed.filter_map(|event| event["lines"].as_u64()).sum();
    let shown = lines.len() as u64 - 1;
    // A client that was parked does not show its own `left` and `joined`, but may have missed them.
    let is_notice = |event: &&Value| event["name"] == "carol" && event["event"] != "said";
    let notices = alice.events().iter().filter(is_notice).count() as u64 - 1;
    assert!(
        (40..=40 + notices).contains(&(shown + missed)),
        "{shown} lines shown and {missed} missed of 40, with {notices} notices"
    );
    [alice, carol].into_iter().for_each(Member::leave);
    [shown, missed]
}

#[test]
fn a_stopped_client_catches_up_or_counts_missed_lines() {
    thread::scope(|scope| {
        let large = scope.spawn(|| lines_of_a_sleeper(&[]));
        let [shown, missed] = lines_of_a_sleeper(&["--history", "5:1000"]);
        assert!(missed > 0, "{shown} lines shown of a log that holds five");
        let large = large.join().expect("the other room is in order");
        assert_eq!(large, [40, 0], "lines shown and missed of a large log");
    });
}

#[test]
fn an_own_line_after_missed_ones_is_not_marked() {
    let server = Server::start(&["--history", "5:1000"]);
    let relay = Relay::start(server.address, FAULTS, SEED);
    let mut alice = Member::join(relay.address(), "alice", &[]);
    let mut bob = Member::join(server.address, "bob", &[]);
    // The place of this line in the log is among those that alice misses.
    relay.lose(|way, datagram| way == Direction::ToClient && datagram.starts_with(b"~D"));
    alice.say(0..1);
    bob.hear("alice", 0);
    bob.say(0..40);
    bob.hear("bob", 39);
    // All that the server sent before is lost now.
    RawPeer::new(relay.address()).wait_until_a_server_answers();
    relay.lose(|_, _| false);
    alice.hear("bob", 39);
    alice.say(1..2);
    alice.hear("alice", 1);
    assert_eq!(alice.count_of("missed"), 1);
    let stdout = alice.process.stdout();
    assert!(!stdout.contains("may_be_twice"), "{stdout}");
    [alice, bob].into_iter().for_each(Member::leave);
}

#[test]
fn sessions_and_plain_members_hear_each_other() {
    let (server, relay) = bad_network(&[]);
    let mut alice = Member::join(relay.address(), "alice", &[]);
    let mut bob = Member::join(server.address, "bob", &["--plain"]);
    let mut carol = CourseClient::enter(server.address, ("OK", "EXIT"), &[], "carol");
    alice.say(0..15);
    bob.say(0..15);
    carol.process.write(text("carol", 0..15));
    for name in ["alice", "bob", "carol"] {
        alice.hear(name, 14);
    }
    bob.hear("alice", 14);
    bob.hear("carol", 14);
    carol.hear("alice : alice 14");
    carol.hear("bob : bob 14");

    let shown = carol.process.stdout();
    let shown = shown.lines().filter_map(|line| line.split_once(" : "));
    let shown = shown.map(|(_, text)| (0, text.to_owned())).collect();
    let heard = [alice.lines(), bob.lines(), shown];
    let names = ["alice", "bob", "carol"];
    for (listener, shown) in names.iter().zip(&heard) {
        for speaker in names {
            // A plain member does not get its own lines.
            let end = if speaker == *listener && speaker != "alice" {
                0
            } else {
                15
            };
            expect_each_once(listener, shown, speaker, 0..end);
        }
    }
    carol.quit();
    [alice, bob].into_iter().for_each(Member::leave);
}

/// Returns what a newcomer is shown of the time before: texts, and `-` for a notice.
fn history_of_a_newcomer(options: &[&str]) -> Vec<String> {
    let (_server, relay) = bad_network(options);
    let mut alice = Member::join(relay.address(), "alice", &[]);
    alice.say(0..5);
    alice.hear("alice", 4);
    // Ages are whole seconds.
    thread::sleep(Duration::from_secs(3));
    let bob = Member::join(relay.address(), "bob", &[]);
    alice.say(5..6);
    bob.hear("alice", 5);
    let (mut news, mut history) = (bob.events(), bob.events());
    news.retain(|event| event["history"] != true);
    history.retain(|event| event["history"] == true);
    let came = [&alice.events(), &news].map(|events| events[0]["at"].to_string());
    for event in &history {
        let at = event["at"].to_string();
        assert!(came[0] < at && at < came[1], "not within {came:?}: {event}");
    }
    let news: Vec<_> = news.iter().map(|event| &event["event"]).collect();
    assert_eq!(news, ["in", "said"], "since the newcomer came");
    let text = |event: &Value| event["text"].as_str().unwrap_or("-").to_owned();
    history.iter().map(text).collect()
}

#[test]
fn a_newcomer_sees_the_latest_lines_and_their_moments() {
    let all = ["-", "alice 0", "alice 1", "alice 2", "alice 3", "alice 4"];
    // The newcomer's own notice takes one of the four places.
    let of_four = ["--history", "4:1000"];
    thread::scope(|scope| {
        let [three, four] = [["--catch-up", "3"], of_four]
            .map(|options| scope.spawn(move || history_of_a_newcomer(&options)));
        assert_eq!(history_of_a_newcomer(&[]), all);
        for few in [three, four] {
            assert_eq!(few.join().expect("the room is in order"), all[3..]);
        }
    });
}

#[test]
fn a_room_without_sessions_has_plain_members() {
    let server = Server::start(&["--no-sessions"]);
    let mut people = pair_at(server.address);
    people[0].say(0..1);
    people[1].hear("alice", 0);
    people[1].say(0..1);
    people[0].hear("bob", 0);
    for member in &people {
        assert_eq!(member.lines().len(), 1, "{} hears itself", member.name);
        let stdout = member.process.stdout();
        assert!(!stdout.contains("\"entry\""), "plain members have no log");
    }
    people.into_iter().for_each(Member::leave);
}

#[test]
fn a_pipe_without_pauses_arrives_whole_and_in_order() {
    let (_server, relay) = bad_network(&LARGE_LOG);
    let bob = Member::join(relay.address(), "bob", &[]);
    let mut robot = Member::join(relay.address(), "robot", &[]);
    robot.say(0..2000);
    // It leaves by itself when the room has all of it.
    robot.leave();
    bob.hear("robot", 1999);
    expect_each_once("bob", &bob.lines(), "robot", 0..2000);
    bob.leave();
}

#[test]
fn a_sent_line_is_in_the_room_or_the_exit_code_says_so() {
    let (server, relay) = bad_network(&[]);
    let bob = Member::join(server.address, "bob", &[]);
    let send = |relay: &Relay, name| {
        let address = relay.address().to_string();
        chat(&["send", name, name, "0", "--server", &address])
    };
    send(&relay, "robot").expect_exit(0);
    bob.hear("robot", 0);
    // For these clients the server dies after the login, and in its middle.
    let dying = [(); 2].map(|()| Relay::start(server.address, FAULTS, SEED));
    dying[0].lose(|way, datagram| way == Direction::ToServer && datagram.starts_with(b"~D"));
    dying[1].lose(|way, datagram| way == Direction::ToClient && datagram.starts_with(b"~D"));
    let lost = [send(&dying[0], "late"), send(&dying[1], "never")];
    lost.into_iter().for_each(|mut lost| lost.expect_exit(4));
    assert_eq!(bob.count_of("said"), 1, "others than the robot's");
    bob.leave();
}

#[test]
fn a_report_of_a_closed_port_ends_no_wait_for_the_answer() {
    let server = FakeServer::new();
    let at = server.address().to_string();
    let mut robot = chat(&["send", "robot", "hello", "--server", &at]);
    let (hello, client) = server.datagram();
    let attempt = hello.split(' ').nth(4).expect("a hello has a try");
    server.answer(client, format!("~K {attempt} 0123456789abcdef"));
    while !server.datagram().0.contains("0123456789abcdef") {}
    server.answer(client, "~D 0123456789abcdef 1 0 1 1\n~^ 00000000000000aa");
    while !server.datagram().0.ends_with("hello") {}
    // From now on the network reports that its port is closed.
    drop(server);
    robot.expect_exit(4);
}
