//! Copies the regular files of a folder into a backup folder.

pub mod file;
pub mod source;
pub mod target;

use std::path::Path;

use crate::interrupt::Interrupted;
use crate::new_files::{Existing, NewFileError};
use file::{Done, FileError, back_up_file};
use source::Source;
use target::Target;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files that were copied.
    pub copied: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Files that were backed up already.
    pub unchanged: u64,
    /// Folders, links, pipes and the like, which are not copied.
    pub left_out: u64,
    /// Files that should have been copied and were not.
    pub failed: u64,
}

/// Why a run stopped before its end. The next one goes on where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// There is no room for more.
    #[error(transparent)]
    Full(NewFileError),
    /// The user stopped it.
    #[error(transparent)]
    Interrupted(Interrupted),
}

/// What is told of each file.
#[derive(Debug)]
pub enum Told<'a> {
    /// It is in the backup now, under this path.
    Copied(&'a Path),
    /// It is not. The rest is copied all the same.
    Failed(&'a Path, &'a FileError),
}

/// Backs every file up. `step` gets the bytes of each step, and can stop the work; `tell` hears of each file that was copied or not.
pub fn back_up(
    source: &Source,
    target: &Target,
    existing: Existing,
    step: impl Fn(u64) -> Result<(), Interrupted>,
    mut tell: impl FnMut(Told<'_>),
) -> Result<Tally, Stopped> {
    let mut tally = Tally {
        left_out: source.left_out(),
        ..Tally::default()
    };
    for name in source.names() {
        step(0).map_err(Stopped::Interrupted)?;
        let (from, to) = (source.path().join(name), target.path().join(name));
        match back_up_file(&from, &to, existing, &step) {
            Ok(Done::Copied(bytes)) => {
                tally.copied += 1;
                tally.bytes += bytes;
                tell(Told::Copied(&to));
            }
            Ok(Done::Unchanged) => tally.unchanged += 1,
            Err(FileError::New(full @ NewFileError::Full { .. })) => return Err(Stopped::Full(full)),
            Err(FileError::Interrupted(interrupted)) => return Err(Stopped::Interrupted(interrupted)),
            Err(error) => {
                tally.failed += 1;
                tell(Told::Failed(&from, &error));
            }
        }
    }
    Ok(tally)
}
