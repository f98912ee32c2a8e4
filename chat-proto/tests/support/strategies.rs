//! Strategies for every type of the crate, valid and nearly valid.

use chat_proto::{
    Delivery, DeliveryBuf, Dialect, EndWords, Language, MAX_DATAGRAM, Name, Prefix, Reading,
    ReasonBuf, Reply, ReplyBuf, Request, RequestBuf, TextBuf, Verbs, Word,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Valid names: ASCII, Chinese, accents, emoji, as long as allowed.
pub(crate) fn name() -> impl Strategy<Value = Name> {
    let plain = "[a-z]{1,3}";
    let any = r"[^\s\p{Cc}\p{Cf}:：]{1,20}";
    prop_oneof![3 => plain, 1 => "[!-~]{1,32}", 1 => "[一-龥é😀]{1,8}", 2 => any]
        .prop_filter_map("not a name", |text: String| Name::new(&text).ok())
}

/// Valid texts: empty, blanks at the ends, Chinese, TABs, as long as allowed.
pub(crate) fn text() -> impl Strategy<Value = TextBuf> {
    let any = r"\PC{0,60}";
    prop_oneof![2 => "[ -~\t]{0,40}", 1 => "[ 一-龥😀é]{0,30}", 2 => any, 1 => "[ -~]{980,988}", 1 => Just("#".into())]
        .prop_filter_map("not a text", |text: String| TextBuf::new(text).ok())
}

/// Valid reasons of a refusal.
pub(crate) fn reason() -> impl Strategy<Value = ReasonBuf> {
    prop_oneof![r"\PC{1,30}", "[ -~]{110,115}"]
        .prop_filter_map("not a reason", |text: String| ReasonBuf::new(text).ok())
}

/// Valid words: those in use, and others.
pub(crate) fn word() -> impl Strategy<Value = Word> {
    let known = select(
        &[
            "OK", "ok", "IN", "EXIT", "exit", "OUT", "quit", "#", "L", "C", "Q", "E", "LOGIN",
            "CHAT",
        ][..],
    );
    prop_oneof![
        known.prop_map(String::from),
        r"[^\s\p{Cc}*~]{1,5}",
        "[!-)+-}]{1,16}"
    ]
    .prop_filter_map("not a word", |text: String| Word::new(&text).ok())
}

/// The languages.
pub(crate) fn language() -> impl Strategy<Value = Language> {
    select(&Language::ALL[..])
}

/// Request verbs, the plain ones included.
pub(crate) fn verbs() -> impl Strategy<Value = Verbs> {
    let any = (word(), word(), word())
        .prop_filter_map("not distinct", |(l, c, q)| Verbs::new(l, c, q).ok());
    prop_oneof![Just(Verbs::default()), any]
}

/// End words, 1 to 8.
pub(crate) fn end_words() -> impl Strategy<Value = EndWords> {
    vec(word(), 1..=8).prop_filter_map("not distinct", |words| EndWords::new(&words).ok())
}

/// Dialects that read as `reading` says.
pub(crate) fn dialect(reading: Reading) -> impl Strategy<Value = Dialect> {
    let prefix = select(&[Prefix::None, Prefix::Newline][..]);
    let words = option::of((word(), end_words()));
    (verbs(), words, prefix, language()).prop_filter_map(
        "the words clash",
        move |(verbs, words, prefix, language)| {
            let dialect = Dialect::strict()
                .with_verbs(verbs)
                .with_prefix(prefix)
                .with_language(language);
            let dialect = dialect.with_reading(reading);
            match words {
                Some((success, ends)) => dialect.with_words(success, ends).ok(),
                None => Some(dialect),
            }
        },
    )
}

/// Valid requests.
pub(crate) fn request() -> impl Strategy<Value = RequestBuf> {
    prop_oneof![
        (name(), option::of(text()))
            .prop_map(|(name, extension)| Request::Login { name, extension }),
        (name(), text()).prop_map(|(name, text)| Request::Chat { name, text }),
        name().prop_map(|name| Request::Quit { name }),
    ]
}

/// Valid deliveries.
pub(crate) fn delivery() -> impl Strategy<Value = DeliveryBuf> {
    prop_oneof![
        (name(), text()).prop_map(|(name, text)| Delivery::Said { name, text }),
        name().prop_map(|name| Delivery::Joined { name }),
        name().prop_map(|name| Delivery::Left { name }),
    ]
}

/// Valid replies of a server that speaks `dialect`.
pub(crate) fn reply(dialect: &Dialect) -> impl Strategy<Value = ReplyBuf> + use<> {
    let ends: Vec<Word> = dialect.ends().iter().collect();
    prop_oneof![
        Just(Reply::Success),
        option::of(reason()).prop_map(|reason| Reply::Refused { reason }),
        select(ends).prop_map(|word| Reply::End { word }),
    ]
}

/// Datagrams of both directions, in every spelling, whole or with a byte changed, inserted, removed
/// or cut off.
pub(crate) fn nearly_valid_datagram() -> impl Strategy<Value = Vec<u8>> {
    let spelled = (
        select(
            &[
                "L ", "C ", "Q ", "LOGIN ", "CHAT ", "EXIT ", "QUIT ", "E ", "q ", "Q", "FAIL ",
                "* ", "\n", "",
            ][..],
        ),
        prop_oneof![name().prop_map(|n| format!("{n}")), r"\PC{0,40}"],
        select(
            &[
                "",
                " ",
                ":",
                " : ",
                " ~",
                " joined",
                " left",
                " 进入聊天室",
                " 退出聊天室",
                "：",
                " #",
                "\n",
                "\r\n",
            ][..],
        ),
        prop_oneof![
            Just(String::new()),
            text().prop_map(|t| format!("{t}")),
            r".{0,20}"
        ],
    );
    let whole = prop_oneof![
        6 => spelled.prop_map(|(verb, name, middle, text)| format!("{verb}{name}{middle}{text}").into_bytes()),
        1 => vec(any::<u8>(), 0..64),
        1 => (MAX_DATAGRAM - 4..MAX_DATAGRAM + 4).prop_map(long_line),
    ];
    (whole, 0..5_u8, any::<Index>(), any::<u8>()).prop_map(|(mut bytes, change, at, byte)| {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            match change {
                0 => bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|changed| *changed = byte),
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                3 => bytes.truncate(at),
                _ => {}
            }
        }
        bytes
    })
}

/// A chat line of just that many bytes in all.
fn long_line(len: usize) -> Vec<u8> {
    b"C bob "
        .iter()
        .copied()
        .chain(std::iter::repeat(b'x'))
        .take(len)
        .collect()
}
