//! The sessions of the client (PROTOCOL.md, S14 to S21).

use std::num::NonZeroU32;

use chat_core::proto::{Name, Text};
use chat_core::{Client, ClientSession};

use super::talk::{FIRST, HEARD, JOINED, LOST, START, Talk};

#[test]
fn the_first_hello_is_repeated_like_a_plain_login() {
    let mut talk = Talk::new();
    talk.pass(6_999, &[(1_000, FIRST), (3_000, FIRST)]);
    talk.shows(&[]);
    talk.pass(1, &[]);
    talk.shows(&["NoAnswer"]);
}

#[test]
fn hellos_to_a_known_server_are_repeated_without_end() {
    let mut talk = Talk::lost();
    let first = [400, 1_200, 2_800];
    let moments = first.into_iter().chain((4_800..100_000).step_by(2_000));
    talk.pass(100_000, &moments.map(|at| (at, LOST)).collect::<Vec<_>>());
    talk.shows(&[]);
}

#[test]
fn reports_of_an_unreachable_server_cause_one_hello() {
    let mut talk = Talk::member();
    assert_eq!(talk.call(Client::handle_unreachable), LOST);
    assert_eq!(talk.call(Client::handle_unreachable), "");
    talk.shows(&["Lost(Unreachable)"]);
}

#[test]
fn a_challenge_is_answered_at_once_twice_an_exchange() {
    // The cookie of the last hello, before and after the next repetition.
    for (last, others) in [("$d", ["$b", "$e"]), ("$e", ["$b", "$d"])] {
        let mut talk = Talk::lost();
        talk.on("~K $2 $b", "L alice ~1 $a $2 $b $f.2");
        talk.on("~K $2 $d", "L alice ~1 $a $2 $d $f.2");
        talk.on("~K $2 $e", "");
        if last == "$e" {
            talk.waits_for("L alice ~1 $a $2 $e $f.2");
        }
        for other in others {
            talk.ignores(&[&format!("~D {other} 1 0 2 1\n~^ $f")]);
        }
        let first = format!("~D {last} 1 1 1 2\n~?");
        talk.on(&format!("~D {last} 1 0 2 1\n~^ $f"), &first);
    }
}

#[test]
fn the_first_datagram_of_an_attachment_asks() {
    let mut talk = Talk::new();
    assert_eq!(talk.attach("~D $c 1 0 5 1\n~^ $f"), "~D $c 1 1 1 5\n~?");
    talk.shows(&[JOINED]);
    // Repeated until it is answered: a round trip of 0 was measured by nothing yet.
    talk.pass(
        2_000,
        &[(999, "~D $c 2 1 1 5\n~?"), (1_998, "~D $c 3 1 1 5\n~?")],
    );
    talk.on("~D $c 2 3 5 1\n~a 61\n* bob joined\n~x\nno delivery", "");
    talk.shows(&[HEARD, "5 ~a 61 * bob joined", "6 ~a 61 ? no delivery"]);
    talk.pass(19_005, &[(5, "~D $c 4 2 1 7")]);
}

#[test]
fn a_datagram_of_another_exchange_changes_nothing() {
    let others = [
        "~K $1 $d",
        "~N $1 closed",
        // With the first, the pair that once silenced a client.
        "~D $d 1 0 1 9\n~^ $e",
        "~R $d",
        "~X $d kicked",
    ];
    Talk::member().ignores(&others);
    let mut talk = Talk::lost();
    talk.ignores(&others);
    talk.attach("~D $d 1 0 2 1\n~^ $f");
    talk.shows(&[HEARD]);
    talk.say("hi", "~D $d 2 1 1 2\n~?\nC alice hi");
}

#[test]
fn a_sid_is_the_cookie_of_the_last_hello() {
    let mut talk = Talk::new();
    let hello = "L alice ~1 $a $1 $c .................0";
    talk.on("~K $1 $c", hello);
    talk.pass(400, &[(400, hello)]);
    talk.ignores(&[
        "~D $c 1 0 1 1\n* bob joined",
        "~D $d 1 0 1 1\n~^ $f",
        "~D $c 1 0 1 1",
        "~X $c quit",
    ]);
    talk.on(START, "~D $c 1 1 1 1\n~?");
}

#[test]
fn a_malformed_or_plain_datagram_changes_nothing() {
    let mut talk = Talk::member();
    talk.say("one", "~D $c 3 2 1 2\nC alice one");
    talk.ignores(&[FIRST, "OK", "EXIT", "bob : hi", "FAIL no", "~", "~D $c"]);
    for numbers in ["3 4 2 2", "3 3 2 3", "0 3 2 2", "3 3 2", "3 3 0 2"] {
        talk.ignores(&[&format!("~D $c {numbers}\nbob : forged\n~?")]);
    }
    // Another log under a known sid is dropped too.
    talk.ignores(&["~D $c 3 3 9 2\n~^ $e\nbob : forged"]);
    // Lines that only clients send, and that are none.
    talk.on("~D $c 3 3 2 2\n~n ~\n~^ x", "");
    talk.shows(&[HEARD]);
    talk.pass(10, &[]);
}

#[test]
fn an_entry_is_shown_once_and_in_order() {
    let mut talk = Talk::member();
    talk.on("~D $c 3 2 2 1\nbob : two\nbob : three", "");
    talk.shows(&[HEARD, "2 bob : two", "3 bob : three"]);
    talk.pass(5, &[(5, "~D $c 3 3 1 4")]);
    talk.on("~D $c 3 2 2 1\nbob : two\nbob : three", "");
    talk.pass(100, &[]);
    talk.on("~D $c 6 3 5 1\nbob : five\n~?", "~D $c 4 6 1 4");
    talk.on("~D $c 5 3 3 1\nbob : three\nbob : four\n~?", "");
    talk.shows(&[HEARD, HEARD, HEARD, "4 bob : four"]);
}

#[test]
fn a_plain_server_is_one_a_second_after_its_first_datagram() {
    // `b : x` is early until the answer to a login has come, and a second after the first datagram.
    let early = "Early { datagram: [98, 32, 58, 32, 120] }";
    let notice = "Early { datagram: [120] }";
    for (first, later, sent, told) in [
        ("OK", "b : x", &[][..], [early, early, early, JOINED]),
        ("OK", "x", &[], [notice, notice, notice, JOINED]),
        ("b : x", "b : x", &[(1, "L alice")], [early; 4]),
    ] {
        let mut talk = Talk::new();
        talk.now += 500;
        talk.on(first, "");
        for _ in 0..3 {
            talk.now += 250;
            talk.on(later, "");
        }
        talk.pass(249, &[]);
        talk.pass(1, sent);
        talk.shows(&told);
        talk.on("OK", "");
        talk.say("hi", "C alice hi");
        talk.pass(999, &[]);
        assert_eq!(talk.call(Client::quit), "Q alice");
    }
}

#[test]
fn a_plain_server_refuses_a_hello() {
    for (repetitions, repeated) in [(&[][..], false), (&[(1_000, FIRST)], true)] {
        let mut talk = Talk::new();
        talk.pass(if repeated { 1_000 } else { 0 }, repetitions);
        talk.on("FAIL no", "");
        let no = "[70, 65, 73, 76, 32, 110, 111]";
        talk.shows(&[&format!("Refused {{ answer: {no}, repeated: {repeated} }}")]);
    }
}

#[test]
fn a_challenged_client_becomes_no_plain_one() {
    let mut talk = Talk::new();
    talk.on("OK", "");
    talk.now += 900;
    talk.on("~K $1 $c", "L alice ~1 $a $1 $c .................0");
    talk.now += 100;
    let _sent = talk.call(Client::handle_timeout);
    talk.on(START, "~D $c 1 1 1 1\n~?");
    talk.shows(&[JOINED]);
}

#[test]
fn a_loaded_page_numbers_where_the_server_expects() {
    let mut talk = Talk::new();
    // Without a log before, nothing was missed.
    talk.attach("~D $c 1 0 7 5\n~^ $f =");
    talk.say("hi", "~D $c 2 1 5 7\n~?\nC alice hi");
    talk.shows(&[JOINED]);

    // So does one whose first line was not sent yet.
    let mut talk = Talk::lost();
    talk.say("hi", "");
    let first = talk.attach("~D $d 1 0 2 5\n~^ $f");
    assert_eq!(first, "~D $d 1 1 5 2\n~?\nC alice hi");
}

/// Creates a member of whose lines the first is acknowledged, the second is not, and the third was
/// never sent, because its attachment is lost.
fn with_lines() -> Talk {
    let mut talk = Talk::member();
    talk.say("one", "~D $c 3 2 1 2\nC alice one");
    talk.on("~D $c 3 3 2 2\nalice : one", "");
    talk.now += 1;
    talk.say("two", "~D $c 4 3 2 3\nC alice two");
    talk.now += 10_000;
    talk.on("~R $c", "L alice ~1 $a $2 ................ $f.3");
    talk.say("three", "");
    talk.shows(&[HEARD, "2 alice : one"]);
    talk
}

#[test]
fn a_start_line_tells_what_was_missed_and_may_be_said_twice() {
    // The entry and the line with which it goes on, and what is told.
    for (first, ack, log, told) in [
        (3, 2, "$f", &[][..]),
        (3, 3, "$f", &[]),
        (10, 2, "$f", &["missed 7"]),
        (3, 1, "$f", &["doubtful 1"]),
        (1, 1, "$e", &["new log", "doubtful 1"]),
        (1, 2, "$e", &["new log", "doubtful 1"]),
        (1, 3, "$e", &["new log"]),
        (3, 2, "$e =", &[]),
        (10, 2, "$e =", &["missed 7"]),
    ] {
        let mut talk = with_lines();
        // Lines that it has not taken go out again; it may have forgotten their numbers.
        let two = if ack == 3 { "" } else { "\nC alice two" };
        assert_eq!(
            talk.attach(&format!("~D $d 1 0 {first} {ack}\n~^ {log}")),
            format!("~D $d 1 1 {ack} {first}\n~?{two}\nC alice three")
        );
        talk.shows(&[&[HEARD], told].concat());
        talk.on(&format!("~D $d 2 1 {first} {ack}\nbob : new"), "");
        talk.shows(&[HEARD, &format!("{first} bob : new")]);
        talk.now += 10_000;
        let place = format!("{}.{}", log.trim_end_matches(" ="), first + 1);
        talk.on(
            "~R $d",
            &format!("L alice ~1 $a $3 ................ {place}"),
        );
    }
}

#[test]
fn a_forgotten_first_line_may_be_said_twice() {
    let mut talk = Talk::member();
    talk.say("one", "~D $c 3 2 1 2\nC alice one");
    talk.now += 10_000;
    talk.on("~R $c", LOST);
    talk.attach("~D $d 1 0 2 1\n~^ $f");
    talk.shows(&[HEARD, "doubtful 1"]);
}

#[test]
fn entries_that_fell_off_the_log_are_told_as_missed() {
    let mut talk = Talk::member();
    talk.on("~D $c 3 2 10 1\n~^ $f\nbob : ten", "~D $c 3 3 1 11");
    talk.on("~D $c 4 2 10 1\n~^ $f\nbob : ten", "~D $c 4 4 1 11");
    talk.shows(&[HEARD, "missed 8", "10 bob : ten", HEARD]);
}

#[test]
fn a_token_in_two_programs_says_hello_with_growing_pauses() {
    let mut talk = Talk::member();
    let [mut sid, mut other] = ["$c", "$d"];
    let hello = |attempt| format!("L alice ~1 $a ${attempt} ................ $f.2");
    let pauses = [100, 200, 400, 800, 1_600, 3_200, 6_400, 8_000, 8_000];
    for (attempt, pause) in (2..).zip(pauses) {
        talk.on(&format!("~R {sid}"), "");
        talk.say("x", "");
        talk.pass(pause, &[(pause, &hello(attempt))]);
        (sid, other) = (other, sid);
        talk.attach(&format!("~D {sid} 1 0 2 1\n~^ $f"));
    }
    // After an attachment that lasts it does so at once, and then pauses briefly again.
    talk.now += 10_000;
    talk.on("~R $d", &hello(11));
    talk.attach("~D $c 1 0 2 1\n~^ $f");
    talk.on("~R $c", "");
    talk.pass(100, &[(100, &hello(12))]);
}

#[test]
fn a_taken_name_or_full_room_is_tried_again_by_who_was_in() {
    for code in ["bad_name", "reserved", "banned", "closed"] {
        let mut talk = Talk::lost();
        talk.on(&format!("~N $2 {code}"), "");
        assert!(talk.client.is_done(), "{code}");
    }
    for (code, refused) in [
        ("name_taken", "SessionRefused(Some(NameTaken))"),
        ("room_full", "SessionRefused(Some(RoomFull))"),
    ] {
        let mut talk = Talk::new();
        talk.on(&format!("~N $1 {code}"), "");
        assert!(talk.client.is_done(), "{code}");

        let mut talk = Talk::lost();
        talk.on(&format!("~N $2 {code}"), "");
        let waited = talk.waits_for("L alice ~1 $a $3 ................ $f.2");
        assert_eq!(waited, 3_000, "{code}");
        talk.on(&format!("~N $3 {code}"), "");
        talk.pass(3_000, &[(3_000, "L alice ~1 $a $4 ................ $f.2")]);
        talk.attach("~D $d 1 0 2 1\n~^ $f");
        talk.shows(&[refused, refused, "Joined { again: true }"]);
    }
}

#[test]
fn a_quit_is_a_line_and_waits_for_its_answer_for_3_s() {
    let mut talk = Talk::member();
    talk.say("bye", "~D $c 3 2 1 2\nC alice bye");
    talk.now += 1;
    let quit = talk.call(Client::quit);
    assert_eq!(quit, "~D $c 4 2 1 2\nC alice bye\nQ alice");
    talk.on("~D $c 3 4 2 2", "");
    talk.pass(
        2_999,
        &[
            (100, "~D $c 5 3 2 2\nQ alice"),
            (200, "~D $c 6 3 2 2\nQ alice"),
            (400, "~D $c 7 3 2 2\nQ alice"),
            (800, "~D $c 8 3 2 2\nQ alice"),
            (1_600, "~D $c 9 3 2 2\nQ alice"),
        ],
    );
    talk.shows(&[HEARD]);
    talk.pass(1, &[]);
    talk.shows(&["Left { answered: false }"]);
}

#[test]
fn a_client_that_is_done_sends_nothing() {
    let (left, gone) = ("Left { answered: true }", "Left { answered: false }");
    let kicked = "SessionEnded { code: Kicked, text: Some(Text(\"no\")) }";
    let closing = "SessionEnded { code: Closing, text: None }";
    // It has sent one line.
    let two_taken = "~D $d 1 0 2 3\n~^ $f";
    // `quit` and `say` stand for calls, all else for datagrams.
    for (script, end) in [
        (&["quit", "~X $c quit"][..], left),
        (&["quit", "~R $c"], gone),
        (&["~R $c", "quit", "~N $2 name_taken"], gone),
        (&["quit", "~X $c closing"], closing),
        (&["~X $c kicked no"], kicked),
        (&["~R $c", "~N $2 closed"], "SessionRefused(None)"),
        (&["say", "~R $c", "~K $2 $d", two_taken], "TokenInUse"),
        (
            &["say", "~R $c", "say", "~K $2 $d", two_taken],
            "TokenInUse",
        ),
    ] {
        let mut talk = Talk::member();
        talk.now += 10_000;
        for step in script {
            match *step {
                "quit" => talk.call(Client::quit),
                "say" => talk.call(|client, now| client.say(now, Text::default()).unwrap()),
                datagram => talk.from(datagram),
            };
        }
        talk.shows(&[end]);
        assert!(talk.client.is_done(), "{script:?}");
        for _ in 0..2 {
            talk.now += 5_000;
            for call in [Client::login, Client::quit, Client::handle_timeout] {
                assert_eq!(talk.call(call), "", "{script:?}");
            }
            assert_eq!(talk.call(Client::handle_unreachable), "", "{script:?}");
            assert_eq!(talk.call(|client, now| client.ask_names(now, None)), "");
            talk.say("x", "NotIn");
            talk.ignores(&["OK", "bob : hi", "FAIL not logged in", "~K $1 $d", "~R $c"]);
            talk.ignores(&["~X $c quit", "~D $c 9 1 2 2\n~?", "~D $d 1 0 1 1\n~^ $e"]);
            assert_eq!(talk.client.poll_timeout(), None, "{script:?}");
        }
    }
}

#[test]
fn a_client_that_sent_nothing_for_20_s_asks() {
    let mut talk = Talk::member();
    let asks = [(20_000, "~D $c 3 2 1 2\n~?"), (20_100, "~D $c 4 2 1 2\n~?")];
    talk.pass(20_100, &asks);
    talk.on("~D $c 3 4 2 1", "");
    talk.pass(20_000, &[(20_000, "~D $c 5 3 1 2\n~?")]);
}

#[test]
fn a_line_unanswered_for_9_s_says_hello_and_goes_on() {
    let mut talk = Talk::member();
    talk.say("hi", "~D $c 3 2 1 2\nC alice hi");
    talk.now += 5_000;
    talk.from("~D $c 3 2 2 1");
    talk.shows(&[HEARD]);
    // At the first of these moments something new was heard 4 s ago.
    for wait in [3_999, 5_000] {
        talk.now += wait;
        assert!(!talk.call(Client::handle_timeout).starts_with("L "));
    }
    talk.now += 1;
    assert_eq!(talk.call(Client::handle_timeout), LOST);
    talk.shows(&["Lost(Silent)"]);
    // Until that is answered, the old attachment counts.
    talk.from("~D $c 4 2 2 1\nbob : hi");
    talk.on("~K $2 $d", "L alice ~1 $a $2 $d $f.3");
    talk.from("~D $d 1 0 3 2\n~^ $f");
    talk.shows(&[HEARD, "2 bob : hi", "Joined { again: true }"]);
}

#[test]
fn a_client_says_hello_again_after_an_hour() {
    let mut talk = Talk::member();
    let attached = talk.now - 5;
    for number in 3..361 {
        talk.now += 10_000;
        let answer = format!("~D $c {number} {number} 1 2");
        talk.on(&format!("~D $c {number} 2 2 1\n~?"), &answer);
        talk.shows(&[HEARD]);
    }
    talk.now = attached + 3_599_999;
    assert!(talk.call(Client::handle_timeout).is_empty());
    talk.now += 1;
    assert_eq!(talk.call(Client::handle_timeout), LOST);
    talk.shows(&[]);
}

#[test]
fn a_line_is_refused_while_too_many_wait() {
    let limits: [fn(&mut ClientSession); 2] = [
        |session| session.pending.entries = NonZeroU32::new(2).unwrap(),
        // Two lines of 11 bytes fill 22.
        |session| session.pending.bytes = NonZeroU32::new(22).unwrap(),
    ];
    for limit in limits {
        let mut talk = Talk::configured(limit);
        talk.attach(START);
        talk.say("one", "~D $c 2 1 1 1\n~?\nC alice one");
        talk.say("two", "");
        talk.say("x", "Full");
        talk.now += 1;
        talk.on("~D $c 2 2 1 2", "~D $c 3 2 2 1\nC alice two");
        talk.now += 1;
        talk.say("six", "~D $c 4 2 2 1\nC alice two\nC alice six");
        // A quit has a place of its own.
        talk.now += 1;
        assert!(talk.call(Client::quit).contains("Q alice"));
    }
}

#[test]
fn names_are_asked_for_until_their_page_comes() {
    let mut talk = Talk::member();
    let question = talk.call(|client, now| client.ask_names(now, None));
    assert_eq!(question, "~D $c 3 2 1 2\n~?\n~n ~");
    // The server answers the question, and has no rate left for names.
    talk.on("~D $c 3 3 2 1", "");
    talk.pass(100, &[(100, "~D $c 4 3 1 2\n~?\n~n ~")]);
    talk.on("~D $c 4 4 2 1\n~m ~ alice bob", "");
    talk.shows(&[HEARD, HEARD, "after None: alice bob"]);
    talk.pass(10_000, &[]);
    let bob = Name::new("bob").unwrap();
    let more = talk.call(|client, now| client.ask_names(now, Some(bob)));
    assert_eq!(more, "~D $c 5 4 1 2\n~?\n~n bob");
    // Another page is not the answer.
    talk.on("~D $c 5 5 2 1\n~m ~ alice bob", "");
    talk.waits_for("~D $c 6 5 1 2\n~?\n~n bob");
    // Nor is one in a datagram that is older than that.
    talk.on("~D $c 4 6 2 1\n~m bob carol", "");
    talk.on("~D $c 6 6 2 1\n~m bob", "");
    talk.shows(&[HEARD, HEARD, HEARD, "after Some(\"bob\"): "]);
    talk.pass(10_000, &[]);
}

#[test]
fn the_largest_number_stops_no_client() {
    let mut talk = Talk::member();
    talk.from("~D $c 3 2 9007199254740991 1\n~^ $f\nbob : last");
    talk.now += 5;
    talk.call(Client::handle_timeout);

    let mut talk = Talk::new();
    talk.on("~K $1 $c", "L alice ~1 $a $1 $c .................0");
    // Half of it is the highest at which one goes on.
    talk.ignores(&[
        "~D $c 1 0 1 9007199254740991\n~^ $f",
        "~D $c 1 0 1 4503599627370496\n~^ $f",
        "~D $c 1 0 4503599627370496 1\n~^ $f",
    ]);
    let highest = "4503599627370495";
    let start = format!("~D $c 1 0 {highest} {highest}\n~^ $f");
    talk.on(&start, &format!("~D $c 1 1 {highest} {highest}\n~?"));
}
