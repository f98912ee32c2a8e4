//! `chat join` against the servers that classrooms have today, and against servers that misbehave.

use std::net::{SocketAddr, UdpSocket};

use chat_tests::harness::python::CourseServer;
use chat_tests::harness::{PATIENCE, Process, RawPeer, chat};

const SUCCESS_WORDS: [&str; 3] = ["OK", "ok", "IN"];
const END_WORDS: [&str; 5] = ["EXIT", "OUT", "exit", "quit", "#"];
const DEFAULT_WORDS: (&str, &str) = ("OK", "EXIT");

fn join(server: &CourseServer, name: &str, options: &[&str]) -> Process {
    let address = server.address.to_string();
    chat(&[&["join", name, "--server", &address], options].concat())
}

/// Logs in another person, by the server's own words.
fn bob_enters(server: &CourseServer, success: &str, login: &str) -> RawPeer {
    let bob = RawPeer::new(server.address);
    bob.send(format!("{login} bob"));
    bob.expect(success, "bob's login");
    bob
}

/// Our client comes, talks with bob and the operator, and goes.
fn alice_talks(
    words: (&str, &str),
    verbs: &str,
    server_options: &[&str],
    client_options: &[&str],
    line_of_bob: &str,
) {
    let [login, say, leave] = verbs.split(',').collect::<Vec<_>>()[..] else {
        panic!("three verbs")
    };
    let mut server = CourseServer::start(words, &[&["--verbs", verbs], server_options].concat());
    let mut alice = join(&server, "alice", client_options);
    server.wait_for_request(&format!("{login} alice"));
    let bob = bob_enters(&server, words.0, login);
    alice.wait_for_text("欢迎bob进入聊天室");

    bob.send(format!("{say} bob 你好 alice"));
    alice.wait_for_text(line_of_bob);
    assert!(
        alice.stdout().contains(line_of_bob),
        "what bob said must go to standard output"
    );
    alice.write_line("hello  bob ");
    server.wait_for_request(&format!("{say} alice hello  bob "));
    // A server that echoes sends bob his own line first.
    while !bob.receive_text("alice's line").contains("hello  bob ") {}
    server.process.write_line("quiet please");
    alice.wait_for_text("quiet please");

    alice.close_stdin();
    alice.expect_exit(0);
    server.wait_for_request(&format!("{leave} alice"));
    // Whatever alice's client still sent has been read when this has been read.
    bob.wait_for("alice 退出了聊天室", "alice's quit");
    bob.send(format!("{say} bob the last word"));
    server.wait_for_request(&format!("{say} bob the last word"));
    for verb in [leave, login] {
        let request = format!("{verb} alice");
        assert_eq!(server.count_of(&request), 1, "{request} is sent once");
    }
    server.expect_alive();
}

#[test]
fn every_success_word_and_every_end_word_of_a_server_is_understood() {
    for success in SUCCESS_WORDS {
        for end in END_WORDS {
            alice_talks((success, end), "L,C,Q", &[], &[], "bob : 你好 alice");
        }
    }
}

#[test]
fn every_spelling_of_a_line_is_shown() {
    let spellings = [
        ("{n} : {t}", "bob : 你好 alice"),
        ("\\n{n} : {t}", "bob : 你好 alice"),
        ("{n} : {t}\\n", "bob : 你好 alice"),
        ("{n}: {t}", "bob: 你好 alice"),
        ("{n}:{t}", "bob:你好 alice"),
        ("\\n{n}:{t}\\n", "bob:你好 alice"),
        ("{n}：{t}", "bob：你好 alice"),
        ("{n}说:{t}", "bob说:你好 alice"),
    ];
    for (spelling, shown) in spellings {
        alice_talks(DEFAULT_WORDS, "L,C,Q", &["--line", spelling], &[], shown);
    }
}

#[test]
fn the_verbs_that_a_server_wants_can_be_chosen() {
    for verbs in ["L,C,E", "L,C,q", "LOGIN,CHAT,EXIT"] {
        let client = ["--verbs", verbs];
        alice_talks(DEFAULT_WORDS, verbs, &[], &client, "bob : 你好 alice");
    }
}

#[test]
fn a_server_that_echoes_or_says_nothing_to_a_quit_is_borne() {
    for option in ["--echo", "--silent-quit"] {
        alice_talks(DEFAULT_WORDS, "L,C,Q", &[option], &[], "bob : 你好 alice");
    }
}

#[test]
fn an_empty_line_is_sent_in_the_form_that_kills_no_server() {
    let mut server = CourseServer::start(DEFAULT_WORDS, &[]);
    let mut alice = join(&server, "alice", &[]);
    server.wait_for_request("L alice");
    alice.write_line("");
    server.wait_for_request("C alice ");
    alice.close_stdin();
    alice.expect_exit(0);
    server.wait_for_request("Q alice");
    server.expect_alive();
}

#[test]
fn a_refusal_is_shown_in_the_servers_own_words_and_ends_with_exit_code_3() {
    let mut server = CourseServer::start(DEFAULT_WORDS, &[]);
    let _bob = bob_enters(&server, "OK", "L");
    let mut second = join(&server, "bob", &[]);
    second.expect_exit(3);
    let said = second.stderr();
    assert!(
        said.contains("该用户存在"),
        "the server's reason is for the user to read, but there was only:\n{said}"
    );
    assert_eq!(server.count_of("Q bob"), 0, "a quit of a stranger");
    server.expect_alive();
}

#[test]
fn a_kick_ends_the_client_with_exit_code_1_and_it_does_not_come_back() {
    for end in END_WORDS {
        let mut server = CourseServer::start(("OK", end), &["--kick", "kick me"]);
        let mut alice = join(&server, "alice", &[]);
        server.wait_for_request("L alice");
        alice.write_line("kick me");
        alice.expect_exit(1);
        let bob = bob_enters(&server, "OK", "L");
        bob.send("C bob the last word");
        server.wait_for_request("C bob the last word");
        assert_eq!(server.count_of("L alice"), 1, "it does not log in again");
        assert_ne!(alice.stderr(), "", "it says that it was kicked");
        server.expect_alive();
    }
}

#[test]
fn a_server_that_never_answers_is_asked_three_times_and_given_up_with_exit_code_4() {
    let silent = FakeServer::new();
    silent.joined().expect_exit(4);
    silent
        .0
        .set_nonblocking(true)
        .expect("a socket need not block");
    let mut buffer = [0; 64];
    for _ in 0..3 {
        assert_eq!(silent.request().0, "L alice");
    }
    assert!(silent.0.recv(&mut buffer).is_err(), "a fourth request");
}

#[test]
fn a_server_that_does_not_know_the_verb_and_stays_silent_is_given_up_with_exit_code_4() {
    let mut server = CourseServer::start(DEFAULT_WORDS, &["--verbs", "LOGIN,CHAT,EXIT"]);
    let mut alice = join(&server, "alice", &[]);
    alice.expect_exit(4);
    assert_eq!(server.count_of("Q alice"), 0, "a quit of a stranger");
    server.expect_alive();
}

#[test]
fn a_repeated_login_that_is_answered_lets_the_client_in() {
    let slow = FakeServer::new();
    let mut alice = slow.joined();
    let (first, _) = slow.request();
    let (second, client) = slow.request();
    assert_eq!([first.as_str(), second.as_str()], ["L alice"; 2]);
    slow.answer(client, "OK");
    alice.write_line("at last");
    assert_eq!(slow.request().0, "C alice at last");
    slow.answer(client, "OK");
    alice.close_stdin();
    assert_eq!(slow.request().0, "Q alice", "the end of the input");
    slow.answer(client, "EXIT");
    alice.expect_exit(0);
    assert_eq!(alice.stdout(), "", "a second success word is no line");
}

#[test]
fn a_forged_end_word_from_another_address_does_not_end_the_client() {
    let server = FakeServer::new();
    let (mut alice, client) = server.let_in();
    let forger = RawPeer::new(client);
    for forged in ["EXIT", "exit", "OUT", "quit", "#", "admin : forged"] {
        forger.send(forged);
    }
    server.answer(client, "bob : genuine");
    alice.wait_for_line("bob : genuine");
    alice.write_line("still here");
    assert_eq!(server.request().0, "C alice still here");
    assert_eq!(alice.stdout(), "bob : genuine\n", "nothing forged");
}

#[test]
fn what_a_stranger_wrote_is_made_safe_before_it_is_shown() {
    let server = FakeServer::new();
    let (alice, client) = server.let_in();
    server.answer(client, "bob : \u{1b}[31mred\u{7}\u{0}");
    server.answer(client, "\u{1b}]0;title\u{7}welcome");
    server.answer(client, "bob : \u{202e}backwards\u{9b}2J");
    server.answer(client, "eve\nadmin : give me your passwords");
    server.answer(client, b"bob : \xff\xfe broken");
    server.answer(client, b"");
    server.answer(client, "bob : the end");
    alice.wait_for_line("bob : the end");
    let shown = alice.stdout();
    let controls = ['\u{1b}', '\u{7}', '\u{0}', '\u{202e}', '\u{9b}'];
    assert!(!shown.contains(controls), "{}", shown.escape_debug());
    let harmless = shown.contains("red") && shown.contains("backwards");
    assert!(harmless, "the harmless part of a line is shown:\n{shown}");
    let forged = shown.lines().any(|line| line.starts_with("admin : "));
    assert!(!forged, "a line feed makes no second line:\n{shown}");
}

/// A server that does what the test says, datagram by datagram.
struct FakeServer(UdpSocket);

impl FakeServer {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let patience = socket.set_read_timeout(Some(PATIENCE));
        patience.expect("a time-out above zero can be set");
        Self(socket)
    }

    /// Starts our client as alice.
    fn joined(&self) -> Process {
        let address = self.0.local_addr().expect("a bound socket").to_string();
        chat(&["join", "alice", "--server", &address])
    }

    /// Starts our client as alice and lets it in. Returns its address, too.
    fn let_in(&self) -> (Process, SocketAddr) {
        let mut alice = self.joined();
        let (_, client) = self.request();
        self.answer(client, "OK");
        alice.write_line("I am in");
        assert_eq!(self.request().0, "C alice I am in");
        (alice, client)
    }

    /// Receives the next request and where it came from.
    fn request(&self) -> (String, SocketAddr) {
        let mut buffer = [0; 2048];
        let received = self.0.recv_from(&mut buffer);
        let (length, from) = received.expect("our client sends a request");
        let request = String::from_utf8(buffer[..length].to_vec());
        (request.expect("our client sends UTF-8"), from)
    }

    fn answer(&self, to: SocketAddr, datagram: impl AsRef<[u8]>) {
        let sent = self.0.send_to(datagram.as_ref(), to);
        sent.expect("a datagram can be sent");
    }
}
