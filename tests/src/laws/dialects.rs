//! The dialects that any bytes are read in.

use chat_proto::{Dialect, EndWords, Language, Prefix, Reading, Verbs, Word};

/// Dialects that differ in everything that a dialect can say: the plain one, one with `#` among its
/// end words, one with long verbs, one with a prefix and Chinese notices, and one whose words are
/// other dialects' words for something else. Strict ones; the laws derive the lenient ones.
#[must_use]
pub fn dialects() -> [Dialect; 5] {
    let plain = Dialect::strict();
    [
        plain,
        words(plain, "OK", &["EXIT", "#"]),
        plain.with_verbs(verbs("LOGIN", "CHAT", "EXIT")),
        words(plain, "ok", &["OUT", "exit", "再见"])
            .with_prefix(Prefix::Newline)
            .with_language(Language::Chinese),
        words(plain, "quit", &["OK", "#", "FAILED", "L"]).with_verbs(verbs("CHAT", "Q", "L")),
    ]
}

/// Whether `C name #` is a quit in `dialect`.
#[must_use]
pub fn quit_by_text(dialect: &Dialect) -> bool {
    dialect.reading() == Reading::Lenient && dialect.ends().contains("#")
}

fn words(dialect: Dialect, success: &str, ends: &[&str]) -> Dialect {
    let ends: Vec<Word> = ends.iter().map(|end| word(end)).collect();
    let ends = EndWords::new(&ends).expect("the end words are distinct");
    dialect
        .with_words(word(success), ends)
        .expect("the words do not clash")
}

fn verbs(login: &str, chat: &str, quit: &str) -> Verbs {
    Verbs::new(word(login), word(chat), word(quit)).expect("the verbs are distinct")
}

fn word(text: &str) -> Word {
    Word::new(text).expect("a valid word")
}
