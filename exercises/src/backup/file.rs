//! What is done with one file.

use std::fs::{self, Metadata};
use std::io::{self, Read, Seek};
use std::path::Path;

use super::attributes::Attributes;
use super::contents::{CompareError, same_contents};
use super::leftovers;
use super::opening::{Opened, open_regular};
use super::outcome::{Done, Failure, How, Problem};
use super::same_names::Met;
use crate::copying::{self, CopyError, Fingerprint};
use crate::interrupt::Interrupted;
use crate::new_files::{Existing, NewFile, NewFileError};

/// What is the same for all files of a run.
pub(super) struct Worker<'a, S> {
    pub(super) existing: Existing,
    pub(super) met: Met,
    /// Gets the bytes of each step, and can stop the work.
    pub(super) step: &'a S,
}

/// A file that is open, with what its copy will get.
struct Original {
    opened: Opened,
    fingerprint: Fingerprint,
    attributes: Attributes,
}

impl<S: Fn(u64) -> Result<(), Interrupted>> Worker<'_, S> {
    /// Sees to it that `to` has what `from` has.
    pub(super) fn back_up(&mut self, from: &Path, to: &Path) -> Result<Done, Failure> {
        let name = to.file_name().unwrap_or_default();
        if leftovers::is_reserved(name) {
            return Err(Problem::Reserved.into());
        }
        let opened = open_regular(from).map_err(Problem::Unreadable)?;
        let mut original = Original {
            fingerprint: Fingerprint::of(&opened.metadata),
            attributes: Attributes::of(&opened.metadata),
            opened,
        };
        let backup = match fs::symlink_metadata(to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.copy(&mut original, to, Existing::Keep);
            }
            found => found.map_err(Problem::BackupUnreadable)?,
        };
        if !backup.is_file() {
            return Err(NewFileError::InTheWay(to.to_owned()).into());
        }
        self.met.check(&backup)?;
        if let Some(done) = self.bring_up_to_date(&mut original, to, &backup)? {
            self.met.note(name, &backup);
            (self.step)(original.fingerprint.length())?;
            return Ok(done);
        }
        match self.existing {
            Existing::Keep => Err(Problem::Differs(backup.modified().ok()).into()),
            Existing::Replace => self.copy(&mut original, to, Existing::Replace),
        }
    }

    /// Gives the backup the times and permissions of the original, if it has the content already.
    /// `None`: it has other content.
    fn bring_up_to_date(
        &self,
        original: &mut Original,
        to: &Path,
        backup: &Metadata,
    ) -> Result<Option<Done>, Failure> {
        let unchanged = |not_kept| Done {
            how: How::Unchanged,
            not_kept,
        };
        if backup.len() != original.fingerprint.length() {
            return Ok(None);
        }
        let same_time = original.attributes.same_time(backup);
        if same_time && original.attributes.same_permissions(backup) {
            return Ok(Some(unchanged(None)));
        }
        let mut opened = open_regular(to).map_err(Problem::BackupUnreadable)?;
        if !same_time {
            let between = || (self.step)(0);
            let same = same_contents(&mut original.opened.file, &mut opened.file, between);
            let same = same.map_err(|error| match error {
                CompareError::First(error) => Problem::Unreadable(error).into(),
                CompareError::Second(error) => Problem::BackupUnreadable(error).into(),
                CompareError::Stopped(interrupted) => Failure::from(interrupted),
            })?;
            original.check()?;
            if !same {
                return Ok(None);
            }
        }
        Ok(Some(unchanged(
            original.attributes.give(&opened.file).err(),
        )))
    }

    fn copy(
        &mut self,
        original: &mut Original,
        to: &Path,
        existing: Existing,
    ) -> Result<Done, Failure> {
        let from = &mut original.opened.file;
        // After a comparison it stands somewhere else.
        from.rewind().map_err(Problem::Unreadable)?;
        let mut new = NewFile::begin_closed(to, existing, leftovers::PREFIX)?;
        let length = original.fingerprint.length();
        let copied =
            copying::copy(from, new.file(), length, self.step).map_err(|error| match error {
                CopyError::Stopped(interrupted) => Failure::from(interrupted),
                CopyError::System(error) => match NewFileError::from_io(to, error) {
                    NewFileError::Refused(_, source) => Problem::NotCopied(source).into(),
                    full => full.into(),
                },
            })?;
        // Shorter than it was, or longer (as are those files of the system that say they are
        // empty).
        if copied < length || from.read(&mut [0]).map_err(Problem::Unreadable)? > 0 {
            return Err(Problem::Changed.into());
        }
        original.check()?;
        let not_kept = original.attributes.give(new.file()).err();
        let made = new.file().metadata().map_err(Problem::NotCopied)?;
        new.complete()?.publish()?;
        self.met.note(to.file_name().unwrap_or_default(), &made);
        let how = match existing {
            Existing::Keep => How::Copied(length),
            Existing::Replace => How::Replaced(length),
        };
        Ok(Done { how, not_kept })
    }
}

impl Original {
    /// That it is as it was when it was opened.
    fn check(&self) -> Result<(), Problem> {
        let now = self.opened.file.metadata().map_err(Problem::Unreadable)?;
        if Fingerprint::of(&now) == self.fingerprint {
            Ok(())
        } else {
            Err(Problem::Changed)
        }
    }
}
