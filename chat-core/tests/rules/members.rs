//! What becomes of members: unreachable, idle, kicked, told, and the room closed.

use chat_core::proto::{Dialect, EndWords, Name, Text, Word};
use chat_core::{Config, KickError, LeaveReason};

use super::{At, Room, collect};

#[test]
fn the_first_report_asks_and_the_second_removes() {
    let mut room = Room::with(&["alice", "bob"]);
    room.unreachable(2);
    room.sent(&[(2, "admin : are you still there?")]);
    let event = room.unreachable(2);
    room.sent(&[(1, "* bob left")]);
    assert!(event.contains("Unreachable"), "{event}");
    assert_eq!(room.names(), ["alice"]);
    assert_eq!(room.unreachable(2), "nothing");
    room.on(3, "L bob", &[(3, "OK"), (1, "* bob joined")]);
}

#[test]
fn any_datagram_from_the_address_starts_over() {
    for datagram in ["C bob hi", "L bob", "junk", ""] {
        let mut room = Room::with(&["alice", "bob"]);
        room.unreachable(2);
        room.from(2, datagram);
        room.unreachable(2);
        room.sent(&[(2, "admin : are you still there?")]);
        assert_eq!(room.names(), ["alice", "bob"], "{datagram:?}");
    }
}

#[test]
fn a_closed_connection_removes_its_member_at_once() {
    let mut room = Room::with(&["alice", "bob", "carol"]);
    let now = room.now();
    let removed = room.server.remove(now, At(2), LeaveReason::Unreachable);
    let (event, sent) = collect(&removed);
    assert!(event.contains("Unreachable"), "{event}");
    assert_eq!(sent, [1, 3].map(|to| (to, "* bob left".to_owned())));
    let again = room.server.remove(now, At(2), LeaveReason::Unreachable);
    assert_eq!(collect(&again), ("nothing".to_owned(), vec![]));
    assert_eq!(room.names(), ["alice", "carol"]);
}

#[test]
fn a_probe_for_somebody_else_is_no_report() {
    let mut room = Room::with(&["alice"]);
    room.from(2, "L alice");
    room.unreachable(1);
    assert_eq!(room.names(), ["alice"], "the first report only asks");
    room.unreachable(1);
    room.on(2, "L alice", &[(2, "OK")]);
}

#[test]
fn an_idle_member_gets_the_end_words_and_the_others_a_notice() {
    let mut config = Config::default();
    config.idle_limit_seconds = std::num::NonZeroU32::new(10);
    let mut room = Room::new(config);
    for (address, name) in [(1, "alice"), (2, "bob"), (3, "carol")] {
        room.from(address, format!("L {name}"));
    }
    assert_eq!(
        room.server
            .poll_timeout()
            .map(chat_core::Timestamp::as_millis),
        Some(room.now + 10_000)
    );
    room.now += 9_000;
    room.from(3, "C carol still here");
    room.now += 999;
    assert_eq!(room.timeout(), "nothing");
    room.now += 1;
    room.timeout();
    room.sent(&[(1, "EXIT"), (2, "* alice left"), (3, "* alice left")]);
    room.timeout();
    room.sent(&[(2, "EXIT"), (3, "* bob left")]);
    assert_eq!(room.timeout(), "nothing");
    let due = room.server.poll_timeout().unwrap().as_millis();
    assert!(
        due > room.now && due <= room.now + 9_000,
        "in the future, and not later than carol's moment: {due}"
    );
    room.now += 9_000;
    room.timeout();
    room.sent(&[(3, "EXIT")]);
    assert_eq!(room.server.poll_timeout(), None);
    assert_eq!(room.server.stats().left_idle, 3);
}

#[test]
fn without_an_idle_limit_nothing_is_ever_due() {
    let mut room = Room::with(&["alice", "bob"]);
    assert_eq!(room.server.poll_timeout(), None);
    room.now += u64::from(u32::MAX);
    assert_eq!(room.timeout(), "nothing");
    assert_eq!(room.names(), ["alice", "bob"]);
}

#[test]
fn time_that_goes_backwards_is_harmless() {
    let mut config = Config::default();
    config.idle_limit_seconds = std::num::NonZeroU32::new(10);
    let mut room = Room::new(config);
    room.from(1, "L alice");
    room.from(2, "L bob");
    room.now = 0;
    room.on(1, "C alice hi", &[(2, "alice : hi")]);
    assert_eq!(room.timeout(), "nothing");
    room.from(2, "L alice");
    room.unreachable(1);
    assert_eq!(room.names(), ["alice", "bob"]);
    room.now = u64::MAX;
    room.timeout();
    room.timeout();
    assert_eq!(room.names(), [] as [&str; 0]);
}

#[test]
fn leaving_in_the_middle_leaves_the_others_whole() {
    let mut room = Room::with(&["a", "b", "c", "d", "e"]);
    room.from(2, "Q b");
    room.on(5, "C e hi", &[(1, "e : hi"), (3, "e : hi"), (4, "e : hi")]);
    room.from(1, "Q a");
    room.on(4, "C d hi", &[(3, "d : hi"), (5, "d : hi")]);
    for (address, name) in [(3, "c"), (5, "e"), (4, "d")] {
        room.from(address, format!("Q {name}"));
    }
    assert_eq!(room.names(), [] as [&str; 0]);
    assert_eq!(room.server.stats().left_quit, 5);
}

#[test]
fn the_operator_speaks_to_all_and_removes_whom_it_names() {
    let mut room = Room::with(&["alice", "bob"]);
    let now = room.now();
    let (_, sent) = collect(&room.server.announce(now, Text::new("hello").unwrap()));
    assert_eq!(
        sent,
        [(1, "admin : hello".into()), (2, "admin : hello".into())]
    );

    let bob = Name::new("bob").unwrap();
    let (_, sent) = collect(&room.server.kick(now, bob, None).unwrap());
    assert_eq!(sent, [(2, "EXIT".into()), (1, "* bob left".into())]);
    assert_eq!(
        room.server.kick(now, bob, None).err(),
        Some(KickError::NotIn(bob))
    );
    assert_eq!(room.names(), ["alice"]);
}

#[test]
fn a_closing_room_sends_every_end_word_and_is_silent_then() {
    let ends = EndWords::new(&["EXIT", "OUT"].map(|word| Word::new(word).unwrap())).unwrap();
    let dialect = Dialect::lenient()
        .with_words(Word::new("OK").unwrap(), ends)
        .unwrap();
    let mut room = Room::new(Config::new(dialect));
    room.from(1, "L alice");
    room.from(2, "L bob");
    let now = room.now();
    let (_, sent) = collect(&room.server.shutdown(now));
    let expected =
        [(1, "EXIT"), (2, "EXIT"), (1, "OUT"), (2, "OUT")].map(|(to, word)| (to, word.to_owned()));
    assert_eq!(sent, expected);
    for datagram in ["L carol", "C alice hi", "Q alice"] {
        room.on(1, datagram, &[]);
    }
    assert_eq!(room.server.stats().dropped_closed, 3);
    assert_eq!(room.server.stats().members, 0);
}

#[test]
fn the_statistics_count_what_was_handed_out() {
    let mut room = Room::with(&["alice", "bob", "carol"]);
    for (from, datagram) in [
        (1, "C alice hi"),
        (2, "L carol"),
        (9, "L "),
        (9, "Q x"),
        (3, "C bob x"),
        (2, "Q bob"),
    ] {
        room.from(from, datagram);
    }
    room.unreachable(3);
    room.unreachable(3);
    assert_eq!(room.server.stats().datagrams_out, room.sent_in_all);
    assert_eq!(room.server.stats().datagrams_in, 9);
    let stats = room.server.stats();
    assert_eq!((stats.members, stats.logins, stats.messages), (1, 3, 1));
    assert_eq!(
        (stats.left_quit, stats.left_unreachable, stats.probes),
        (1, 1, 2)
    );
    let now = room.now();
    for text in ["one", "two"] {
        let _announced = room.server.announce(now, Text::new(text).unwrap());
    }
    let _closed = room.server.shutdown(now);
    assert_eq!(room.server.stats().announcements, 2);
    assert_eq!(room.server.stats().datagrams_out, room.sent_in_all + 3);
}

#[test]
fn a_server_shows_its_options_and_counters() {
    let room = Room::with(&["alice"]);
    assert_eq!(room.server.config(), &Config::default());
    let shown = format!("{:?}", room.server);
    assert!(shown.contains("max_members: Some(16384)"), "{shown}");
    assert!(shown.contains("logins: 1"), "{shown}");
}
