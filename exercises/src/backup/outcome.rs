//! How the backup of one file can end.

use std::ffi::OsString;
use std::io;
use std::time::SystemTime;

use crate::interrupt::Interrupted;
use crate::new_files::NewFileError;

/// How a file is in the backup folder now.
#[derive(Debug)]
pub struct Done {
    /// What was done for that.
    pub how: How,
    /// Why its times or permissions are not those of the original, if they are not.
    pub not_kept: Option<io::Error>,
}

/// What was done to have a file in the backup folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was not there: so many bytes were copied.
    Copied(u64),
    /// It was there with other content, which is gone: so many bytes were copied.
    Replaced(u64),
    /// It was there with the same content.
    Unchanged,
}

/// Why a file has no backup, or an old one. The others are copied all the same.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The next run would take the copy for a leftover.
    #[error("its name is one that unfinished copies have, and they are removed; rename it")]
    Reserved,
    /// No right to read it, a broken disk, or it is gone.
    #[error("cannot be read")]
    Unreadable(#[source] io::Error),
    /// Reading or writing failed; the system does not say which.
    #[error("cannot be copied")]
    NotCopied(#[source] io::Error),
    /// Somebody wrote to it; or it is one of those files of the system that seem to be empty.
    #[error("changed while it was read, or has another size than it says; it was not copied")]
    Changed,
    /// The backup has other content, and stays.
    #[error("differs from its backup{}; --force replaces that", last_changed(*.0))]
    Differs(Option<SystemTime>),
    /// The backup folder has a file of that name that cannot be read.
    #[error("its backup cannot be read")]
    BackupUnreadable(#[source] io::Error),
    /// On a file system that takes two names for one.
    #[error(
        "the backup folder cannot tell its name from {0:?}, which is there; rename one of them"
    )]
    SameName(OsString),
    /// The backup cannot be written.
    #[error(transparent)]
    New(NewFileError),
}

/// When the backup was last changed, in words, in the user's time zone.
fn last_changed(time: Option<SystemTime>) -> String {
    let time = time.and_then(|time| jiff::Timestamp::try_from(time).ok());
    time.map_or_else(String::new, |time| {
        let local = time.to_zoned(jiff::tz::TimeZone::system());
        format!(" (last changed {})", local.strftime("%Y-%m-%d %H:%M:%S"))
    })
}

/// Why no more files are copied.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// There is no room for this file, and so hardly for the others.
    #[error("the backup folder is full; the files that were copied before stay")]
    Full(#[source] NewFileError),
    /// The user stopped it.
    #[error("{0}; the files that were copied stay, and the next run goes on")]
    Interrupted(Interrupted),
}

impl From<Interrupted> for Stop {
    fn from(interrupted: Interrupted) -> Self {
        Self::Interrupted(interrupted)
    }
}

/// Why a file was not backed up.
#[derive(Debug)]
pub(super) enum Failure {
    Problem(Problem),
    Stop(Stop),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Interrupted> for Failure {
    fn from(interrupted: Interrupted) -> Self {
        Self::Stop(interrupted.into())
    }
}

impl From<NewFileError> for Failure {
    fn from(error: NewFileError) -> Self {
        match error {
            // A file too large for this file system or this user: others may well have room.
            NewFileError::Full(path, source) if source.kind() == io::ErrorKind::FileTooLarge => {
                Problem::New(NewFileError::Refused(path, source)).into()
            }
            full @ NewFileError::Full(..) => Self::Stop(Stop::Full(full)),
            error => Problem::New(error).into(),
        }
    }
}
