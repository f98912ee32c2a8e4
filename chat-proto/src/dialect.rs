//! The spelling of the protocol in one room: PROTOCOL.md, "Dialects".

use thiserror::Error;

use crate::language::Language;
use crate::limits::MAX_END_WORDS;
use crate::word::Word;

/// The words and settings of one room, chosen at run time: a server writes one dialect, a client
/// reads many.
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
/// `leading_newline`, `language` and `lenient_reading`. A missing field has its value from
/// [`Dialect::default`]; an unknown one is an error.
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

/// The answers to a quit, in the order in which a server sends them: 1 to [`MAX_END_WORDS`] words,
/// distinct.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EndWords {
    words: [Option<Word>; MAX_END_WORDS],
}

/// A reason why words make no dialect.
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

    /// Returns the word that begins a login, `L`.
    pub fn login(&self) -> Word {
        self.login
    }

    /// Returns the word that begins a line, `C`.
    pub fn chat(&self) -> Word {
        self.chat
    }

    /// Returns the word that begins a quit, `Q`.
    pub fn quit(&self) -> Word {
        self.quit
    }
}

impl Default for Verbs {
    /// Returns `L`, `C`, `Q`.
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

    /// Returns the words in the order in which a server sends them.
    pub fn iter(&self) -> impl Iterator<Item = Word> + '_ {
        self.words.iter().flatten().copied()
    }

    /// Returns whether `word` is one of them.
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
    /// Returns `EXIT` alone.
    fn default() -> Self {
        Self::new(&[word("EXIT")]).expect("one word is enough")
    }
}

impl Default for Dialect {
    /// Returns [`Dialect::lenient`], for programs that meet existing ones.
    fn default() -> Self {
        Self::lenient()
    }
}

impl Dialect {
    /// Returns the plain dialect: `L`, `C`, `Q`, `OK`, `EXIT`, no leading newline, English notices.
    /// It reads only the datagrams that it writes.
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

    /// Returns a dialect that writes like [`Dialect::strict`] and also reads the spellings of
    /// existing programs.
    pub fn lenient() -> Self {
        Self::strict().with_lenient_reading(true)
    }

    /// Replaces success and end words. All must differ from each other and from `FAIL`.
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

    /// Chooses whether to read the spellings of existing programs too. A dialect without them reads
    /// only the datagrams that it writes.
    #[must_use]
    pub fn with_lenient_reading(mut self, lenient_reading: bool) -> Self {
        self.lenient_reading = lenient_reading;
        self
    }

    /// Returns the words that begin requests.
    pub fn verbs(&self) -> &Verbs {
        &self.verbs
    }

    /// Returns the word that answers an accepted login.
    pub fn success(&self) -> Word {
        self.success
    }

    /// Returns the words that answer a quit.
    pub fn ends(&self) -> &EndWords {
        &self.ends
    }

    /// Returns whether a line feed stands in front of each delivery.
    pub fn leading_newline(&self) -> bool {
        self.leading_newline
    }

    /// Returns the language of notices and refusals.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Returns whether the dialect also reads the spellings of existing programs.
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
        let ends = EndWords::default();
        assert!(ends.iter().eq([word("EXIT")]));
        assert_eq!(alloc::format!("{ends:?}"), r#"[Word("EXIT")]"#);
        assert_eq!(Dialect::strict().success(), word("OK"));
        assert!(Dialect::default().lenient_reading());
    }

    #[test]
    fn ambiguous_words_are_refused() {
        let ends = |words: &[&str]| {
            let words: alloc::vec::Vec<Word> = words.iter().map(|w| word(w)).collect();
            EndWords::new(&words)
        };
        assert_eq!(ends(&[]), Err(DialectError::NoEndWord));
        assert_eq!(ends(&["a", "b", "a"]), Err(DialectError::Clash(word("a"))));
        assert!(ends(&["1", "2", "3", "4", "5", "6", "7", "8"]).is_ok());
        let nine = ends(&["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        assert_eq!(nine, Err(DialectError::TooManyEndWords { count: 9 }));

        let plain = Dialect::strict();
        let words = |success, ends| plain.with_words(word(success), ends);
        let fail_ends = ends(&["FAIL"]).unwrap();
        assert_eq!(words("FAIL", *plain.ends()), Err(DialectError::Fail));
        assert_eq!(words("OK", fail_ends), Err(DialectError::Fail));
        let clash = |text| DialectError::Clash(word(text));
        assert_eq!(words("EXIT", *plain.ends()), Err(clash("EXIT")));
        let verbs = |login, chat, quit| Verbs::new(word(login), word(chat), word(quit));
        assert_eq!(verbs("L", "L", "Q"), Err(clash("L")));
        assert_eq!(verbs("L", "C", "L"), Err(clash("L")));
        assert_eq!(verbs("L", "C", "C"), Err(clash("C")));
    }
}
