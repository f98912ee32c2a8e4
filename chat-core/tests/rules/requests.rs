//! What a request does: logins, lines, quits, and all that is none of them.

use chat_core::Config;
use chat_core::proto::{Dialect, EndWords, Language, Name, Refusal, Word};

use super::Room;

#[test]
fn a_login_is_answered_first_and_then_announced_to_the_others() {
    let mut room = Room::with(&["alice", "bob"]);
    room.on(
        3,
        "L carol",
        &[(3, "OK"), (1, "* carol joined"), (2, "* carol joined")],
    );
    room.on(3, "L carol", &[(3, "OK")]);
    assert_eq!(
        (
            room.server.stats().logins,
            room.server.stats().repeated_logins
        ),
        (3, 1)
    );
}

#[test]
fn another_name_from_the_same_address_replaces_the_first() {
    let mut room = Room::with(&["alice", "bob"]);
    room.on(
        1,
        "L alicia",
        &[(1, "OK"), (2, "* alice left"), (2, "* alicia joined")],
    );
    assert_eq!(room.names(), ["alicia", "bob"]);
    room.on(2, "C bob hi", &[(1, "bob : hi")]);
    room.on(
        3,
        "L alice",
        &[(3, "OK"), (1, "* alice joined"), (2, "* alice joined")],
    );
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
fn a_taken_name_is_refused_and_its_owner_asked_now_and_then() {
    let mut room = Room::with(&["alice"]);
    room.on(
        2,
        "L alice",
        &[(2, "FAIL name taken"), (1, "admin : are you still there?")],
    );
    room.now += 4_999;
    room.on(2, "L alice", &[(2, "FAIL name taken")]);
    room.now += 1;
    room.on(
        2,
        "L alice",
        &[(2, "FAIL name taken"), (1, "admin : are you still there?")],
    );
}

#[test]
fn a_room_is_full_in_all_and_per_network_as_configured() {
    let mut config = Config::default();
    config.max_members = std::num::NonZeroU32::new(3);
    config.max_members_per_network = std::num::NonZeroU32::new(2);
    let mut room = Room::new(config);
    room.from(11, "L a");
    room.from(12, "L b");
    room.on(13, "L c", &[(13, "FAIL room full")]);
    room.from(21, "L c");
    room.on(31, "L d", &[(31, "FAIL room full")]);
    // Who is in may take another name in a full room.
    room.from(11, "L e");
    assert_eq!(room.names(), ["b", "c", "e"]);
    room.from(12, "Q b");
    room.from(31, "L d");
    assert_eq!(room.names(), ["c", "d", "e"]);
}

#[test]
fn a_leave_makes_room_for_one_more_of_its_network() {
    let mut config = Config::default();
    config.max_members_per_network = std::num::NonZeroU32::new(2);
    let mut room = Room::new(config);
    room.from(11, "L a");
    room.from(12, "L b");
    room.from(11, "Q a");
    room.from(13, "L c");
    room.on(14, "L d", &[(14, "FAIL room full")]);
}

#[test]
fn a_line_goes_unchanged_to_all_others_and_never_back() {
    let mut room = Room::with(&["alice", "bob", "carol"]);
    for (request, line) in [
        ("C bob hi", "bob : hi"),
        (
            "C bob   leading and trailing  ",
            "bob :   leading and trailing  ",
        ),
        ("C bob ", "bob : "),
        ("C bob", "bob : "),
        ("C bob 吃了么\t：) : x", "bob : 吃了么\t：) : x"),
        ("CHAT bob hi", "bob : hi"),
        ("CHAT bob:hi: you", "bob : hi: you"),
        ("C bob hi\n", "bob : hi"),
        ("C bob hi\r\n", "bob : hi"),
        ("C bob #", "bob : #"),
    ] {
        room.on(2, request, &[(1, line), (3, line)]);
    }
    assert_eq!(room.server.stats().messages, 10);
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
    for quit in [
        "Q bob",
        "q bob",
        "Qbob",
        "Q bob quit",
        "E bob",
        "E bob bye",
        "EXIT bob",
        "QUIT bob",
        "EXIT bob has quit group chat!",
        "Q bob\n",
    ] {
        let mut room = Room::with(&["alice", "bob"]);
        room.on(2, quit, &[(2, "EXIT"), (1, "* bob left")]);
        assert_eq!(room.names(), ["alice"], "{quit}");
    }
}

#[test]
fn a_quit_removes_nobody_else_and_is_answered_all_the_same() {
    let mut room = Room::with(&["alice", "bob"]);
    for (from, quit) in [
        (9, "Q ghost"),
        (9, "Q alice"),
        (2, "Q alice"),
        (2, "Q ghost"),
        (9, "Q "),
        (2, "Q a:b"),
    ] {
        room.on(from, quit, &[(from, "EXIT")]);
        assert_eq!(room.names(), ["alice", "bob"], "{quit} from {from}");
    }
}

#[test]
fn every_end_word_answers_a_quit_in_order() {
    let words = ["EXIT", "OUT", "#"].map(|word| Word::new(word).unwrap());
    let dialect = Dialect::lenient()
        .with_words(Word::new("IN").unwrap(), EndWords::new(&words).unwrap())
        .unwrap();
    let mut room = Room::new(Config::new(dialect));
    room.on(1, "L alice", &[(1, "IN")]);
    room.from(2, "L bob");
    room.on(
        2,
        "C bob #",
        &[(2, "EXIT"), (2, "OUT"), (2, "#"), (1, "* bob left")],
    );
}

#[test]
fn all_else_is_met_with_silence_and_counted() {
    let mut room = Room::with(&["alice"]);
    let junk: [&[u8]; 13] = [
        b"",
        b"L",
        b"C",
        b"Q",
        b" ",
        b"\n",
        b"hello",
        b"l alice",
        b"\xff\xfe",
        b"C\xff",
        b"OK",
        b"EXIT",
        b"alice : hi",
    ];
    for from in [1, 9] {
        for datagram in junk {
            let event = room.on(from, datagram, &[]);
            assert!(event.contains("NotARequest"), "{datagram:?}: {event}");
        }
    }
    room.on(1, b"C alice \xff", &[]);
    assert_eq!(room.server.stats().dropped_not_a_request, 27);
    assert_eq!(room.names(), ["alice"]);
}

#[test]
fn a_chinese_room_speaks_chinese_and_newlines_lead_deliveries() {
    let dialect = Dialect::lenient()
        .with_language(Language::Chinese)
        .with_leading_newline(true);
    let mut room = Room::new(Config::new(dialect));
    room.from(1, "L 小明");
    room.on(2, "L 小红", &[(2, "OK"), (1, "\n* 小红 进入聊天室")]);
    room.on(
        3,
        "L 小明",
        &[(3, "FAIL 名字已被使用"), (1, "\n管理员 : 你还在吗？")],
    );
    room.on(3, "C x y", &[(3, "FAIL 尚未登录")]);
    room.on(2, "Q 小红", &[(2, "EXIT"), (1, "\n* 小红 退出聊天室")]);
}

#[test]
fn no_answer_to_a_stranger_is_longer_than_120_bytes() {
    for language in Language::ALL {
        let mut room = Room::new(Config::new(Dialect::lenient().with_language(language)));
        for datagram in ["L ", "L admin", "C x y", "Q x"] {
            room.from(9, datagram);
            assert_eq!(room.sent.len(), 1, "{datagram}");
            assert!(
                room.sent.iter().all(|(_, answer)| answer.len() <= 120),
                "{:?}",
                room.sent
            );
        }
    }
}

#[test]
fn a_name_of_the_operators_choice_is_reserved_too() {
    let mut config = Config::default();
    config.operator = Name::new("Teacher").unwrap();
    let mut room = Room::new(config);
    room.on(1, "L teacher2", &[(1, "FAIL reserved")]);
}
