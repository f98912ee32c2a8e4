//! Looking for what may not be there, many bytes at a time.
//!
//! Almost every datagram is good. So the question "could something bad be in here?" is asked of
//! whole blocks, without a branch a byte, which compilers turn into vector instructions; only where
//! the answer is yes is it looked at closely.

use crate::utf8::Utf8;

/// The first control character that is not a TAB, and where it stands.
///
/// Controls are one byte (below 0x20, and 0x7F) or the pair 0xC2 0x80..=0x9F.
#[inline]
pub(crate) fn first_control(text: Utf8<'_>) -> Option<(usize, char)> {
    if may_hold_control(text.as_bytes()) {
        look_closely(text.as_str())
    } else {
        None
    }
}

/// Whether a byte is there that a control character begins with.
#[inline(never)]
fn may_hold_control(bytes: &[u8]) -> bool {
    by_blocks::<32>(bytes)
        .or_else(|| by_blocks::<16>(bytes))
        .or_else(|| by_blocks::<8>(bytes))
        .or_else(|| by_blocks::<1>(bytes))
        .unwrap_or(false)
}

/// The answer from looking at `N` bytes at a time; `None` when there are fewer.
///
/// The last block ends where the bytes end: to look at some of them twice is cheaper than to look
/// at them one by one.
#[inline]
fn by_blocks<const N: usize>(bytes: &[u8]) -> Option<bool> {
    let last = bytes.len().checked_sub(N)?;
    let mut start = 0;
    loop {
        if is_suspicious::<N>(bytes.get(start..)?.first_chunk()?) {
            return Some(true);
        }
        if start == last {
            return Some(false);
        }
        start = last.min(start + N);
    }
}

#[inline]
fn is_suspicious<const N: usize>(block: &[u8; N]) -> bool {
    let found = block
        .iter()
        .fold(0, |found, &byte| found | u8::from(distance(byte) == 0));
    found != 0
}

/// Zero for 0x00 to 0x1F, 0x7F and 0xC2. In these terms because vector instructions have them for
/// bytes.
#[inline]
fn distance(byte: u8) -> u8 {
    byte.saturating_sub(0x1f).min(byte ^ 0x7f).min(byte ^ 0xc2)
}

#[cold]
fn look_closely(text: &str) -> Option<(usize, char)> {
    let mut characters = text.char_indices();
    characters.find(|&(_, character)| character.is_control() && character != '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_overlooked_wherever_it_stands_and_however_long_the_text() {
        for len in (1..50).chain([63, 64, 65, 988]) {
            let good = alloc::vec![b'x'; len];
            assert!(!may_hold_control(&good), "{len} bytes");
            for place in 0..len {
                for byte in [0x00, 0x1f, 0x20, 0x7e, 0x7f, 0x80, 0xc1, 0xc2, 0xc3, 0xff] {
                    let mut bytes = good.clone();
                    bytes[place] = byte;
                    let expected = byte < 0x20 || byte == 0x7f || byte == 0xc2;
                    assert_eq!(
                        may_hold_control(&bytes),
                        expected,
                        "{byte:#x} at {place} of {len}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_only_looked_like_a_control_is_none() {
        let check = |text: &'static str| first_control(Utf8::from(text));
        assert_eq!(check("a\tb"), None);
        assert_eq!(check("\u{a0}\u{a9}"), None);
        assert_eq!(check("\u{a9}\u{85}"), Some((2, '\u{85}')));
        assert_eq!(check(""), None);
    }
}
