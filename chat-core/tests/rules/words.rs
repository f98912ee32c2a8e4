//! The search for the words of existing programs.

use std::num::NonZeroU32;

use chat_core::proto::{Dialect, EndWords, Language, Name, Verbs, Word};
use chat_core::{Client, ClientConfig, ClientEvent, Config, Server, Timestamp};

use super::{Room, limits::rate};

/// The success words in the order of the search, and the end words that go with each.
const WORDS: [(&str, &[&str]); 3] = [
    ("OK", &["EXIT"]),
    ("ok", &["EXIT", "exit", "quit", "#"]),
    ("IN", &["OUT", "EXIT", "exit", "quit", "#"]),
];
const ALL_ENDS: [&str; 5] = ["EXIT", "exit", "quit", "#", "OUT"];

fn word(text: &str) -> Word {
    Word::new(text).unwrap()
}

/// Opens a room with alice, who has spoken, and bob, who understands the word with this number.
fn room_with_bob(number: usize, change: impl FnOnce(&mut Config)) -> Room {
    let mut room = Room::configured(&["alice", "bob"], change);
    room.from(1, "C alice hi");
    for (success, _) in WORDS.iter().take(number + 1).skip(1) {
        room.now += 300;
        room.on(2, "L bob", &[(2, success)]);
    }
    room
}

/// Returns datagrams of these words to an address.
fn each<'a>(to: u8, words: &[&'a str]) -> Vec<(u8, &'a str)> {
    words.iter().map(|word| (to, *word)).collect()
}

#[test]
fn each_repeated_login_gets_the_next_word_and_then_the_first() {
    let mut room = Room::with(&["alice", "bob"]);
    for success in ["ok", "IN", "OK", "ok", "IN"] {
        room.now += 300;
        let event = room.on(2, "L bob", &[(2, success)]);
        assert!(event.starts_with("StillIn"), "{event}");
    }
    assert_eq!(room.server.stats().repeated_logins, 5);
    room.from(2, "Q bob");
    room.on(2, "L bob", &[(2, "OK"), (1, "* bob joined")]);
}

#[test]
fn a_repeat_within_300_ms_of_an_answer_gets_the_same_word() {
    let mut room = Room::with(&["alice", "bob"]);
    for (pause, success) in [
        (0, "OK"),
        (299, "OK"),
        (299, "OK"),
        (300, "ok"),
        (0, "ok"),
        (299, "ok"),
        (300, "IN"),
    ] {
        room.now += pause;
        room.on(2, "L bob", &[(2, success)]);
    }
    // So does one at a time before the answer.
    room.now = 0;
    room.on(2, "L bob", &[(2, "IN")]);
    room.now += 300;
    room.on(2, "L bob", &[(2, "OK")]);
}

#[test]
fn a_member_that_said_or_quit_anything_keeps_its_word() {
    let long = format!("C bob {}", "x".repeat(989));
    for (number, (success, _)) in WORDS.iter().enumerate() {
        for request in [
            "C bob hi",
            "C bob",
            "CHAT bob:hi",
            "C alice hi",
            "C bob a\u{1b}b",
            &long,
            "Q alice",
            "Q ",
            "Qalice",
        ] {
            for lines in [None, rate(1, 1)] {
                let mut room = room_with_bob(number, |config| config.member_lines = lines);
                for _ in 0..4 {
                    room.from(2, request);
                    room.now += 300;
                    room.on(2, "L bob", &[(2, success)]);
                }
            }
        }
    }
}

#[test]
fn datagrams_that_are_no_line_and_no_quit_end_no_search() {
    for datagram in [
        &b""[..],
        b"junk",
        b"C",
        b"C bob \xff",
        b"L ",
        b"L alice",
        b"L admin",
    ] {
        let mut room = room_with_bob(0, |_| {});
        room.from(2, datagram);
        room.now += 300;
        room.on(2, "L bob", &[(2, "ok")]);
    }
}

#[test]
fn a_member_with_another_name_keeps_its_word() {
    let mut room = room_with_bob(1, |_| {});
    let notices = [(1, "* bob left"), (1, "* rob joined")];
    room.now += 300;
    room.on(2, "L rob", &[(2, "ok"), notices[0], notices[1]]);
    room.now += 299;
    room.on(2, "L rob", &[(2, "ok")]);
    room.now += 300;
    room.on(2, "L rob", &[(2, "IN")]);
    room.from(2, "C rob hi");
    room.answers(2, "L bob", "IN");
    room.now += 300;
    room.on(2, "L bob", &[(2, "IN")]);
}

#[test]
fn a_members_quit_and_kick_have_the_end_words_of_its_word() {
    for (number, (_, ends)) in WORDS.iter().enumerate() {
        let ends_and_notice = [each(2, ends), vec![(1, "* bob left")]].concat();
        let mut room = room_with_bob(number, |_| {});
        room.on(2, "Q alice", &each(2, ends));
        room.on(2, "Q bob", &ends_and_notice);
        let mut room = room_with_bob(number, |_| {});
        let bob = Name::new("bob").unwrap();
        room.call(|server, now| server.kick(now, bob, None).unwrap());
        room.sent(&ends_and_notice);
        let idle = |config: &mut Config| config.idle_limit_seconds = NonZeroU32::new(10);
        let mut room = room_with_bob(number, idle);
        room.now += 9_999;
        room.from(1, "C alice hi");
        room.now += 1;
        room.timeout();
        room.sent(&ends_and_notice);
    }
}

#[test]
fn a_strangers_quit_has_every_end_word_and_takes_as_many_answers() {
    let limit = |config: &mut Config| config.stranger_replies = rate(4, 6);
    let mut room = room_with_bob(2, limit);
    for quit in ["Q ghost", "Q bob", "Q "] {
        room.on(9, quit, &each(9, &ALL_ENDS));
        room.on(9, "C ghost hi", &[(9, "FAIL not logged in")]);
        room.now += 1_000;
        let event = room.on(9, quit, &[]);
        assert!(event.contains("ReplyRate"), "{event}");
        room.now += 500;
    }
    assert_eq!(room.names(), ["alice", "bob"]);
}

#[test]
fn a_closing_room_sends_every_end_word_once_to_all() {
    let mut room = room_with_bob(1, |_| {});
    room.call(Server::shutdown);
    let all = ALL_ENDS.map(|end| [(1, end), (2, end)]);
    room.sent(all.as_flattened());
}

#[test]
fn a_number_sign_is_a_quit_where_it_goes_with_the_word() {
    let mut room = room_with_bob(0, |_| {});
    room.on(2, "C bob #", &[(1, "bob : #")]);
    room.on(9, "C bob #", &[(9, "FAIL not logged in")]);
    for (number, (_, ends)) in WORDS.iter().enumerate().skip(1) {
        let mut room = room_with_bob(number, |_| {});
        room.on(2, "C alice #", &each(2, ends));
        let ends_and_notice = [each(2, ends), vec![(1, "* bob left")]].concat();
        room.on(2, "C bob #", &ends_and_notice);
        room.from(1, "C alice #");
        assert_eq!(room.names(), ["alice"]);
    }
}

#[test]
fn chosen_words_and_the_option_switch_the_search_off() {
    let words = |success, ends: &[&str]| {
        let ends: Vec<Word> = ends.iter().map(|end| word(end)).collect();
        let ends = EndWords::new(&ends).unwrap();
        Config::new(Dialect::lenient().with_words(word(success), ends).unwrap())
    };
    let mut off = Config::default();
    off.search_words = false;
    for (config, success, ends) in [
        (off, "OK", &["EXIT"][..]),
        (words("ok", &["EXIT"]), "ok", &["EXIT"]),
        (words("OK", &["EXIT", "OUT"]), "OK", &["EXIT", "OUT"]),
        (words("OK", &["OUT"]), "OK", &["OUT"]),
    ] {
        let mut room = Room::configured(&["alice", "bob"], |default| *default = config);
        for _ in 0..4 {
            room.now += 300;
            room.on(2, "L bob", &[(2, success)]);
        }
        room.on(2, "C bob #", &[(1, "bob : #")]);
        room.on(2, "Q ghost", &each(2, ends));
        room.on(9, "Q ghost", &each(9, ends));
        room.on(
            2,
            "Q bob",
            &[each(2, ends), vec![(1, "* bob left")]].concat(),
        );
        room.call(Server::shutdown);
        room.sent(&each(1, ends));
    }
}

#[test]
fn only_the_words_of_the_dialect_change() {
    let verbs = Verbs::new(word("IN"), word("SAY"), word("OUT")).unwrap();
    let dialect = Dialect::strict()
        .with_language(Language::Chinese)
        .with_leading_newline(true)
        .with_verbs(verbs);
    let mut room = Room::configured(&[], |config| *config = Config::new(dialect));
    room.from(1, "IN 小明");
    room.from(2, "IN 小红");
    room.now += 300;
    room.on(2, "IN 小红", &[(2, "ok")]);
    room.on(2, "C 小红 hi", &[]);
    room.on(2, "SAY 小红 #", &[(1, "\n小红 : #")]);
    room.on(2, "SAY 小明 hi", &[(2, "FAIL 不是你的名字")]);
    let ends_and_notice = [each(2, WORDS[1].1), vec![(1, "\n* 小红 退出聊天室")]].concat();
    room.on(2, "OUT 小红", &ends_and_notice);
}

/// Returns a client that reads leniently, as by default.
fn client(keep_alive: u32) -> Client {
    let mut config = ClientConfig::default();
    config.keep_alive_seconds = NonZeroU32::new(keep_alive);
    Client::new(Name::new("bob").unwrap(), config)
}

/// Hands a client's datagram from the address 2 to the room, and the answers to the client.
/// Returns the client's events.
fn exchange(room: &mut Room, client: &mut Client, datagram: &[u8]) -> Vec<String> {
    let now = room.now();
    room.from(2, datagram);
    let answers = room.sent.iter().filter(|(to, _)| *to == 2);
    let handle = |(_, answer): &(u8, String)| {
        let outgoing = client.handle(now, answer.as_bytes());
        assert_eq!(outgoing.payload(), None);
        format!("{:?}", outgoing.event())
    };
    answers.map(handle).collect()
}

#[test]
fn a_client_whose_first_answer_was_lost_gets_in_and_out() {
    let mut room = Room::with(&["alice"]);
    let mut bob = client(0);
    let login = bob.login(room.now()).payload().unwrap().to_vec();
    room.on(2, &login, &[(2, "OK"), (1, "* bob joined")]);
    room.now += 1_000;
    let again = bob.handle_timeout(room.now()).payload().unwrap().to_vec();
    let events = exchange(&mut room, &mut bob, &again);
    assert_eq!(room.sent, [(2, "ok".to_owned())]);
    assert_eq!(events, ["Joined { again: false }"]);
    let quit = bob.quit(room.now()).payload().unwrap().to_vec();
    let events = exchange(&mut room, &mut bob, &quit);
    assert_eq!(
        events.join(" "),
        "Left { answered: true } Nothing Nothing Nothing"
    );
    assert_eq!(room.names(), ["alice"]);
}

#[test]
fn a_client_with_keep_alive_stays_in_with_every_word() {
    let mut room = Room::with(&["alice"]);
    let mut bob = client(30);
    let login = bob.login(room.now()).payload().unwrap().to_vec();
    exchange(&mut room, &mut bob, &login);
    for success in ["ok", "IN", "OK", "ok"] {
        room.now = bob.poll_timeout().map(Timestamp::as_millis).unwrap();
        let outgoing = bob.handle_timeout(room.now());
        assert_eq!(outgoing.event(), ClientEvent::Nothing);
        let keep_alive = outgoing.payload().unwrap().to_vec();
        let events = exchange(&mut room, &mut bob, &keep_alive);
        assert_eq!(room.sent, [(2, success.to_owned())]);
        assert_eq!(events, ["Nothing"]);
        assert!(bob.is_in());
    }
}
