//! Names of members: PROTOCOL.md, "Names".

use arrayvec::ArrayString;
use thiserror::Error;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::limits::MAX_NAME;
use crate::string_traits::owned_string_traits;

/// A member's name: 1 to [`MAX_NAME`] bytes of UTF-8, kept in place (`Copy`, no allocation).
///
/// It holds no white space, no control, format or invisible character, no `:` and no `：`; it does
/// not begin with `*` or `~` and is none of `OK`, `FAIL`, `EXIT` in any case. So no name looks like
/// a notice, a reply or a separator. Equality compares bytes: `Bob` and `bob` are two names.
///
/// ```
/// use chat_proto::Name;
///
/// assert_eq!(Name::new("小明")?.as_str(), "小明");
/// let error = Name::new("two words").unwrap_err();
/// assert_eq!(error.to_string(), "a name cannot hold the character U+0020");
/// # Ok::<(), chat_proto::NameError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(ArrayString<MAX_NAME>);

owned_string_traits!(Name, NameError);

/// A string that is not a [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// No character at all.
    #[error("a name is missing here")]
    Empty,
    /// Longer than [`MAX_NAME`].
    #[error("a name can have {MAX_NAME} bytes at most, this one has {len}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// White space, a control, format or invisible character, or a colon.
    #[error("a name cannot hold the character U+{:04X}", u32::from(*.character))]
    Forbidden {
        /// The character.
        character: char,
        /// Its place, in bytes from the start of the name.
        offset: usize,
    },
    /// It begins like a notice (`*`) or like an extension (`~`).
    #[error("a name cannot begin with `{0}`")]
    Marker(char),
    /// `OK`, `FAIL` or `EXIT`, in any case.
    #[error("a name cannot be one of the words OK, FAIL and EXIT")]
    ReplyWord,
}

impl NameError {
    /// Returns the place of the fault, in bytes from the start of the string, in `0..=len`.
    pub fn offset(&self) -> usize {
        match self {
            Self::Forbidden { offset, .. } => *offset,
            Self::TooLong { .. } => MAX_NAME,
            Self::Empty | Self::Marker(_) | Self::ReplyWord => 0,
        }
    }
}

impl Name {
    /// Checks `text` against the rules above.
    #[inline]
    pub fn new(text: &str) -> Result<Self, NameError> {
        let kept = ArrayString::from(text).map_err(|_| NameError::TooLong { len: text.len() })?;
        if !text.bytes().all(is_plain) {
            let mut characters = text.char_indices();
            if let Some((offset, character)) = characters.find(|&(_, c)| is_forbidden(c)) {
                return Err(NameError::Forbidden { character, offset });
            }
        }
        match text.as_bytes() {
            [] => return Err(NameError::Empty),
            [marker @ (b'*' | b'~'), ..] => return Err(NameError::Marker(char::from(*marker))),
            _ => {}
        }
        let mut reply_words = ["OK", "FAIL", "EXIT"].into_iter();
        if reply_words.any(|word| word.eq_ignore_ascii_case(text)) {
            return Err(NameError::ReplyWord);
        }
        Ok(Self(kept))
    }

    /// Returns the characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// ```abnf
/// name-char = %x21-39 / %x3B-7E / visible   ; not ":" nor "："
/// ```
fn is_forbidden(c: char) -> bool {
    if let Ok(byte @ ..0x80) = u8::try_from(c) {
        return !is_plain(byte);
    }
    // U+2800, an empty Braille cell, is the only empty character that Unicode calls a symbol.
    matches!(c, '：' | '\u{2800}')
        || c.is_whitespace()
        || c.is_control()
        || c.general_category() == GeneralCategory::Format
        || is_invisible(c)
}

/// Returns whether the byte is an ASCII character that a name can hold.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b':'
}

/// Returns whether Unicode calls the character default ignorable (`Default_Ignorable_Code_Point`):
/// programs show nothing for it. A [`Name`] refuses such characters; a [`Text`](crate::Text) may
/// hold them, so a program has to escape them for a terminal.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_1_to_32_bytes() {
        let too_long = Err(NameError::TooLong { len: 33 });
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert!(Name::new(&"a".repeat(32)).is_ok());
        assert_eq!(Name::new(&"a".repeat(33)), too_long);
        assert!(Name::new(&"老".repeat(10)).is_ok(), "30 bytes");
        assert_eq!(Name::new(&"老".repeat(11)), too_long);
    }

    #[test]
    fn a_forbidden_character_is_refused_where_it_stands() {
        let ascii = " \t\n\0\u{7f}:";
        let unicode = "\u{85}\u{a0}\u{ad}\u{200b}\u{200d}\u{202e}\u{2028}\u{2800}\u{3000}\u{3164}";
        let invisible = "：\u{fe0f}\u{feff}\u{e0041}";
        for character in [ascii, unicode, invisible].concat().chars() {
            let text = alloc::format!("é{character}b");
            let refusal = Err(NameError::Forbidden {
                character,
                offset: 2,
            });
            assert_eq!(Name::new(&text), refusal, "{text:?}");
        }
    }

    #[test]
    fn a_name_like_a_notice_an_extension_or_a_reply_is_refused() {
        assert_eq!(Name::new("*bob"), Err(NameError::Marker('*')));
        assert_eq!(Name::new("~bob"), Err(NameError::Marker('~')));
        for word in ["OK", "ok", "Fail", "FAIL", "exit", "EXIT"] {
            assert_eq!(Name::new(word), Err(NameError::ReplyWord), "{word}");
        }
        for word in ["OKAY", "b*", "b~", "EXITS", "IN", "#"] {
            assert!(Name::new(word).is_ok(), "{word}");
        }
    }

    #[test]
    fn names_are_ordered_like_their_strings() {
        let names = ["a", "aa", "ab", "b", "é", "老"].map(|n| Name::new(n).unwrap());
        assert!(names.is_sorted());
    }
}
