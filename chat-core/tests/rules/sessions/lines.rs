//! The lines of sessions: their order, what is malformed, rates, pages of names, ages
//! (PROTOCOL.md, S11, S12, S22 and S23).

use chat_core::proto::Text;

use super::{two, two_with};
use crate::At;
use crate::limits::rate;

#[test]
fn lines_are_taken_in_order_and_once() {
    let mut room = two();
    let lines = "~D $a 4 3 1 3\nC alice one\nC alice two";
    let entries = (1, "~D $a 4 4 3 3\nalice : one\nalice : two");
    room.on(1, lines, &[(3, "alice : one"), (3, "alice : two"), entries]);
    // Duplicates in a new datagram, and a line beyond the next one.
    room.on(1, "~D $a 5 4 1 5\nC alice one\nC alice two", &[]);
    room.pass(5, &[(5, 1, "~D $a 5 5 5 3")]);
    room.on(1, "~D $a 7 5 4 5\nC alice four", &[]);
    room.pass(5, &[(5, 1, "~D $a 6 7 5 3")]);
    // An older datagram: its line is taken, its echo and questions are not.
    let entry = (1, "~D $a 7 7 5 4\nalice : three");
    let older = "~D $a 6 4 3 5\nC alice three\n~?\n~n ~";
    room.on(1, older, &[(3, "alice : three"), entry]);
    // A line behind a duplicate.
    room.now += 1;
    let entries = (1, "~D $a 8 8 5 5\nalice : three\nalice : four");
    let both = "~D $a 8 6 3 5\nC alice three\nC alice four";
    room.on(1, both, &[(3, "alice : four"), entries]);
}

#[test]
fn a_line_that_cannot_be_taken_is_acknowledged_alone() {
    let mut room = two();
    let poison = "L eve\njunk\nC bob hi\nC alice a\u{1b}b\n\nQ bob\nc alice hi\n\u{feff}";
    let ignored = "~x\n~^ $log\n~a 3\n~m ~ bob\n~? ";
    let entry = (1, "~D $a 4 4 3 10\nalice : end");
    let datagram = format!("~D $a 4 3 1 3\n{poison}\n{ignored}\nC alice end");
    room.on(1, &datagram, &[(3, "alice : end"), entry]);
    room.on(1, "~D $a 5 4 10 4", &[]);
    let long = "x".repeat(989);
    room.on(1, format!("~D $a 6 4 10 4\nC alice {long}"), &[]);
    room.pass(5, &[(5, 1, "~D $a 5 6 4 11")]);
    room.on(1, "~D $a 7 5 11 4", &[]);
}

#[test]
fn a_plain_message_over_1024_bytes_is_still_refused() {
    let mut room = two();
    for text in [989, 1_200] {
        room.now += 1_000;
        room.replies(3, format!("C bob {}", "x".repeat(text)), "FAIL too long");
    }
    room.from(3, format!("C bob {}", "x".repeat(988)));
    assert_eq!(room.sent.len(), 1, "the longest line goes to alice");
}

#[test]
fn the_operators_lines_are_entries_for_all() {
    let mut room = two();
    let text = Text::new("hello").unwrap();
    room.call(|server, now| server.announce(now, text));
    room.sent(&[(3, "admin : hello"), (1, "~D $a 4 3 3 1\nadmin : hello")]);
}

#[test]
fn lines_over_the_rate_wait_and_are_not_lost() {
    let mut room = two_with(|config, _| config.member_lines = rate(1, 2));
    // All three, while anything is left; the third is owed.
    let three = "~D $a 4 3 1 3\nC alice 1\nC alice 2\nC alice 3";
    room.from(1, three);
    assert_eq!(room.sent.len(), 4);
    room.on(1, "~D $a 5 4 4 6", &[]);
    let event = room.on(1, "~D $a 6 4 4 6\nC alice 4", &[]);
    assert!(event.contains("LineRate"), "{event}");
    room.pass(1_000, &[]);
    // The question in it counts, and so do its numbers.
    room.replies(1, "~D $a 7 4 4 6\nC alice 4\n~?", "~D $a 5 7 6 4");
    room.now += 1;
    let entry = (1, "~D $a 6 8 6 5\nalice : 4");
    room.on(1, "~D $a 8 5 4 6\nC alice 4", &[(3, "alice : 4"), entry]);
    // The rate is the token's.
    room.hello("$a2", 1, "alice", "$log.6");
    room.on(1, "~D $a2 1 1 5 7\nC alice 5", &[]);
    room.pass(2_000, &[]);
    room.from(1, "~D $a2 2 1 5 7\nC alice 5");
    assert_eq!(room.sent[0], (3, "alice : 5".to_owned()));
}

#[test]
fn bytes_over_the_rate_wait_too_and_a_quit_costs_nothing() {
    let mut room = two_with(|config, _| config.member_bytes = rate(9, 9));
    room.from(1, "~D $a 4 3 1 3\nC alice 1");
    assert_eq!(room.sent[0], (3, "alice : 1".to_owned()));
    let event = room.on(1, "~D $a 5 4 2 4\nC alice 2", &[]);
    assert!(event.contains("LineRate"), "{event}");
    room.now += 1;
    room.from(1, "~D $a 6 4 2 4\nQ alice");
    assert_eq!(room.names(), ["bob"]);
}

#[test]
fn names_come_in_pages_and_byte_order() {
    let mut room = two();
    room.from(4, "L 小明");
    room.now += 1;
    room.from(5, "L Zoe");
    room.on(1, "~D $a 4 5 1 5", &[]);
    room.now += 1;
    for (number, after, names) in [
        (5, "~", " Zoe alice bob 小明"),
        (6, "alice", " bob 小明"),
        (7, "b", " bob 小明"),
        (8, "小明", ""),
    ] {
        let question = format!("~D $a {number} {number} 1 5\n~?\n~n {after}");
        let page = format!("~D $a {} {number} 5 1\n~m {after}{names}", number + 1);
        room.replies(1, &question, &page);
        room.on(1, &question, &[]);
    }
}

#[test]
fn a_page_of_names_goes_before_entries_and_fits_its_datagram() {
    let mut room = two();
    let name = |member: u8| format!("{:a>32}", format!("{member}"));
    for member in 10..80 {
        room.from(member, format!("L {}", name(member)));
    }
    room.now += 400;
    room.from(1, "~D $a 4 3 1 3\n~?\n~n ~");
    let (_, page) = &room.sent[0];
    let lines: Vec<_> = page.lines().collect();
    let names: Vec<_> = lines[1].split(' ').skip(2).collect();
    assert!(lines[1].starts_with("~m ~ aa"), "{page}");
    assert!((30..=35).contains(&names.len()), "{}", names.len());
    assert!(names.is_sorted() && page.len() <= 1_160, "{}", page.len());
}

#[test]
fn a_page_of_names_that_is_not_fetched_is_forgotten() {
    let mut room = two();
    let question = format!("~D {} 4 3 1 3\n~?\n~n ~", room.ids[2].0);
    let now = room.now();
    drop(room.server.handle(now, At(1), question.as_bytes()));
    // The client asks again.
    room.pass(0, &[(0, 1, "~D $a 4 4 3 1")]);
}

#[test]
fn a_page_of_names_is_a_line_of_the_rate() {
    let mut room = two_with(|config, _| config.member_lines = rate(1, 1));
    room.replies(
        1,
        "~D $a 4 3 1 3\n~?\n~n ~",
        "~D $a 4 4 3 1\n~m ~ alice bob",
    );
    room.replies(1, "~D $a 5 4 1 3\n~?\n~n bob", "~D $a 5 5 3 1");
    room.on(1, "~D $a 6 5 1 3\nC alice hi", &[]);
}
