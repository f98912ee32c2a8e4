//! Who speaks: PROTOCOL.md, "Names".

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use thiserror::Error;

use crate::inline::{Inline, inline_newtype};
use crate::limits::MAX_NAME;
use crate::utf8::Utf8;

/// A member's name: 1 to [`MAX_NAME`] bytes of UTF-8, kept in place (33 bytes, `Copy`).
///
/// No blank or other white space, no control, format or invisible character, no `:` or `：`; it
/// does not begin with `*` or `~` and is none of `OK`, `FAIL`, `EXIT` in any case. So no name can
/// be taken for a notice, a reply or a separator. Names are compared byte by byte: `Bob` and `bob`
/// are two.
///
/// ```
/// use chat_proto::Name;
///
/// assert_eq!(Name::new("小明")?.as_str(), "小明");
/// assert_eq!(Name::new("two words").unwrap_err().to_string(), "a name cannot hold the character U+0020");
/// # Ok::<(), chat_proto::NameError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Inline<{ MAX_NAME / 8 }>);

inline_newtype!(Name, NameError);

/// Why a string is no [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// There is nothing where a name belongs.
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
        /// Where it stands, in bytes from the start of the name.
        offset: usize,
    },
    /// It begins like a notice (`*`) or like what is kept for extensions (`~`).
    #[error("a name cannot begin with `{0}`")]
    Marker(char),
    /// `OK`, `FAIL` or `EXIT`, in any case.
    #[error("a name cannot be one of the words OK, FAIL and EXIT")]
    ReplyWord,
}

impl NameError {
    /// Where the string went wrong, in bytes from its start; within `0..=len`.
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
    pub fn new(text: &str) -> Result<Self, NameError> {
        CheckedName::new(text.into(), plain_prefix(text.as_bytes())).map(CheckedName::keep)
    }

    /// A name of this crate's own tables, all of which a test puts through [`Name::new`].
    pub(crate) fn known(text: &'static str) -> Self {
        Self(Inline::known(text.as_bytes()))
    }
}

/// A string that is a [`Name`], not yet copied: while a datagram is being read its name is handed
/// from rule to rule, and a copy at every step would cost more than the reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CheckedName<'a>(Utf8<'a>);

impl<'a> CheckedName<'a> {
    /// Checks `text`, whose first `plain` bytes are known to be plain: see [`plain_prefix`].
    #[inline(always)]
    pub(crate) fn new(text: Utf8<'a>, plain: usize) -> Result<Self, NameError> {
        let bytes = text.as_bytes();
        if bytes.len() > MAX_NAME {
            return Err(NameError::TooLong { len: bytes.len() });
        }
        if bytes.len() > plain {
            check_closely(text.as_str())?;
        }
        match bytes {
            [] => Err(NameError::Empty),
            [marker @ (b'*' | b'~'), ..] => Err(NameError::Marker(char::from(*marker))),
            word if is_reply_word(word) => Err(NameError::ReplyWord),
            _ => Ok(Self(text)),
        }
    }

    #[inline]
    pub(crate) fn keep(self) -> Name {
        Name(Inline::known(self.0.as_bytes()))
    }
}

/// How many bytes at the start of `text` are plain: characters by themselves that a name can hold.
/// Nearly every name is made of nothing but these; only the others are looked at character by
/// character.
#[inline]
pub(crate) fn plain_prefix(text: &[u8]) -> usize {
    let (groups, rest) = text.as_chunks();
    let mut plain = 0;
    for group in groups {
        let here = plain_in_group(*group);
        plain += here;
        if here < group.len() {
            return plain;
        }
    }
    plain
        + rest
            .iter()
            .position(|byte| !is_plain(*byte))
            .unwrap_or(rest.len())
}

/// The same for eight bytes, all at once in one number: the lowest byte comes first, and of a byte
/// that is not plain the highest bit is set. (Borrows and carries can set it in bytes behind the
/// first such one, where it does not matter.)
#[inline]
fn plain_in_group(group: [u8; 8]) -> usize {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let bytes = u64::from_le_bytes(group);
    let below = |bytes: u64, limit: u64| bytes.wrapping_sub(EACH * limit) & !bytes;
    let colon = below(bytes ^ (EACH * 0x3a), 1);
    let above = bytes | bytes.wrapping_add(EACH);
    let found = (below(bytes, 0x21) | colon | above) & (EACH * 0x80);
    found.trailing_zeros() as usize / 8
}

fn check_closely(text: &str) -> Result<(), NameError> {
    match text
        .char_indices()
        .find(|&(_, character)| is_forbidden(character))
    {
        None => Ok(()),
        Some((offset, character)) => Err(NameError::Forbidden { character, offset }),
    }
}

/// Whether a name can hold the byte, and it is a character by itself.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b'!'..=b'9' | b';'..=b'~')
}

#[inline(always)]
fn is_reply_word(word: &[u8]) -> bool {
    let is = |known: &[u8]| word.eq_ignore_ascii_case(known);
    match word.len() {
        2 => is(b"OK"),
        4 => is(b"FAIL") || is(b"EXIT"),
        _ => false,
    }
}

/// What a name cannot hold; all else is
///
/// ```abnf
/// name-char = %x21-39 / %x3B-7E / visible   ; not ":" nor "："
/// ```
fn is_forbidden(c: char) -> bool {
    if let Ok(byte @ ..0x80) = u8::try_from(c) {
        return !is_plain(byte);
    }
    // U+2800 is the one blank that Unicode calls a symbol: an empty Braille cell.
    matches!(c, '：' | '\u{2800}')
        || c.is_whitespace()
        || c.is_control()
        || CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Format
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_1_to_32_bytes() {
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert!(Name::new(&"a".repeat(32)).is_ok());
        assert_eq!(
            Name::new(&"a".repeat(33)),
            Err(NameError::TooLong { len: 33 })
        );
        assert!(Name::new(&"老".repeat(10)).is_ok(), "30 bytes");
        assert_eq!(
            Name::new(&"老".repeat(11)),
            Err(NameError::TooLong { len: 33 })
        );
    }

    #[test]
    fn blanks_controls_and_invisible_characters_are_refused_where_they_stand() {
        for c in [
            ' ',
            '\t',
            '\n',
            '\0',
            '\u{7f}',
            '\u{85}',
            '\u{a0}',
            '\u{ad}',
            '\u{200b}',
            '\u{200d}',
            '\u{202e}',
            '\u{2028}',
            '\u{2800}',
            '\u{3000}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e0041}',
            ':',
            '：',
        ] {
            let text = alloc::format!("é{c}b");
            assert_eq!(
                Name::new(&text),
                Err(NameError::Forbidden {
                    character: c,
                    offset: 2
                }),
                "U+{:04X}",
                u32::from(c)
            );
        }
    }

    #[test]
    fn what_looks_like_a_notice_an_extension_or_a_reply_is_refused() {
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

    #[test]
    fn the_plain_bytes_are_counted_up_to_the_first_other_one() {
        for len in 0..40 {
            for byte in 0..=u8::MAX {
                let mut bytes = alloc::vec![b'x'; 40];
                bytes[len] = byte;
                let expected = if is_plain(byte) { 40 } else { len };
                assert_eq!(plain_prefix(&bytes), expected, "{byte:#x} at {len}");
            }
        }
    }
}
