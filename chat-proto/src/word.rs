//! The words that programs wait for: PROTOCOL.md, "Dialects".

use thiserror::Error;

use crate::inline::{Inline, inline_newtype};
use crate::limits::MAX_WORD;

/// A success word (`OK`), an end word (`EXIT`) or a request's verb (`L`): 1 to [`MAX_WORD`] bytes
/// of UTF-8 without white space and controls, not beginning with `*` or `~`. Kept in place, `Copy`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(Inline<{ MAX_WORD / 8 }>);

inline_newtype!(Word, WordError);

/// Why a string is no [`Word`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WordError {
    /// It has no character.
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
        let inline = Inline::new(text).ok_or(WordError::TooLong { len: text.len() })?;
        if let Some(c) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
            return Err(WordError::Forbidden(c));
        }
        if matches!(first, '*' | '~') {
            return Err(WordError::Marker(first));
        }
        Ok(Self(inline))
    }

    /// A word of this crate's own tables, all of which a test puts through [`Word::new`].
    pub(crate) fn known(text: &'static str) -> Self {
        Self(Inline::known(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_1_to_16_bytes_without_blanks_and_markers() {
        assert_eq!(Word::new(""), Err(WordError::Empty));
        assert!(Word::new("0123456789abcdef").is_ok());
        assert_eq!(
            Word::new("0123456789abcdefg"),
            Err(WordError::TooLong { len: 17 })
        );
        assert_eq!(Word::new("O K"), Err(WordError::Forbidden(' ')));
        assert_eq!(Word::new("OK\u{1b}"), Err(WordError::Forbidden('\u{1b}')));
        assert_eq!(
            Word::new("OK\u{3000}"),
            Err(WordError::Forbidden('\u{3000}'))
        );
        assert_eq!(Word::new("*"), Err(WordError::Marker('*')));
        assert_eq!(Word::new("~1"), Err(WordError::Marker('~')));
        assert_eq!(Word::new("#").unwrap().as_str(), "#");
        assert_eq!(Word::new("再见").unwrap().as_str(), "再见");
    }
}
