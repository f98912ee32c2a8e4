//! Names that the file system of the backup folder does not tell apart, though that of the files
//! does: `A` and `a`, say.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;

use super::outcome::Problem;
use crate::copying::Identity;

/// The backups that were met or made in this run, and the name that each had then.
#[derive(Debug, Default)]
pub(super) struct Met(HashMap<Identity, OsString>);

impl Met {
    /// Refuses a backup that is there and was met before under another name: with `--force`, the
    /// backup of one file would be replaced with that of the other.
    pub(super) fn check(&self, metadata: &Metadata) -> Result<(), Problem> {
        match identity(metadata).and_then(|identity| self.0.get(&identity)) {
            None => Ok(()),
            Some(other) => Err(Problem::SameName(other.clone())),
        }
    }

    /// Remembers the backup of a file of this run. (Not one that is going to be replaced: what is
    /// made next may get its inode.)
    pub(super) fn note(&mut self, name: &OsStr, metadata: &Metadata) {
        if let Some(identity) = identity(metadata) {
            self.0.insert(identity, name.to_owned());
        }
    }
}

/// Of a file that has one name. One with several names of its own (hard links) may well be the
/// backup of several files.
fn identity(metadata: &Metadata) -> Option<Identity> {
    #[cfg(unix)]
    let has_one_name = std::os::unix::fs::MetadataExt::nlink(metadata) == 1;
    #[cfg(not(unix))]
    let has_one_name = true;
    Identity::of(metadata).filter(|_| has_one_name)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn one_backup_is_not_that_of_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("A");
        fs::write(&path, "x").unwrap();
        let metadata = fs::metadata(&path).unwrap();
        let mut met = Met::default();
        met.check(&metadata).unwrap();
        met.note(OsStr::new("A"), &metadata);
        // As a file system would answer that takes both for one name.
        let refused = met.check(&metadata).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("cannot tell its name from \"A\""),
            "{refused}"
        );
    }

    #[test]
    fn a_backup_with_two_names_of_its_own_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("one"), "x").unwrap();
        fs::hard_link(path("one"), path("two")).unwrap();
        let mut met = Met::default();
        for name in ["one", "two"] {
            let metadata = fs::metadata(path(name)).unwrap();
            met.check(&metadata).unwrap();
            met.note(OsStr::new(name), &metadata);
        }
    }
}
