//! A short string kept in place, so that names and words are `Copy` and need no allocator.

use core::fmt;

/// How many bytes are moved at once.
const GROUP: usize = 8;

/// At most 8 `GROUPS` (≤ 248) bytes of UTF-8. The bytes behind the string are zero, and no string
/// kept here holds a NUL: the derived order is therefore the order of the strings.
///
/// In groups, because a copy of a few bytes whose number is not known is slower than one of a few
/// whole groups.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]

pub(crate) struct Inline<const GROUPS: usize> {
    groups: [[u8; GROUP]; GROUPS],
    len: u8,
}

impl<const GROUPS: usize> Inline<GROUPS> {
    /// `None` when the string is too long.
    pub(crate) fn new(text: &str) -> Option<Self> {
        (text.len() <= GROUPS * GROUP).then(|| Self::known(text.as_bytes()))
    }

    /// The bytes of a string that is known to be short enough (an over-long one would be empty).
    #[inline]
    pub(crate) fn known(text: &[u8]) -> Self {
        let text = if text.len() <= GROUPS * GROUP {
            text
        } else {
            b""
        };
        let mut groups = [[0; GROUP]; GROUPS];
        let mut left = text;
        for place in &mut groups {
            (*place, left) = first_group(text, left);
        }
        Self {
            groups,
            len: u8::try_from(text.len()).unwrap_or(0),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        let bytes = self.groups.as_flattened();
        bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    pub(crate) fn as_str(&self) -> &str {
        // Always valid: `new` copied a whole string. Without unsafe code the check has to be
        // repeated.
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// The first group of `left`, with zeros behind its end, and what is left behind it. `left` is the
/// end of `text`.
#[inline]
fn first_group<'a>(text: &[u8], left: &'a [u8]) -> ([u8; GROUP], &'a [u8]) {
    if let Some((group, left)) = left.split_first_chunk() {
        return (*group, left);
    }
    let group = match (
        left,
        text.last_chunk(),
        left.first_chunk(),
        left.last_chunk(),
    ) {
        ([], ..) => [0; GROUP],
        // What was taken too much stands in front of it.
        (_, Some(last), ..) => {
            (u64::from_le_bytes(*last) >> (8 * (GROUP - left.len()))).to_le_bytes()
        }
        (_, None, Some(first), Some(last)) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            (u64::from(first) | u64::from(last) << (8 * (left.len() - 4))).to_le_bytes()
        }
        _ => {
            let mut group = [0; GROUP];
            for (place, &byte) in group.iter_mut().zip(left) {
                *place = byte;
            }
            group
        }
    };
    (group, &[])
}

impl<const GROUPS: usize> fmt::Debug for Inline<GROUPS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// What [`Name`](crate::Name) and [`Word`](crate::Word) have in common: a checked newtype over
/// [`Inline`].
macro_rules! inline_newtype {
    ($type:ident, $error:ty) => {
        impl $type {
            /// The characters.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The characters as UTF-8 bytes.
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl core::str::FromStr for $type {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $type {
            type Error = $error;

            fn try_from(text: &str) -> Result<Self, $error> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl core::fmt::Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}
pub(crate) use inline_newtype;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_kept_whole_with_zeros_behind() {
        let text = "abcdefghijklmnopqrstuvwxyz012345";
        for len in 0..=32 {
            let kept = Inline::<4>::new(text.get(..len).unwrap()).unwrap();
            assert_eq!(Some(kept.as_str()), text.get(..len));
            assert!(
                kept.groups.as_flattened()[len..]
                    .iter()
                    .all(|&byte| byte == 0),
                "{len}"
            );
        }
        assert_eq!(Inline::<4>::new("abcdefghijklmnopqrstuvwxyz0123456"), None);
        assert_eq!(Inline::<4>::known(&[b'x'; 33]).as_str(), "");
        assert_eq!(Inline::<2>::new("0123456789abcdefg"), None);
    }
}
