//! UTF-8 that has been checked, kept as bytes.

use core::fmt;

/// A string as bytes.
///
/// A server reads lines in order to forward them and needs no `&str` of them; and that bytes are
/// ASCII, which most are, is seen much faster than `core::str::from_utf8` makes a `&str`, the one
/// way to get it without unsafe code. So that is done where somebody asks for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Utf8<'a>(&'a [u8]);

impl<'a> Utf8<'a> {
    /// Checks `bytes`; the error says how many of them are good.
    #[inline]
    pub(crate) fn check(bytes: &'a [u8]) -> Result<Self, usize> {
        if bytes.is_ascii() {
            return Ok(Self(bytes));
        }
        is_utf8(bytes).map(|()| Self(bytes))
    }

    /// A piece of what was checked, cut out at ASCII characters.
    #[inline]
    pub(crate) fn piece(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn as_str(self) -> &'a str {
        // Always valid: it was checked.
        core::str::from_utf8(self.0).unwrap_or_default()
    }
}

impl<'a> From<&'a str> for Utf8<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl fmt::Debug for Utf8<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Whether all of it is UTF-8, by itself so that what is quick stays small; the error says how many
/// bytes at the start are.
#[inline(never)]
fn is_utf8(bytes: &[u8]) -> Result<(), usize> {
    #[cfg(feature = "simd")]
    if simdutf8::basic::from_utf8(bytes).is_ok() {
        return Ok(());
    }
    match core::str::from_utf8(bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.valid_up_to()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_bytes_pass_and_bad_ones_are_found_where_they_stand() {
        for good in ["", "ascii", "吃了么", "a😀"] {
            assert_eq!(Utf8::check(good.as_bytes()).map(Utf8::as_str), Ok(good));
        }
        for before in [0, 1, 7, 8, 15, 16, 63, 64, 65, 900] {
            for bad in [
                &b"\xff"[..],
                b"\xc3",
                b"\xe5\x90",
                b"\xed\xa0\x80",
                b"\xc0\x80",
            ] {
                let bytes = ["吃".repeat(before).as_bytes(), bad, b"!"].concat();
                assert_eq!(
                    Utf8::check(&bytes),
                    Err(3 * before),
                    "{bad:x?} behind {before}"
                );
            }
        }
    }
}
