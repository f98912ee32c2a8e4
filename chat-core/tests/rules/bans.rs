//! Bans of networks and of names, and a kick with a reason.

use std::num::NonZeroU32;
use std::time::Duration;

use chat_core::{Ban, BanError, BanTarget, Config, Rate, Timestamp};
use chat_proto::{Dialect, EndWords, MAX_TEXT, Name, Refusal, Text, Word};

use super::{Room, collect};

fn name(text: &str) -> BanTarget<u8> {
    BanTarget::Name(Name::new(text).unwrap())
}

/// The addresses 10 to 19 are the network 1, and so on.
fn networks(first: u8, last: u8) -> BanTarget<u8> {
    BanTarget::Networks { first, last }
}

fn network(network: u8) -> BanTarget<u8> {
    networks(network, network)
}

fn ban(room: &mut Room, target: BanTarget<u8>, millis: Option<u64>) {
    let until = millis.map(|millis| room.now().plus(Duration::from_millis(millis)));
    room.server.ban(room.now(), target, until).unwrap();
}

#[test]
fn nobody_logs_in_from_a_banned_network() {
    let mut room = Room::with(&["alice"]);
    ban(&mut room, network(1), None);
    for from in [10, 13, 19] {
        room.on(from, "L bob", &[(from, "FAIL banned")]);
    }
    room.on(20, "L bob", &[(20, "OK"), (1, "* bob joined")]);
    assert_eq!(room.server.stats().refusals.get(Refusal::Banned), 3);
    for (datagram, answer) in [
        ("C bob hi", "FAIL not logged in"),
        ("Q bob", "EXIT"),
        ("L ", "FAIL bad name"),
    ] {
        room.on(13, datagram, &[(13, answer)]);
    }
}

#[test]
fn a_range_bans_its_first_and_last_network_and_those_between() {
    let mut room = Room::with(&["alice"]);
    ban(&mut room, networks(2, 4), None);
    ban(&mut room, networks(7, 6), None);
    for from in [20, 35, 49] {
        room.on(from, "L bob", &[(from, "FAIL banned")]);
    }
    for (from, free) in [(19, "bob"), (50, "carol"), (60, "dave"), (70, "erin")] {
        room.from(from, format!("L {free}"));
        assert_eq!(room.sent[0], (from, "OK".into()), "{from}");
    }
}

#[test]
fn nobody_logs_in_with_a_banned_or_confusable_name() {
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
    assert!(
        event.contains("alice") && event.contains("Kicked"),
        "{event}"
    );
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
    assert_eq!(room.timeout(), "nothing");
    ban(&mut room, name("bob"), None);
    room.from(3, "L carol");
    assert_eq!(room.timeout(), "nothing", "its name is another one now");
    assert_eq!(room.names(), ["alice", "carol"]);
}

#[test]
fn a_ban_that_is_over_removes_nobody() {
    let mut room = Room::with(&["alice", "bob", "carol"]);
    ban(&mut room, name("alice"), None);
    ban(&mut room, name("bob"), Some(1_000));
    ban(&mut room, name("carol"), Some(2_000));
    let now = room.now();
    assert!(room.server.unban(now, name("alice")));
    room.now += 1_000;
    assert!(room.timeout().contains("carol"));
    assert_eq!(room.timeout(), "nothing");
    assert_eq!(room.names(), ["alice", "bob"]);
    assert_eq!(room.server.poll_timeout(), None);
}

#[test]
fn the_members_that_a_ban_would_hit_are_listed() {
    let mut room = Room::with(&["alice", "troll"]);
    room.from(15, "L bob");
    let hit = |target| {
        let members = room.server.members_hit_by(target);
        let mut hit: Vec<(String, u8)> =
            members.map(|(name, at)| (name.to_string(), at.0)).collect();
        hit.sort();
        hit
    };
    let expected = [("alice".to_owned(), 1), ("troll".to_owned(), 2)];
    assert_eq!(hit(network(0)), expected);
    assert_eq!(hit(name("TR0LL")), expected[1..]);
    assert_eq!(hit(name("nobody")), []);
}

#[test]
fn a_ban_is_told_before_a_taken_name_and_after_a_bad_one() {
    let mut room = Room::with(&["troll"]);
    ban(&mut room, name("troll"), None);
    room.on(25, "L troll", &[(25, "FAIL banned")]);
    ban(&mut room, network(2), None);
    room.on(25, "L admin", &[(25, "FAIL reserved")]);
    room.on(25, "L b\u{301}\u{301}ob", &[(25, "FAIL bad name")]);
}

#[test]
fn a_ban_ends_at_its_moment_without_a_deadline() {
    let mut room = Room::new(Config::default());
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
    let now = room.now();
    assert!(!room.server.unban(now, name("troll")), "it is over already");
    room.from(2, "L troll");
    assert_eq!(room.sent[0], (2, "OK".into()));
}

#[test]
fn a_second_ban_of_the_same_target_replaces_its_end() {
    let mut room = Room::new(Config::default());
    ban(&mut room, network(1), None);
    ban(&mut room, network(1), Some(1_000));
    ban(&mut room, networks(1, 2), Some(1_000));
    assert_eq!(
        room.server.bans(room.now()).count(),
        2,
        "a range is another"
    );
    room.now += 1_000;
    room.on(13, "L alice", &[(13, "OK")]);
}

#[test]
fn a_ban_that_is_taken_back_hits_nobody() {
    let mut room = Room::new(Config::default());
    let range = networks(1, 2);
    for target in [name("troll"), name("Troll"), name("bob"), network(1), range] {
        ban(&mut room, target, None);
    }
    let now = room.now();
    assert!(
        room.server.unban(now, name("TROLL")),
        "all confusable names"
    );
    assert!(room.server.unban(now, network(1)));
    assert!(!room.server.unban(now, network(1)));
    let left: Vec<_> = room.server.bans(now).map(|ban| ban.target).collect();
    assert_eq!(left, [range, name("bob")], "overlapping ranges are apart");
    assert!(room.server.unban(now, range));
    room.on(13, "L troll", &[(13, "OK")]);
}

#[test]
fn a_full_table_takes_a_ban_when_another_has_ended() {
    let mut config = Config::default();
    let most = NonZeroU32::new(2).unwrap();
    config.max_bans = most;
    let mut room = Room::new(config);
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
fn answers_to_banned_strangers_count_as_answers_to_strangers() {
    let mut config = Config::default();
    let two = NonZeroU32::new(2).unwrap();
    config.stranger_replies = Some(Rate {
        per_second: two,
        burst: two,
    });
    let mut room = Room::new(config);
    ban(&mut room, network(0), None);
    for _ in 0..2 {
        room.on(1, "L bob", &[(1, "FAIL banned")]);
    }
    room.on(1, "L bob", &[]);
}

#[test]
fn a_kicked_member_alone_is_told_the_reason_before_the_end() {
    let words: Vec<Word> = ["a", "b", "c", "d", "e", "f", "g", "hhhhhhhhhhhhhhhh"]
        .map(|word| Word::new(word).unwrap())
        .into();
    for (words, told) in [(&words[..1], 3), (&words[..], 10)] {
        let dialect = Dialect::lenient()
            .with_words(Word::new("OK").unwrap(), EndWords::new(words).unwrap())
            .unwrap();
        let mut room = Room::new(Config::new(dialect));
        room.from(1, "L alice");
        room.from(2, "L bob");
        let longest = "x".repeat(MAX_TEXT);
        let reason = Some(Text::new(&longest).unwrap());
        let (now, bob) = (room.now(), Name::new("bob").unwrap());
        let (event, sent) = collect(&room.server.kick(now, bob, reason).unwrap());
        assert!(event.contains("Kicked"), "{event}");
        assert_eq!(sent.len(), told);
        assert_eq!(sent[0], (2, format!("admin : {longest}")));
        assert_eq!(sent[1], (2, "a".into()));
        assert_eq!(sent[told - 1], (1, "* bob left".into()));
    }
}
