//! The rules of the client.

use chat_core::proto::{Dialect, Name, Text, Verbs, Word};
use chat_core::{
    Client, ClientConfig, ClientEvent, ClientOutgoing, LostReason, SayError, Timestamp,
};

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn client(config: &ClientConfig) -> Client {
    Client::new(Name::new("alice").unwrap(), *config)
}

/// A client that is in since the moment 0.
fn member() -> Client {
    let mut client = client(&ClientConfig::default());
    let _login = client.login(at(0));
    assert_eq!(
        client.handle(at(0), b"OK").event(),
        ClientEvent::Joined { again: false }
    );
    client
}

fn sent(outgoing: &ClientOutgoing<'_>) -> Vec<String> {
    let payload = outgoing.payload();
    let sent = payload.map(|payload| String::from_utf8(payload.to_vec()).unwrap());
    sent.into_iter().collect()
}

fn due(client: &Client) -> Option<u64> {
    client.poll_timeout().map(Timestamp::as_millis)
}

#[test]
fn a_login_is_repeated_twice_and_given_up_after_7_seconds() {
    let mut client = client(&ClientConfig::default());
    assert_eq!(sent(&client.login(at(0))), ["L alice"]);
    for (early, moment) in [(999, 1_000), (2_999, 3_000)] {
        assert_eq!(
            sent(&client.handle_timeout(at(early))),
            [] as [&str; 0],
            "not before {moment} ms"
        );
        assert_eq!(
            sent(&client.handle_timeout(at(moment))),
            ["L alice"],
            "at {moment} ms"
        );
    }
    assert_eq!(due(&client), Some(7_000));
    let outgoing = client.handle_timeout(at(7_000));
    assert_eq!(
        (outgoing.event(), sent(&outgoing).len()),
        (ClientEvent::NoAnswer, 0)
    );
    assert!(client.is_done());
    assert_eq!(due(&client), None);
}

#[test]
fn every_success_word_of_the_field_lets_in() {
    for word in ["OK", "ok", "IN", "OK\n"] {
        let mut client = client(&ClientConfig::default());
        let _login = client.login(at(0));
        assert_eq!(
            client.handle(at(1), word.as_bytes()).event(),
            ClientEvent::Joined { again: false },
            "{word}"
        );
        assert_eq!(
            client.handle(at(2), word.as_bytes()).event(),
            ClientEvent::Nothing,
            "{word} again"
        );
    }
}

#[test]
fn lines_and_end_words_are_no_answer_to_a_login() {
    let mut client = client(&ClientConfig::default());
    let _login = client.login(at(0));
    for early in ["bob : hi", "\n* bob joined", "EXIT", "#"] {
        let datagram = early.as_bytes();
        assert_eq!(
            client.handle(at(1), datagram).event(),
            ClientEvent::Early { datagram },
            "{early}"
        );
    }
    assert_eq!(
        client.handle(at(2), b"OK").event(),
        ClientEvent::Joined { again: false }
    );
}

#[test]
fn all_else_refuses_the_login_and_says_whether_it_was_repeated() {
    for answer in [
        &b"FAIL name taken"[..],
        b"FAIL",
        "该用户已存在".as_bytes(),
        b"Xx",
        b"\xff\xfe",
    ] {
        for repeated in [false, true] {
            let mut client = client(&ClientConfig::default());
            let _login = client.login(at(0));
            if repeated {
                let _again = client.handle_timeout(at(1_000));
            }
            assert_eq!(
                client.handle(at(1_001), answer).event(),
                ClientEvent::Refused { answer, repeated }
            );
            assert!(client.is_done());
        }
    }
}

#[test]
fn an_empty_datagram_and_one_before_or_after_the_conversation_say_nothing() {
    let mut client = client(&ClientConfig::default());
    assert_eq!(client.handle(at(0), b"OK").event(), ClientEvent::Nothing);
    let _login = client.login(at(0));
    assert_eq!(client.handle(at(1), b"").event(), ClientEvent::Nothing);
    let joined = ClientEvent::Joined { again: false };
    assert_eq!(client.handle(at(2), b"OK").event(), joined);
    assert_eq!(client.handle(at(3), b"EXIT").event(), ended("EXIT"));
    assert_eq!(client.handle(at(4), b"EXIT").event(), ClientEvent::Nothing);
}

#[test]
fn a_line_is_sent_once_and_only_by_who_is_in() {
    let text = Text::new(" 吃了么 ").unwrap();
    let mut client = client(&ClientConfig::default());
    assert_eq!(client.say(at(0), text).err(), Some(SayError::NotIn));
    let _login = client.login(at(0));
    assert_eq!(client.say(at(0), text).err(), Some(SayError::NotIn));
    let mut client = member();
    assert_eq!(
        sent(&client.say(at(0), text).unwrap()),
        ["C alice  吃了么 "]
    );
    assert_eq!(due(&client), None, "nothing is repeated");
}

#[test]
fn a_quit_is_sent_once_and_waited_for_at_most_a_second() {
    let mut answered = member();
    assert_eq!(sent(&answered.quit(at(10))), ["Q alice"]);
    assert_eq!(sent(&answered.quit(at(11))), [] as [&str; 0], "only once");
    assert_eq!(
        answered.handle(at(12), b"bob : bye").event(),
        delivered("bob", "bye")
    );
    assert_eq!(
        answered.handle(at(13), b"OUT").event(),
        ClientEvent::Left { answered: true }
    );

    let mut unanswered = member();
    let _quit = unanswered.quit(at(10));
    assert_eq!(
        unanswered.handle_timeout(at(1_009)).event(),
        ClientEvent::Nothing
    );
    assert_eq!(
        unanswered.handle_timeout(at(1_010)).event(),
        ClientEvent::Left { answered: false }
    );

    let mut not_in = client(&ClientConfig::default());
    let _login = not_in.login(at(0));
    assert_eq!(
        sent(&not_in.quit(at(1))),
        [] as [&str; 0],
        "no quit of somebody who is not in"
    );
    assert!(not_in.is_done());
}

fn delivered(name: &str, text: &'static str) -> ClientEvent<'static> {
    let (name, text) = (Name::new(name).unwrap(), Text::new(text).unwrap());
    ClientEvent::Delivered(chat_core::proto::Delivery::Said { name, text })
}

#[test]
fn what_is_no_delivery_is_attributed_to_nobody() {
    let mut client = member();
    assert_eq!(
        client.handle(at(1), b"bob : hi").event(),
        delivered("bob", "hi")
    );
    assert_eq!(
        client.handle(at(1), b"\nbob : hi\n").event(),
        delivered("bob", "hi")
    );
    for line in [
        "bob: hi",
        "bob：hi",
        "bob说:hi",
        "Welcome bob!",
        "two words : hi",
        "bob : a\u{1b}b",
    ] {
        assert_eq!(
            client.handle(at(1), line.as_bytes()).event(),
            ClientEvent::Unparsed(line.as_bytes()),
            "{line}"
        );
    }
}

#[test]
fn an_end_word_that_was_not_asked_for_ends_the_client_for_good() {
    for word in ["EXIT", "exit", "OUT", "quit", "#"] {
        let mut client = member();
        let event = client.handle(at(1), word.as_bytes()).event();
        assert_eq!(
            event,
            ClientEvent::Ended {
                word: Word::new(word).unwrap()
            }
        );
        assert!(client.is_done());
        assert_eq!(
            sent(&client.login(at(2))),
            [] as [&str; 0],
            "it does not log in again"
        );
    }
}

#[test]
fn a_forgotten_client_logs_in_again_with_growing_pauses() {
    for lost in [&b"FAIL not logged in"[..], "FAIL 尚未登录".as_bytes()] {
        let mut client = member();
        let outgoing = client.handle(at(0), lost);
        assert_eq!(outgoing.event(), ClientEvent::Lost(LostReason::NotLoggedIn));
        assert_eq!(sent(&outgoing), ["L alice"], "at once");
        assert_eq!(
            client.say(at(0), Text::default()).err(),
            Some(SayError::NotIn)
        );
        let mut moment = 0;
        for pause in [1_000, 2_000, 4_000, 8_000, 8_000, 8_000] {
            moment += pause;
            assert_eq!(due(&client), Some(moment));
            assert_eq!(
                sent(&client.handle_timeout(at(moment))),
                ["L alice"],
                "at {moment} ms"
            );
        }
        assert_eq!(
            client.handle(at(moment), b"OK").event(),
            ClientEvent::Joined { again: true }
        );
        assert!(client.is_in());
    }
}

#[test]
fn a_new_login_refused_for_a_reason_that_passes_is_repeated() {
    for answer in [
        &b"FAIL name taken"[..],
        b"FAIL room full",
        b"FAIL too fast",
        b"FAIL",
        b"FAIL because",
    ] {
        let mut client = member();
        let _login = client.handle(at(0), b"FAIL not logged in");
        assert_eq!(
            client.handle(at(1), answer).event(),
            ClientEvent::StillOut { answer },
            "the answer is for the user"
        );
        assert_eq!(due(&client), Some(1_000), "the pauses go on");
        assert_eq!(sent(&client.handle_timeout(at(1_000))), ["L alice"]);
        assert_eq!(
            client.handle(at(1_001), b"OK").event(),
            ClientEvent::Joined { again: true }
        );
    }
    for answer in [
        &b"FAIL bad name"[..],
        "FAIL 名字被保留".as_bytes(),
        b"FAIL banned",
    ] {
        let mut client = member();
        let _login = client.handle(at(0), b"FAIL not logged in");
        let refused = ClientEvent::Refused {
            answer,
            repeated: true,
        };
        assert_eq!(
            client.handle(at(1), answer).event(),
            refused,
            "no time changes that"
        );
        assert!(client.is_done());
    }
}

#[test]
fn a_client_that_logs_in_again_still_hears_the_server() {
    let unknown = &b"FAIL not logged in"[..];
    for (datagram, event) in [
        (unknown, ClientEvent::Nothing),
        (b"bob : hi", delivered("bob", "hi")),
        (b"bob: hi", ClientEvent::Unparsed(b"bob: hi")),
        (b"EXIT", ended("EXIT")),
    ] {
        let mut client = member();
        let _lost = client.handle(at(0), unknown);
        assert_eq!(client.handle(at(1), datagram).event(), event);
        assert_eq!(client.is_done(), datagram == b"EXIT");
    }
}

#[test]
fn a_client_that_leaves_hears_the_server_until_its_end_word() {
    let mut client = member();
    let _quit = client.quit(at(0));
    for (datagram, event) in [
        (&b"OK"[..], ClientEvent::Nothing),
        (b"FAIL no", ClientEvent::LineRefused { answer: b"FAIL no" }),
        (b"bob : hi", delivered("bob", "hi")),
        (b"bob: hi", ClientEvent::Unparsed(b"bob: hi")),
        (b"EXIT", ClientEvent::Left { answered: true }),
    ] {
        assert_eq!(client.handle(at(1), datagram).event(), event);
    }
}

fn ended(word: &str) -> ClientEvent<'static> {
    let word = Word::new(word).unwrap();
    ClientEvent::Ended { word }
}

#[test]
fn other_refusals_are_told_and_change_nothing() {
    let mut client = member();
    let answer = b"FAIL too long";
    assert_eq!(
        client.handle(at(1), answer).event(),
        ClientEvent::LineRefused { answer }
    );
    assert!(client.is_in());
}

#[test]
fn an_unreachable_server_makes_members_log_in_again() {
    let mut joining = client(&ClientConfig::default());
    let _login = joining.login(at(0));
    assert_eq!(
        joining.handle_unreachable(at(1)).event(),
        ClientEvent::Nothing
    );
    assert_eq!(due(&joining), Some(1_000));

    let mut client = member();
    let outgoing = client.handle_unreachable(at(5));
    assert_eq!(outgoing.event(), ClientEvent::Lost(LostReason::Unreachable));
    assert_eq!(sent(&outgoing), ["L alice"]);
    assert_eq!(
        client.handle_unreachable(at(6)).event(),
        ClientEvent::Nothing,
        "known already"
    );

    let mut leaving = member();
    let _quit = leaving.quit(at(0));
    assert_eq!(
        leaving.handle_unreachable(at(1)).event(),
        ClientEvent::Left { answered: false }
    );
}

#[test]
fn keep_alive_repeats_the_login_and_notices_silence() {
    let mut config = ClientConfig::default();
    config.keep_alive_seconds = std::num::NonZeroU32::new(10);
    let mut client = client(&config);
    let _login = client.login(at(0));
    let _joined = client.handle(at(0), b"OK");
    let _line = client.say(at(5_000), Text::new("hi").unwrap()).unwrap();
    assert_eq!(
        due(&client),
        Some(10_000),
        "a line is not answered: it shows nothing"
    );
    assert_eq!(sent(&client.handle_timeout(at(10_000))), ["L alice"]);
    assert_eq!(
        client.handle(at(10_001), b"OK").event(),
        ClientEvent::Nothing
    );
    assert_eq!(sent(&client.handle_timeout(at(20_000))), ["L alice"]);
    assert_eq!(sent(&client.handle_timeout(at(30_000))), ["L alice"]);
    assert_eq!(
        client.handle_timeout(at(40_000)).event(),
        ClientEvent::Lost(LostReason::Silent)
    );
}

#[test]
fn the_servers_verbs_can_be_others() {
    let word = |text| Word::new(text).unwrap();
    let mut config = ClientConfig::default();
    config.dialect = Dialect::lenient()
        .with_verbs(Verbs::new(word("LOGIN"), word("CHAT"), word("EXIT")).unwrap());
    let mut client = client(&config);
    assert_eq!(sent(&client.login(at(0))), ["LOGIN alice"]);
    let _joined = client.handle(at(0), b"OK");
    assert_eq!(
        sent(&client.say(at(0), Text::new("hi").unwrap()).unwrap()),
        ["CHAT alice hi"]
    );
    assert_eq!(sent(&client.quit(at(0))), ["EXIT alice"]);
}
