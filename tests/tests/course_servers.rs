//! `chat join` against the servers that classrooms have today, and against servers that misbehave.
//!
//! `newcomer` has the server that never answers.

use std::net::SocketAddr;

use chat_tests::harness::python::CourseServer;
use chat_tests::harness::{FakeServer, Process, RawPeer, chat};

const SUCCESS_WORDS: [&str; 3] = ["OK", "ok", "IN"];
const END_WORDS: [&str; 5] = ["EXIT", "OUT", "exit", "quit", "#"];
const DEFAULT_WORDS: (&str, &str) = ("OK", "EXIT");
const DEFAULT_VERBS: &str = "L,C,Q";
/// Bob's line in the default spelling.
const LINE: &str = "bob : 你好 alice";

fn join(server: &CourseServer, name: &str, options: &[&str]) -> Process {
    let address = server.address.to_string();
    chat(&[&["join", name, "--server", &address], options].concat())
}

/// Logs in another person, in the server's own words.
fn bob_enters(server: &CourseServer, success: &str, login: &str) -> RawPeer {
    let bob = RawPeer::new(server.address);
    bob.send(format!("{login} bob"));
    bob.expect(success, "bob's login");
    bob
}

/// Lets our client come, talk with bob and the operator of such a server, and go.
fn alice_talks(words: (&str, &str), verbs: &str, options: &[&str], line_of_bob: &str) {
    let [login, say, leave] = verbs.split(',').collect::<Vec<_>>()[..] else {
        panic!("three verbs")
    };
    let verbs = ["--verbs", verbs];
    let mut server = CourseServer::start(words, &[&verbs, options].concat());
    let mut alice = join(&server, "alice", &verbs);
    server.wait_for_request(&format!("{login} alice"));
    let bob = bob_enters(&server, words.0, login);
    alice.wait_for_text("欢迎bob进入聊天室");

    bob.send(format!("{say} bob 你好 alice"));
    alice.wait_for_text(line_of_bob);
    assert!(
        alice.stdout().contains(line_of_bob),
        "bob's line is not on standard output"
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
    // The server has read all that alice's client sent when it has read this.
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
fn every_success_word_and_end_word_of_a_server_is_understood() {
    for words in SUCCESS_WORDS.into_iter().cycle().zip(END_WORDS) {
        alice_talks(words, DEFAULT_VERBS, &[], LINE);
    }
}

#[test]
fn every_spelling_of_a_line_is_shown() {
    for (spelling, shown) in [
        ("\\n{n} : {t}", LINE),
        ("{n} : {t}\\n", LINE),
        ("{n}: {t}", "bob: 你好 alice"),
        ("{n}:{t}", "bob:你好 alice"),
        ("\\n{n}:{t}\\n", "bob:你好 alice"),
        ("{n}：{t}", "bob：你好 alice"),
        ("{n}说:{t}", "bob说:你好 alice"),
    ] {
        alice_talks(DEFAULT_WORDS, DEFAULT_VERBS, &["--line", spelling], shown);
    }
}

#[test]
fn the_verbs_that_a_server_wants_can_be_chosen() {
    for verbs in ["L,C,E", "L,C,q", "LOGIN,CHAT,EXIT"] {
        alice_talks(DEFAULT_WORDS, verbs, &[], LINE);
    }
}

#[test]
fn servers_that_echo_or_ignore_a_quit_are_tolerated() {
    for option in ["--echo", "--silent-quit"] {
        alice_talks(DEFAULT_WORDS, DEFAULT_VERBS, &[option], LINE);
    }
}

#[test]
fn an_empty_line_has_the_form_that_kills_no_server() {
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
fn a_refusal_in_the_servers_own_words_ends_with_exit_code_3() {
    let mut server = CourseServer::start(DEFAULT_WORDS, &[]);
    let _bob = bob_enters(&server, "OK", "L");
    let mut second = join(&server, "bob", &[]);
    second.expect_exit(3);
    let said = second.stderr();
    assert!(said.contains("该用户存在"), "{said}");
    assert_eq!(server.count_of("Q bob"), 0, "a quit of a stranger");
    server.expect_alive();
}

#[test]
fn a_kicked_client_ends_with_exit_code_1_and_stays_away() {
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
        assert_ne!(alice.stderr(), "", "it reports the kick");
        server.expect_alive();
    }
}

#[test]
fn a_repeated_login_that_is_answered_lets_the_client_in() {
    let slow = FakeServer::new();
    let mut alice = slow.join(&[]);
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

/// Lets alice in at such a server. Returns the address of her client, too.
fn alice_at(server: &FakeServer) -> (Process, SocketAddr) {
    let mut alice = server.join(&[]);
    let (_, client) = server.request();
    server.answer(client, "OK");
    alice.write_line("I am in");
    assert_eq!(server.request().0, "C alice I am in");
    (alice, client)
}

#[test]
fn a_forged_end_word_from_another_address_is_ignored() {
    let server = FakeServer::new();
    let (mut alice, client) = alice_at(&server);
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
fn a_filter_makes_safe_whatever_strangers_wrote() {
    let server = FakeServer::new();
    let (alice, client) = alice_at(&server);
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
    assert!(harmless, "the harmless part of a line is missing:\n{shown}");
    let forged = shown.lines().any(|line| line.starts_with("admin : "));
    assert!(!forged, "a line feed makes a second line:\n{shown}");
}
