//! The words of requests and replies: PROTOCOL.md, "Dialects".

use arrayvec::ArrayString;
use thiserror::Error;

use crate::limits::MAX_WORD;
use crate::string_traits::owned_string_traits;

/// A success word (`OK`), an end word (`EXIT`) or a request's verb (`L`): 1 to [`MAX_WORD`] bytes
/// of UTF-8 without white space and controls, not beginning with `*` or `~`. Kept in place, `Copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(ArrayString<MAX_WORD>);

owned_string_traits!(Word, WordError);

/// A string that is not a [`Word`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WordError {
    /// No character at all.
    #[error("a word is missing here")]
    Empty,
    /// Longer than [`MAX_WORD`].
    #[error("a word can have {MAX_WORD} bytes at most, this one has {len}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// White space or a control character.
    #[error("a word cannot hold the character U+{:04X}", u32::from(*.0))]
    Forbidden(char),
    /// It begins with `*` or `~`.
    #[error("a word cannot begin with `{0}`")]
    Marker(char),
}

impl Word {
    /// Checks `text` against the rules above.
    pub fn new(text: &str) -> Result<Self, WordError> {
        let first = text.chars().next().ok_or(WordError::Empty)?;
        let kept = ArrayString::from(text).map_err(|_| WordError::TooLong { len: text.len() })?;
        let mut characters = text.chars();
        if let Some(c) = characters.find(|c| c.is_whitespace() || c.is_control()) {
            return Err(WordError::Forbidden(c));
        }
        if matches!(first, '*' | '~') {
            return Err(WordError::Marker(first));
        }
        Ok(Self(kept))
    }

    /// Returns the characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_1_to_16_bytes_without_spaces_and_markers() {
        let too_long = Err(WordError::TooLong { len: 17 });
        assert_eq!(Word::new(""), Err(WordError::Empty));
        assert!(Word::new("0123456789abcdef").is_ok());
        assert_eq!(Word::new("0123456789abcdefg"), too_long);
        for character in [' ', '\u{1b}', '\u{3000}'] {
            let refusal = Err(WordError::Forbidden(character));
            assert_eq!(Word::new(&alloc::format!("OK{character}")), refusal);
        }
        assert_eq!(Word::new("*"), Err(WordError::Marker('*')));
        assert_eq!(Word::new("~1"), Err(WordError::Marker('~')));
        assert_eq!(Word::new("#").unwrap().as_str(), "#");
        assert_eq!(Word::new("再见").unwrap().as_str(), "再见");
    }
}
