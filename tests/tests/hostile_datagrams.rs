//! Datagrams that kill, block or fool the servers of today do nothing to ours.

use std::time::Instant;

use chat_tests::harness::{RawPeer, Server};

/// What the sender of a hostile datagram must get.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// Nothing at all.
    Silence,
    /// Exactly this.
    Is(&'static str),
    /// One refusal, whatever its reason.
    Refusal,
    /// The end word.
    Goodbye,
}
use Answer::{Goodbye, Is, Refusal, Silence};

const NOT_IN: Answer = Is("FAIL not logged in");
const NOT_YOURS: Answer = Is("FAIL not your name");
const BAD_NAME: Answer = Is("FAIL bad name");
const RESERVED: Answer = Is("FAIL reserved");
const TOO_LONG: Answer = Is("FAIL too long");
const CONTROL: Answer = Is("FAIL control character");

/// A datagram (in which `NAME` stands for the sender's name), and the answers to a stranger and to
/// a member.
type Case = (Vec<u8>, Answer, Answer);

fn case(datagram: impl AsRef<[u8]>, to_stranger: Answer, to_member: Answer) -> Case {
    (datagram.as_ref().to_vec(), to_stranger, to_member)
}

/// Sends each datagram from a stranger and from a member of its own while alice sits in the room.
fn nobody_is_harmed_by(cases: Vec<Case>) {
    let mut server = Server::start(&[]);
    let alice = server.member("alice");
    for (number, (datagram, to_stranger, to_member)) in cases.into_iter().enumerate() {
        let shown: String = String::from_utf8_lossy(&datagram)
            .chars()
            .take(40)
            .collect();
        let name = format!("m{number}");
        let datagram = with_name(&datagram, &name);

        let stranger = server.stranger();
        stranger.send(&datagram);
        check(
            &stranger,
            to_stranger,
            &format!("{shown:?} ({} bytes) from a stranger", datagram.len()),
        );
        alice.expect_nothing_before_the_mark(&format!("{shown:?} from a stranger"));

        let member = server.member(&name);
        alice.expect(format!("* {name} joined"), "a login");
        member.send(&datagram);
        check(
            &member,
            to_member,
            &format!("{shown:?} ({} bytes) from a member", datagram.len()),
        );
        alice.expect_nothing_before_the_mark(&format!("{shown:?} from a member"));
        member.quit(&name);
        alice.expect(
            format!("* {name} left"),
            &format!("the quit of a member that had sent {shown:?}"),
        );
    }
    alice.send("C alice I am well");
    alice.expect_nothing_before_the_mark("all hostile datagrams and a good line");
    server.expect_alive("hostile datagrams");
}

fn with_name(datagram: &[u8], name: &str) -> Vec<u8> {
    match datagram.windows(4).position(|window| window == b"NAME") {
        Some(at) => [&datagram[..at], name.as_bytes(), &datagram[at + 4..]].concat(),
        None => datagram.to_vec(),
    }
}

fn check(sender: &RawPeer, wanted: Answer, after: &str) {
    if let Goodbye = wanted {
        // The mark is answered with the same word, so this one is taken out first.
        sender.expect("EXIT", after);
    }
    let answers = sender.receive_to_the_mark(after);
    let texts: Vec<&str> = answers
        .iter()
        .map(|answer| std::str::from_utf8(answer).expect("a server sends only UTF-8"))
        .collect();
    assert!(
        texts.iter().all(|text| text.len() <= 120),
        "after {after} came an answer above 120 bytes: {texts:?}"
    );
    let right = match wanted {
        Silence | Goodbye => texts.is_empty(),
        Is(answer) => texts == [answer],
        Refusal => texts.len() == 1 && texts[0].starts_with("FAIL "),
    };
    assert!(right, "after {after} came {texts:?}, not {wanted:?}");
}

#[test]
fn empty_and_bare_datagrams_are_met_with_silence() {
    nobody_is_harmed_by(
        ["", "L", "C", "Q", " ", "\n", "\0"]
            .iter()
            .map(|bare| case(bare, Silence, Silence))
            .collect(),
    );
}

#[test]
fn what_is_no_request_is_met_with_silence() {
    let nonsense = [
        "X alice",
        "HELLO",
        "GET / HTTP/1.1\r\n\r\n",
        "OK",
        "FAIL",
        "~hello",
        "alice : hi",
        "* alice left",
        "你好",
    ];
    nobody_is_harmed_by(
        nonsense
            .iter()
            .map(|text| case(text, Silence, Silence))
            .collect(),
    );
}

#[test]
fn invalid_utf8_is_never_forwarded() {
    nobody_is_harmed_by(vec![
        case(b"\xff\xfe\xfd", Silence, Silence),
        case(b"\xe4\xbd", Silence, Silence),
        case(b"L \xff", BAD_NAME, BAD_NAME),
        case(b"L alice\xff", BAD_NAME, BAD_NAME),
        case(b"C NAME \xff\xfe", NOT_IN, Silence),
        case(b"C NAME cut \xe4\xbd", NOT_IN, Silence),
        case(b"C \xff hi", NOT_IN, Silence),
        case(b"Q \xff", Goodbye, Goodbye),
    ]);
}

#[test]
fn requests_that_kill_other_servers_are_answered() {
    nobody_is_harmed_by(vec![
        case("Q ghost", Goodbye, Goodbye),
        case("Q ", Goodbye, Goodbye),
        case("C ghost", NOT_IN, NOT_YOURS),
        case("C ghost hi", NOT_IN, NOT_YOURS),
        case("C ", NOT_IN, Refusal),
    ]);
}

#[test]
fn nobody_can_speak_as_somebody_else_or_remove_somebody_else() {
    nobody_is_harmed_by(vec![
        case("C alice I am alice", NOT_IN, NOT_YOURS),
        case("C alice", NOT_IN, NOT_YOURS),
        case("CHAT alice I am alice", NOT_IN, NOT_YOURS),
        case("CHAT alice:I am alice", NOT_IN, NOT_YOURS),
        case("C admin I am the operator", NOT_IN, NOT_YOURS),
        case("C 管理员 我是管理员", NOT_IN, NOT_YOURS),
        case("Q alice", Goodbye, Goodbye),
        case("E alice", Goodbye, Goodbye),
        case("q alice", Goodbye, Goodbye),
        case("Qalice", Goodbye, Goodbye),
        case("QUIT alice", Goodbye, Goodbye),
        case("EXIT alice", Goodbye, Goodbye),
    ]);
}

#[test]
fn long_datagrams_are_refused_and_not_forwarded() {
    let chinese = "中文".repeat(340);
    let long = |length: usize| format!("C NAME {}", "x".repeat(length));
    nobody_is_harmed_by(vec![
        case(format!("C NAME {chinese}"), Refusal, TOO_LONG),
        case(&chinese, Silence, Silence),
        case(long(989), Refusal, TOO_LONG),
        case(long(1_017), Refusal, TOO_LONG),
        case(long(2_000), Refusal, TOO_LONG),
        case(long(60_000), Refusal, TOO_LONG),
        case("x".repeat(60_000), Silence, Silence),
        case(format!("L {}", "x".repeat(33)), BAD_NAME, BAD_NAME),
        case(format!("L {}", "x".repeat(60_000)), BAD_NAME, BAD_NAME),
        case(format!("Q {}", "x".repeat(60_000)), Goodbye, Goodbye),
    ]);
}

#[test]
fn the_longest_text_is_forwarded_whole() {
    let server = Server::start(&[]);
    let alice = server.member("alice");
    let long_name = "n".repeat(32);
    let member = server.member(&long_name);
    alice.expect(
        format!("* {long_name} joined"),
        "a login under the longest name",
    );
    for text in ["x".repeat(988), "中".repeat(329)] {
        member.send(format!("C {long_name} {text}"));
        alice.expect(
            format!("{long_name} : {text}"),
            "the longest text under the longest name",
        );
    }
}

#[test]
fn control_characters_are_refused_and_not_forwarded() {
    nobody_is_harmed_by(vec![
        case("C NAME a\0b", NOT_IN, CONTROL),
        case("C NAME \u{1b}[31mred", NOT_IN, CONTROL),
        case("C NAME \u{7f}", NOT_IN, CONTROL),
        case("C NAME two\nlines", NOT_IN, CONTROL),
        case("C NAME \u{85}", NOT_IN, CONTROL),
        case("C NAME \u{9b}2J", NOT_IN, CONTROL),
        case("L a\0b", BAD_NAME, BAD_NAME),
        case("L \u{1b}[31mred", BAD_NAME, BAD_NAME),
    ]);
}

#[test]
fn names_that_would_fool_a_reader_are_refused() {
    let bad = [
        "",
        " ",
        " x",
        "x y",
        "a:b",
        "a：b",
        "*bob",
        "~bob",
        "OK",
        "ok",
        "FAIL",
        "Fail",
        "EXIT",
        "exit",
        "\u{200b}",
        "al\u{200b}ice",
        "al\u{202e}ice",
        "\u{2800}",
        "\u{3164}",
        "a\u{a0}b",
        "a\u{3000}b",
    ];
    let reserved = [
        "admin",
        "myadmin",
        "admin2",
        "管理员",
        "管理员消息",
        "我是管理员",
    ];
    let mut cases: Vec<Case> = bad
        .iter()
        .map(|name| case(format!("L {name}"), BAD_NAME, BAD_NAME))
        .collect();
    cases.extend(
        reserved
            .iter()
            .map(|name| case(format!("L {name}"), RESERVED, RESERVED)),
    );
    nobody_is_harmed_by(cases);
}

#[test]
fn the_operators_name_is_reserved() {
    let server = Server::start(&["--operator", "Manager"]);
    let stranger = server.stranger();
    for name in ["Manager", "Manager2", "TheManager", "管理员"] {
        stranger.send(format!("L {name}"));
        stranger.expect("FAIL reserved", &format!("a login as {name}"));
    }
}

#[test]
fn a_taken_name_stays_with_its_owner() {
    let server = Server::start(&[]);
    let alice = server.member("alice");
    let bob = server.member("bob");
    alice.expect("* bob joined", "bob's login");
    for thief in [&server.stranger(), &bob] {
        thief.send("L alice");
        thief.expect("FAIL name taken", "a login under a taken name");
    }
    // The owner may be asked whether it is still there; it hears nothing else, and stays.
    let heard = alice.receive_to_the_mark("two logins under alice's name");
    assert!(
        heard
            .iter()
            .all(|datagram| datagram == b"admin : are you still there?"),
        "the owner of a name that others tried to take heard {heard:?}"
    );
    let listener = server.member("listener");
    alice.expect("* listener joined", "a login");
    alice.send("C alice I am still here");
    listener.expect(
        "alice : I am still here",
        "alice's line after others tried to take the name",
    );
}

#[test]
fn a_repeated_login_from_the_same_address_is_answered_and_announced_once() {
    let server = Server::start(&[]);
    let alice = server.member("alice");
    let bob = server.member("bob");
    alice.expect("* bob joined", "bob's login");
    for _ in 0..3 {
        bob.send("L bob");
        bob.expect("OK", "a repeated login");
    }
    alice.expect_nothing_before_the_mark("repeated logins of bob");
}

#[test]
fn another_name_from_the_same_address_replaces_the_first() {
    let server = Server::start(&[]);
    let alice = server.member("alice");
    let bob = server.member("bob");
    alice.expect("* bob joined", "bob's login");
    bob.send("L robert");
    bob.expect("OK", "a login under another name");
    alice.expect("* bob left", "bob's login under another name");
    alice.expect("* robert joined", "bob's login under another name");
    let newcomer = server.member("bob");
    newcomer.expect_nothing_before_the_mark("a login under a name that was given up");
}

#[test]
fn a_second_quit_and_a_second_login_are_answered() {
    let server = Server::start(&[]);
    let alice = server.member("alice");
    let bob = server.member("bob");
    alice.expect("* bob joined", "bob's login");
    for _ in 0..3 {
        bob.send("Q bob");
        bob.expect("EXIT", "a quit");
    }
    alice.expect("* bob left", "bob's first quit");
    bob.send("C bob am I in?");
    bob.expect("FAIL not logged in", "a line after the quit");
    bob.send("L bob");
    bob.expect("OK", "a login after the quit");
    alice.expect("* bob joined", "bob's second login");
    alice.expect_nothing_before_the_mark("bob's second login");
}

#[test]
fn a_members_bad_lines_are_refused_at_most_once_a_second() {
    let server = Server::start(&[]);
    let alice = server.member("alice");
    let bob = server.member("bob");
    alice.expect("* bob joined", "bob's login");
    let started = Instant::now();
    for bad in ["C bob \0", "C alice hi", "C bob \u{1b}"]
        .iter()
        .cycle()
        .take(60)
    {
        bob.send(bad);
    }
    let refusals = bob.receive_to_the_mark("sixty bad lines");
    let most = usize::try_from(started.elapsed().as_secs()).expect("a few seconds") + 1;
    assert!(
        (1..=most).contains(&refusals.len()),
        "a member's bad lines got {} refusals, where at least 1 and at most {most} is right",
        refusals.len()
    );
    alice.expect_nothing_before_the_mark("bad lines of bob");
}
