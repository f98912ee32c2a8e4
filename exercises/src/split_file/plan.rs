//! Which bytes go into which part.

use std::num::ParseIntError;
use std::ops::Range;
use std::str::FromStr;

/// The most parts that a file can be cut into: their numbers have four digits.
pub const MAX_PARTS: u16 = 9_999;

/// How many parts: 1 to [`MAX_PARTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartCount(u16);

/// Why something is no number of parts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartCountError {
    /// It is not a number.
    #[error("not a number of parts")]
    NotANumber(#[from] ParseIntError),
    /// It is a number, but none that can be meant.
    #[error("a file is cut into 1 to {MAX_PARTS} parts")]
    OutOfRange,
}

impl PartCount {
    /// Checks the range.
    pub fn new(count: u64) -> Result<Self, PartCountError> {
        match u16::try_from(count) {
            Ok(count @ 1..=MAX_PARTS) => Ok(Self(count)),
            _ => Err(PartCountError::OutOfRange),
        }
    }

    /// As a number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl FromStr for PartCount {
    type Err = PartCountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text.parse()?)
    }
}

/// The bytes of each part, in order. Together they are `0..length`, and no part is longer than
/// another by more than one byte: the first ones get what is left over. (A file of fewer bytes than
/// parts has empty parts at the end.)
pub fn ranges(length: u64, parts: PartCount) -> impl Iterator<Item = Range<u64>> {
    let count = u64::from(parts.0);
    let (each, left_over) = (length / count, length % count);
    (0..count).map(move |part| {
        let start = part * each + part.min(left_over);
        let size = each + u64::from(part < left_over);
        start..start + size
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_are_equal_but_for_one_byte_and_leave_nothing_out(length: u64, count in 1..=u64::from(MAX_PARTS)) {
            let mut end = 0;
            let mut sizes = Vec::new();
            for range in ranges(length, PartCount::new(count).unwrap()) {
                prop_assert_eq!(range.start, end);
                end = range.end;
                sizes.push(range.end - range.start);
            }
            prop_assert_eq!(end, length);
            prop_assert_eq!(sizes.len() as u64, count);
            prop_assert!(sizes.first().unwrap() - sizes.last().unwrap() <= 1);
            prop_assert!(sizes.is_sorted_by(|a, b| a >= b));
        }
    }

    #[test]
    fn a_number_of_parts_is_checked() {
        for (text, reason) in [
            ("0", "a file is cut into 1 to 9999 parts"),
            ("10000", "a file is cut into 1 to 9999 parts"),
            ("two", "not a number of parts"),
            ("-1", "not a number of parts"),
        ] {
            assert_eq!(
                text.parse::<PartCount>().unwrap_err().to_string(),
                reason,
                "{text}"
            );
        }
        assert_eq!("9999".parse::<PartCount>().unwrap().get(), 9999);
    }
}
