//! The spelling of the protocol in one room: PROTOCOL.md, "Dialects".

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
///
/// With the feature `serde`: a table of `verbs` (three words), `success`, `ends` (a list of words),
/// `leading_newline`, `language` and `lenient_reading`. A missing field is as in
/// [`Dialect::default`]; an unknown one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(remote = "Self", default, deny_unknown_fields)
)]
pub struct Dialect {
    verbs: Verbs,
    success: Word,
    ends: EndWords,
    leading_newline: bool,
    language: Language,
    lenient_reading: bool,
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

/// Words that make no dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DialectError {
    /// One word in two places.
    #[error("the word `{0}` is used for two things")]
    Clash(Word),
    /// `FAIL`, which begins refusals.
    #[error("the word FAIL is the word for refusals")]
    Fail,
    /// No end word.
    #[error("at least one end word is needed")]
    NoEndWord,
    /// More than [`MAX_END_WORDS`].
    #[error("there can be {MAX_END_WORDS} end words at most, these are {count}")]
    TooManyEndWords {
        /// The number of words given.
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
        Self::new(word("L"), word("C"), word("Q")).expect("three distinct words")
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
        Self::new(&[word("EXIT")]).expect("one word is enough")
    }
}

impl Default for Dialect {
    /// [`Dialect::lenient`], for programs that meet existing ones.
    fn default() -> Self {
        Self::lenient()
    }
}

impl Dialect {
    /// The grammar and nothing else: `L`, `C`, `Q`, `OK`, `EXIT`, no leading newline, English
    /// notices; only what this dialect writes is read.
    pub fn strict() -> Self {
        Self {
            verbs: Verbs::default(),
            success: word("OK"),
            ends: EndWords::default(),
            leading_newline: false,
            language: Language::English,
            lenient_reading: false,
        }
    }

    /// Writes like [`Dialect::strict`] and also reads the spellings of existing programs.
    pub fn lenient() -> Self {
        Self::strict().with_lenient_reading(true)
    }

    /// Replaces the success word and the end words, which have to be distinct from each other and
    /// from `FAIL`.
    pub fn with_words(mut self, success: Word, ends: EndWords) -> Result<Self, DialectError> {
        if success.as_str() == "FAIL" || ends.contains("FAIL") {
            return Err(DialectError::Fail);
        }
        if ends.contains(success.as_str()) {
            return Err(DialectError::Clash(success));
        }
        (self.success, self.ends) = (success, ends);
        Ok(self)
    }

    /// Replaces the words that begin requests.
    #[must_use]
    pub fn with_verbs(mut self, verbs: Verbs) -> Self {
        self.verbs = verbs;
        self
    }

    /// Puts a line feed in front of each delivery (never of a reply), so that a client that prints
    /// a prompt shows the line below it.
    #[must_use]
    pub fn with_leading_newline(mut self, leading_newline: bool) -> Self {
        self.leading_newline = leading_newline;
        self
    }

    /// Chooses the language of notices and refusals.
    #[must_use]
    pub fn with_language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// Reads the spellings of existing programs too, as the canonical value. Without it only what
    /// this dialect writes is read: what decodes encodes to the same bytes.
    #[must_use]
    pub fn with_lenient_reading(mut self, lenient_reading: bool) -> Self {
        self.lenient_reading = lenient_reading;
        self
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

    /// Whether a line feed stands in front of each delivery.
    pub fn leading_newline(&self) -> bool {
        self.leading_newline
    }

    /// The language of notices and refusals.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether the spellings of existing programs are read too.
    pub fn lenient_reading(&self) -> bool {
        self.lenient_reading
    }
}

fn word(text: &str) -> Word {
    Word::new(text).expect("a test makes every word of the default dialect")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_words_are_those_of_the_grammar() {
        let verbs = Verbs::default();
        let verbs = [verbs.login(), verbs.chat(), verbs.quit()];
        assert_eq!(verbs, ["L", "C", "Q"].map(word));
        assert!(EndWords::default().iter().eq([word("EXIT")]));
        assert_eq!(Dialect::strict().success(), word("OK"));
        assert!(Dialect::default().lenient_reading());
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
