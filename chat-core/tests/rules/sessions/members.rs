//! Members with a session: they move, are parked, quit, are removed, and their names claimed
//! (PROTOCOL.md, S3 to S10).

use chat_core::{LeaveReason, Server};

use super::{NONE, NOWHERE, TRY, configured, hello, two, two_with};
use crate::At;
use crate::bans::{ban, name};
use crate::limits::rate;

const PLACE: &str = "$log.3";
const START: &str = "~D $a2 1 0 3 1\n~^ $log";
const LEFT: (u8, &str) = (3, "* alice left");
const JOINED: (u8, &str) = (3, "* alice joined");
const AGAIN: (u8, &str) = (1, "~R $a");
const TAKEN: (u8, &str) = (2, "~N $try name_taken");

#[test]
fn a_session_moves_to_another_address_in_silence() {
    let mut room = two();
    room.challenge("$a2", 51, "alice");
    room.replies(1, "~D $a 4 3 1 3\n~?", "~D $a 4 4 3 1");
    let event = room.replies(51, hello("alice", "$a", "$a2", PLACE), START);
    assert!(event.contains("Attached"), "{event}");
    room.replies(51, "~D $a2 1 1 1 3\n~?", "~D $a2 2 1 3 1");
    // Of two programs with one token, the last one that says hello is in.
    room.hello("$a3", 1, "alice", PLACE);
    room.sent(&[(1, "~D $a3 1 0 3 1\n~^ $log")]);
    room.replies(51, "~D $a2 2 2 1 3\n~?", "~R $a2");
    assert_eq!(room.names(), ["alice", "bob"]);
}

#[test]
fn an_attachment_parks_the_other_session_at_its_address() {
    let mut room = two();
    room.hello("$c", 1, "carol", PLACE);
    let joined = (3, "* carol joined");
    room.sent(&[LEFT, joined, (1, "~D $c 1 0 3 1\n~^ $log")]);
    // Its name may be that of the one it parks.
    room.hello("$a2", 1, "carol", "$log.5");
    room.sent(&[(3, "* carol left"), joined, (1, "~D $a2 1 0 5 1\n~^ $log")]);
}

#[test]
fn an_attachment_removes_the_plain_member_at_its_address() {
    let mut room = two();
    room.hello("$b", 3, "bob", NOWHERE);
    let start = (3, "~D $b 1 0 1 1\n~^ $log");
    room.sent(&[start, (1, "~D $a 4 3 3 1\n* bob left\n* bob joined")]);
    room.on(3, "C bob plain", &[]);
    room.on(3, "Q bob", &[]);
}

#[test]
fn an_unheard_session_is_parked_after_75_s_for_ten_minutes() {
    // What it said was taken: it goes on with its second line, until its token is forgotten.
    for (parked, next) in [(599_999, 2), (600_000, 1)] {
        let mut room = two();
        room.from(1, "~D $a 4 3 1 3\nC alice one");
        room.on(1, "~D $a 5 4 2 4", &[]);
        for _ in 0..3 {
            assert_eq!(room.unreachable(1), "Nothing");
        }
        room.pass(74_999, &[]);
        room.pass(1, &[(1, 3, "* alice left")]);
        assert_eq!(room.names(), ["bob"]);
        room.on(1, "~D $a 6 4 2 4\n~?", &[AGAIN]);
        room.pass(parked, &[]);
        room.hello("$a2", 51, "alice", "$log.4");
        let start = format!("~D $a2 1 0 4 {next}\n~^ $log");
        room.sent(&[JOINED, (51, &start)]);
    }
}

#[test]
fn a_quit_ends_a_token_for_ten_minutes() {
    let mut room = two();
    let quit = "~D $a 4 3 1 3\nC alice bye\nQ alice\nC alice more";
    room.on(1, quit, &[(3, "alice : bye"), (1, "~X $a quit"), LEFT]);
    room.replies(1, format!("~D {TRY} 1 1 1 1"), "~R $try");
    room.now += 599_999;
    room.replies(1, "~D $a 5 3 3 3", "~X $a quit");
    room.hello("$a2", 1, "alice", PLACE);
    room.sent(&[(1, "~N $try closed")]);
    room.now += 1;
    room.on(1, quit, &[AGAIN]);
    room.hello("$a3", 1, "alice", PLACE);
    room.sent(&[JOINED, (1, "~D $a3 1 0 3 1\n~^ $log")]);
}

#[test]
fn a_removed_session_is_told_why_under_its_sid() {
    let mut room = two();
    room.kick("be nice");
    room.sent(&[(1, "~X $a kicked be nice"), LEFT]);
    // Again, without the reason, which is not kept.
    room.replies(1, "~D $a 4 3 1 3\n~?", "~X $a kicked");

    let mut room = two();
    ban(&mut room, name("alice"), None);
    room.pass(0, &[(0, 1, "~X $a banned"), (0, 3, "* alice left")]);
    room.hello("$c", 51, "alice", PLACE);
    room.sent(&[(51, "~N $try banned")]);

    // One that was not heard is told at its first datagram.
    let mut room = two();
    room.hello("$a2", 51, "alice", PLACE);
    room.kick(&"x".repeat(900));
    room.sent(&[LEFT]);
    room.replies(51, "~D $a2 1 1 1 3\n~?", "~X $a2 kicked");
}

#[test]
fn a_room_that_closes_tells_its_sessions() {
    let mut room = two();
    room.call(Server::shutdown);
    let ends = ["EXIT", "exit", "quit", "#", "OUT"].map(|word| (3, word));
    room.sent(&[&ends[..], &[(1, "~X $a closing")]].concat());
    assert_eq!(room.server.poll_timeout(), None);
    room.on(1, "~D $a 4 3 1 3\n~?", &[]);
    room.on(1, hello("alice", "$a", NONE, NOWHERE), &[]);
}

#[test]
fn a_hello_is_refused_in_the_order_of_rule_15() {
    let mut room = two_with(|config, _| config.max_members = 2.try_into().ok());
    ban(&mut room, crate::bans::network(5), None);
    for (sid, address, word, code) in [
        ("$0", 51, "a:b", "bad_name"),
        ("$1", 51, "\u{301}a", "bad_name"),
        ("$2", 51, "ADMIN", "reserved"),
        ("$3", 51, "alice", "banned"),
        ("$4", 61, "alice", "name_taken"),
        ("$5", 61, "Bob", "name_taken"),
        ("$6", 61, "carol", "room_full"),
    ] {
        room.challenge(sid, address, word);
        let refusal = (address, format!("~N $try {code}"));
        room.from(address, hello(word, sid, sid, NOWHERE));
        assert!(room.sent.contains(&refusal), "{word}: {:?}", room.sent);
    }
}

#[test]
fn a_session_takes_another_name_in_spite_of_its_own() {
    let mut room = two_with(|config, _| {
        config.max_members = 2.try_into().ok();
        config.max_members_per_network = 2.try_into().ok();
    });
    room.hello("$a2", 2, "Alice", PLACE);
    room.sent(&[LEFT, (3, "* Alice joined"), (2, "~D $a2 1 0 3 1\n~^ $log")]);
    let entries = "~D $a2 2 1 3 1\n* alice left\n* Alice joined";
    room.replies(2, "~D $a2 1 1 1 3\n~?", entries);
    // Nor those of the plain member at its address.
    room.hello("$c", 3, "BOB", NOWHERE);
    room.sent(&[(3, "~D $c 1 0 1 1\n~^ $log")]);
    room.hello("$d", 2, "carol", NOWHERE);
    assert_eq!(room.names(), ["BOB", "carol"]);
    room.hello("$e", 51, "dave", NOWHERE);
    room.sent(&[(51, "~N $try room_full")]);
    // A parked token holds no name and no seat.
    room.pass(75_000, &[]);
    room.hello("$f", 51, "Alice", NOWHERE);
    assert_eq!(room.names(), ["Alice"]);
}

#[test]
fn rule_12_counts_a_hello_once_its_cookie_is_good() {
    let mut room = configured(|config, _| config.network_logins = rate(1, 2));
    for _ in 0..9 {
        room.from(1, hello("alice", "$a", NONE, NOWHERE));
        assert!(room.sent[0].1.starts_with("~K "));
    }
    room.join("$a", 1, "alice");
    room.hello("$b", 2, "alice", NOWHERE);
    assert_eq!(room.sent[0], (2, "~N $try name_taken".to_owned()));
    let event = room.hello("$c", 3, "carol", NOWHERE);
    room.sent(&[]);
    assert!(event.contains("LoginRate"), "{event}");
    room.hello("$d", 51, "dave", NOWHERE);
    assert_eq!(room.names(), ["alice", "dave"]);
}

#[test]
fn the_fullest_network_loses_its_oldest_parked_token() {
    let mut room = configured(|_, sessions| sessions.max_parked = 3.try_into().unwrap());
    for (sid, address) in [("$c", 51), ("$a", 1), ("$b", 1), ("$d", 61)] {
        let name = sid.trim_start_matches('$');
        room.join(sid, address, name);
        room.from(address, format!("~D {sid} 3 2 1 1\nQ {name}"));
    }
    // They had one address, and only the older one is forgotten there.
    room.replies(1, "~D $b 4 2 2 1", "~X $b quit");
    room.on(1, "~D $a 4 2 2 1", &[AGAIN]);
    for (sid, address) in [("$b2", 1), ("$c2", 51), ("$d2", 61)] {
        room.hello(sid, address, sid, NOWHERE);
        room.sent(&[(address, "~N $try closed")]);
    }
    let event = room.hello("$a2", 1, "a", NOWHERE);
    assert!(event.contains("Joined"), "{event}");
}

#[test]
fn a_claimed_name_is_free_when_its_session_is_silent_for_10_s() {
    let mut room = two();
    let with_cookie = hello("ALICE", "$b", "$b", NOWHERE);
    room.hello("$b", 2, "ALICE", NOWHERE);
    room.sent(&[TAKEN, (1, "~D $a 4 3 3 1\n~?")]);
    // It answers in the same millisecond, and is not asked again for 15 s.
    room.on(1, "~D $a 4 4 1 3", &[]);
    room.pass(14_999, &[]);
    room.on(2, &with_cookie, &[TAKEN]);
    room.now += 1;
    room.on(2, &with_cookie, &[TAKEN, (1, "~D $a 5 4 3 1\n~?")]);
    // Another claim puts nothing off.
    room.now += 9_999;
    room.timeout();
    room.on(2, &with_cookie, &[TAKEN]);
    assert_eq!(room.names(), ["alice", "bob"]);
    room.now += 1;
    let event = room.timeout();
    assert!(event.contains("Parked"), "{event}");
    room.from(2, &with_cookie);
    assert_eq!(room.names(), ["ALICE", "bob"]);
}

#[test]
fn a_claim_from_elsewhere_or_by_a_plain_login_asks_no_session() {
    let mut room = two();
    room.hello("$c", 51, "alice", NOWHERE);
    room.sent(&[(51, "~N $try name_taken")]);
    room.replies(2, "L alice", "FAIL name taken");
    // A plain holder is asked as rule 8 says.
    room.hello("$d", 51, "bob", NOWHERE);
    room.sent.sort();
    room.sent(&[
        (3, "admin : are you still there?"),
        (51, "~N $try name_taken"),
    ]);
}

#[test]
fn an_attachment_ends_after_61_minutes_and_its_session_stays() {
    let mut room = two();
    let attached = room.now - 2;
    for number in 4..64 {
        room.pass(60_000, &[]);
        room.on(1, format!("~D $a {number} 3 1 3"), &[]);
    }
    room.now = attached + 61 * 60_000 - 1;
    room.on(1, "~D $a 64 3 1 3", &[]);
    room.now += 1;
    room.on(1, "~D $a 65 3 1 3\nC alice late", &[AGAIN]);
    assert_eq!(room.names(), ["alice", "bob"]);
    room.hello("$a2", 1, "alice", PLACE);
    room.sent(&[(1, START)]);
}

#[test]
fn a_session_that_the_program_removes_leaves_no_deadline() {
    let mut room = two();
    room.call(|server, now| server.remove(now, At(1), LeaveReason::Unreachable));
    assert!(room.sent.contains(&(3, "* alice left".to_owned())));
    room.pass(100_000, &[]);
    room.hello("$b", 1, "alice", NOWHERE);
    assert_eq!(room.names(), ["alice", "bob"]);
}
