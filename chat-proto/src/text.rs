//! Lines and reasons: PROTOCOL.md, "Text" and "Refusals".

use thiserror::Error;

use crate::limits::{MAX_REASON, MAX_TEXT};
use crate::string_traits::borrowed_string_traits;
#[cfg(feature = "alloc")]
use crate::string_traits::owned_string_traits;

/// A line, borrowed: 0 to [`MAX_TEXT`] bytes of UTF-8 without control characters (TAB is allowed),
/// never trimmed. It may hold characters that confuse a terminal (bidirectional overrides,
/// zero-width ones): a program that shows the text has to make it safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<'a>(&'a str);

/// The reason of a refusal, borrowed: 1 to [`MAX_REASON`] bytes of UTF-8 without control
/// characters, not beginning with `:`, so that no refusal looks like a member called `FAIL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason<'a>(&'a str);

borrowed_string_traits!(Text, TextError);
borrowed_string_traits!(Reason, ReasonError);

/// A string that is not a [`Text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextError {
    /// Longer than [`MAX_TEXT`].
    #[error("a line can have {MAX_TEXT} bytes at most, this one has {len}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// A control character other than TAB.
    #[error("a line cannot hold the control character U+{:04X}", u32::from(*.character))]
    Control {
        /// The character.
        character: char,
        /// Its place, in bytes from the start of the text.
        offset: usize,
    },
}

/// A string that is not a [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReasonError {
    /// No character at all.
    #[error("a reason is missing here")]
    Empty,
    /// Longer than [`MAX_REASON`].
    #[error("a reason can have {MAX_REASON} bytes at most, this one has {len}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// It begins with `:`.
    #[error("a reason cannot begin with `:`")]
    Colon,
    /// A control character other than TAB.
    #[error("a reason cannot hold the control character U+{:04X}", u32::from(*.character))]
    Control {
        /// The character.
        character: char,
        /// Its place, in bytes from the start of the reason.
        offset: usize,
    },
}

impl TextError {
    /// Returns the place of the fault, in bytes from the start of the string, in `0..=len`.
    pub fn offset(&self) -> usize {
        match self {
            Self::TooLong { .. } => MAX_TEXT,
            Self::Control { offset, .. } => *offset,
        }
    }
}

impl ReasonError {
    /// Returns the place of the fault, in bytes from the start of the string, in `0..=len`.
    pub fn offset(&self) -> usize {
        match self {
            Self::TooLong { .. } => MAX_REASON,
            Self::Control { offset, .. } => *offset,
            Self::Empty | Self::Colon => 0,
        }
    }
}

impl<'a> Text<'a> {
    /// Checks `text` against the rules above.
    #[inline]
    pub fn new(text: &'a str) -> Result<Self, TextError> {
        if text.len() > MAX_TEXT {
            return Err(TextError::TooLong { len: text.len() });
        }
        match first_control(text) {
            None => Ok(Self(text)),
            Some((offset, character)) => Err(TextError::Control { character, offset }),
        }
    }

    /// Returns the characters.
    pub fn as_str(&self) -> &'a str {
        self.0
    }
}

impl<'a> Reason<'a> {
    /// Checks `text` against the rules above.
    pub fn new(text: &'a str) -> Result<Self, ReasonError> {
        match text.as_bytes() {
            [] => return Err(ReasonError::Empty),
            long if long.len() > MAX_REASON => {
                return Err(ReasonError::TooLong { len: long.len() });
            }
            [b':', ..] => return Err(ReasonError::Colon),
            _ => {}
        }
        match first_control(text) {
            None => Ok(Self(text)),
            Some((offset, character)) => Err(ReasonError::Control { character, offset }),
        }
    }

    /// Returns the characters.
    pub fn as_str(&self) -> &'a str {
        self.0
    }
}

fn first_control(text: &str) -> Option<(usize, char)> {
    // Hardly any text holds a control. Controls are ASCII or begin with 0xC2, and testing all bytes
    // without a branch for each is much faster than testing characters.
    let may_begin_one = |byte: u8| byte.is_ascii_control() || byte == 0xC2;
    if !text
        .bytes()
        .fold(false, |any, byte| any | may_begin_one(byte))
    {
        return None;
    }
    let mut characters = text.char_indices();
    characters.find(|&(_, c)| c.is_control() && c != '\t')
}

/// An owned [`Text`], for a line that outlives its datagram.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextBuf(alloc::string::String);

#[cfg(feature = "alloc")]
owned_string_traits!(TextBuf, TextError);

#[cfg(feature = "alloc")]
impl TextBuf {
    /// Checks `text` as [`Text::new`] does.
    pub fn new(text: impl Into<alloc::string::String>) -> Result<Self, TextError> {
        let text = text.into();
        Text::new(&text)?;
        Ok(Self(text))
    }

    /// Returns the borrowed form.
    pub fn as_text(&self) -> Text<'_> {
        Text(&self.0)
    }

    /// Returns the characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "alloc")]
impl From<Text<'_>> for TextBuf {
    fn from(text: Text<'_>) -> Self {
        Self(text.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_at_most_988_bytes() {
        let too_long = |len| Err(TextError::TooLong { len });
        assert!(Text::new("").is_ok());
        assert!(Text::new(&"x".repeat(988)).is_ok());
        assert_eq!(Text::new(&"x".repeat(989)), too_long(989));
        assert_eq!(Text::new(&"吃".repeat(330)), too_long(990));
    }

    #[test]
    fn every_control_but_tab_is_found_wherever_it_stands() {
        for offset in [0, 1, 30, 31, 32, 33, 63, 64] {
            for character in ('\0'..' ').chain('\u{7f}'..'\u{a0}') {
                let text = alloc::format!("{}{character}é吃", "x".repeat(offset));
                let control = TextError::Control { character, offset };
                let expected = (character != '\t').then_some(control);
                assert_eq!(Text::new(&text).err(), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn the_neighbours_of_the_controls_are_allowed() {
        let text = alloc::format!("{}\u{a0}\u{a1}~ ¿À吃了么\t😀", "x".repeat(31));
        assert_eq!(Text::new(&text).unwrap().as_str(), text);
    }

    #[test]
    fn a_reason_is_1_to_115_bytes_and_no_delivery() {
        let (character, offset) = ('\n', 1);
        let control = ReasonError::Control { character, offset };
        assert_eq!(Reason::new(""), Err(ReasonError::Empty));
        assert_eq!(Reason::new(": hello"), Err(ReasonError::Colon));
        assert_eq!(Reason::new("a\nb"), Err(control));
        assert!(Reason::new(&"x".repeat(115)).is_ok());
        let too_long = Err(ReasonError::TooLong { len: 116 });
        assert_eq!(Reason::new(&"x".repeat(116)), too_long);
    }
}
