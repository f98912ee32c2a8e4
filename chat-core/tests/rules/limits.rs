//! Limits against abuse: rates, silent members, names that look alike.

use std::num::{NonZeroU32, NonZeroU64};

use chat_core::{Config, Rate};

use super::Room;
use super::bans::{ban, name};

#[allow(clippy::unnecessary_wraps)] // As the fields of Config want it.
pub(super) fn rate(per_second: u32, burst: u32) -> Option<Rate> {
    Some(Rate {
        per_second: NonZeroU32::new(per_second).unwrap(),
        burst: NonZeroU32::new(burst).unwrap(),
    })
}

#[test]
fn a_member_over_its_rate_of_lines_is_refused_now_and_then() {
    let limit = |config: &mut Config| config.member_lines = rate(2, 3);
    let mut room = Room::configured(&["alice", "bob"], limit);
    for _ in 0..3 {
        room.on(1, "C alice hi", &[(2, "alice : hi")]);
    }
    room.on(1, "C alice 4", &[(1, "FAIL too fast")]);
    for _ in 0..1_000 {
        room.on(1, "C alice 5", &[]);
    }
    assert_eq!(room.names(), ["alice", "bob"]);
    room.on(2, "C bob hi", &[(1, "bob : hi")]);
    room.now += 500;
    room.on(1, "C alice 6", &[(2, "alice : 6")]);
    room.now += 499;
    room.on(1, "C alice 7", &[]);
    assert_eq!(room.server.stats().dropped_refused_already, 1_001);
    room.from(9, "junk");
    assert_eq!(room.server.stats().dropped(), 1_002, "all drops together");
    room.now += 1;
    room.on(1, "C alice 8", &[(2, "alice : 8")]);
}

#[test]
fn a_member_over_its_rate_of_bytes_is_refused_every_second() {
    let limit = |config: &mut Config| config.member_bytes = rate(100, 1_000);
    let mut room = Room::configured(&["alice", "bob"], limit);
    let text = "x".repeat(492);
    let line = format!("C alice {text}");
    let delivery = format!("alice : {text}");
    for _ in 0..2 {
        room.on(1, &line, &[(2, &delivery)]);
    }
    room.on(1, "C alice ", &[(1, "FAIL too fast")]);
    room.now += 999;
    room.on(1, &line, &[]);
    room.now += 1;
    room.on(1, &line, &[(1, "FAIL too fast")]);
    room.now += 4_000; // since the burst, 5 seconds at 100 bytes a second
    room.on(1, &line, &[(2, &delivery)]);
}

#[test]
fn answered_requests_of_a_member_count_as_lines() {
    for request in ["C bob hi", "C alice a\u{1b}b", "Q bob", "Q ", "q carol"] {
        let limit = |config: &mut Config| config.member_lines = rate(1, 2);
        let mut room = Room::configured(&["alice", "bob"], limit);
        room.from(1, request);
        room.from(1, request);
        room.from(1, "C alice hi");
        let is_refused = |(to, text): &(u8, String)| *to == 1 && text == "FAIL too fast";
        assert!(room.sent.iter().all(is_refused), "{:?}", room.sent);
        room.on(1, "L alice", &[(1, "OK")]);
        room.on(1, "Q alice", &[(1, "EXIT"), (2, "* alice left")]);
    }
}

#[test]
fn a_network_that_logs_in_too_often_gets_no_answer() {
    let limit = |config: &mut Config| config.network_logins = rate(1, 3);
    let mut room = Room::configured(&[], limit);
    room.from(11, "L alice");
    room.answers(12, "L alice", "FAIL name taken");
    room.on(13, "L ", &[(13, "FAIL bad name")]);
    for datagram in ["L bob", "L alice", "L ", "LOGIN carol"] {
        let event = room.on(14, datagram, &[]);
        assert!(event.contains("LoginRate"), "{event}");
    }
    assert_eq!(room.server.stats().dropped_login_rate, 4);
    room.on(11, "L anna", &[]);
    room.on(11, "L alice", &[(11, "OK")]);
    room.on(21, "L carol", &[(21, "OK"), (11, "* carol joined")]);
    room.now += 1_000;
    room.from(14, "L bob");
    assert_eq!(room.names(), ["alice", "bob", "carol"]);
}

#[test]
fn strangers_share_their_answers_and_members_get_all_of_theirs() {
    let limit = |config: &mut Config| config.stranger_replies = rate(1, 3);
    let mut room = Room::configured(&["alice"], limit);
    ban(&mut room, name("troll"), None);
    room.from(11, "C ghost hi");
    room.on(21, "L troll", &[(21, "FAIL banned")]);
    room.answers(31, "L alice", "FAIL name taken");
    for datagram in ["C ghost hi", "Q ghost", "Q ", "L bad name", "L troll"] {
        let event = room.on(41, datagram, &[]);
        assert!(event.contains("ReplyRate"), "{event}");
    }
    assert_eq!(room.server.stats().dropped_reply_rate, 5);
    room.on(51, "L bob", &[(51, "OK"), (1, "* bob joined")]);
    room.on(1, "C bob hi", &[(1, "FAIL not your name")]);
    room.now += 1_000;
    room.on(41, "C ghost hi", &[(41, "FAIL not logged in")]);
}

#[test]
fn the_defaults_spare_a_classroom_of_100_behind_one_router() {
    let mut room = Room::with(&[]);
    // All at one moment, from one address that the Internet routes but for the port: log in, speak,
    // leave, and come back.
    for round in 0..3 {
        for number in 0..100 {
            room.answers(number, format!("L pupil{number}"), "OK");
        }
        for line in 0..10 {
            for number in 0..100 {
                room.from(number, format!("C pupil{number} line {line}"));
                assert_eq!(room.sent.len(), 99, "{round}, {line}, {number}");
            }
        }
        for number in 0..100 {
            room.answers(number, format!("Q pupil{number}"), "EXIT");
        }
    }
    for number in 0..100 {
        room.on(number, "C lost hi", &[(number, "FAIL not logged in")]);
    }
}

#[test]
fn a_silent_member_at_a_public_address_is_removed() {
    let limit = |config: &mut Config| config.silent_traffic_bytes = NonZeroU64::new(100);
    let mut room = Room::configured(&["alice", "lurker"], limit);
    for (address, name) in [(201, "victim"), (202, "talker"), (203, "later")] {
        room.from(address, format!("L {name}"));
    }
    room.from(202, "C talker hi");
    let received = room.talk_until_due("0123456789", 201);
    assert!(received <= 100, "{received} bytes without an end");
    assert_eq!(room.server.poll_timeout(), Some(room.now()), "due at once");
    let event = room.timeout();
    assert!(event.contains("Silent"), "{event}");
    let to_others = [1, 2, 202, 203].map(|to| (to, "* victim left"));
    room.sent(&[&[(201, "EXIT")], &to_others[..]].concat());
    let due = room.server.poll_timeout();
    assert_eq!(due, None, "less was sent to the later one");
    room.talk_until_due("0123456789", 203);
    assert!(room.timeout().contains("later"));
    for _ in 0..100 {
        room.from(1, "C alice 0123456789");
        assert!(room.server.poll_timeout().is_none());
    }
    // A private address and one that spoke stay.
    assert_eq!(room.names(), ["alice", "lurker", "talker"]);
    assert_eq!(room.server.stats().left_silent, 2);
}

#[test]
fn repeated_logins_and_refused_lines_are_not_speaking() {
    let limit = |config: &mut Config| config.silent_traffic_bytes = NonZeroU64::new(100);
    let mut room = Room::configured(&["alice"], limit);
    room.from(201, "L victim");
    for _ in 0..6 {
        room.from(201, "L victim");
        room.from(201, "C alice hi");
        room.from(201, "C victim \u{7}");
        room.from(1, "C alice 0123456789");
    }
    assert!(room.timeout().contains("victim"));
}

#[test]
fn a_name_that_looks_like_a_members_is_taken() {
    let mut room = Room::with(&["alice", "小明"]);
    for disguise in ["Alice", "ALICE", "аlice", "a1ice", "ａｌｉｃｅ"] {
        room.answers(3, format!("L {disguise}"), "FAIL name taken");
    }
    let notices = [(2, "* alice left"), (2, "* Alice joined")];
    room.on(1, "L Alice", &[(1, "OK"), notices[0], notices[1]]);
    room.on(1, "C alice hi", &[(1, "FAIL not your name")]);
    // A member cannot take it either.
    room.answers(2, "L aLICE", "FAIL name taken");
    room.from(1, "Q Alice");
    room.on(3, "L аlice", &[(3, "OK"), (2, "* аlice joined")]);
}
