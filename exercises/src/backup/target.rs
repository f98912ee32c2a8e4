//! The backup folder, which one run at a time writes to.

use std::env;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::file::PARTIAL;

/// A backup folder that no other run writes to.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    /// Holds the folder; none where the system locks no folders.
    lock: Option<File>,
}

/// Why a folder is none to write backups to.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It is not there.
    #[error("the backup folder {0:?} is not there; --create makes it, --to chooses another")]
    Missing(PathBuf),
    /// It is a file, say.
    #[error("{0:?} is not a folder; --to chooses another")]
    NotAFolder(PathBuf),
    /// The folder would be copied into itself.
    #[error("{0:?} is the folder that is to be backed up; --to chooses another")]
    IsSource(PathBuf),
    /// Somebody else is at it.
    #[error("another backup into {0:?} is running")]
    InUse(PathBuf),
    /// `~` is not known.
    #[error("the home folder is not known; --to names the backup folder")]
    NoHome,
    /// The system refuses it.
    #[error("cannot use {0:?}")]
    Refused(PathBuf, #[source] io::Error),
}

/// The path that `~` in front stands for. (A shell does not replace it in `--to=~/backup`.)
pub fn with_home(path: &Path) -> Result<PathBuf, TargetError> {
    match path.strip_prefix("~") {
        Err(_) => Ok(path.to_owned()),
        Ok(rest) => {
            let home = env::home_dir().filter(|home| home.is_absolute());
            Ok(home.ok_or(TargetError::NoHome)?.join(rest))
        }
    }
}

impl Target {
    /// Takes a folder for the backup of `source`, which is there; makes it only where `create` says so.
    pub fn open(path: &Path, source: &Path, create: bool) -> Result<Self, TargetError> {
        let refused = |error| TargetError::Refused(path.to_owned(), error);
        if create {
            fs::create_dir_all(path).map_err(refused)?;
        }
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(TargetError::NotAFolder(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(TargetError::Missing(path.to_owned()));
            }
            Err(error) => return Err(refused(error)),
        }
        if path.canonicalize().map_err(refused)? == source.canonicalize().map_err(refused)? {
            return Err(TargetError::IsSource(path.to_owned()));
        }
        let lock = match File::open(path) {
            Ok(folder) => match folder.try_lock() {
                Ok(()) => Some(folder),
                Err(TryLockError::WouldBlock) => return Err(TargetError::InUse(path.to_owned())),
                Err(TryLockError::Error(_)) => None,
            },
            // Some systems open no folders.
            Err(_) => None,
        };
        Ok(Self {
            path: path.to_owned(),
            lock,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes what a run that was killed had not finished, and returns how many files that were.
    pub fn remove_leftovers(&self) -> Result<u64, TargetError> {
        let refused = |error| TargetError::Refused(self.path.clone(), error);
        // Without the lock they may be those of a run that goes on.
        if self.lock.is_none() {
            return Ok(0);
        }
        let mut removed = 0;
        for entry in fs::read_dir(&self.path).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            let is_ours = entry.file_name().as_encoded_bytes().starts_with(PARTIAL.as_bytes());
            if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                fs::remove_file(entry.path()).map_err(refused)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}
