//! Limits against abuse: rates, silent members, names that look alike.

use std::num::{NonZeroU32, NonZeroU64};

use chat_core::{Config, Rate};

use super::Room;

#[allow(clippy::unnecessary_wraps)] // As the fields of Config want it.
fn rate(per_second: u32, burst: u32) -> Option<Rate> {
    Some(Rate {
        per_second: NonZeroU32::new(per_second).unwrap(),
        burst: NonZeroU32::new(burst).unwrap(),
    })
}

fn room(names: &[&str], change: impl FnOnce(&mut Config)) -> Room {
    let mut config = Config::default();
    change(&mut config);
    let mut room = Room::new(config);
    for (index, name) in names.iter().enumerate() {
        room.from(u8::try_from(index + 1).unwrap(), format!("L {name}"));
    }
    room
}

#[test]
fn a_member_over_its_rate_of_lines_is_told_now_and_then() {
    let mut room = room(&["alice", "bob"], |config| config.member_lines = rate(2, 3));
    for line in ["C alice 1", "C alice 2", "C alice 3"] {
        room.from(1, line);
        assert_eq!(room.sent.len(), 1, "the burst is said: {line}");
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
fn a_member_over_its_rate_of_bytes_is_told() {
    let mut room = room(&["alice", "bob"], |config| {
        config.member_bytes = rate(100, 1_000);
    });
    let line = format!("C alice {}", "x".repeat(492));
    for _ in 0..2 {
        room.from(1, &line);
        assert_eq!(room.sent.len(), 1);
    }
    room.on(1, "C alice ", &[(1, "FAIL too fast")]);
    room.now += 5_000;
    room.from(1, &line);
    assert_eq!(room.sent.len(), 1, "5 seconds at 100 bytes a second");
}

#[test]
fn a_refusal_is_told_again_when_the_second_is_over() {
    let mut room = room(&["alice", "bob"], |config| {
        config.member_bytes = rate(1, 600);
    });
    let line = format!("C alice {}", "x".repeat(492));
    room.from(1, &line);
    room.on(1, &line, &[(1, "FAIL too fast")]);
    room.now += 999;
    room.on(1, &line, &[]);
    room.now += 1;
    room.on(1, &line, &[(1, "FAIL too fast")]);
}

#[test]
fn answered_requests_of_a_member_count_as_lines() {
    for request in ["C bob hi", "C alice a\u{1b}b", "Q bob", "Q ", "q nobody"] {
        let mut room = room(&["alice", "bob"], |config| config.member_lines = rate(1, 2));
        room.from(1, request);
        room.from(1, request);
        room.from(1, "C alice hi");
        assert!(
            room.sent
                .iter()
                .all(|(to, text)| *to == 1 && text == "FAIL too fast"),
            "{request:?}: {:?}",
            room.sent
        );
        room.on(1, "L alice", &[(1, "OK")]);
        room.on(1, "Q alice", &[(1, "EXIT"), (2, "* alice left")]);
    }
}

#[test]
fn a_network_that_logs_in_too_often_gets_no_answer() {
    let mut room = room(&[], |config| config.network_logins = rate(1, 3));
    room.from(11, "L alice");
    room.on(
        12,
        "L alice",
        &[
            (12, "FAIL name taken"),
            (11, "admin : are you still there?"),
        ],
    );
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
    let mut room = room(&["alice"], |config| config.stranger_replies = rate(1, 3));
    room.from(11, "C ghost hi");
    room.from(21, "Q ghost");
    room.from(31, "L alice");
    assert_eq!(room.sent.first(), Some(&(31, "FAIL name taken".into())));
    for datagram in ["C ghost hi", "Q ghost", "Q ", "L bad name", "L admin"] {
        let event = room.on(41, datagram, &[]);
        assert!(event.contains("ReplyRate"), "{event}");
    }
    assert_eq!(room.server.stats().dropped_reply_rate, 5);
    room.on(51, "L bob", &[(51, "OK"), (1, "* bob joined")]);
    room.on(1, "C bob hi", &[(1, "FAIL not your name")]);
    room.now += 1_000;
    room.on(41, "Q ghost", &[(41, "EXIT")]);
}

#[test]
fn the_defaults_spare_a_classroom_of_100_behind_one_router() {
    let mut room = Room::new(Config::default());
    // All at one moment, from one address that the Internet routes but for the port: log in, speak,
    // be thrown out by nothing, leave, and come back.
    for round in 0..3 {
        let pupil = |number: u8| format!("pupil{number}");
        for number in 0..100 {
            room.from(number, format!("L {}", pupil(number)));
            assert_eq!(room.sent[0], (number, "OK".into()), "round {round}");
        }
        for line in 0..10 {
            for number in 0..100 {
                room.from(number, format!("C {} line {line}", pupil(number)));
                assert_eq!(
                    room.sent.len(),
                    99,
                    "round {round}, line {line}, pupil {number}"
                );
            }
        }
        for number in 0..100 {
            room.from(number, format!("Q {}", pupil(number)));
            assert_eq!(room.sent[0], (number, "EXIT".into()), "round {round}");
        }
    }
    for number in 0..100 {
        room.on(number, "C lost hi", &[(number, "FAIL not logged in")]);
    }
}

#[test]
fn a_silent_member_at_a_public_address_is_removed() {
    let limit = |config: &mut Config| config.silent_traffic_bytes = NonZeroU64::new(100);
    let mut room = room(&["alice"], limit);
    for (address, name) in [
        (201, "victim"),
        (202, "talker"),
        (2, "lurker"),
        (203, "later"),
    ] {
        room.from(address, format!("L {name}"));
    }
    room.from(202, "C talker hi");
    let received = room.talk_until_due("0123456789", 201);
    assert!(received <= 100, "{received} bytes without an end");
    assert_eq!(room.server.poll_timeout(), Some(room.now()), "due at once");
    let event = room.timeout();
    assert!(event.contains("Silent"), "{event}");
    room.sent(&[
        (201, "EXIT"),
        (1, "* victim left"),
        (2, "* victim left"),
        (202, "* victim left"),
        (203, "* victim left"),
    ]);
    assert!(
        room.server.poll_timeout().is_none(),
        "the later one has heard less"
    );
    room.talk_until_due("0123456789", 203);
    assert!(room.timeout().contains("later"));
    for _ in 0..100 {
        room.from(1, "C alice 0123456789");
        assert!(room.server.poll_timeout().is_none());
    }
    assert_eq!(
        room.names(),
        ["alice", "lurker", "talker"],
        "private ones and those who spoke stay"
    );
    assert_eq!(room.server.stats().left_silent, 2);
}

#[test]
fn repeated_logins_and_refused_lines_are_not_speaking() {
    let mut room = room(&["alice"], |config| {
        config.silent_traffic_bytes = NonZeroU64::new(100);
    });
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
        room.from(3, format!("L {disguise}"));
        assert_eq!(room.sent[0], (3, "FAIL name taken".into()), "{disguise}");
        room.now += 5_000;
    }
    room.on(
        1,
        "L Alice",
        &[(1, "OK"), (2, "* alice left"), (2, "* Alice joined")],
    );
    room.on(1, "C alice hi", &[(1, "FAIL not your name")]);
    room.from(2, "L aLICE");
    assert_eq!(
        room.sent[0],
        (2, "FAIL name taken".into()),
        "a member cannot take it either"
    );
    room.from(1, "Q Alice");
    room.on(3, "L аlice", &[(3, "OK"), (2, "* аlice joined")]);
}

#[test]
fn the_operators_name_is_reserved_in_any_form() {
    let mut room = Room::with(&["alice"]);
    for disguise in [
        "admin",
        "ＡＤＭＩＮ",
        "аdmin",
        "ádmin",
        "adrnin",
        "管理员",
        "管理員",
        "管\u{f9e4}员",
        "小管理员",
    ] {
        room.on(2, format!("L {disguise}"), &[(2, "FAIL reserved")]);
    }
}

#[test]
fn heaps_of_combining_marks_are_no_name() {
    let mut room = Room::with(&["alice"]);
    for bad in [
        "\u{301}bob",
        "b\u{301}\u{300}\u{302}\u{303}\u{304}ob",
        "b\u{301}\u{301}ob",
    ] {
        room.on(2, format!("L {bad}"), &[(2, "FAIL bad name")]);
    }
    room.on(2, "L Nguyễn", &[(2, "OK"), (1, "* Nguyễn joined")]);
}
