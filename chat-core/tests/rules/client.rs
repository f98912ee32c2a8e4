//! The rules of the client.

use std::num::NonZeroU32;

use chat_core::ClientEvent::{
    self, Delivered, Early, Ended, Joined, Left, LineRefused, Lost, NoAnswer, Nothing, Refused,
    StillOut, Unparsed,
};
use chat_core::proto::{Delivery, Dialect, Name, Text, Verbs, Word};
use chat_core::{Client, ClientConfig, ClientOutgoing, LostReason, SayError, Timestamp};

const JOINED: ClientEvent<'_> = Joined { again: false };
const JOINED_AGAIN: ClientEvent<'_> = Joined { again: true };

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn client(config: &ClientConfig) -> Client {
    Client::new(Name::new("alice").unwrap(), *config)
}

/// Creates a client that has sent its login at the moment 0.
fn joining() -> Client {
    let mut client = client(&ClientConfig::default());
    let _login = client.login(at(0));
    client
}

/// Creates a client that is in since the moment 0.
fn member() -> Client {
    let mut client = joining();
    gives(&client.handle(at(0), b"OK"), JOINED, "");
    client
}

/// Expects that a call had this event and caused this datagram; `""` stands for none.
#[track_caller]
fn gives(outgoing: &ClientOutgoing<'_>, event: ClientEvent<'_>, datagram: &str) {
    assert_eq!(outgoing.event(), event);
    let payload = outgoing.payload().unwrap_or_default();
    assert_eq!(String::from_utf8_lossy(payload), datagram);
}

fn due(client: &Client) -> Option<u64> {
    client.poll_timeout().map(Timestamp::as_millis)
}

fn said(name: &str, text: &'static str) -> ClientEvent<'static> {
    let (name, text) = (Name::new(name).unwrap(), Text::new(text).unwrap());
    Delivered(Delivery::Said { name, text })
}

fn ended(word: &str) -> ClientEvent<'static> {
    let word = Word::new(word).unwrap();
    Ended { word }
}

#[test]
fn a_login_is_repeated_twice_and_given_up_after_7_seconds() {
    let mut client = client(&ClientConfig::default());
    gives(&client.login(at(0)), Nothing, "L alice");
    for moment in [1_000, 3_000] {
        gives(&client.handle_timeout(at(moment - 1)), Nothing, "");
        gives(&client.handle_timeout(at(moment)), Nothing, "L alice");
    }
    assert_eq!(due(&client), Some(7_000));
    gives(&client.handle_timeout(at(7_000)), NoAnswer, "");
    assert!(client.is_done());
    assert_eq!(due(&client), None);
}

#[test]
fn every_success_word_of_existing_servers_lets_in() {
    for word in ["OK", "ok", "IN", "OK\n"] {
        let mut client = joining();
        gives(&client.handle(at(1), word.as_bytes()), JOINED, "");
        gives(&client.handle(at(2), word.as_bytes()), Nothing, "");
    }
}

#[test]
fn lines_and_end_words_are_no_answer_to_a_login() {
    let mut client = joining();
    for early in ["bob : hi", "\n* bob joined", "EXIT", "#"] {
        let datagram = early.as_bytes();
        gives(&client.handle(at(1), datagram), Early { datagram }, "");
    }
    gives(&client.handle(at(2), b"OK"), JOINED, "");
}

#[test]
fn all_else_refuses_the_login_and_says_whether_it_was_repeated() {
    let taken = "该用户已存在".as_bytes();
    for answer in [b"FAIL name taken", &b"FAIL"[..], b"Xx", b"\xff\xfe", taken] {
        for repeated in [false, true] {
            let mut client = joining();
            if repeated {
                let _again = client.handle_timeout(at(1_000));
            }
            let refused = Refused { answer, repeated };
            gives(&client.handle(at(1_001), answer), refused, "");
            assert!(client.is_done());
        }
    }
}

#[test]
fn datagrams_before_login_and_after_the_end_are_ignored() {
    let mut client = client(&ClientConfig::default());
    gives(&client.handle(at(0), b"OK"), Nothing, "");
    let _login = client.login(at(0));
    gives(&client.handle(at(1), b""), Nothing, "");
    gives(&client.handle(at(2), b"OK"), JOINED, "");
    gives(&client.handle(at(3), b"EXIT"), ended("EXIT"), "");
    gives(&client.handle(at(4), b"EXIT"), Nothing, "");
}

#[test]
fn a_line_is_sent_once_and_only_by_a_member() {
    let text = Text::new(" 吃了么 ").unwrap();
    let mut new = client(&ClientConfig::default());
    assert_eq!(new.say(at(0), text).err(), Some(SayError::NotIn));
    let mut joining = joining();
    assert_eq!(joining.say(at(0), text).err(), Some(SayError::NotIn));
    let mut client = member();
    let line = client.say(at(0), text).unwrap();
    gives(&line, Nothing, "C alice  吃了么 ");
    assert_eq!(due(&client), None, "nothing is repeated");
}

#[test]
fn a_quit_is_sent_once_and_waited_for_at_most_a_second() {
    let mut answered = member();
    gives(&answered.quit(at(10)), Nothing, "Q alice");
    gives(&answered.quit(at(11)), Nothing, "");
    gives(
        &answered.handle(at(13), b"OUT"),
        Left { answered: true },
        "",
    );

    let answered = false;
    let mut unanswered = member();
    let _quit = unanswered.quit(at(10));
    gives(&unanswered.handle_timeout(at(1_009)), Nothing, "");
    gives(&unanswered.handle_timeout(at(1_010)), Left { answered }, "");

    let mut joining = joining();
    gives(&joining.quit(at(1)), Left { answered }, "");
    assert!(joining.is_done());
}

#[test]
fn a_datagram_that_is_no_delivery_is_attributed_to_no_speaker() {
    let mut client = member();
    gives(&client.handle(at(1), b"bob : hi"), said("bob", "hi"), "");
    gives(
        &client.handle(at(1), b"\nbob : hi\n"),
        said("bob", "hi"),
        "",
    );
    for line in [
        "bob: hi",
        "bob：hi",
        "bob说:hi",
        "Welcome bob!",
        "two words : hi",
        "bob : a\u{1b}b",
    ] {
        let line = line.as_bytes();
        gives(&client.handle(at(1), line), Unparsed(line), "");
    }
}

#[test]
fn an_unasked_end_word_ends_the_client_for_good() {
    for word in ["EXIT", "exit", "OUT", "quit", "#"] {
        let mut client = member();
        gives(&client.handle(at(1), word.as_bytes()), ended(word), "");
        assert!(client.is_done());
        gives(&client.login(at(2)), Nothing, "");
    }
}

#[test]
fn a_forgotten_client_logs_in_again_with_growing_pauses() {
    for answer in [&b"FAIL not logged in"[..], "FAIL 尚未登录".as_bytes()] {
        let mut client = member();
        let lost = Lost(LostReason::NotLoggedIn);
        gives(&client.handle(at(0), answer), lost, "L alice");
        let said = client.say(at(0), Text::default());
        assert_eq!(said.err(), Some(SayError::NotIn));
        let mut moment = 0;
        for pause in [1_000, 2_000, 4_000, 8_000, 8_000, 8_000] {
            moment += pause;
            assert_eq!(due(&client), Some(moment));
            gives(&client.handle_timeout(at(moment)), Nothing, "L alice");
        }
        gives(&client.handle(at(moment), b"OK"), JOINED_AGAIN, "");
        assert!(client.is_in());
    }
}

#[test]
fn a_new_login_refused_for_a_reason_that_passes_is_repeated() {
    for reason in [" name taken", " room full", " too fast", "", " because"] {
        let answer = format!("FAIL{reason}");
        let answer = answer.as_bytes();
        let mut client = member();
        let _login = client.handle(at(0), b"FAIL not logged in");
        gives(&client.handle(at(1), answer), StillOut { answer }, "");
        assert_eq!(due(&client), Some(1_000), "the pauses go on");
        gives(&client.handle_timeout(at(1_000)), Nothing, "L alice");
        gives(&client.handle(at(1_001), b"OK"), JOINED_AGAIN, "");
    }
    for answer in ["FAIL bad name", "FAIL 名字被保留", "FAIL banned"] {
        let (answer, repeated) = (answer.as_bytes(), true);
        let mut client = member();
        let _login = client.handle(at(0), b"FAIL not logged in");
        let refused = Refused { answer, repeated };
        gives(&client.handle(at(1), answer), refused, "");
        assert!(client.is_done());
    }
}

#[test]
fn a_client_that_logs_in_again_still_hears_the_server() {
    let unknown = &b"FAIL not logged in"[..];
    for (datagram, event) in [
        (unknown, Nothing),
        (b"bob : hi", said("bob", "hi")),
        (b"bob: hi", Unparsed(b"bob: hi")),
        (b"EXIT", ended("EXIT")),
    ] {
        let mut client = member();
        let _lost = client.handle(at(0), unknown);
        gives(&client.handle(at(1), datagram), event, "");
        assert_eq!(client.is_done(), datagram == b"EXIT");
    }
}

#[test]
fn a_client_that_leaves_hears_the_server_until_its_end_word() {
    let mut client = member();
    let _quit = client.quit(at(0));
    for (datagram, event) in [
        (&b"OK"[..], Nothing),
        (b"FAIL no", LineRefused { answer: b"FAIL no" }),
        (b"bob : hi", said("bob", "hi")),
        (b"bob: hi", Unparsed(b"bob: hi")),
        (b"EXIT", Left { answered: true }),
    ] {
        gives(&client.handle(at(1), datagram), event, "");
    }
}

#[test]
fn other_refusals_are_reported_and_change_nothing() {
    let mut client = member();
    let answer = b"FAIL too long";
    gives(&client.handle(at(1), answer), LineRefused { answer }, "");
    assert!(client.is_in());
}

#[test]
fn an_unreachable_server_makes_members_log_in_again() {
    let mut joining = joining();
    gives(&joining.handle_unreachable(at(1)), Nothing, "");
    assert_eq!(due(&joining), Some(1_000));

    let mut client = member();
    let lost = Lost(LostReason::Unreachable);
    gives(&client.handle_unreachable(at(5)), lost, "L alice");
    gives(&client.handle_unreachable(at(6)), Nothing, "");

    let mut leaving = member();
    let _quit = leaving.quit(at(0));
    let left = Left { answered: false };
    gives(&leaving.handle_unreachable(at(1)), left, "");
}

#[test]
fn keep_alive_repeats_the_login_and_notices_silence() {
    let mut config = ClientConfig::default();
    config.keep_alive_seconds = NonZeroU32::new(10);
    let mut client = client(&config);
    let _login = client.login(at(0));
    let _joined = client.handle(at(0), b"OK");
    let _line = client.say(at(5_000), Text::new("hi").unwrap()).unwrap();
    // A line is not answered: it shows nothing.
    assert_eq!(due(&client), Some(10_000));
    gives(&client.handle_timeout(at(10_000)), Nothing, "L alice");
    gives(&client.handle(at(10_001), b"OK"), Nothing, "");
    gives(&client.handle_timeout(at(20_000)), Nothing, "L alice");
    gives(&client.handle_timeout(at(30_000)), Nothing, "L alice");
    let lost = Lost(LostReason::Silent);
    gives(&client.handle_timeout(at(40_000)), lost, "L alice");
}

#[test]
fn the_servers_verbs_can_be_others() {
    let [login, chat, exit] = ["LOGIN", "CHAT", "EXIT"].map(|verb| Word::new(verb).unwrap());
    let verbs = Verbs::new(login, chat, exit).unwrap();
    let mut config = ClientConfig::default();
    config.dialect = Dialect::lenient().with_verbs(verbs);
    let mut client = client(&config);
    gives(&client.login(at(0)), Nothing, "LOGIN alice");
    let _joined = client.handle(at(0), b"OK");
    let line = client.say(at(0), Text::new("hi").unwrap()).unwrap();
    gives(&line, Nothing, "CHAT alice hi");
    gives(&client.quit(at(0)), Nothing, "EXIT alice");
}
