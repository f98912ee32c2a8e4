//! What became of the files of a run, counted.

use std::fmt;

use indicatif::HumanBytes;

use super::outcome::{Done, How};

/// Counts of files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Whose content was copied.
    pub copied: usize,
    /// Of those, the ones that took the place of another content.
    pub replaced: usize,
    /// Bytes in the files that were copied.
    pub bytes: u64,
    /// Whose content was there.
    pub unchanged: usize,
    /// Of both, the ones whose times or permissions the backup could not get.
    pub not_kept: usize,
    /// Folders, links, pipes, sockets and devices.
    pub left_out: usize,
    /// That have no backup, or an old one.
    pub failed: usize,
    /// That were not looked at before the run was stopped, or not to the end.
    pub not_reached: usize,
}

impl Summary {
    /// Whether the backup folder has everything that it should have.
    pub fn is_complete(&self) -> bool {
        self.not_kept == 0 && self.failed == 0 && self.not_reached == 0
    }

    pub(super) fn add(&mut self, done: &Done) {
        self.not_kept += usize::from(done.not_kept.is_some());
        match done.how {
            How::Unchanged => self.unchanged += 1,
            How::Copied(bytes) | How::Replaced(bytes) => {
                self.copied += 1;
                self.bytes += bytes;
                self.replaced += usize::from(matches!(done.how, How::Replaced(_)));
            }
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} copied ({})", self.copied, HumanBytes(self.bytes))?;
        if self.replaced > 0 {
            write!(f, ", {} of them replaced", self.replaced)?;
        }
        write!(f, ", {} unchanged", self.unchanged)?;
        for (count, what) in [
            (self.not_kept, "without their times or permissions"),
            (self.left_out, "not regular files left out"),
            (self.failed, "failed"),
            (self.not_reached, "not reached"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_happen_is_not_told() {
        let ordinary = Summary {
            copied: 3,
            bytes: 1_300_000,
            unchanged: 5,
            ..Summary::default()
        };
        assert_eq!(ordinary.to_string(), "3 copied (1.24 MiB), 5 unchanged");
        assert!(ordinary.is_complete());
        let all = Summary {
            replaced: 1,
            not_kept: 2,
            left_out: 3,
            failed: 4,
            not_reached: 5,
            ..ordinary
        };
        assert_eq!(
            all.to_string(),
            "3 copied (1.24 MiB), 1 of them replaced, 5 unchanged, 2 without their times or permissions, \
             3 not regular files left out, 4 failed, 5 not reached"
        );
    }
}
