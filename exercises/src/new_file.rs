//! Files that appear whole or not at all.
//!
//! Each is written beside its place, under a name that begins with `.partial-`, and gets its own
//! name when all of it is on the disk. After an error or Ctrl-C it is removed; only a program that
//! is killed leaves such a file.
//!
//! With `force` a new file replaces a regular file of its name; a folder, a device or a link always
//! stays.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempPath};

use crate::tool::Interrupted;

/// The beginning of the name of a file that is not complete.
const PARTIAL: &str = ".partial-";

/// Characters (letters and digits) at the end of such a name, so that no two have the same.
const RANDOM: usize = 6;

/// Bytes copied between two calls of `step`: some milliseconds of a disk's time.
const STEP: u64 = 4 << 20;

/// The reason why a file was not made.
#[derive(Debug, thiserror::Error)]
pub enum NewFileError {
    /// Something has the name already.
    #[error("{0:?} exists already, and nothing was written; --force replaces it")]
    Exists(PathBuf),
    /// A folder, a device or a link has the name: that is never replaced.
    #[error("{0:?} exists and is not a regular file; it is left alone")]
    InTheWay(PathBuf),
    /// The disk is full, or the user's share of it, for the file at this path.
    #[error("no space left for {0:?}; what was written so far is removed")]
    Full(PathBuf, #[source] io::Error),
    /// The system refused the file at this path for another reason.
    #[error("cannot write {0:?}")]
    Refused(PathBuf, #[source] io::Error),
    /// The user stopped the work.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl NewFileError {
    /// Classifies the system's error for a file that was to be made.
    fn from_io(path: &Path, source: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::Full(path.to_owned(), source),
            _ => Self::Refused(path.to_owned(), source),
        }
    }
}

/// The result of a step on the way to a new file.
pub type Result<T, E = NewFileError> = std::result::Result<T, E>;

/// A file that is being written and does not have its name yet.
#[derive(Debug)]
pub struct NewFile {
    partial: NamedTempFile,
    path: PathBuf,
    force: bool,
}

impl NewFile {
    /// Begins a file with the permissions of any new file. Fails at once if it could not get its
    /// name in the end.
    pub fn begin(path: impl Into<PathBuf>, force: bool) -> Result<Self> {
        Self::begin_as(PARTIAL, 0o666, path.into(), force)
    }

    /// Does the same with other permissions (less those that the user's mask takes) and, until the
    /// file is complete, another beginning of its name (see [`is_partial`]).
    #[cfg_attr(not(unix), expect(unused_variables))]
    pub fn begin_as(prefix: &str, mode: u32, path: PathBuf, force: bool) -> Result<Self> {
        check_free(&path, force)?;
        let mut builder = Builder::new();
        builder.prefix(prefix).rand_bytes(RANDOM);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        match builder.tempfile_in(folder_of(&path)) {
            Ok(partial) => Ok(Self {
                partial,
                path,
                force,
            }),
            Err(error) => Err(NewFileError::from_io(&path, error)),
        }
    }

    /// Returns the open file, for its permissions and times.
    pub fn file(&self) -> &File {
        self.partial.as_file()
    }

    /// Appends up to `length` bytes of `from` and returns their number, which is lower only if
    /// `from` ends before. `step` gets the bytes of each step and can stop the work.
    pub fn fill(
        &mut self,
        from: &mut impl Read,
        length: u64,
        step: impl Fn(u64) -> Result<(), Interrupted>,
    ) -> Result<u64> {
        let mut copied = 0;
        while copied < length {
            let mut piece = from.by_ref().take(STEP.min(length - copied));
            // On Linux the standard library lets the system copy (`copy_file_range`), and an error
            // does not tell reading from writing.
            let bytes = io::copy(&mut piece, self.partial.as_file_mut())
                .map_err(|error| NewFileError::from_io(&self.path, error))?;
            if bytes == 0 {
                break;
            }
            copied += bytes;
            step(bytes)?;
        }
        Ok(copied)
    }

    /// Waits until everything is on the disk, and closes the file.
    pub fn complete(self) -> Result<CompleteFile> {
        let synced = self.file().sync_all();
        synced.map_err(|error| NewFileError::from_io(&self.path, error))?;
        Ok(CompleteFile {
            partial: self.partial.into_temp_path(),
            path: self.path,
            force: self.force,
        })
    }
}

/// A file that is completely written, under a temporary name.
#[derive(Debug)]
pub struct CompleteFile {
    partial: TempPath,
    path: PathBuf,
    force: bool,
}

impl CompleteFile {
    /// Returns the temporary path of the content.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives the file its name.
    pub fn publish(self) -> Result<PathBuf> {
        check_free(&self.path, self.force)?;
        let published = if self.force {
            self.partial.persist(&self.path)
        } else {
            self.partial.persist_noclobber(&self.path)
        };
        match published.map_err(|refused| refused.error) {
            Ok(()) => Ok(self.path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(NewFileError::Exists(self.path))
            }
            Err(error) => Err(NewFileError::from_io(&self.path, error)),
        }
    }
}

/// Gives all files their names, or none: after an error, those that have their names already are
/// removed. (With `force` they stay, as what they replaced is gone.)
pub fn publish_all(files: Vec<CompleteFile>) -> Result<Vec<PathBuf>> {
    for file in &files {
        check_free(&file.path, file.force)?;
    }
    let mut published = Vec::with_capacity(files.len());
    for file in files {
        let force = file.force;
        let result = file.publish();
        if result.is_err() && !force {
            for path in &published {
                // The first error is the one to report.
                let _ = fs::remove_file(path);
            }
        }
        published.push(result?);
    }
    Ok(published)
}

/// Fails if no file may be made (or, with `force`, replaced) at a path.
pub fn check_free(path: &Path, force: bool) -> Result<()> {
    let path = path.to_owned();
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(NewFileError::Refused(path, error)),
        Ok(found) if !found.is_file() => Err(NewFileError::InTheWay(path)),
        Ok(_) if force => Ok(()),
        Ok(_) => Err(NewFileError::Exists(path)),
    }
}

/// Makes a folder for new files, with those above it, unless it is there.
pub fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| NewFileError::from_io(path, error))
}

/// Returns the folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Returns true for the name of a file that was begun with `prefix` and is not complete.
pub fn is_partial(name: &OsStr, prefix: &str) -> bool {
    let random = name.as_encoded_bytes().strip_prefix(prefix.as_bytes());
    random.is_some_and(|random| {
        random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric)
    })
}

/// Returns device and inode, which tell whether two paths lead to one file.
#[cfg(unix)]
pub fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

/// Returns `None`: this system has no such numbers.
#[cfg(not(unix))]
pub fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Compares size, time of change and identity of a file that was read in between. A change within
/// one tick of the file system's clock that keeps the size is not seen.
pub fn is_unchanged(before: &Metadata, after: &Metadata) -> bool {
    let state = |found: &Metadata| (found.len(), found.modified().ok(), identity(found));
    state(before) == state(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_files_get_their_names_or_none_does() {
        let folder = tempfile::tempdir().unwrap();
        let complete = |name| {
            let new = NewFile::begin(folder.path().join(name), false).unwrap();
            new.complete().unwrap()
        };
        // When the second `a` is refused, the first and `b` have their names.
        let refused = publish_all(["a", "b", "a"].map(complete).into());
        assert!(
            matches!(refused, Err(NewFileError::Exists(_))),
            "{refused:?}"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
