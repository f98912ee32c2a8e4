//! Members: unreachable, idle, kicked, spoken to by the operator, and in a room that closes.

use std::num::NonZeroU32;

use chat_core::proto::{Dialect, EndWords, Name, Text, Word};
use chat_core::{Config, KickError, LeaveReason, Outgoing, Server, Timestamp};

use super::{At, Room};

const PROBE: (u8, &str) = (2, "admin : are you still there?");

#[test]
fn the_first_report_asks_and_the_second_removes() {
    let mut room = Room::with(&["alice", "bob"]);
    room.unreachable(2);
    room.sent(&[PROBE]);
    let event = room.unreachable(2);
    room.sent(&[(1, "* bob left")]);
    assert!(event.contains("Unreachable"), "{event}");
    assert_eq!(room.names(), ["alice"]);
    assert_eq!(room.unreachable(2), "Nothing");
    room.on(3, "L bob", &[(3, "OK"), (1, "* bob joined")]);
    let stats = room.server.stats();
    assert_eq!((stats.probes, stats.left_unreachable), (1, 1));
}

#[test]
fn any_datagram_from_the_address_starts_over() {
    for datagram in ["C bob hi", "L bob", "junk", ""] {
        let mut room = Room::with(&["alice", "bob"]);
        room.unreachable(2);
        room.from(2, datagram);
        room.unreachable(2);
        room.sent(&[PROBE]);
        assert_eq!(room.names(), ["alice", "bob"], "{datagram:?}");
    }
}

#[test]
fn a_closed_connection_removes_its_member_at_once() {
    fn remove(server: &mut Server<At>, now: Timestamp) -> Outgoing<'_, At> {
        server.remove(now, At(2), LeaveReason::Unreachable)
    }
    let mut room = Room::with(&["alice", "bob", "carol"]);
    let event = room.call(remove);
    assert!(event.contains("Unreachable"), "{event}");
    room.sent(&[(1, "* bob left"), (3, "* bob left")]);
    assert_eq!(room.call(remove), "Nothing");
    room.sent(&[]);
    assert_eq!(room.names(), ["alice", "carol"]);
}

#[test]
fn a_question_about_a_wanted_name_is_no_report() {
    let mut room = Room::with(&["alice"]);
    room.from(2, "L alice");
    room.unreachable(1);
    assert_eq!(room.names(), ["alice"], "the first report only asks");
    room.unreachable(1);
    room.on(2, "L alice", &[(2, "OK")]);
}

#[test]
fn an_idle_member_gets_the_end_words_and_the_others_a_notice() {
    let limit = |config: &mut Config| config.idle_limit_seconds = NonZeroU32::new(10);
    let mut room = Room::configured(&["alice", "bob", "carol"], limit);
    let due = |room: &Room| room.server.poll_timeout().map(Timestamp::as_millis);
    assert_eq!(due(&room), Some(room.now + 10_000));
    room.now += 9_000;
    room.from(3, "C carol still here");
    room.now += 999;
    assert_eq!(room.timeout(), "Nothing");
    room.now += 1;
    room.timeout();
    room.sent(&[(1, "EXIT"), (2, "* alice left"), (3, "* alice left")]);
    room.timeout();
    room.sent(&[(2, "EXIT"), (3, "* bob left")]);
    assert_eq!(room.timeout(), "Nothing");
    let next = due(&room).unwrap();
    let carols = room.now + 9_000;
    assert!(room.now < next && next <= carols, "{next} of {carols}");
    room.now += 9_000;
    room.timeout();
    room.sent(&[(3, "EXIT")]);
    assert_eq!(due(&room), None);
    assert_eq!(room.server.stats().left_idle, 3);
}

#[test]
fn without_an_idle_limit_nothing_is_ever_due() {
    let mut room = Room::with(&["alice", "bob"]);
    assert_eq!(room.server.poll_timeout(), None);
    room.now += u64::from(u32::MAX);
    assert_eq!(room.timeout(), "Nothing");
    assert_eq!(room.names(), ["alice", "bob"]);
}

#[test]
fn time_that_goes_backwards_is_harmless() {
    let limit = |config: &mut Config| config.idle_limit_seconds = NonZeroU32::new(10);
    let mut room = Room::configured(&["alice", "bob"], limit);
    room.now = 0;
    room.on(1, "C alice hi", &[(2, "alice : hi")]);
    assert_eq!(room.timeout(), "Nothing");
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
fn the_operator_speaks_to_all_and_removes_the_member_it_names() {
    let mut room = Room::with(&["alice", "bob"]);
    let hello = Text::new("hello").unwrap();
    room.call(|server, now| server.announce(now, hello));
    room.sent(&[(1, "admin : hello"), (2, "admin : hello")]);
    assert_eq!(room.server.stats().announcements, 1);

    let (now, bob) = (room.now(), Name::new("bob").unwrap());
    room.call(|server, now| server.kick(now, bob, None).unwrap());
    room.sent(&[(2, "EXIT"), (1, "* bob left")]);
    let again = room.server.kick(now, bob, None).err();
    assert_eq!(again, Some(KickError::NotIn(bob)));
    assert_eq!(room.names(), ["alice"]);
}

#[test]
fn a_closing_room_sends_every_end_word_and_is_silent_then() {
    let ends = EndWords::new(&["EXIT", "OUT"].map(|word| Word::new(word).unwrap())).unwrap();
    let dialect = Dialect::lenient().with_words(Word::new("OK").unwrap(), ends);
    let change = |config: &mut Config| *config = Config::new(dialect.unwrap());
    let mut room = Room::configured(&["alice", "bob"], change);
    room.call(Server::shutdown);
    room.sent(&[(1, "EXIT"), (2, "EXIT"), (1, "OUT"), (2, "OUT")]);
    for datagram in ["L carol", "C alice hi", "Q alice"] {
        room.on(1, datagram, &[]);
    }
    let stats = room.server.stats();
    assert_eq!((stats.dropped_closed, stats.members), (3, 0));
    assert_eq!(stats.datagrams_out, 3 + 4, "two logins, and this");
}

#[test]
fn a_server_shows_its_options_and_counters() {
    let room = Room::with(&["alice"]);
    assert_eq!(room.server.config(), &Config::default());
    let shown = format!("{:?}", room.server);
    assert!(shown.contains("max_members: Some(16384)"), "{shown}");
    assert!(shown.contains("logins: 1"), "{shown}");
}
