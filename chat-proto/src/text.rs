//! What is said: PROTOCOL.md, "Text".

use thiserror::Error;

use crate::limits::{MAX_REASON, MAX_TEXT};
use crate::scan::first_control;
use crate::utf8::Utf8;

/// What somebody said, borrowed: 0 to [`MAX_TEXT`] bytes of UTF-8 without control characters (TAB
/// is allowed), never trimmed. It may hold characters that trick a terminal (bidirectional
/// overrides, zero-width ones): a program that shows it makes it safe there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<'a>(Utf8<'a>);

/// Why a refused login or line was refused, borrowed: 1 to [`MAX_REASON`] bytes of UTF-8 without
/// control characters, not beginning with `:` (so that no refusal looks like somebody who is called
/// `FAIL`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason<'a>(Utf8<'a>);

/// Why a string is no [`Text`].
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
        /// Where it stands, in bytes from the start of the text.
        offset: usize,
    },
}

/// Why a string is no [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReasonError {
    /// There is nothing where a reason belongs.
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
        /// Where it stands, in bytes from the start of the reason.
        offset: usize,
    },
}

impl TextError {
    /// Where the string went wrong, in bytes from its start; within `0..=len`.
    pub fn offset(&self) -> usize {
        match self {
            Self::TooLong { .. } => MAX_TEXT,
            Self::Control { offset, .. } => *offset,
        }
    }
}

impl ReasonError {
    /// Where the string went wrong, in bytes from its start; within `0..=len`.
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
    pub fn new(text: &'a str) -> Result<Self, TextError> {
        Self::of(text.into())
    }

    #[inline(always)]
    pub(crate) fn of(text: Utf8<'a>) -> Result<Self, TextError> {
        let len = text.as_bytes().len();
        if len > MAX_TEXT {
            return Err(TextError::TooLong { len });
        }
        match first_control(text) {
            None => Ok(Self(text)),
            Some((offset, character)) => Err(TextError::Control { character, offset }),
        }
    }

    /// A text of this crate's own tables, all of which a test puts through [`Text::new`].
    pub(crate) fn known(text: &'static str) -> Text<'static> {
        Text(text.into())
    }

    /// The characters. Looks at every byte once more: who forwards takes
    /// [`as_bytes`](Self::as_bytes).
    pub fn as_str(&self) -> &'a str {
        self.0.as_str()
    }

    /// The characters as UTF-8 bytes.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0.as_bytes()
    }
}

impl<'a> Reason<'a> {
    /// Checks `text` against the rules above.
    pub fn new(text: &'a str) -> Result<Self, ReasonError> {
        Self::of(text.into())
    }

    pub(crate) fn of(text: Utf8<'a>) -> Result<Self, ReasonError> {
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

    /// A reason of this crate's own tables, all of which a test puts through [`Reason::new`].
    pub(crate) fn known(text: &'static str) -> Reason<'static> {
        Reason(text.into())
    }

    /// The characters. Looks at every byte once more: who forwards takes
    /// [`as_bytes`](Self::as_bytes).
    pub fn as_str(&self) -> &'a str {
        self.0.as_str()
    }

    /// The characters as UTF-8 bytes.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0.as_bytes()
    }
}

/// What the borrowed strings have in common.
macro_rules! borrowed_newtype {
    ($type:ident, $error:ty) => {
        impl<'a> TryFrom<&'a str> for $type<'a> {
            type Error = $error;

            fn try_from(text: &'a str) -> Result<Self, $error> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $type<'_> {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl core::fmt::Display for $type<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
borrowed_newtype!(Text, TextError);
borrowed_newtype!(Reason, ReasonError);

#[cfg(feature = "alloc")]
mod owned {
    use alloc::string::String;

    use super::{Reason, ReasonError, Text, TextError};

    /// What the owned strings have in common.
    macro_rules! owned_newtype {
        ($(#[$doc:meta])* $owned:ident, $borrowed:ident, $as_borrowed:ident, $error:ty) => {
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $owned(String);

            impl $owned {
                /// Checks `text` as the borrowed form does.
                pub fn new(text: impl Into<String>) -> Result<Self, $error> {
                    let text = text.into();
                    $borrowed::new(&text)?;
                    Ok(Self(text))
                }

                /// The borrowed form.
                pub fn $as_borrowed(&self) -> $borrowed<'_> {
                    // Checked by `new`, the only door.
                    $borrowed(self.0.as_str().into())
                }

                /// The characters.
                pub fn as_str(&self) -> &str {
                    &self.0
                }

                /// The characters as UTF-8 bytes.
                pub fn as_bytes(&self) -> &[u8] {
                    self.0.as_bytes()
                }
            }

            impl From<$borrowed<'_>> for $owned {
                fn from(text: $borrowed<'_>) -> Self {
                    Self(text.as_str().into())
                }
            }

            impl core::str::FromStr for $owned {
                type Err = $error;

                fn from_str(text: &str) -> Result<Self, $error> {
                    Self::new(text)
                }
            }

            impl AsRef<str> for $owned {
                fn as_ref(&self) -> &str {
                    &self.0
                }
            }

            impl core::fmt::Display for $owned {
                fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                    f.pad(&self.0)
                }
            }
        };
    }

    owned_newtype!(
        /// An owned [`Text`].
        TextBuf, Text, as_text, TextError
    );
    owned_newtype!(
        /// An owned [`Reason`].
        ReasonBuf, Reason, as_reason, ReasonError
    );
}
#[cfg(feature = "alloc")]
pub use owned::{ReasonBuf, TextBuf};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_at_most_988_bytes() {
        assert!(Text::new("").is_ok());
        assert!(Text::new(&"x".repeat(988)).is_ok());
        assert_eq!(
            Text::new(&"x".repeat(989)),
            Err(TextError::TooLong { len: 989 })
        );
        assert_eq!(
            Text::new(&"吃".repeat(330)),
            Err(TextError::TooLong { len: 990 })
        );
    }

    #[test]
    fn every_control_but_tab_is_found_wherever_it_stands() {
        // Positions on both sides of the edge between two blocks.
        for before in [0, 1, 30, 31, 32, 33, 63, 64] {
            for code in (0..0x20).chain(0x7f..0xa0) {
                let character = char::from_u32(code).unwrap();
                let text = alloc::format!("{}{character}é吃", "x".repeat(before));
                let expected = if character == '\t' {
                    None
                } else {
                    Some(TextError::Control {
                        character,
                        offset: before,
                    })
                };
                assert_eq!(
                    Text::new(&text).err(),
                    expected,
                    "U+{code:04X} behind {before} bytes"
                );
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
        assert_eq!(Reason::new(""), Err(ReasonError::Empty));
        assert_eq!(Reason::new(": hello"), Err(ReasonError::Colon));
        assert_eq!(
            Reason::new(&"x".repeat(116)),
            Err(ReasonError::TooLong { len: 116 })
        );
        assert_eq!(
            Reason::new("a\nb"),
            Err(ReasonError::Control {
                character: '\n',
                offset: 1
            })
        );
        assert!(Reason::new(&"x".repeat(115)).is_ok());
    }
}
