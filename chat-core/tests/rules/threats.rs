//! SECURITY.md: the attacks that forging, replaying and listening allow, and where they end.

use std::num::NonZeroU32;

use super::Room;

#[test]
fn each_forged_login_costs_its_victim_a_mebibyte_and_no_more() {
    let mut room = Room::with(&["alice"]);
    let text = "x".repeat(900);
    for _ in 0..3 {
        room.from(201, "L victim");
        let mut received = room.bytes_to(201) + room.talk_until_due(&text, 201);
        room.timeout();
        received += room.bytes_to(201);
        assert_eq!(room.names(), ["alice"], "the victim is out");
        let mebibyte = (1 << 20) - 1_024..=(1 << 20) + 1_024;
        assert!(mebibyte.contains(&received), "{received} bytes");
        for _ in 0..1_000 {
            room.now += 100;
            room.on(1, format!("C alice {text}"), &[]);
        }
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
fn a_forger_speaks_replays_and_quits_as_the_member() {
    let mut room = Room::with(&["alice", "bob"]);
    for _ in 0..2 {
        room.on(1, "C alice pay me", &[(2, "alice : pay me")]);
    }
    room.on(1, "Q alice", &[(1, "EXIT"), (2, "* alice left")]);
}

#[test]
fn a_stranger_does_not_speak_or_quit_as_a_member() {
    let mut room = Room::with(&["alice", "bob"]);
    for datagram in ["C alice forged", "Q alice", "L alice", "C bob forged"] {
        room.from(3, datagram);
        let is_harmless = |(to, text): &(u8, String)| *to == 3 || text.ends_with("still there?");
        assert!(room.sent.iter().all(is_harmless), "{:?}", room.sent);
    }
    assert_eq!(room.names(), ["alice", "bob"]);
}

#[test]
fn forged_logins_fill_a_room_until_they_are_idle() {
    let mut room = Room::configured(&["one", "two", "three"], |config| {
        config.max_members = NonZeroU32::new(3);
        config.idle_limit_seconds = NonZeroU32::new(60);
    });
    room.on(41, "L alice", &[(41, "FAIL room full")]);
    room.now += 60_000;
    room.timeout();
    room.answers(41, "L alice", "OK");
}

#[test]
fn the_next_keep_alive_undoes_a_forged_change_of_name() {
    let mut room = Room::with(&["alice", "bob"]);
    room.answers(1, "L mallory", "OK");
    let notices = [(2, "* mallory left"), (2, "* alice joined")];
    room.on(1, "L alice", &[(1, "OK"), notices[0], notices[1]]);
}

#[test]
fn members_keep_the_names_that_a_forger_exchanged() {
    let mut room = Room::with(&["alice", "bob"]);
    room.from(1, "L other");
    room.from(2, "L alice");
    room.from(1, "L bob");
    for (address, own) in [(1, "alice"), (2, "bob")] {
        room.now += 10_000;
        room.answers(address, format!("L {own}"), "FAIL name taken");
    }
    // One that leaves and comes back ends it.
    room.from(1, "Q bob");
    room.answers(1, "L alice", "FAIL name taken");
    room.answers(2, "L bob", "OK");
}
