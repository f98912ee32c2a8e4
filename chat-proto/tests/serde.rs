//! serde: every value comes back as it went, and nothing comes in that a constructor refuses.

// On wherever the tests of the workspace run: this crate asks for it in its own dev-dependencies.
#![cfg(feature = "serde")]
// The functions that the tests share panic to say what broke, as the tests themselves do.
#![allow(clippy::expect_used, clippy::panic)]

#[allow(dead_code)]
#[path = "support/strategies.rs"]
mod strategy;

use std::fmt::Debug;

use chat_proto::{
    Delivery, DeliveryBuf, Dialect, EndWords, Language, Name, Prefix, Reading, Reason, ReasonBuf,
    Refusal, Reply, ReplyBuf, Request, RequestBuf, Text, TextBuf, Verb, Verbs, Word,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn comes_back<T>(value: &T)
where
    T: Debug + PartialEq + serde::Serialize + serde::de::DeserializeOwned,
{
    let written = serde_json::to_string(value).expect("every value can be written");
    let read: T =
        serde_json::from_str(&written).unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(&read, value, "went out as {written}");
}

/// The words with which `T` refuses a value.
fn refusal<T: Debug + serde::de::DeserializeOwned>(value: Value) -> String {
    serde_json::from_value::<T>(value)
        .expect_err("this value is invalid")
        .to_string()
}

proptest! {
    #[test]
    fn strings_come_back(
        name in strategy::name(), word in strategy::word(), text in strategy::text(), reason in strategy::reason(),
    ) {
        comes_back(&name);
        comes_back(&word);
        comes_back(&text);
        comes_back(&reason);
    }

    #[test]
    fn sets_of_words_come_back(verbs in strategy::verbs(), ends in strategy::end_words()) {
        comes_back(&verbs);
        comes_back(&ends);
    }

    #[test]
    fn messages_come_back(request in strategy::request(), delivery in strategy::delivery()) {
        comes_back(&request);
        comes_back(&delivery);
    }

    #[test]
    fn dialects_and_their_replies_come_back(
        (dialect, reply) in prop_oneof![strategy::dialect(Reading::Strict), strategy::dialect(Reading::Lenient)]
            .prop_flat_map(|dialect| (Just(dialect), strategy::reply(&dialect))),
    ) {
        comes_back(&dialect);
        comes_back(&reply);
    }

    #[test]
    fn a_name_is_read_exactly_when_its_constructor_takes_it(text in any::<String>()) {
        let read = serde_json::from_value::<Name>(json!(text.as_str()));
        match Name::new(&text) {
            Ok(name) => prop_assert_eq!(read.ok(), Some(name)),
            Err(error) => prop_assert_eq!(read.map_err(|e| e.to_string()), Err(error.to_string())),
        }
    }
}

#[test]
fn plain_enums_come_back() {
    Language::ALL.iter().for_each(comes_back);
    Refusal::ALL.iter().for_each(comes_back);
    [Prefix::None, Prefix::Newline].iter().for_each(comes_back);
    [Reading::Strict, Reading::Lenient]
        .iter()
        .for_each(comes_back);
    [Verb::Login, Verb::Chat, Verb::Quit]
        .iter()
        .for_each(comes_back);
}

#[test]
fn borrowed_and_owned_strings_are_written_alike() {
    let text = Text::new("hi \t 吃了么").unwrap();
    let reason = Reason::new("name taken").unwrap();
    assert_eq!(json!(text), json!(TextBuf::from(text)));
    assert_eq!(json!(reason), json!(ReasonBuf::from(reason)));
}

/// Programs keep what was written: a change of these lines is a change of the format.
#[test]
fn values_are_written_in_these_words() {
    let name = Name::new("bob").unwrap();
    let text: TextBuf = "hi".parse().unwrap();
    let written = [
        json!(RequestBuf::Login {
            name,
            extension: None
        }),
        json!(RequestBuf::Chat {
            name,
            text: text.clone()
        }),
        json!(RequestBuf::Quit { name }),
        json!(ReplyBuf::Success),
        json!(ReplyBuf::Refused {
            reason: Some("too fast".parse().unwrap())
        }),
        json!(ReplyBuf::End {
            word: Word::new("EXIT").unwrap()
        }),
        json!(DeliveryBuf::Said { name, text }),
        json!(DeliveryBuf::Joined { name }),
        json!(Delivery::<TextBuf>::Left { name }),
        json!(Refusal::NameTaken),
        json!(Verb::Chat),
        json!(Verbs::default()),
        json!(EndWords::default()),
        json!(Dialect::strict()),
    ];
    let expected = [
        json!({"login": {"name": "bob", "extension": null}}),
        json!({"chat": {"name": "bob", "text": "hi"}}),
        json!({"quit": {"name": "bob"}}),
        json!("success"),
        json!({"refused": {"reason": "too fast"}}),
        json!({"end": {"word": "EXIT"}}),
        json!({"said": {"name": "bob", "text": "hi"}}),
        json!({"joined": {"name": "bob"}}),
        json!({"left": {"name": "bob"}}),
        json!("name_taken"),
        json!("chat"),
        json!(["L", "C", "Q"]),
        json!(["EXIT"]),
        json!({
            "verbs": ["L", "C", "Q"], "success": "OK", "ends": ["EXIT"],
            "prefix": "none", "language": "english", "reading": "strict"
        }),
    ];
    assert_eq!(written, expected);
}

#[test]
fn strings_that_a_constructor_refuses_are_refused_in_its_words() {
    let two_words = "a name cannot hold the character U+0020";
    assert_eq!(refusal::<Name>(json!("two words")), two_words);
    assert_eq!(refusal::<Name>(json!("")), "a name is missing here");
    assert_eq!(
        refusal::<Name>(json!("*bob")),
        "a name cannot begin with `*`"
    );
    assert_eq!(refusal::<Word>(json!("~1")), "a word cannot begin with `~`");
    assert_eq!(
        refusal::<Word>(json!("0123456789abcdefg")),
        "a word can have 16 bytes at most, this one has 17"
    );
    assert_eq!(
        refusal::<TextBuf>(json!("a\u{1b}[2J")),
        "a line cannot hold the control character U+001B"
    );
    assert_eq!(
        refusal::<TextBuf>(json!("x".repeat(989))),
        "a line can have 988 bytes at most, this one has 989"
    );
    assert_eq!(
        refusal::<ReasonBuf>(json!(": hi")),
        "a reason cannot begin with `:`"
    );
}

#[test]
fn messages_with_invalid_parts_are_refused_in_the_words_of_the_part() {
    let bad_name = "a name cannot be one of the words OK, FAIL and EXIT";
    assert_eq!(
        refusal::<RequestBuf>(json!({"quit": {"name": "exit"}})),
        bad_name
    );
    assert_eq!(
        refusal::<DeliveryBuf>(json!({"joined": {"name": "OK"}})),
        bad_name
    );
    assert_eq!(
        refusal::<RequestBuf>(json!({"chat": {"name": "bob", "text": "a\nb"}})),
        "a line cannot hold the control character U+000A"
    );
    assert_eq!(
        refusal::<ReplyBuf>(json!({"refused": {"reason": ""}})),
        "a reason is missing here"
    );
    assert_eq!(
        refusal::<Reply<ReasonBuf>>(json!({"end": {"word": ""}})),
        "a word is missing here"
    );
    assert!(refusal::<Request<TextBuf>>(json!({"shout": {"name": "bob"}})).contains("shout"));
}

#[test]
fn sets_of_words_that_a_constructor_refuses_are_refused_in_its_words() {
    let twice = "the word `L` is used for two things";
    assert_eq!(refusal::<Verbs>(json!(["L", "C", "L"])), twice);
    assert!(refusal::<Verbs>(json!(["L", "C"])).contains("length 2"));
    assert_eq!(refusal::<EndWords>(json!(["L", "L"])), twice);
    assert_eq!(
        refusal::<EndWords>(json!([])),
        "at least one end word is needed"
    );
}

#[test]
fn dialects_whose_words_clash_are_refused_in_the_words_of_the_constructor() {
    let with = |field: &str, value: Value| {
        let mut dialect = json!(Dialect::lenient());
        dialect[field] = value;
        refusal::<Dialect>(dialect)
    };
    assert_eq!(
        with("success", json!("EXIT")),
        "the word `EXIT` is used for two things"
    );
    assert_eq!(
        with("success", json!("FAIL")),
        "the word FAIL is the word for refusals"
    );
    assert_eq!(
        with("verbs", json!(["L", "C", "L"])),
        "the word `L` is used for two things"
    );
    assert_eq!(with("ends", json!([])), "at least one end word is needed");
    assert_eq!(
        with("ends", json!(["1", "2", "3", "4", "5", "6", "7", "8", "9"])),
        "there can be 8 end words at most, these are 9"
    );
    assert_eq!(
        with("ends", json!(["a b"])),
        "a word cannot hold the character U+0020"
    );
    assert!(with("prefix", json!("tab")).contains("tab"));
    assert!(with("colour", json!("red")).contains("unknown field `colour`"));
}
