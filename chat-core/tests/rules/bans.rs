//! Bans of networks and of names, and a kick with a reason.

use std::num::NonZeroU32;
use std::time::Duration;

use chat_core::proto::{Dialect, EndWords, MAX_TEXT, Name, Refusal, Text, Word};
use chat_core::{Ban, BanError, BanTarget, Config, Timestamp};

use super::Room;

pub(super) fn name(text: &str) -> BanTarget<u8> {
    BanTarget::Name(Name::new(text).unwrap())
}

/// The addresses 10 to 19 are the network 1, and so on.
fn networks(first: u8, last: u8) -> BanTarget<u8> {
    BanTarget::Networks { first, last }
}

pub(super) fn network(network: u8) -> BanTarget<u8> {
    networks(network, network)
}

pub(super) fn ban(room: &mut Room, target: BanTarget<u8>, millis: Option<u64>) {
    let until = millis.map(|millis| room.now().plus(Duration::from_millis(millis)));
    room.server.ban(room.now(), target, until).unwrap();
}

fn unban(room: &mut Room, target: BanTarget<u8>) -> bool {
    room.server.unban(room.now(), target)
}

#[test]
fn a_ban_of_networks_refuses_logins_from_the_first_to_the_last() {
    let mut room = Room::with(&["alice"]);
    ban(&mut room, network(2), None);
    ban(&mut room, networks(3, 5), None);
    ban(&mut room, networks(7, 6), None);
    for from in [20, 29, 30, 45, 59] {
        room.on(from, "L bob", &[(from, "FAIL banned")]);
    }
    assert_eq!(room.server.stats().refusals.get(Refusal::Banned), 5);
    for (from, free) in [(19, "bob"), (60, "carol"), (70, "dave")] {
        room.answers(from, format!("L {free}"), "OK");
    }
    for (datagram, answer) in [
        ("C bob hi", "FAIL not logged in"),
        ("Q bob", "EXIT"),
        ("L ", "FAIL bad name"),
    ] {
        room.answers(20, datagram, answer);
    }
}

#[test]
fn a_banned_or_confusable_name_is_refused_to_everybody() {
    let mut room = Room::with(&["alice"]);
    ban(&mut room, name("troll"), None);
    for disguise in ["troll", "TROLL", "tro11", "ｔｒｏｌｌ"] {
        room.on(9, format!("L {disguise}"), &[(9, "FAIL banned")]);
    }
    ban(&mut room, name("Bob"), None);
    room.on(9, "L Вob", &[(9, "FAIL banned")]);
    room.on(9, "L trolley", &[(9, "OK"), (1, "* trolley joined")]);
    room.on(1, "L Troll", &[(1, "FAIL banned")]);
    assert_eq!(room.names(), ["alice", "trolley"], "nor does a member");
}

#[test]
fn a_ban_removes_the_members_that_it_hits_one_a_call() {
    let mut room = Room::with(&["alice", "troll"]);
    room.from(15, "L bob");
    room.from(25, "L carol");
    room.now += 7;
    ban(&mut room, networks(0, 1), None);
    assert_eq!(room.server.poll_timeout(), Some(room.now()), "at once");
    let event = room.timeout();
    assert!(event.contains("alice"), "{event}");
    assert!(event.contains("Kicked"), "{event}");
    let notice = "* alice left";
    room.sent(&[(1, "EXIT"), (2, notice), (15, notice), (25, notice)]);
    room.timeout();
    room.timeout();
    assert_eq!(room.names(), ["carol"]);
    assert_eq!(room.server.poll_timeout(), None);
    ban(&mut room, name("CAROL"), None);
    room.timeout();
    room.sent(&[(25, "EXIT")]);
    assert_eq!(room.server.stats().left_kicked, 4);
}

#[test]
fn a_member_that_left_by_itself_is_not_removed_again() {
    let mut room = Room::with(&["alice", "troll", "bob"]);
    ban(&mut room, name("troll"), None);
    room.from(2, "Q troll");
    assert_eq!(room.server.poll_timeout(), None);
    assert_eq!(room.timeout(), "Nothing");
    ban(&mut room, name("bob"), None);
    room.from(3, "L carol");
    assert_eq!(room.timeout(), "Nothing", "its name is another one now");
    assert_eq!(room.names(), ["alice", "carol"]);
}

#[test]
fn a_ban_that_is_over_removes_no_member() {
    let mut room = Room::with(&["alice", "bob", "carol"]);
    ban(&mut room, name("alice"), None);
    ban(&mut room, name("bob"), Some(1_000));
    ban(&mut room, name("carol"), Some(2_000));
    assert!(unban(&mut room, name("alice")));
    room.now += 1_000;
    assert!(room.timeout().contains("carol"));
    assert_eq!(room.timeout(), "Nothing");
    assert_eq!(room.names(), ["alice", "bob"]);
    assert_eq!(room.server.poll_timeout(), None);
}

#[test]
fn the_members_that_a_ban_would_hit_are_listed() {
    let mut room = Room::with(&["alice", "troll"]);
    room.from(15, "L bob");
    let hit = |target| {
        let members = room.server.members_hit_by(target);
        let mut hit: Vec<_> = members.map(|(name, at)| (name.to_string(), at.0)).collect();
        hit.sort();
        hit
    };
    let expected = [("alice".to_owned(), 1), ("troll".to_owned(), 2)];
    assert_eq!(hit(network(0)), expected);
    assert_eq!(hit(name("TR0LL")), expected[1..]);
    assert_eq!(hit(name("carol")), []);
}

#[test]
fn a_ban_is_checked_after_a_bad_and_before_a_taken_name() {
    let mut room = Room::with(&["troll"]);
    ban(&mut room, name("troll"), None);
    room.on(25, "L troll", &[(25, "FAIL banned")]);
    ban(&mut room, network(2), None);
    room.on(25, "L admin", &[(25, "FAIL reserved")]);
    room.on(25, "L b\u{301}\u{301}ob", &[(25, "FAIL bad name")]);
}

#[test]
fn a_ban_ends_at_its_moment_without_a_deadline() {
    let mut room = Room::with(&[]);
    ban(&mut room, network(0), Some(1_000));
    ban(&mut room, name("troll"), Some(2_000));
    assert_eq!(room.server.poll_timeout(), None);
    room.now += 999;
    room.on(1, "L alice", &[(1, "FAIL banned")]);
    room.now += 1;
    room.on(1, "L alice", &[(1, "OK")]);
    room.on(2, "L troll", &[(2, "FAIL banned")]);
    let expected = Ban {
        target: name("troll"),
        until: Some(Timestamp::from_millis(1_002_000)),
    };
    assert_eq!(room.server.bans(room.now()).collect::<Vec<_>>(), [expected]);
    room.now += 1_000;
    assert_eq!(room.server.bans(room.now()).count(), 0);
    assert!(!unban(&mut room, name("troll")), "it is over already");
    room.answers(2, "L troll", "OK");
}

#[test]
fn a_second_ban_of_the_same_target_replaces_its_end() {
    let mut room = Room::with(&[]);
    ban(&mut room, network(1), None);
    ban(&mut room, network(1), Some(1_000));
    ban(&mut room, networks(1, 2), Some(1_000));
    let bans = room.server.bans(room.now()).count();
    assert_eq!(bans, 2, "a range is another target");
    room.now += 1_000;
    room.on(13, "L alice", &[(13, "OK")]);
}

#[test]
fn a_ban_that_is_taken_back_refuses_no_login() {
    let mut room = Room::with(&[]);
    let range = networks(1, 2);
    for target in [name("troll"), name("Troll"), name("bob"), network(1), range] {
        ban(&mut room, target, None);
    }
    let is_taken_back = unban(&mut room, name("TROLL"));
    assert!(is_taken_back, "all confusable names");
    assert!(unban(&mut room, network(1)));
    assert!(!unban(&mut room, network(1)));
    let bans = room.server.bans(room.now());
    let left: Vec<_> = bans.map(|ban| ban.target).collect();
    assert_eq!(left, [range, name("bob")], "overlapping ranges are apart");
    assert!(unban(&mut room, range));
    room.on(13, "L troll", &[(13, "OK")]);
}

#[test]
fn a_full_table_takes_a_ban_when_another_has_ended() {
    let most = NonZeroU32::new(2).unwrap();
    let mut room = Room::configured(&[], |config| config.max_bans = most);
    ban(&mut room, network(0), Some(1_000));
    ban(&mut room, name("troll"), None);
    let now = room.now();
    let full = Err(BanError::TooMany { most });
    assert_eq!(room.server.ban(now, name("bob"), None), full);
    assert_eq!(room.server.ban(now, network(1), None), full);
    ban(&mut room, name("troll"), Some(5_000));
    room.now += 1_000;
    ban(&mut room, name("bob"), None);
    assert_eq!(room.server.bans(room.now()).count(), 2);
}

#[test]
fn a_kicked_member_alone_gets_the_reason_before_the_end() {
    let words = "a b c d e f g hhhhhhhhhhhhhhhh".split(' ');
    let words: Vec<Word> = words.map(|word| Word::new(word).unwrap()).collect();
    for (words, datagrams) in [(&words[..1], 3), (&words[..], 10)] {
        let ends = EndWords::new(words).unwrap();
        let dialect = Dialect::lenient().with_words(Word::new("OK").unwrap(), ends);
        let change = |config: &mut Config| *config = Config::new(dialect.unwrap());
        let mut room = Room::configured(&["alice", "bob"], change);
        let (bob, longest) = (Name::new("bob").unwrap(), "x".repeat(MAX_TEXT));
        let reason = Some(Text::new(&longest).unwrap());
        let event = room.call(|server, now| server.kick(now, bob, reason).unwrap());
        assert!(event.contains("Kicked"), "{event}");
        assert_eq!(room.sent.len(), datagrams);
        assert_eq!(room.sent[0], (2, format!("admin : {longest}")));
        assert_eq!(room.sent[1], (2, "a".into()));
        assert_eq!(room.sent[datagrams - 1], (1, "* bob left".into()));
    }
}
