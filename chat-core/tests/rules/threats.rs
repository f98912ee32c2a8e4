//! SECURITY.md: what those can do who forge addresses, replay or listen, and where it ends.

use std::num::NonZeroU32;

use chat_core::Config;

use super::Room;

#[test]
fn one_forged_login_costs_its_victim_a_mebibyte_and_no_more() {
    let mut room = Room::with(&["alice"]);
    room.from(201, "L victim");
    let mut received = room.bytes_to(201);
    let line = format!("C alice {}", "x".repeat(900));
    for _ in 0..5_000 {
        room.now += 100;
        room.from(1, &line);
        received += room.bytes_to(201);
        if room.server.poll_timeout().is_some() {
            room.timeout();
            received += room.bytes_to(201);
        }
    }
    assert_eq!(room.names(), ["alice"], "the victim is out");
    assert!(received <= (1 << 20) + 1_024, "{received} bytes");
    assert!(received > 1 << 19, "the room did talk: {received} bytes");
}

#[test]
fn each_forged_login_costs_its_victim_as_much_again() {
    let mut room = Room::with(&["alice"]);
    for _ in 0..3 {
        room.from(201, "L victim");
        let received = room.talk_until_due(&"x".repeat(900), 201);
        room.timeout();
        assert_eq!(room.names(), ["alice"]);
        assert!(
            (1_000_000..1_100_000).contains(&received),
            "{received} bytes"
        );
    }
}

#[test]
fn a_forged_line_beside_the_forged_login_keeps_a_victim_in() {
    let mut room = Room::with(&["alice"]);
    room.from(201, "L victim");
    room.from(201, "C victim hi");
    for _ in 0..2_000 {
        room.now += 100;
        room.from(1, format!("C alice {}", "x".repeat(900)));
        assert_eq!(room.server.poll_timeout(), None);
    }
    assert_eq!(room.names(), ["alice", "victim"], "as SECURITY.md says");
}

#[test]
fn a_forger_speaks_and_quits_as_the_member() {
    let mut room = Room::with(&["alice", "bob"]);
    room.on(1, "C alice forged", &[(2, "alice : forged")]);
    room.on(1, "Q alice", &[(1, "EXIT"), (2, "* alice left")]);
}

#[test]
fn a_stranger_does_not_speak_or_quit_as_a_member() {
    let mut room = Room::with(&["alice", "bob"]);
    for datagram in [
        "C alice forged",
        "Q alice",
        "L alice",
        "C bob forged",
        "Q bob",
    ] {
        room.from(3, datagram);
        assert!(
            room.sent
                .iter()
                .all(|(to, text)| *to == 3 || text.ends_with("are you still there?")),
            "{datagram}: {:?}",
            room.sent
        );
    }
    assert_eq!(room.names(), ["alice", "bob"]);
}

#[test]
fn a_forger_can_repeat_a_recorded_line() {
    let mut room = Room::with(&["alice", "bob"]);
    for _ in 0..2 {
        room.on(1, "C alice pay me", &[(2, "alice : pay me")]);
    }
}

#[test]
fn an_eavesdropper_reads_names_and_lines() {
    let mut room = Room::with(&["alice", "bob"]);
    room.on(1, "C alice a secret", &[(2, "alice : a secret")]);
}

#[test]
fn forged_logins_fill_a_room_until_they_are_idle() {
    let mut config = Config::default();
    config.max_members = NonZeroU32::new(3);
    config.idle_limit_seconds = NonZeroU32::new(60);
    let mut room = Room::new(config);
    for (address, name) in [(11, "one"), (21, "two"), (31, "three")] {
        room.from(address, format!("L {name}"));
    }
    room.on(41, "L alice", &[(41, "FAIL room full")]);
    room.now += 60_000;
    room.timeout();
    room.from(41, "L alice");
    assert_eq!(room.sent[0], (41, "OK".into()));
}

#[test]
fn members_keep_the_names_that_a_forger_exchanged() {
    let mut room = Room::with(&["alice", "bob"]);
    room.from(1, "L other");
    room.from(2, "L alice");
    room.from(1, "L bob");
    for (address, own) in [(1, "alice"), (2, "bob")] {
        room.now += 10_000;
        room.from(address, format!("L {own}"));
        assert_eq!(
            room.sent[0],
            (address, "FAIL name taken".into()),
            "each has the other's"
        );
    }
    room.from(1, "Q bob");
    room.from(1, "L alice");
    assert_eq!(room.sent[0], (1, "FAIL name taken".into()));
    room.from(2, "L bob");
    assert_eq!(
        room.sent[0],
        (2, "OK".into()),
        "one that comes back ends it"
    );
}

#[test]
fn the_next_keep_alive_undoes_a_forged_change_of_name() {
    let mut room = Room::with(&["alice", "bob"]);
    room.on(
        1,
        "L mallory",
        &[(1, "OK"), (2, "* alice left"), (2, "* mallory joined")],
    );
    room.on(
        1,
        "L alice",
        &[(1, "OK"), (2, "* mallory left"), (2, "* alice joined")],
    );
}
