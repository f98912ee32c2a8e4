//! The examples of chat-cli/EVENTS.md are the output of the real program with `--json`.
//!
//! `EVENTS=accept cargo test -p chat-tests --test events_page` writes them anew.

use std::path::Path;
use std::{env, fs};

use serde_json::Value;

use chat_tests::harness::{FakeServer, Server, chat};

/// Causes every client event that a server can cause, in one conversation.
fn events_of_a_client() -> Vec<String> {
    let server = FakeServer::new();
    let mut client = server.join(&["--json"]);
    let peer = server.wait_for("L alice");
    server.answer(peer, "OK");
    client.wait_for_text("\"in\"");
    for line in [
        "* bob joined",
        "bob : 吃了么？",
        "* bob left",
        "Welcome bob!",
        "FAIL too fast",
        "FAIL not logged in",
    ] {
        server.answer(peer, line);
    }
    server.wait_for("L alice");
    server.answer(peer, "FAIL name taken");
    server.wait_for("L alice");
    server.answer(peer, "OK");
    client.wait_for_text("\"back\"");
    client.close_stdin();
    server.wait_for("Q alice");
    server.answer(peer, "EXIT");
    client.expect_exit(1); // A line was refused, and lines around the loss may be lost.
    examples(&client.stdout(), &[server.address().to_string()])
}

/// Lets alice come into a room with sessions, in which bob has spoken.
fn events_of_a_session() -> Vec<String> {
    let server = Server::start(&[]);
    let bob = server.member("bob");
    bob.send("C bob 吃了么？");
    let mut alice = chat(&["join", "alice", "--json", "--server", &server.at()]);
    alice.wait_for_text("吃了么");
    alice.write_line("吃了，你呢？");
    alice.wait_for_text("\"taken\"");
    alice.close_stdin();
    alice.expect_exit(0);
    examples(&alice.stdout(), &[server.at()])
}

/// Causes the events of a room, and the answers to its operator.
fn events_of_a_room() -> Vec<String> {
    let mut server = Server::start(&["--json", "--lang", "en"]);
    let alice = server.member("alice");
    alice.send("L alice");
    // On a slow machine with the next word.
    let word = alice.receive("a repeated login");
    alice.send("L 爱丽丝");
    alice.expect(word, "another name");
    alice.send("C 爱丽丝 吃了么？");
    let stranger = server.stranger();
    let addresses = [server.address, alice.address(), stranger.address()];
    for datagram in ["L 爱丽丝", "Q 爱丽丝", "hello"] {
        stranger.send(datagram);
    }
    stranger.wait_for("EXIT", "a stranger's quit");
    for line in [
        "welcome",
        "/names",
        "/ban troll 5",
        "/bans",
        "/unban troll",
        "/unban troll",
        "/kick nobody",
        "/dance",
        "/help",
        "/kick 爱丽丝 enough",
        "/stats",
    ] {
        server.operator_says(line);
    }
    server.process.wait_for_text("\"stats\"");
    server.operator_says("/quit");
    server.process.expect_exit(0);
    examples(
        &server.process.stdout(),
        &addresses.map(|address| address.to_string()),
    )
}

/// Returns the lines, with addresses and times that do not change from run to run.
fn examples(stdout: &str, addresses: &[String]) -> Vec<String> {
    let mut stdout = stdout.to_owned();
    for (index, address) in addresses.iter().enumerate() {
        let port = if index == 0 { 8888 } else { 40_000 + index };
        stdout = stdout.replace(address, &format!("127.0.0.1:{port}"));
    }
    let fixed = |line: &str| {
        let event = object(line);
        assert_eq!(event["v"], 1, "an event without its version: {line}");
        let at = event["at"].as_str().expect("an event has its time");
        let shape: String = at.replace(|c: char| c.is_ascii_digit(), "0");
        assert_eq!(shape, "0000-00-00T00:00:00.000000Z", "{line}");
        let line = line.replace(at, "2029-12-31T23:55:00.000000Z");
        // A ban's end depends on the day.
        let times = [&event["until"], &event["bans"][0]["until"]];
        let times = times.into_iter().filter_map(Value::as_str);
        times.fold(line, |line, time| {
            line.replace(time, "2030-01-01T00:00:00Z")
        })
    };
    stdout.lines().map(fixed).collect()
}

fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// Returns the page with these lines as the example under the heading.
fn with_examples(page: &str, heading: &str, lines: &[String]) -> String {
    let parts = page.split_once(&format!("\n{heading}\n"));
    let (before, section) = parts.unwrap_or_else(|| panic!("EVENTS.md has no {heading:?}"));
    let (text, example) = section.split_once("```json\n").expect("an example");
    let (_, after) = example.split_once("```").expect("the example ends");
    let lines = lines.join("\n");
    format!("{before}\n{heading}\n{text}```json\n{lines}\n```{after}")
}

#[test]
fn a_line_has_the_time_at_which_it_came() {
    let server = FakeServer::new();
    let mut client = server.join(&["--json", "--plain"]);
    let peer = server.wait_for("L alice");
    server.answer(peer, "bob : early");
    // It waits until the login is answered, the second time that it is sent.
    let peer = server.wait_for("L alice");
    server.answer(peer, "OK");
    client.wait_for_text("early");
    client.stop();
    let stdout = client.stdout();
    let mut times = stdout.lines().map(|line| object(line)["at"].to_string());
    let (entered, said) = (times.next(), times.next());
    assert!(said < entered, "it came before the answer: {stdout}");
}

#[test]
fn the_page_shows_what_the_program_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../chat-cli/EVENTS.md");
    let page = fs::read_to_string(&path).expect("chat-cli/EVENTS.md");
    let client = [events_of_a_client(), events_of_a_session()].concat();
    let room = events_of_a_room();
    let made = with_examples(&page, "## What `chat join --json` prints", &client);
    let made = with_examples(&made, "## What `chat serve --json` prints", &room);
    if env::var("EVENTS").is_ok_and(|wanted| wanted == "accept") {
        fs::write(&path, &made).expect("the page can be written");
    }
    assert!(page == made, "the program prints other things:\n{made}");

    // Every event of the examples is explained in a table.
    for line in [client, room].concat() {
        let event = object(&line)["event"].as_str().expect("a name").to_owned();
        let cells = [
            format!("| `{event}`"),
            format!("`{event}`,"),
            format!(", `{event}`"),
        ];
        let explained = cells.iter().any(|cell| page.contains(cell));
        assert!(explained, "{event} is in no table");
    }
}
