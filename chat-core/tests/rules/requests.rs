//! Requests: logins, lines, quits, and datagrams that are none of them.

use std::num::NonZeroU32;

use chat_core::Config;
use chat_core::proto::{Dialect, EndWords, Language, Name, Refusal, Word};

use super::Room;

fn room_of(dialect: &Dialect) -> Room {
    Room::configured(&[], |config| *config = Config::new(*dialect))
}

#[test]
fn a_login_is_answered_first_and_then_announced() {
    let mut room = Room::with(&["alice", "bob"]);
    let joined = "* carol joined";
    room.on(3, "L carol", &[(3, "OK"), (1, joined), (2, joined)]);
    room.on(3, "L carol", &[(3, "OK")]);
    let stats = room.server.stats();
    assert_eq!((stats.logins, stats.repeated_logins), (3, 1));
}

#[test]
fn another_name_from_the_same_address_replaces_the_first() {
    let mut room = Room::with(&["alice", "bob"]);
    let notices = [(2, "* alice left"), (2, "* alicia joined")];
    room.on(1, "L alicia", &[(1, "OK"), notices[0], notices[1]]);
    assert_eq!(room.names(), ["alicia", "bob"]);
    room.on(2, "C bob hi", &[(1, "bob : hi")]);
    room.answers(3, "L alice", "OK");
}

#[test]
fn a_refused_login_changes_nothing() {
    let mut room = Room::with(&["alice", "bob"]);
    for (login, answer) in [
        ("L ", "FAIL bad name"),
        ("L two words", "FAIL bad name"),
        ("L  padded", "FAIL bad name"),
        ("L padded ", "FAIL bad name"),
        ("L *star", "FAIL bad name"),
        ("L exit", "FAIL bad name"),
        ("L b\u{301}\u{301}ob", "FAIL bad name"),
        ("LOGIN a:b", "FAIL bad name"),
        ("L admin", "FAIL reserved"),
        ("L Administrator", "FAIL reserved"),
        ("L 管理员", "FAIL reserved"),
        ("L 大管理员2", "FAIL reserved"),
    ] {
        for from in [1, 9] {
            room.on(from, login, &[(from, answer)]);
            assert_eq!(room.names(), ["alice", "bob"], "{login}");
        }
    }
    assert_eq!(room.server.stats().refusals.get(Refusal::Reserved), 8);
}

#[test]
fn the_owner_of_a_wanted_name_is_asked_at_most_every_5_seconds() {
    let mut room = Room::with(&["alice"]);
    let refusal = (2, "FAIL name taken");
    let probe = (1, "admin : are you still there?");
    room.on(2, "L alice", &[refusal, probe]);
    room.now += 4_999;
    room.on(2, "L alice", &[refusal]);
    room.now += 1;
    room.on(2, "L alice", &[refusal, probe]);
    assert_eq!(room.server.stats().probes, 2);
}

#[test]
fn a_room_is_full_in_all_and_per_network_as_configured() {
    let mut room = Room::configured(&[], |config| {
        config.max_members = NonZeroU32::new(3);
        config.max_members_per_network = NonZeroU32::new(2);
    });
    room.from(11, "L a");
    room.from(12, "L b");
    room.on(13, "L c", &[(13, "FAIL room full")]);
    room.from(21, "L c");
    room.on(31, "L d", &[(31, "FAIL room full")]);
    // A member may take another name in a full room.
    room.from(11, "L e");
    assert_eq!(room.names(), ["b", "c", "e"]);
    // A leave makes room for one more, in all and in its network.
    room.from(12, "Q b");
    room.from(31, "L d");
    room.on(13, "L f", &[(13, "FAIL room full")]);
    room.from(31, "Q d");
    room.from(13, "L f");
    room.from(21, "Q c");
    room.on(12, "L b", &[(12, "FAIL room full")]);
    assert_eq!(room.names(), ["e", "f"]);
}

#[test]
fn a_line_goes_unchanged_to_all_others_and_never_back() {
    let mut room = Room::with(&["alice", "bob", "carol"]);
    for (request, line) in [
        ("C bob hi", "bob : hi"),
        ("C bob   both ends  ", "bob :   both ends  "),
        ("C bob ", "bob : "),
        ("C bob", "bob : "),
        ("C bob 吃了么\t：) : x", "bob : 吃了么\t：) : x"),
        ("CHAT bob hi", "bob : hi"),
        ("CHAT bob:hi: you", "bob : hi: you"),
        ("C bob hi\r\n", "bob : hi"),
        ("C bob #", "bob : #"),
    ] {
        room.on(2, request, &[(1, line), (3, line)]);
    }
    assert_eq!(room.server.stats().messages, 9);
}

#[test]
fn a_line_counts_only_from_the_address_of_its_name() {
    let mut room = Room::with(&["alice", "bob"]);
    room.on(9, "C alice I am alice", &[(9, "FAIL not logged in")]);
    room.on(9, "C \u{1b}", &[(9, "FAIL not logged in")]);
    room.on(2, "C alice I am alice", &[(2, "FAIL not your name")]);
}

#[test]
fn a_members_bad_lines_are_refused_at_most_once_a_second() {
    let mut room = Room::with(&["alice", "bob"]);
    let long = format!("C alice {}", "x".repeat(989));
    let longer = format!("C alice {}", "x".repeat(2_000));
    for (line, answer) in [
        (long.as_str(), "FAIL too long"),
        (&longer, "FAIL too long"),
        ("C alice a\u{1b}b", "FAIL control character"),
        ("C alice a\nb", "FAIL control character"),
        ("C bob hi", "FAIL not your name"),
        ("C a:b hi", "FAIL not your name"),
    ] {
        room.now += 1_000;
        room.on(1, line, &[(1, answer)]);
        room.now += 999;
        let event = room.on(1, line, &[]);
        assert!(event.contains("RefusedAlready"), "{event}");
        room.now += 1;
    }
    assert_eq!(room.server.stats().dropped_refused_already, 6);
}

#[test]
fn a_quit_is_answered_in_every_spelling_and_removes_its_sender() {
    for quit in ["Q bob", "q bob\n", "Qbob", "Q bob quit", "EXIT bob bye"] {
        let mut room = Room::with(&["alice", "bob"]);
        room.on(2, quit, &[(2, "EXIT"), (1, "* bob left")]);
        assert_eq!(room.names(), ["alice"], "{quit}");
    }
}

#[test]
fn a_quit_for_another_name_is_answered_and_removes_no_member() {
    let mut room = Room::with(&["alice", "bob"]);
    for (from, quit) in [
        (9, "Q ghost"),
        (9, "Q alice"),
        (2, "Q alice"),
        (2, "Q ghost"),
        (9, "Q "),
        (2, "Q a:b"),
    ] {
        room.answers(from, quit, "EXIT");
        assert!(room.sent.iter().all(|(to, _)| *to == from));
        assert_eq!(room.names(), ["alice", "bob"], "{quit} from {from}");
    }
}

#[test]
fn every_end_word_answers_a_quit_in_order() {
    let words = ["EXIT", "OUT", "#"].map(|word| Word::new(word).unwrap());
    let ends = EndWords::new(&words).unwrap();
    let dialect = Dialect::lenient().with_words(Word::new("IN").unwrap(), ends);
    let mut room = room_of(&dialect.unwrap());
    room.on(1, "L alice", &[(1, "IN")]);
    room.from(2, "L bob");
    let ends = [(2, "EXIT"), (2, "OUT"), (2, "#"), (1, "* bob left")];
    room.on(2, "C bob #", &ends);
}

#[test]
fn datagrams_that_are_no_request_are_dropped_and_counted() {
    let mut room = Room::with(&["alice"]);
    let junk: [&[u8]; 13] = [
        b"", b"L", b"C", b"Q", b" ", b"\n", b"hello", b"l alice", b"\xff", b"C\xff", b"OK",
        b"EXIT", b"a : hi",
    ];
    for from in [1, 9] {
        for datagram in junk {
            let event = room.on(from, datagram, &[]);
            assert!(event.contains("NotARequest"), "{datagram:?}: {event}");
        }
    }
    room.on(1, b"C alice \xff", &[]);
    let stats = room.server.stats();
    assert_eq!((stats.datagrams_in, stats.dropped_not_a_request), (28, 27));
    assert_eq!(room.names(), ["alice"]);
}

#[test]
fn a_chinese_room_speaks_chinese_and_newlines_lead_deliveries() {
    let chinese = Dialect::lenient().with_language(Language::Chinese);
    let mut room = room_of(&chinese.with_leading_newline(true));
    room.from(1, "L 小明");
    room.on(2, "L 小红", &[(2, "OK"), (1, "\n* 小红 进入聊天室")]);
    let taken = [(3, "FAIL 名字已被使用"), (1, "\n管理员 : 你还在吗？")];
    room.on(3, "L 小明", &taken);
    room.on(3, "C x y", &[(3, "FAIL 尚未登录")]);
    room.on(2, "Q 小红", &[(2, "EXIT"), (1, "\n* 小红 退出聊天室")]);
}

#[test]
fn no_answer_to_a_stranger_is_longer_than_120_bytes() {
    for language in Language::ALL {
        let mut room = room_of(&Dialect::lenient().with_language(language));
        for datagram in ["L ", "L admin", "C x y", "Q x"] {
            room.from(9, datagram);
            let is_short = |(to, answer): &(u8, String)| *to == 9 && answer.len() <= 120;
            let are_short = room.sent.iter().all(is_short) && !room.sent.is_empty();
            assert!(are_short, "{datagram}: {:?}", room.sent);
        }
    }
}

#[test]
fn a_name_of_the_operators_choice_is_reserved_too() {
    let teacher = Name::new("Teacher").unwrap();
    let mut room = Room::configured(&[], |config| config.operator = teacher);
    room.on(1, "L teacher2", &[(1, "FAIL reserved")]);
}
