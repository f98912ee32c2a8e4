//! `chat serve --metrics`, and METRICS.md, which lists the metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use chat_tests::harness::{PATIENCE, Server, chat};

fn metrics_of(server: &Server) -> SocketAddr {
    let start = "metrics at http://";
    let line = server
        .process
        .wait_for_match(start, |line| line.starts_with(start));
    let address = line[start.len()..].trim_end_matches("/metrics");
    address.parse().expect("an address")
}

/// Returns the head and the body of the answer.
fn request(address: SocketAddr, line: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let patience = stream.set_read_timeout(Some(PATIENCE));
    patience.expect("a time-out above zero can be set");
    let sent = write!(stream, "{line}\r\nHost: test\r\nConnection: close\r\n\r\n");
    sent.expect("a request can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_owned(), body.to_owned())
}

fn scrape(address: SocketAddr) -> BTreeMap<String, u64> {
    let (head, body) = request(address, "GET /metrics HTTP/1.1");
    assert!(
        head.starts_with("HTTP/1.1 200") && head.contains("text/plain; version=0.0.4"),
        "{head}"
    );
    let values = body.lines().filter(|line| !line.starts_with('#'));
    let values = values.map(|line| line.rsplit_once(' ').expect("a name and a value"));
    values
        .map(|(name, value)| (name.to_owned(), value.parse().expect("a number")))
        .collect()
}

#[test]
fn events_of_the_room_are_counted() {
    let mut server = Server::start(&["--metrics", "127.0.0.1:0"]);
    let address = metrics_of(&server);
    assert_eq!(scrape(address)["chat_members"], 0);
    let (alice, bob) = (server.member("alice"), server.member("bob"));
    alice.send("C alice hello");
    bob.wait_for("alice : hello", "a line");
    let stranger = server.stranger();
    stranger.send("L bob");
    stranger.expect("FAIL name taken", "a login under a taken name");
    server.operator_says("/ban troll");
    server.process.wait_for_text("troll");
    let counts = scrape(address);
    for (name, count) in [
        ("chat_members", 2),
        ("chat_logins_total", 2),
        ("chat_messages_total", 1),
        ("chat_refusals_total{reason=\"name_taken\"}", 1),
        ("chat_refusals_total{reason=\"banned\"}", 0),
        ("chat_bans", 1),
        ("chat_left_total{reason=\"quit\"}", 0),
    ] {
        assert_eq!(counts.get(name), Some(&count), "{name} in {counts:#?}");
    }
}

#[test]
fn the_page_names_every_metric_and_no_other() {
    let server = Server::start(&["--metrics", "127.0.0.1:0"]);
    let (_, body) = request(metrics_of(&server), "GET /metrics HTTP/1.1");
    let types = body.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let shown: BTreeSet<String> = types.map(str::to_owned).collect();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../chat-cli/METRICS.md");
    let page = fs::read_to_string(page).expect("METRICS.md");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `chat_"));
    let documented = rows.map(|row| {
        let mut cells = row.split('|').map(str::trim);
        let (name, kind) = (cells.next().expect("a name"), cells.next().expect("a type"));
        format!("chat_{} {kind}", name.trim_end_matches('`'))
    });
    let documented: BTreeSet<String> = documented.collect();
    assert_eq!(shown, documented, "the server (left) and METRICS.md");
}

#[test]
fn only_the_metrics_can_be_got() {
    let mut server = Server::start(&["--metrics", "127.0.0.1:0"]);
    let address = metrics_of(&server);
    for (line, status) in [
        ("GET / HTTP/1.1", "404"),
        ("POST /metrics HTTP/1.1", "405"),
        ("GET /metrics?x=1 HTTP/1.1", "200"),
    ] {
        assert!(request(address, line).0.contains(status), "{line}");
    }
    let mut nonsense = TcpStream::connect(address).expect("it listens");
    let sent = nonsense.write_all(&[0xff; 4096]);
    sent.expect("bytes can be sent");
    drop(nonsense);
    assert!(request(address, "GET /metrics HTTP/1.1").0.contains("200"));
    server.expect_alive("nonsense at its metrics");
}

#[test]
fn the_address_can_have_a_host_name() {
    let server = Server::start(&["--metrics", "localhost:0"]);
    let (head, _) = request(metrics_of(&server), "GET /metrics HTTP/1.1");
    assert!(head.contains("200"), "{head}");
    let mut server = chat(&["serve", "--bind", "127.0.0.1:0", "--metrics", "65536"]);
    server.expect_exit(2);
    server.wait_for_text("invalid address \"65536\"");
}

#[test]
fn a_taken_port_is_an_error_with_a_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let mut server = chat(&["serve", "--bind", "127.0.0.1:0", "--metrics", &address]);
    server.expect_exit(1);
    let complaint = server.stderr();
    let told = complaint.contains(&address) && complaint.contains("--metrics");
    assert!(told, "{complaint}");
}
