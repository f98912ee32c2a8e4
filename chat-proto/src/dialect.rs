//! How a room spells the protocol: PROTOCOL.md, "Dialects".

use thiserror::Error;

use crate::language::Language;
use crate::limits::MAX_END_WORDS;
use crate::word::Word;

/// The words and habits of one room. A value, chosen at run time: a server speaks one dialect, a
/// client reads many.
///
/// ```
/// use chat_proto::{Dialect, EndWords, Word};
///
/// let dialect = Dialect::lenient()
///     .with_words(Word::new("ok")?, EndWords::new(&[Word::new("EXIT")?, Word::new("#")?])?)?;
/// assert_eq!(dialect.success().as_str(), "ok");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    verbs: Verbs,
    success: Word,
    ends: EndWords,
    prefix: Prefix,
    language: Language,
    reading: Reading,
}

/// How closely a datagram has to follow the grammar to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Reading {
    /// Only what this dialect writes is read: what decodes encodes to the same bytes.
    Strict,
    /// The spellings that programs in the field use are read too, as the canonical value.
    Lenient,
}

/// What stands in front of each delivery (never of a reply).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Prefix {
    /// Nothing.
    #[default]
    None,
    /// One line feed: a client that prints a prompt then shows the line below it.
    Newline,
}

/// The words that begin a request; distinct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verbs {
    pub(crate) login: Word,
    pub(crate) chat: Word,
    pub(crate) quit: Word,
}

/// The words with which a server answers a quit, in the order in which they are sent: 1 to
/// [`MAX_END_WORDS`], distinct.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EndWords {
    words: [Option<Word>; MAX_END_WORDS],
}

/// Why words do not make a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DialectError {
    /// The same word twice where distinct ones are needed.
    #[error("the word `{0}` is used for two things")]
    Clash(Word),
    /// `FAIL` is what a refusal begins with.
    #[error("the word FAIL is the word for refusals")]
    Fail,
    /// No end word at all.
    #[error("at least one end word is needed")]
    NoEndWord,
    /// More than [`MAX_END_WORDS`].
    #[error("there can be {MAX_END_WORDS} end words at most, these are {count}")]
    TooManyEndWords {
        /// How many were given.
        count: usize,
    },
}

impl Verbs {
    /// Checks that the three are distinct.
    pub fn new(login: Word, chat: Word, quit: Word) -> Result<Self, DialectError> {
        if login == chat || login == quit {
            return Err(DialectError::Clash(login));
        }
        if chat == quit {
            return Err(DialectError::Clash(chat));
        }
        Ok(Self { login, chat, quit })
    }

    /// The word that begins a login, `L`.
    pub fn login(&self) -> Word {
        self.login
    }

    /// The word that begins a line, `C`.
    pub fn chat(&self) -> Word {
        self.chat
    }

    /// The word that begins a quit, `Q`.
    pub fn quit(&self) -> Word {
        self.quit
    }
}

impl Default for Verbs {
    /// `L`, `C`, `Q`.
    fn default() -> Self {
        Self {
            login: Word::known("L"),
            chat: Word::known("C"),
            quit: Word::known("Q"),
        }
    }
}

impl EndWords {
    /// Checks their number and that they are distinct.
    pub fn new(given: &[Word]) -> Result<Self, DialectError> {
        if given.is_empty() {
            return Err(DialectError::NoEndWord);
        }
        let mut words = [None; MAX_END_WORDS];
        let count = given.len();
        let places = words
            .get_mut(..count)
            .ok_or(DialectError::TooManyEndWords { count })?;
        for (index, (place, &word)) in places.iter_mut().zip(given).enumerate() {
            if given.iter().take(index).any(|&earlier| earlier == word) {
                return Err(DialectError::Clash(word));
            }
            *place = Some(word);
        }
        Ok(Self { words })
    }

    /// The words, in the order in which they are sent.
    pub fn iter(&self) -> impl Iterator<Item = Word> + '_ {
        self.words.iter().flatten().copied()
    }

    /// Whether `word` is one of them.
    pub fn contains(&self, word: &str) -> bool {
        self.iter().any(|known| known.as_str() == word)
    }
}

impl core::fmt::Debug for EndWords {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Default for EndWords {
    /// `EXIT`.
    fn default() -> Self {
        let mut words = [None; MAX_END_WORDS];
        if let Some(first) = words.first_mut() {
            *first = Some(Word::known("EXIT"));
        }
        Self { words }
    }
}

impl Default for Dialect {
    /// [`Dialect::lenient`]: what a program that meets others wants.
    fn default() -> Self {
        Self::lenient()
    }
}

impl Dialect {
    /// The grammar and nothing else: `L`, `C`, `Q`, `OK`, `EXIT`, no prefix, English notices.
    pub fn strict() -> Self {
        Self {
            verbs: Verbs::default(),
            success: Word::known("OK"),
            ends: EndWords::default(),
            prefix: Prefix::None,
            language: Language::English,
            reading: Reading::Strict,
        }
    }

    /// Writes what [`Dialect::strict`] writes and reads what programs in the field write.
    pub fn lenient() -> Self {
        Self::strict().with_reading(Reading::Lenient)
    }

    /// With another success word and other end words, which have to be distinct from each other and
    /// from `FAIL`.
    pub fn with_words(self, success: Word, ends: EndWords) -> Result<Self, DialectError> {
        if success.as_str() == "FAIL" || ends.contains("FAIL") {
            return Err(DialectError::Fail);
        }
        if ends.contains(success.as_str()) {
            return Err(DialectError::Clash(success));
        }
        Ok(Self {
            success,
            ends,
            ..self
        })
    }

    /// With other words at the beginning of requests.
    #[must_use]
    pub fn with_verbs(self, verbs: Verbs) -> Self {
        Self { verbs, ..self }
    }

    /// With something else in front of deliveries.
    #[must_use]
    pub fn with_prefix(self, prefix: Prefix) -> Self {
        Self { prefix, ..self }
    }

    /// With notices and refusals in another language.
    #[must_use]
    pub fn with_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// Read more or less closely.
    #[must_use]
    pub fn with_reading(self, reading: Reading) -> Self {
        Self { reading, ..self }
    }

    /// The words that begin requests.
    pub fn verbs(&self) -> &Verbs {
        &self.verbs
    }

    /// The word that answers an accepted login.
    pub fn success(&self) -> Word {
        self.success
    }

    /// The words that answer a quit.
    pub fn ends(&self) -> &EndWords {
        &self.ends
    }

    /// What stands in front of deliveries.
    pub fn prefix(&self) -> Prefix {
        self.prefix
    }

    /// The language of notices and refusals.
    pub fn language(&self) -> Language {
        self.language
    }

    /// How closely datagrams are read.
    pub fn reading(&self) -> Reading {
        self.reading
    }

    pub(crate) fn is_lenient(&self) -> bool {
        self.reading == Reading::Lenient
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Word {
        Word::new(text).unwrap()
    }

    #[test]
    fn the_default_words_pass_the_checks() {
        for known in ["L", "C", "Q", "OK", "EXIT"] {
            assert_eq!(Word::known(known), word(known));
        }
        assert_eq!(EndWords::new(&[word("EXIT")]), Ok(EndWords::default()));
        assert_eq!(
            Verbs::new(word("L"), word("C"), word("Q")),
            Ok(Verbs::default())
        );
    }

    #[test]
    fn words_that_could_be_taken_for_each_other_are_refused() {
        let ends = |words: &[&str]| {
            let words: alloc::vec::Vec<Word> = words.iter().map(|w| word(w)).collect();
            EndWords::new(&words)
        };
        assert_eq!(ends(&[]), Err(DialectError::NoEndWord));
        assert_eq!(ends(&["a", "b", "a"]), Err(DialectError::Clash(word("a"))));
        assert!(ends(&["1", "2", "3", "4", "5", "6", "7", "8"]).is_ok());
        let nine = ends(&["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        assert_eq!(nine, Err(DialectError::TooManyEndWords { count: 9 }));

        let dialect = Dialect::strict();
        assert_eq!(
            dialect.with_words(word("FAIL"), EndWords::default()),
            Err(DialectError::Fail)
        );
        assert_eq!(
            dialect.with_words(word("OK"), ends(&["FAIL"]).unwrap()),
            Err(DialectError::Fail)
        );
        assert_eq!(
            dialect.with_words(word("EXIT"), EndWords::default()),
            Err(DialectError::Clash(word("EXIT")))
        );
        assert_eq!(
            Verbs::new(word("L"), word("C"), word("L")),
            Err(DialectError::Clash(word("L")))
        );
        assert_eq!(
            Verbs::new(word("L"), word("C"), word("C")),
            Err(DialectError::Clash(word("C")))
        );
    }
}
