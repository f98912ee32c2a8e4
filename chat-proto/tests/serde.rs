//! serde: what a program configures comes back as it went, in JSON and TOML, and nothing comes in
//! that a constructor refuses. Messages are only written.
#![cfg(feature = "serde")]
#![allow(clippy::expect_used, clippy::indexing_slicing)]

#[allow(dead_code)]
#[path = "support/strategies.rs"]
mod strategies;

use std::collections::BTreeMap;
use std::fmt::Debug;

use chat_proto::{
    Delivery, Dialect, EndWords, FromServer, Language, Name, Reason, Refusal, Reply, Request, Text,
    TextBuf, Verb, Verbs, Word,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use strategies::{dialect, end_words, name, text, verbs, word};

fn comes_back<T: Debug + PartialEq + Serialize + DeserializeOwned>(value: &T) {
    let written = serde_json::to_string(value).expect("every value can be written as JSON");
    let read: T = serde_json::from_str(&written).expect(&written);
    assert_eq!(&read, value, "{written}");
    // TOML has no value outside a table.
    let table = BTreeMap::from([("key", value)]);
    let written = toml::to_string(&table).expect("every value can be written as TOML");
    let read: BTreeMap<String, T> = toml::from_str(&written).expect(&written);
    assert_eq!(read.get("key"), Some(value), "{written}");
}

proptest! {
    #[test]
    fn configured_values_come_back(
        dialect in dialect(),
        (verbs, ends, name) in (verbs(), end_words(), name()),
        (word, text) in (word(), text()),
    ) {
        comes_back(&dialect);
        comes_back(&verbs);
        comes_back(&ends);
        comes_back(&name);
        comes_back(&word);
        comes_back(&text);
        Language::ALL.iter().for_each(comes_back);
    }
}

#[test]
fn a_missing_field_of_a_dialect_is_the_default() {
    assert_eq!(toml::from_str(""), Ok(Dialect::default()));
    let read = toml::from_str("verbs = ['LOGIN', 'SAY', 'BYE']\nleading_newline = true");
    let [login, chat, quit] = ["LOGIN", "SAY", "BYE"].map(|word| Word::new(word).unwrap());
    let expected = Dialect::default().with_verbs(Verbs::new(login, chat, quit).unwrap());
    assert_eq!(read, Ok(expected.with_leading_newline(true)));
}

/// Programs keep what was written: a change of these lines is a change of the format.
#[test]
fn configured_values_have_these_forms() {
    let dialect = json!({
        "verbs": ["L", "C", "Q"], "success": "OK", "ends": ["EXIT"],
        "leading_newline": false, "language": "english", "lenient_reading": true,
    });
    assert_eq!(json!(Dialect::default()), dialect);
    assert_eq!(json!(Language::Chinese), json!("chinese"));
    assert_eq!(json!(Name::new("小明").unwrap()), json!("小明"));
    assert_eq!(
        json!(TextBuf::new("\t吃了么 ").unwrap()),
        json!("\t吃了么 ")
    );
}

/// Other programs read logs: a change of these lines is a change of the format.
#[test]
fn messages_have_these_forms() {
    let (name, text) = (Name::new("bob").unwrap(), Text::new("hi").unwrap());
    let (extension, reason) = (Some(text), Some(Reason::new("too fast").unwrap()));
    let word = Word::new("EXIT").unwrap();
    let written = [
        json!(Request::Login { name, extension }),
        json!(Request::Chat { name, text }),
        json!(Request::Quit { name }),
        json!(FromServer::Reply(Reply::Success)),
        json!(FromServer::Reply(Reply::Refused { reason })),
        json!(Reply::End { word }),
        json!(FromServer::Delivery(Delivery::Said { name, text })),
        json!(Delivery::Joined { name }),
        json!(Delivery::Left { name }),
        json!([Verb::Login, Verb::Chat, Verb::Quit]),
        json!(Refusal::NameTaken),
    ];
    let expected = [
        json!({"login": {"name": "bob", "extension": "hi"}}),
        json!({"chat": {"name": "bob", "text": "hi"}}),
        json!({"quit": {"name": "bob"}}),
        json!({"reply": "success"}),
        json!({"reply": {"refused": {"reason": "too fast"}}}),
        json!({"end": {"word": "EXIT"}}),
        json!({"delivery": {"said": {"name": "bob", "text": "hi"}}}),
        json!({"joined": {"name": "bob"}}),
        json!({"left": {"name": "bob"}}),
        json!(["login", "chat", "quit"]),
        json!("name_taken"),
    ];
    assert_eq!(written, expected);
}

#[test]
fn a_refused_value_is_refused_in_the_words_of_its_constructor() {
    fn refusal<T: Debug + DeserializeOwned>(value: Value) -> String {
        let refusal = serde_json::from_value::<T>(value).expect_err("an invalid value");
        refusal.to_string()
    }
    let refusals = [
        refusal::<Name>(json!("two words")),
        refusal::<TextBuf>(json!("a\x1b[2J")),
        refusal::<Verbs>(json!(["L", "C", "L"])),
        refusal::<EndWords>(json!([])),
        refusal::<Dialect>(json!({"success": "EXIT"})),
        refusal::<Dialect>(json!({"ends": ["a b"]})),
    ];
    let expected = [
        "a name cannot hold the character U+0020",
        "a line cannot hold the control character U+001B",
        "the word `L` is used for two things",
        "at least one end word is needed",
        "the word `EXIT` is used for two things",
        "a word cannot hold the character U+0020",
    ];
    assert_eq!(refusals, expected);
    assert!(refusal::<Verbs>(json!(["L", "C"])).contains("length 2"));
    assert!(refusal::<Dialect>(json!({"language": "latin"})).contains("`latin`"));
    assert!(refusal::<Dialect>(json!({"colour": "red"})).contains("`colour`"));
}
