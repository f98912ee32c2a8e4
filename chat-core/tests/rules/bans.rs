//! Whom the operator does not want: bans of networks and of names, and a kick with a reason.

use std::num::NonZeroU32;

use chat_core::{Ban, BanError, BanTarget, Config, Rate, Timestamp};
use chat_proto::{EndWords, MAX_TEXT, Name, Refusal, Text, Word};

use super::{At, Room, collect};

fn name(text: &str) -> BanTarget<At> {
    BanTarget::Name(Name::new(text).unwrap())
}

fn network(address: u8) -> BanTarget<At> {
    BanTarget::Network(At(address))
}

fn ban(room: &mut Room, target: BanTarget<At>, millis: Option<u64>) {
    let until = millis.map(|millis| room.now().plus_millis(millis));
    room.server.ban(room.now(), target, until).unwrap();
}

#[test]
fn nobody_logs_in_from_a_banned_network() {
    let mut room = Room::with(&["alice"]);
    ban(&mut room, network(13), None);
    for from in [10, 13, 19] {
        room.from(from, "L bob");
        room.sent(&[(from, "FAIL banned")]);
    }
    room.from(20, "L bob");
    room.sent(&[(20, "OK"), (1, "* bob joined")]);
    assert_eq!(room.server.stats().refusals.get(Refusal::Banned), 3);
    for (datagram, answer) in [
        ("C bob hi", "FAIL not logged in"),
        ("Q bob", "EXIT"),
        ("L ", "FAIL bad name"),
    ] {
        room.from(13, datagram);
        room.sent(&[(13, answer)]);
    }
}

#[test]
fn nobody_logs_in_with_a_banned_name_or_one_that_looks_like_it() {
    let mut room = Room::with(&["alice"]);
    ban(&mut room, name("troll"), None);
    for disguise in ["troll", "TROLL", "tro11", "ｔｒｏｌｌ"] {
        room.from(9, format!("L {disguise}"));
        room.sent(&[(9, "FAIL banned")]);
    }
    ban(&mut room, name("Bob"), None);
    room.from(9, "L Вob");
    room.sent(&[(9, "FAIL banned")]);
    room.from(9, "L trolley");
    room.sent(&[(9, "OK"), (1, "* trolley joined")]);
    room.from(1, "L Troll");
    room.sent(&[(1, "FAIL banned")]);
    assert_eq!(
        room.names(),
        ["alice", "trolley"],
        "a member cannot take it either"
    );
}

#[test]
fn a_ban_removes_nobody_and_says_who_is_hit() {
    let mut room = Room::with(&["alice", "troll"]);
    room.from(15, "L bob");
    ban(&mut room, network(5), None);
    room.from(2, "C troll hi");
    assert_eq!(room.sent.len(), 2, "who is in stays in");
    room.from(2, "L troll");
    room.sent(&[(2, "OK")]);
    let hit = |target| {
        let mut hit: Vec<(String, u8)> = room
            .server
            .members_hit_by(target)
            .map(|(name, at)| (name.to_string(), at.0))
            .collect();
        hit.sort();
        hit
    };
    assert_eq!(
        hit(network(9)),
        [("alice".to_owned(), 1), ("troll".to_owned(), 2)]
    );
    assert_eq!(hit(name("TR0LL")), [("troll".to_owned(), 2)]);
    assert_eq!(hit(name("nobody")), []);
}

#[test]
fn a_banned_name_is_refused_before_its_owner_is_asked_and_after_what_no_name_may_be() {
    let mut room = Room::with(&["troll"]);
    ban(&mut room, name("troll"), None);
    room.from(25, "L troll");
    room.sent(&[(25, "FAIL banned")]);
    ban(&mut room, network(25), None);
    room.from(25, "L admin");
    room.sent(&[(25, "FAIL reserved")]);
    room.from(25, "L b\u{301}\u{301}ob");
    room.sent(&[(25, "FAIL bad name")]);
}

#[test]
fn a_ban_ends_at_its_moment_and_asks_for_no_call() {
    let mut room = Room::new(Config::default());
    ban(&mut room, network(1), Some(1_000));
    ban(&mut room, name("troll"), Some(2_000));
    assert_eq!(room.server.poll_timeout(), None);
    room.now += 999;
    room.from(1, "L alice");
    room.sent(&[(1, "FAIL banned")]);
    room.now += 1;
    room.from(1, "L alice");
    room.sent(&[(1, "OK")]);
    room.from(2, "L troll");
    room.sent(&[(2, "FAIL banned")]);
    let until = Some(Timestamp::from_millis(1_002_000));
    let expected = Ban {
        target: name("troll"),
        until,
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
fn a_second_ban_of_the_same_gives_the_first_another_end() {
    let mut room = Room::new(Config::default());
    ban(&mut room, network(13), None);
    ban(&mut room, network(14), Some(1_000));
    assert_eq!(
        room.server.bans(room.now()).count(),
        1,
        "it is the same network"
    );
    room.now += 1_000;
    room.from(13, "L alice");
    room.sent(&[(13, "OK")]);
}

#[test]
fn a_ban_that_is_taken_back_hits_nobody() {
    let mut room = Room::new(Config::default());
    for target in [name("troll"), name("Troll"), name("bob"), network(13)] {
        ban(&mut room, target, None);
    }
    let now = room.now();
    assert!(
        room.server.unban(now, name("TROLL")),
        "every ban of a name that looks like it"
    );
    assert!(room.server.unban(now, network(19)));
    assert!(!room.server.unban(now, network(19)));
    assert_eq!(
        room.server
            .bans(now)
            .map(|ban| ban.target)
            .collect::<Vec<_>>(),
        [name("bob")]
    );
    room.from(13, "L troll");
    room.sent(&[(13, "OK")]);
}

#[test]
fn there_are_as_many_bans_as_configured_and_those_that_are_over_make_room() {
    let mut config = Config::default();
    config.max_bans = NonZeroU32::new(2).unwrap();
    let mut room = Room::new(config);
    ban(&mut room, network(1), Some(1_000));
    ban(&mut room, name("troll"), None);
    let now = room.now();
    let full = Err(BanError::TooMany {
        most: NonZeroU32::new(2).unwrap(),
    });
    assert_eq!(room.server.ban(now, name("bob"), None), full);
    assert_eq!(room.server.ban(now, network(15), None), full);
    ban(&mut room, name("troll"), Some(5_000));
    room.now += 1_000;
    ban(&mut room, name("bob"), None);
    assert_eq!(room.server.bans(room.now()).count(), 2);
}

#[test]
fn answers_to_banned_strangers_count_as_answers_to_strangers() {
    let mut config = Config::default();
    let at_once = NonZeroU32::new(2).unwrap();
    config.stranger_replies = Some(Rate {
        per_second: at_once,
        burst: at_once,
    });
    let mut room = Room::new(config);
    ban(&mut room, network(1), None);
    for _ in 0..2 {
        room.from(1, "L bob");
        room.sent(&[(1, "FAIL banned")]);
    }
    room.from(1, "L bob");
    room.sent(&[]);
}

#[test]
fn a_kicked_member_is_told_the_reason_before_the_end_and_nobody_else_is() {
    let words: Vec<Word> = ["a", "b", "c", "d", "e", "f", "g", "hhhhhhhhhhhhhhhh"]
        .map(|word| Word::new(word).unwrap())
        .into();
    for (words, told) in [(&words[..1], 3), (&words[..], 10)] {
        let ends = EndWords::new(words).unwrap();
        let dialect = chat_proto::Dialect::lenient()
            .with_words(Word::new("OK").unwrap(), ends)
            .unwrap();
        let mut room = Room::new(Config::new(dialect));
        room.from(1, "L alice");
        room.from(2, "L bob");
        let longest = "x".repeat(MAX_TEXT);
        let reason = Text::new(&longest).unwrap();
        let (event, sent) = collect(
            &room
                .server
                .kick(Name::new("bob").unwrap(), Some(reason))
                .unwrap(),
        );
        assert!(event.contains("Kicked"), "{event}");
        assert_eq!(sent.len(), told);
        assert_eq!(sent[0], (2, format!("admin : {longest}")));
        assert_eq!(sent[1], (2, "a".into()));
        assert_eq!(sent[told - 1], (1, "* bob left".into()));
    }
}
