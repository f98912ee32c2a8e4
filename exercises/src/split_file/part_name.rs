//! The names of parts: `NAME.part-02-of-12`, which sort in the order of the parts.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::plan::PartCount;

/// The name of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartName {
    /// The name of the file that was cut.
    pub whole: OsString,
    /// Which part, from 1.
    pub number: u16,
    /// Of how many.
    pub count: PartCount,
}

impl PartName {
    /// Reads the name of a file; `None` if it is not that of a part.
    pub fn parse(name: &OsStr) -> Option<Self> {
        let name = Path::new(name);
        let (number, count) = name
            .extension()?
            .to_str()?
            .strip_prefix("part-")?
            .split_once("-of-")?;
        let read = Self {
            whole: name.file_stem()?.to_owned(),
            number: number.parse().ok()?,
            count: count.parse().ok()?,
        };
        // One spelling only: another file could have the other.
        let is_ours = (1..=read.count.get()).contains(&read.number)
            && read.to_os_string() == name.as_os_str();
        is_ours.then_some(read)
    }

    /// The name of the file that holds this part.
    pub fn to_os_string(&self) -> OsString {
        let count = self.count.get().to_string();
        let width = count.len();
        let mut name = self.whole.clone();
        name.push(format!(".part-{:0width$}-of-{count}", self.number));
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: u16, count: u64) -> PartName {
        PartName {
            whole: "a.iso".into(),
            number,
            count: PartCount::new(count).unwrap(),
        }
    }

    #[test]
    fn names_are_read_back_and_sort_as_the_parts_do() {
        for count in [1, 2, 9, 10, 99, 100, 9999] {
            let names: Vec<_> = (1..=u16::try_from(count).unwrap())
                .map(|number| name(number, count).to_os_string())
                .collect();
            assert!(names.is_sorted(), "{names:?}");
            for (number, text) in (1..).zip(&names) {
                assert_eq!(PartName::parse(text), Some(name(number, count)));
            }
        }
        assert_eq!(name(2, 12).to_os_string(), "a.iso.part-02-of-12");
    }

    #[test]
    fn what_is_not_the_name_of_a_part_is_not_read_as_one() {
        for text in [
            "a.iso",
            "a.part-1",
            "a.part-0-of-2",
            "a.part-3-of-2",
            "a.part-01-of-2",
            "a.part-1-of-02",
            "a.part-+1-of-2",
            "a.part-1-of-",
            "a.part-1-of-99999",
            ".part-1-of-2",
        ] {
            assert_eq!(PartName::parse(OsStr::new(text)), None, "{text}");
        }
    }
}
