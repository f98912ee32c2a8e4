//! serde: a program reads its configured values back from JSON and TOML, and no value bypasses its
//! constructor. Messages are only written.
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
use serde_json::json;
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

/// Programs keep configured values and read logs: a change of these lines changes the format.
#[test]
fn written_values_have_these_forms() {
    let (name, text) = (Name::new("小明").unwrap(), Text::new("\thi ").unwrap());
    let (extension, reason) = (Some(text), Some(Reason::new("too fast").unwrap()));
    let word = Word::new("EXIT").unwrap();
    let written = json!([
        Dialect::default(),
        Language::Chinese,
        TextBuf::from(text),
        Request::Login { name, extension },
        Request::Chat { name, text },
        Request::Quit { name },
        FromServer::Reply(Reply::Success),
        FromServer::Reply(Reply::Refused { reason }),
        Reply::End { word },
        FromServer::Delivery(Delivery::Said { name, text }),
        Delivery::Joined { name },
        Delivery::Left { name },
        [Verb::Login, Verb::Chat, Verb::Quit],
        Refusal::NameTaken,
    ]);
    let expected = json!([
        {
            "verbs": ["L", "C", "Q"], "success": "OK", "ends": ["EXIT"],
            "leading_newline": false, "language": "english", "lenient_reading": true,
        },
        "chinese",
        "\thi ",
        {"login": {"name": "小明", "extension": "\thi "}},
        {"chat": {"name": "小明", "text": "\thi "}},
        {"quit": {"name": "小明"}},
        {"reply": "success"},
        {"reply": {"refused": {"reason": "too fast"}}},
        {"end": {"word": "EXIT"}},
        {"delivery": {"said": {"name": "小明", "text": "\thi "}}},
        {"joined": {"name": "小明"}},
        {"left": {"name": "小明"}},
        ["login", "chat", "quit"],
        "name_taken",
    ]);
    assert_eq!(written, expected);
}

#[test]
fn a_refused_value_is_refused_in_the_words_of_its_constructor() {
    fn refuses<T: Debug + DeserializeOwned>(value: impl Serialize, words: &str) {
        let refusal = serde_json::from_value::<T>(json!(value)).expect_err("an invalid value");
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
    let [clash, spaced] = [json!({"success": "EXIT"}), json!({"ends": ["a b"]})];
    refuses::<Name>("two words", "a name cannot hold the character U+0020");
    refuses::<TextBuf>("\x1b", "a line cannot hold the control character U+001B");
    refuses::<Verbs>(["L", "C", "L"], "the word `L` is used for two things");
    refuses::<EndWords>(json!([]), "at least one end word is needed");
    refuses::<Dialect>(clash, "the word `EXIT` is used for two things");
    refuses::<Dialect>(spaced, "a word cannot hold the character U+0020");
    refuses::<Verbs>(["L", "C"], "length 2");
    refuses::<Dialect>(json!({"language": "latin"}), "`latin`");
    refuses::<Dialect>(json!({"colour": "red"}), "`colour`");
}
