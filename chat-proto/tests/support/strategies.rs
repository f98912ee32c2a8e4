//! Strategies for the values of the crate, and for datagrams that are valid or nearly so.

use chat_proto::{Dialect, EndWords, Language, MAX_DATAGRAM, Name, Reason, TextBuf, Verbs, Word};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Draws names: ASCII, Chinese, accents, emoji, as long as allowed.
pub(crate) fn name() -> impl Strategy<Value = Name> {
    let any = r"[^\s\p{Cc}\p{Cf}:：]{1,20}";
    prop_oneof![3 => "[a-z]{1,3}", 1 => "[!-~]{1,32}", 1 => "[一-龥é😀]{1,8}", 2 => any]
        .prop_filter_map("not a name", |text: String| Name::new(&text).ok())
}

/// Draws texts: empty, spaces at the ends, Chinese, TABs, as long as allowed.
pub(crate) fn text() -> impl Strategy<Value = TextBuf> {
    let any = prop_oneof![r"\PC{0,60}", "[ 一-龥😀é]{0,30}"];
    prop_oneof![2 => "[ -~\t]{0,40}", 3 => any, 1 => "[ -~]{980,988}", 1 => Just("#".into())]
        .prop_filter_map("not a text", |text: String| TextBuf::new(text).ok())
}

/// Draws strings that are reasons of a refusal.
pub(crate) fn reason() -> impl Strategy<Value = String> {
    prop_oneof![r"\PC{1,30}", "[ -~]{110,115}"]
        .prop_filter("not a reason", |text: &String| Reason::new(text).is_ok())
}

/// Draws words: those in use, and others.
pub(crate) fn word() -> impl Strategy<Value = Word> {
    const KNOWN: [&str; 14] = [
        "OK", "ok", "IN", "EXIT", "exit", "OUT", "quit", "#", "L", "C", "Q", "E", "LOGIN", "CHAT",
    ];
    let known = select(&KNOWN[..]).prop_map(String::from);
    prop_oneof![known, r"[^\s\p{Cc}*~]{1,5}", "[!-)+-}]{1,16}"]
        .prop_filter_map("not a word", |text: String| Word::new(&text).ok())
}

/// Draws request verbs, the plain ones included.
pub(crate) fn verbs() -> impl Strategy<Value = Verbs> {
    let any = (word(), word(), word())
        .prop_filter_map("not distinct", |(l, c, q)| Verbs::new(l, c, q).ok());
    prop_oneof![Just(Verbs::default()), any]
}

/// Draws 1 to 8 end words.
pub(crate) fn end_words() -> impl Strategy<Value = EndWords> {
    vec(word(), 1..=8).prop_filter_map("not distinct", |words| EndWords::new(&words).ok())
}

/// Draws dialects in either reading.
pub(crate) fn dialect() -> impl Strategy<Value = Dialect> {
    let words = option::of((word(), end_words())).prop_filter_map("a clash", |words| match words {
        Some((success, ends)) => Dialect::strict().with_words(success, ends).ok(),
        None => Some(Dialect::strict()),
    });
    (
        words,
        verbs(),
        any::<[bool; 2]>(),
        select(&Language::ALL[..]),
    )
        .prop_map(|(dialect, verbs, [newline, lenient], language)| {
            let dialect = dialect.with_verbs(verbs).with_language(language);
            let dialect = dialect.with_leading_newline(newline);
            dialect.with_lenient_reading(lenient)
        })
}

/// Draws datagrams of both directions in every spelling: whole, cut off, or with one byte changed,
/// inserted or removed.
pub(crate) fn nearly_valid_datagram() -> impl Strategy<Value = Vec<u8>> {
    const BEGIN: [&str; 14] = [
        "L ", "C ", "Q ", "LOGIN ", "CHAT ", "EXIT ", "QUIT ", "E ", "q ", "Q", "FAIL ", "* ",
        "\n", "",
    ];
    const MIDDLE: [&str; 11] = [
        "", " ", ":", " : ", " ~", " joined", " left", "：", " #", "\n", "\r\n",
    ];
    const CHINESE: [&str; 2] = [" 进入聊天室", " 退出聊天室"];
    let name = prop_oneof![name().prop_map(|name| name.to_string()), r"\PC{0,40}"];
    let text = text().prop_map(|text| text.to_string());
    let text = prop_oneof![Just(String::new()), text, r".{0,20}"];
    let middle = select([&MIDDLE[..], &CHINESE].concat());
    let spelled = (select(&BEGIN[..]), name, middle, text)
        .prop_map(|(begin, name, middle, text)| format!("{begin}{name}{middle}{text}"));
    let long =
        (MAX_DATAGRAM - 4..MAX_DATAGRAM + 4).prop_map(|len| format!("C bob {:x<1$}", "", len - 6));
    let whole = prop_oneof![
        6 => spelled.prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..64),
        1 => long.prop_map(String::into_bytes),
    ];
    nearly(whole)
}

/// Draws datagrams that begin like one of `all` and end like another, as [`nearly_valid_datagram`]
/// does.
pub(crate) fn nearly_one_of(all: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let part =
        (select(all), any::<Index>()).prop_map(|(bytes, at)| (at.index(bytes.len() + 1), bytes));
    let crossed = (part.clone(), part)
        .prop_map(|((end, first), (begin, second))| [&first[..end], &second[begin..]].concat());
    nearly(crossed)
}

/// Draws datagrams that are whole, cut off, or with one byte changed, inserted or removed.
fn nearly(whole: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (whole, 0..5, any::<Index>(), any::<u8>()).prop_map(|(mut bytes, change, at, byte)| {
        let at = at.index(bytes.len().max(1));
        match change {
            _ if bytes.is_empty() => {}
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            _ => {}
        }
        bytes
    })
}
