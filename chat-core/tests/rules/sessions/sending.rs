//! When a session's datagrams are sent (PROTOCOL.md, S13 and S23 to S27).

use chat_core::proto::MAX_SESSION_DATAGRAM;
use chat_core::{Config, SessionConfig};

use super::{NOWHERE, configured, two, two_with};
use crate::{At, Room};

/// Opens a room with alice 40 ms away: a time-out of 120 ms. Her first entry is out, under `2`.
fn distant(change: impl FnOnce(&mut Config, &mut SessionConfig)) -> Room {
    let mut room = configured(change);
    room.hello("$a", 1, "alice", NOWHERE);
    room.now += 40;
    room.replies(1, "~D $a 1 1 1 1\n~?", "~D $a 2 1 1 1\n* alice joined");
    room
}

/// Lets bob come and say lines to alice, whose window is 1. Three fit a datagram.
fn crowded(lines: u8, change: impl FnOnce(&mut Config, &mut SessionConfig)) -> Room {
    let mut room = distant(change);
    room.on(1, "~D $a 2 0 1 2", &[]);
    room.replies(3, "L bob", "OK");
    say(&mut room, lines);
    room
}

fn say(room: &mut Room, lines: u8) {
    for line in 0..lines {
        room.from(3, format!("C bob {line:0>300}"));
    }
}

/// Sends a datagram from alice and lets this time pass; returns the moment, number and first entry
/// of each datagram to her.
fn firsts(room: &mut Room, datagram: &str, millis: u64) -> Vec<(u64, u64, u64)> {
    room.from(1, datagram);
    let at_once = room
        .sent
        .clone()
        .into_iter()
        .map(|(to, text)| (0, to, text));
    let sent = at_once.chain(room.passing(millis));
    let numbers = sent.map(|(at, _, text)| {
        let words = text.split([' ', '\n']);
        let mut numbers = words.filter_map(|word| word.parse().ok());
        (at, numbers.next().unwrap(), numbers.nth(1).unwrap())
    });
    numbers.collect()
}

#[test]
fn entries_are_repeated_after_pauses_that_double() {
    let mut room = distant(|_, _| {});
    let expected = [
        (120, 1, "~D $a 3 1 1 1\n* alice joined"),
        (240, 1, "~D $a 4 1 1 1\n* alice joined"),
        (480, 1, "~D $a 5 1 1 1\n* alice joined"),
        (960, 1, "~D $a 6 1 1 1\n~a 1\n* alice joined"),
        (1_920, 1, "~D $a 7 1 1 1\n~a 1\n* alice joined"),
        (3_840, 1, "~D $a 8 1 1 1\n~a 3\n* alice joined"),
        (6_840, 1, "~D $a 9 1 1 1\n~a 6\n* alice joined"),
    ];
    room.pass(8_000, &expected);
    let both = "~D $a 10 1 1 1\n~a 8\n* alice joined\n~a 0\n* bob joined";
    room.on(3, "L bob", &[(3, "OK"), (1, both)]);
    // After 9 s, new entries wait for the repetition.
    room.now += 1_000;
    room.on(3, "C bob 1", &[]);
    room.on(3, "C bob 2", &[]);
    let ages = [
        "~a 11\n* alice joined",
        "~a 3\n* bob joined",
        "~a 2\nbob : 1\nbob : 2",
    ];
    let all = &format!("~D $a 11 1 1 1\n{}", ages.join("\n"));
    room.pass(2_000, &[(2_000, 1, all)]);
    // What is acknowledged begins that time anew.
    room.on(1, "~D $a 2 11 1 3", &[]);
    room.now += 90;
    let rest = "~D $a 12 2 3 1\n~a 2\nbob : 1\nbob : 2\n~a 0\nbob : 3";
    room.on(3, "C bob 3", &[(1, rest)]);
    room.on(1, "~D $a 3 12 1 6", &[]);
    room.pass(70_000, &[]);
}

#[test]
fn a_question_is_answered_at_once_and_a_line_after_5_ms() {
    let mut room = two();
    room.on(1, "~D $a 4 3 1 3\njunk", &[]);
    room.pass(4, &[]);
    room.on(1, "~D $a 5 3 2 3\njunk", &[]);
    room.pass(1, &[(1, 1, "~D $a 4 5 3 3")]);
    room.replies(1, "~D $a 6 4 3 3\njunk\n~?", "~D $a 5 6 3 4");
    // Acknowledgements are not answered, as two programs would do that for ever.
    for number in 7..20 {
        room.on(1, format!("~D $a {number} 5 4 3"), &[]);
    }
    room.pass(10_000, &[]);
}

#[test]
fn a_session_that_falls_off_the_log_goes_on_at_the_newest() {
    let mut room = two_with(|_, sessions| {
        sessions.history.entries = 4.try_into().unwrap();
        sessions.catch_up = 2;
    });
    for line in 1..=4 {
        room.from(3, format!("C bob {line}"));
        room.now += 1;
    }
    let start = "~^ $log";
    for (number, line) in [(8, 5), (9, 6)] {
        room.from(3, format!("C bob {line}"));
        room.now += 1;
        let lines = (4..=line).map(|line| format!("\nbob : {line}"));
        let expected = format!("~D $a {number} 3 6 1\n{start}{}", lines.collect::<String>());
        let sent = room.sent.iter().map(|(_, text)| text.replace("\n~?", ""));
        assert_eq!(sent.collect::<Vec<_>>(), [expected]);
    }
    room.replies(1, "~D $a 4 9 1 3\n~?", "~D $a 10 4 6 1\n~^ $log");
    // The first of them is the next one: it has been there.
    room.replies(1, "~D $a 5 9 1 6\n~?", "~D $a 11 5 6 1");
    room.replies(1, "~D $a 6 9 1 8\n~?", "~D $a 12 6 8 1");
}

#[test]
fn a_wide_window_skips_nothing_after_a_fall_off_the_log() {
    let mut room = crowded(10, |_, sessions| {
        sessions.history.entries = 12.try_into().unwrap();
        sessions.catch_up = 8;
    });
    // One datagram a round trip, with four entries, until the acknowledgement allows two.
    assert_eq!(firsts(&mut room, "", 80), [(40, 3, 2)]);
    let two = [(0, 4, 6), (20, 5, 9)];
    assert_eq!(firsts(&mut room, "~D $a 3 3 1 6", 25), two);
    say(&mut room, 12);
    // The first one is repeated until it has come.
    let sent = firsts(&mut room, "", 500);
    assert_eq!(
        sent,
        [(35, 7, 16), (135, 8, 16), (235, 9, 16), (435, 10, 16)]
    );
}

#[test]
fn three_later_datagrams_tell_a_loss_and_halve_the_window() {
    let mut room = crowded(60, |_, _| {});
    for (datagram, millis, expected) in [
        ("", 80, &[(40, 3, 2)][..]),
        ("~D $a 3 3 1 6", 40, &[(0, 4, 6), (20, 5, 9), (40, 6, 12)]),
        ("~D $a 4 5 1 12", 30, &[(12, 7, 15), (24, 8, 18)]),
        ("~D $a 5 7 1 18", 10, &[(2, 9, 21), (10, 10, 24)]),
        ("~D $a 6 10 1 18", 20, &[(7, 11, 27), (14, 12, 30)]),
        // Number 8 is lost; and then late, with nothing sent since.
        ("~D $a 7 11 1 18", 1, &[]),
        (
            "~D $a 8 12 1 21",
            30,
            &[(1, 13, 21), (9, 14, 24), (17, 15, 27), (25, 16, 30)],
        ),
    ] {
        assert_eq!(firsts(&mut room, datagram, millis), expected, "{datagram}");
    }
}

#[test]
fn a_loss_is_told_only_by_a_datagram_that_is_remembered() {
    let mut room = crowded(120, |_, _| {});
    firsts(&mut room, "", 80);
    for number in 3..11 {
        let ack = 3 * number - 3;
        firsts(&mut room, &format!("~D $a {number} {number} 1 {ack}"), 11);
    }
    let sent = firsts(&mut room, "", 30);
    assert_eq!(sent.last(), Some(&(29, 33, 93)));
    // Number 15, from 39 on, was too long ago.
    let sent = firsts(&mut room, "~D $a 11 21 1 39", 6);
    assert_eq!(sent, [(2, 34, 96), (5, 35, 99)]);
}

#[test]
fn round_trips_are_smoothed_as_in_rfc_6298() {
    let mut room = distant(|_, _| {});
    let timeout = |room: &Room| room.server.poll_timeout().unwrap().as_millis() - room.now;
    // The time-out of each datagram, and its round trip.
    let datagrams = [
        (120, 80),
        (145, 145),
        // A longer one counts only behind another one.
        (232, 900),
        (232, 50),
        (195, 400),
        (195, 900),
        (546, 93),
        (440, 93),
        (360, 90),
    ];
    for (number, (expected, round_trip)) in (2..).zip(datagrams) {
        assert_eq!(timeout(&room), expected, "number {number}");
        room.now += round_trip;
        room.on(1, format!("~D $a {number} {number} 1 {number}"), &[]);
        room.now += 3_000;
        room.from(100 + number, format!("L u{number}"));
    }
    // The client does not answer an acknowledgement.
    room.on(1, "~D $a 11 10 1 11\njunk", &[]);
    room.pass(5, &[(5, 1, "~D $a 12 11 11 2")]);
    room.now += 200;
    room.on(1, "~D $a 12 12 2 11", &[]);
    room.from(3, "L bob");
    assert_eq!(timeout(&room), 301);
    // Round trips stay in a new attachment, and a clock that goes back measures nothing.
    room.hello("$a2", 1, "alice", "$log.9");
    room.from(1, "~D $a2 1 0 1 9");
    assert_eq!(timeout(&room), 301);
    room.now -= 100;
    room.on(1, "~D $a2 2 2 1 12", &[]);
    room.now += 1_000;
    room.from(111, "L u11");
    assert_eq!(timeout(&room), 301);
}

#[test]
fn an_acknowledgement_begins_a_time_out_anew() {
    let mut room = distant(|_, _| {});
    room.replies(3, "L bob", "OK");
    let both = "~D $a 3 1 1 1\n* alice joined\n* bob joined";
    room.pass(40, &[(40, 1, both)]);
    room.now += 50;
    room.on(1, "~D $a 2 0 1 2", &[]);
    room.pass(110, &[]);
    // A question does not, while an entry is out.
    room.hello("$b", 2, "alice", NOWHERE);
    room.sent(&[(2, "~N $try name_taken"), (1, "~D $a 4 2 2 1\n~?")]);
    room.pass(10, &[(10, 1, "~D $a 5 2 2 1\n~?\n* bob joined")]);
    room.now += 50;
    room.on(1, "~D $a 3 0 1 3", &[]);
    room.pass(120, &[(120, 1, "~D $a 6 3 3 1\n~?")]);
    room.on(1, "~D $a 4 4 1 3", &[]);
    room.pass(10_000, &[]);
}

#[test]
fn entries_that_are_not_fetched_are_not_lost() {
    let mut room = two();
    room.join("$c", 51, "carol");
    room.on(1, "~D $a 4 4 1 4", &[]);
    let now = room.now();
    // The first session's datagram is fetched and the second one's is not.
    let mut outgoing = room.server.handle(now, At(3), b"C bob hi");
    let mut buffer = [0; MAX_SESSION_DATAGRAM];
    let (_, to) = outgoing.next_for_session(&mut buffer).unwrap();
    assert_eq!(to.0, 1);
    drop(outgoing);
    assert_eq!(room.server.poll_timeout(), Some(now));
    room.pass(0, &[(0, 51, "~D $c 3 2 4 1\nbob : hi")]);
}
