//! Hello, cookie, attachment (PROTOCOL.md, S1 to S6 and S8).

use chat_core::SessionConfig;
use chat_core::proto::Id;

use super::{NONE, NOWHERE, TRY, empty, hello, two, two_with};
use crate::Room;

const START: (u8, &str) = (1, "~D $a 1 0 1 1\n~^ $log");

#[test]
fn a_hello_is_challenged_attached_and_brought_the_log() {
    let mut room = empty();
    room.challenge("$a", 1, "alice");
    let dots = "L alice ~1 aaaaaaaaaaaaaaaa $try ................ .................0 ";
    room.replies(1, format!("{dots:.<109}"), "~K $try $a");
    let cookie = "L alice ~1 aaaaaaaaaaaaaaaa $try $a .................0 ";
    let with_cookie = format!("{cookie}.............................");
    room.on(1, &with_cookie, &[START]);
    // Nothing was heard: the start line again, and no second attachment.
    let event = room.replies(1, &with_cookie, "~D $a 2 0 1 1\n~^ $log");
    assert!(event.contains("Challenged"), "{event}");
    let first = "~D $a 3 1 1 1\n* alice joined";
    room.replies(1, "~D $a 1 2 1 1\n~?", first);
    room.on(1, "~D $a 2 3 1 2", &[]);
    room.pass(70_000, &[]);
    let stats = room.server.stats();
    assert_eq!((stats.challenges, stats.logins), (2, 1));
}

#[test]
fn a_forged_datagram_changes_nothing() {
    let hello = |token, cookie| hello("alice", token, cookie, NOWHERE);
    let line = "~D $a 4 3 1 3\nC alice forged";
    let with = |numbers| line.replace("4 3 1 3", numbers);
    for (address, datagram, answer) in [
        // A good cookie of another address or token, and one that the server did not give.
        (2, &*hello("$a", "$a2"), "~K $try $new"),
        (1, &hello("$b", "$a2"), "~K $try $new"),
        (1, &hello("$a", "0123456789abcdef"), "~K $try $a2"),
        // What is nearly a hello is no plain login.
        (2, hello("$a", NONE).strip_suffix('.').unwrap(), ""),
        (2, &hello("$a", NONE).replace("~1 a", "~1 A"), ""),
        (2, "L eve ~1 ", ""),
        // From other addresses, and of no attachment.
        (2, line, "~R $a"),
        (3, line, "~R $a"),
        (1, &line.replace("$a", TRY), "~R $try"),
        // An echo of what was not sent, an acknowledgement beyond the next entry, and the like.
        (1, &with("4 4 1 3"), ""),
        (1, &with("4 3 1 4"), ""),
        (1, &with("0 3 1 3"), ""),
        (1, &with("4 3 1"), ""),
        (1, &line.replace("forged", &"x".repeat(1_200)), ""),
        // Only servers send these.
        (1, "~K $try $a", ""),
        (1, "~N $try closed", ""),
        (1, "~R $a", ""),
        (2, "~X $a quit", ""),
        // Plain datagrams from the address of a session.
        (1, "L alice", ""),
        (1, "C alice forged", ""),
        (1, "Q alice", ""),
        (1, "", ""),
    ] {
        let mut room = two();
        room.challenge("$a2", 1, "alice");
        assert_eq!(room.answer(address, datagram), answer, "{datagram}");
        // Without lines, their first number is not looked at.
        let question = "~D $a 4 3 9007199254740991 3\n~?";
        room.replies(1, question, "~D $a 4 4 3 1");
    }
}

/// Repeats what was recorded of a session, from its address and from another one.
#[test]
fn a_replayed_datagram_changes_nothing() {
    for (state, answer) in [
        ("in", ""),
        ("moved", "~R $a"),
        ("parked", "~R $a"),
        ("out", "~X $a quit"),
    ] {
        let mut room = two();
        let lines = "~D $a 4 3 1 3\nC alice hi\n~?\n~n ~";
        room.from(1, lines);
        room.on(1, "~D $a 5 4 2 4", &[]);
        match state {
            "moved" => drop(room.hello("$a2", 51, "alice", "$log.4")),
            "parked" => room.pass(75_000, &[(75_000, 3, "* alice left")]),
            "out" => drop(room.from(1, "~D $a 6 4 2 4\nQ alice")),
            _ => {}
        }
        for (address, answer) in [(1, answer), (2, "~R $a")] {
            for cookie in [NONE, "$a"] {
                let hello = hello("alice", "$a", cookie, NOWHERE);
                assert_eq!(room.answer(address, &hello), "~K $try $new", "{state}");
            }
            for datagram in ["~D $a 1 1 1 1\n~?", "~D $a 2 2 1 2", lines, "~D $a 5 4 2 4"] {
                assert_eq!(
                    room.answer(address, datagram),
                    answer,
                    "{state}: {datagram}"
                );
            }
        }
    }
}

#[test]
fn any_other_tail_is_a_plain_login() {
    for (address, tail) in (1..).zip(["~1", "~1x y", "~2 x"]) {
        empty().replies(address, format!("L alice {tail}"), "OK");
    }
    // A server without sessions reads a hello as one, and drops what follows.
    let mut room = Room::with(&["bob"]);
    let sent = [(3, "OK"), (1, "* alice joined")];
    room.on(3, hello("alice", "$a", NONE, NOWHERE), &sent);
    room.on(3, "~D 0000000000000001 1 1 1 1\n~?", &[]);
}

#[test]
fn a_cookie_is_good_for_this_minute_and_the_next() {
    // The test begins in the middle of a minute.
    for (now, answer) in [(1_079_999, START.1), (1_080_000, "~K $try $new")] {
        let mut room = empty();
        room.challenge("$a", 1, "alice");
        // An attachment of another token does not spend it.
        room.hello("$b", 2, "bob", NOWHERE);
        room.now = now;
        let hello = hello("alice", "$a", "$a", NOWHERE);
        assert_eq!(room.answer(1, &hello), answer);
    }
}

#[test]
fn an_unheard_address_gets_a_start_line_and_nothing_else() {
    let mut room = empty();
    room.join("$b", 2, "bob");
    room.hello("$a", 1, "alice", NOWHERE);
    room.sent(&[START, (2, "~D $b 3 2 2 1\n* alice joined")]);
    room.now += 1;
    room.replies(2, "~D $b 3 3 1 3\nC bob one", "~D $b 4 3 3 2\nbob : one");
    room.on(2, "~D $b 4 4 2 4", &[]);
    let refusal = (3, "~N $try name_taken");
    room.hello("$c", 3, "alice", NOWHERE);
    room.sent(&[refusal]);
    room.pass(70_000, &[]);
}

#[test]
fn a_place_that_this_log_holds_goes_on_there() {
    // How many entries the log holds, the place, and the first entry that is brought.
    for (held, place, first) in [
        (9, "$log.1", 1),
        (9, "$log.4", 4),
        // Beyond the next entry, of no number, of another log, of none.
        (9, "$log.5", 3),
        (9, "$log.0", 3),
        (9, "00000000000000fe.4", 3),
        (9, NOWHERE, 3),
        // No longer held, and the oldest one.
        (2, "$log.1", 3),
        (2, "$log.2", 2),
    ] {
        let mut room = two_with(|_, sessions| {
            sessions.history.entries = held.try_into().unwrap();
            sessions.catch_up = 1;
        });
        room.from(4, "L dave");
        room.hello("$e", 51, "eve", place);
        let start = (51, format!("~D $e 1 0 {first} 1\n~^ $log"));
        assert!(room.sent.contains(&start), "{place}: {:?}", room.sent);
    }
}

#[test]
fn a_newcomer_to_a_full_log_misses_nothing() {
    let mut room = two_with(|_, sessions| sessions.history.entries = 2.try_into().unwrap());
    // Its own notice pushes the first of the two entries out.
    room.hello("$e", 51, "eve", NOWHERE);
    let start = (51, "~D $e 1 0 2 1\n~^ $log".to_owned());
    assert!(room.sent.contains(&start), "{:?}", room.sent);
}

#[test]
fn a_configuration_hides_its_key() {
    let shown = format!("{:?}", SessionConfig::new([201; 16], Id(0xff)));
    let is_safe = shown.contains("catch_up") && !shown.contains("201");
    assert!(is_safe, "{shown}");
}
