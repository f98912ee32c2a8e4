//! The folder that is backed up, and the one that the copies are in.

use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::copying::Identity;
use crate::new_files::{NewFileError, make_folder};

/// Why nothing can be backed up from there to there. Nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// `~` stands for something that nobody knows.
    #[error(
        "{0:?} begins with your home folder, and HOME does not say where that is; name the folder in full with --to"
    )]
    NoHome(PathBuf),
    /// There is nothing of that name, or the system does not let us see it.
    #[error("cannot read the folder {path:?}")]
    Unreadable {
        /// The folder that was to be backed up, or the backup folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file, most likely.
    #[error("{0:?} is not a folder")]
    NotAFolder(PathBuf),
    /// It is not made without being asked for: a disk may not be mounted, or the name be misspelt.
    #[error("the backup folder {0:?} does not exist; --create makes it")]
    Missing(PathBuf),
    /// It cannot be made.
    #[error(transparent)]
    New(#[from] NewFileError),
    /// Every file would be its own backup.
    #[error("{0:?} and the backup folder are the same folder; name another with --to")]
    Same(PathBuf),
    /// Two runs would get in each other's way.
    #[error("another backup to {0:?} is running; try again when it is done")]
    Busy(PathBuf),
}

/// Puts the home folder in the place of a `~` at the beginning. (A shell does not do that for
/// `--to=~/folder`.)
pub fn expand_home(path: &Path, home: Option<PathBuf>) -> Result<PathBuf, FolderError> {
    let Ok(below) = path.strip_prefix("~") else {
        return Ok(path.to_owned());
    };
    match home {
        Some(home) if !home.as_os_str().is_empty() => Ok(home.join(below)),
        _ => Err(FolderError::NoHome(path.to_owned())),
    }
}

/// The two folders of a run. While this exists, no other run works in the same backup folder.
#[derive(Debug)]
pub struct Folders {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
    lock: Option<File>,
}

impl Folders {
    /// Checks both folders and takes the lock. With `create`, a backup folder that is not there is
    /// made.
    pub fn open(from: &Path, to: &Path, create: bool) -> Result<Self, FolderError> {
        let unreadable = |path: &Path, source| FolderError::Unreadable {
            path: path.to_owned(),
            source,
        };
        // This one first: nothing is made where there is nothing to copy.
        let source = fs::metadata(from).map_err(|error| unreadable(from, error))?;
        if !source.is_dir() {
            return Err(FolderError::NotAFolder(from.to_owned()));
        }
        let target = match fs::metadata(to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && create => {
                make_folder(to)?;
                fs::metadata(to)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(FolderError::Missing(to.to_owned()));
            }
            found => found,
        };
        let target = target.map_err(|error| unreadable(to, error))?;
        if !target.is_dir() {
            return Err(FolderError::NotAFolder(to.to_owned()));
        }
        if is_same((from, &source), (to, &target)) {
            return Err(FolderError::Same(from.to_owned()));
        }
        Ok(Self {
            from: from.to_owned(),
            to: to.to_owned(),
            lock: lock(to)?,
        })
    }

    /// Whether other runs are kept out. (Some systems cannot lock a folder.)
    pub(super) fn are_locked(&self) -> bool {
        self.lock.is_some()
    }
}

/// Whether two paths lead to one folder. (Neither way sees everything: a folder that is mounted
/// twice has two paths and one identity, and some systems have no identities.)
fn is_same(one: (&Path, &Metadata), other: (&Path, &Metadata)) -> bool {
    let identity = Identity::of(one.1);
    let path = fs::canonicalize(one.0).ok();
    identity.is_some() && identity == Identity::of(other.1)
        || path.is_some() && path == fs::canonicalize(other.0).ok()
}

/// The system gives the lock back when the file is closed, however the program ends.
fn lock(folder: &Path) -> Result<Option<File>, FolderError> {
    let Ok(file) = File::open(folder) else {
        return Ok(None);
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(FolderError::Busy(folder.to_owned())),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tilde_that_is_the_whole_first_name_is_the_home_folder() {
        let expand = |path: &str| expand_home(Path::new(path), Some("/home/wang".into())).unwrap();
        assert_eq!(expand("~/备份"), Path::new("/home/wang/备份"));
        assert_eq!(expand("~"), Path::new("/home/wang"));
        for other in ["~li/x", "./~/x", "/~/x", "x~", "x"] {
            assert_eq!(expand(other), Path::new(other));
        }
    }

    #[test]
    fn without_a_home_folder_only_a_tilde_is_refused() {
        for home in [None, Some(PathBuf::new())] {
            let refused = expand_home(Path::new("~/x"), home.clone());
            assert!(
                matches!(refused, Err(FolderError::NoHome(_))),
                "{refused:?}"
            );
            assert_eq!(expand_home(Path::new("x"), home).unwrap(), Path::new("x"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_second_run_to_the_same_folder_is_refused_until_the_first_has_ended() {
        let [from, to] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let first = Folders::open(from.path(), to.path(), false).unwrap();
        assert!(first.are_locked());
        let second = Folders::open(from.path(), to.path(), false);
        assert!(matches!(second, Err(FolderError::Busy(_))), "{second:?}");
        drop(first);
        Folders::open(from.path(), to.path(), false).unwrap();
    }
}
