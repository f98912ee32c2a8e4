//! Files that appear whole or not at all.
//!
//! Each is written beside its place, under a name that begins with [`PARTIAL`], and gets its own
//! name when all of it is on the disk. After an error or Ctrl-C it is removed; only a program that
//! is killed leaves such a file.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempPath};

use crate::tool::Interrupted;

/// The beginning of the name of a file that is not complete.
pub const PARTIAL: &str = ".partial-";

/// Characters (letters and digits) at the end of such a name, so that no two have the same.
const RANDOM: usize = 6;

/// Bytes copied between two calls of `step`: some milliseconds of a disk's time.
const STEP: u64 = 4 << 20;

/// The treatment of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the work is refused.
    Keep,
    /// The new file takes its place (`--force`).
    Replace,
}

impl Existing {
    /// Reads `--force`.
    pub fn with_force(force: bool) -> Self {
        if force { Self::Replace } else { Self::Keep }
    }
}

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
    pub fn from_io(path: &Path, source: io::Error) -> Self {
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
    existing: Existing,
}

impl NewFile {
    /// Begins a file with the permissions of any new file. Fails at once if it could not get its
    /// name in the end.
    pub fn begin(path: impl Into<PathBuf>, existing: Existing) -> Result<Self> {
        let mut builder = Builder::new();
        builder.prefix(PARTIAL);
        // The user's mask applies to it; without this line only the owner could read the file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        Self::make(&mut builder, path.into(), existing)
    }

    /// Begins a file that only its owner can read until it gets other permissions. While it is not
    /// complete, its name begins with `prefix` (see [`is_partial`]).
    pub fn begin_closed(
        path: impl Into<PathBuf>,
        existing: Existing,
        prefix: &str,
    ) -> Result<Self> {
        Self::make(Builder::new().prefix(prefix), path.into(), existing)
    }

    fn make(builder: &mut Builder<'_, '_>, path: PathBuf, existing: Existing) -> Result<Self> {
        check_free(&path, existing)?;
        let partial = builder.rand_bytes(RANDOM).tempfile_in(folder_of(&path));
        let partial = partial.map_err(|error| NewFileError::from_io(&path, error))?;
        Ok(Self {
            partial,
            path,
            existing,
        })
    }

    /// Returns the open file, to write to.
    pub fn file(&mut self) -> &mut File {
        self.partial.as_file_mut()
    }

    /// Appends up to `length` bytes from where `from` stands and returns their number, which is
    /// lower only if `from` ends before. `step` gets the bytes of each step and can stop the work.
    pub fn fill(
        &mut self,
        from: &mut File,
        length: u64,
        step: impl Fn(u64) -> Result<(), Interrupted>,
    ) -> Result<u64> {
        let mut copied = 0;
        while copied < length {
            let mut piece = Read::take(&mut *from, STEP.min(length - copied));
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
        let synced = self.partial.as_file().sync_all();
        synced.map_err(|error| NewFileError::from_io(&self.path, error))?;
        Ok(CompleteFile {
            partial: self.partial.into_temp_path(),
            path: self.path,
            existing: self.existing,
        })
    }
}

/// A file that is completely written, under a temporary name.
#[derive(Debug)]
pub struct CompleteFile {
    partial: TempPath,
    path: PathBuf,
    existing: Existing,
}

impl CompleteFile {
    /// Returns the temporary path of the content.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives the file its name.
    pub fn publish(self) -> Result<PathBuf> {
        check_free(&self.path, self.existing)?;
        let published = match self.existing {
            Existing::Keep => self.partial.persist_noclobber(&self.path),
            Existing::Replace => self.partial.persist(&self.path),
        };
        match published {
            Ok(()) => Ok(self.path),
            Err(refused) => Err(match refused.error.kind() {
                io::ErrorKind::AlreadyExists => NewFileError::Exists(self.path),
                _ => NewFileError::from_io(&self.path, refused.error),
            }),
        }
    }
}

/// Gives all files their names, or none: after an error, those that have their names already are
/// removed. (With [`Existing::Replace`] they stay, as what they replaced is gone.)
pub fn publish_all(files: Vec<CompleteFile>) -> Result<Vec<PathBuf>> {
    for file in &files {
        check_free(&file.path, file.existing)?;
    }
    let mut published = Vec::with_capacity(files.len());
    for file in files {
        let existing = file.existing;
        let result = file.publish();
        if result.is_err() && existing == Existing::Keep {
            for path in &published {
                // The first error is the one to report.
                let _ = fs::remove_file(path);
            }
        }
        published.push(result?);
    }
    Ok(published)
}

/// Fails if no file may be made (or replaced) at a path.
pub fn check_free(path: &Path, existing: Existing) -> Result<()> {
    let path = path.to_owned();
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(NewFileError::Refused(path, error)),
        Ok(found) if !found.is_file() => Err(NewFileError::InTheWay(path)),
        Ok(_) if existing == Existing::Keep => Err(NewFileError::Exists(path)),
        Ok(_) => Ok(()),
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
    use std::io::Write;

    use super::*;

    fn complete(path: PathBuf, text: &str, existing: Existing) -> CompleteFile {
        let mut file = NewFile::begin(path, existing).unwrap();
        file.file().write_all(text.as_bytes()).unwrap();
        file.complete().unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_when_published_and_vanishes_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        drop(complete(path.clone(), "lost", Existing::Keep));
        assert_eq!(names(folder.path()), Vec::<String>::new());

        let file = complete(path.clone(), "kept", Existing::Keep);
        assert!(
            names(folder.path())
                .iter()
                .all(|name| name.starts_with(PARTIAL))
        );
        file.publish().unwrap();
        assert_eq!(names(folder.path()), ["a"]);
        assert_eq!(fs::read_to_string(path).unwrap(), "kept");
    }

    #[test]
    fn an_existing_file_stays_without_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let too_late = complete(path.clone(), "new", Existing::Keep);
        let forced = complete(path.clone(), "forced", Existing::Replace);
        fs::write(&path, "old").unwrap();
        assert!(matches!(
            NewFile::begin(&path, Existing::Keep),
            Err(NewFileError::Exists(_))
        ));
        assert!(matches!(too_late.publish(), Err(NewFileError::Exists(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        forced.publish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "forced");
    }

    #[test]
    fn a_folder_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let refused = NewFile::begin(folder.path(), Existing::Replace);
        assert!(
            matches!(refused, Err(NewFileError::InTheWay(_))),
            "{refused:?}"
        );
    }

    #[test]
    fn several_files_get_their_names_or_none_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let files = ["a", "b", "c"].map(|name| complete(path(name), name, Existing::Keep));
        fs::write(path("b"), "old").unwrap();
        let refused = publish_all(files.into());
        assert!(
            matches!(refused, Err(NewFileError::Exists(_))),
            "{refused:?}"
        );
        assert_eq!(names(folder.path()), ["b"]);
        assert_eq!(fs::read_to_string(path("b")).unwrap(), "old");
    }

    #[test]
    fn a_leftover_is_recognised_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = NewFile::begin_closed(folder.path().join("a"), Existing::Keep, ".partial-test-")
            .unwrap();
        let name = file.partial.path().file_name().unwrap();
        assert!(is_partial(name, ".partial-test-"), "{name:?}");
        for other in [
            ".partial-test-",
            ".partial-test-abcdefg",
            ".partial-test-abcde.",
            "a.partial-test-abcdef",
        ] {
            assert!(!is_partial(OsStr::new(other), ".partial-test-"), "{other}");
        }
        assert!(
            !is_partial(name, PARTIAL),
            "what another tool writes is not taken for ours"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_closed_file_is_closed_from_the_beginning() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mut file =
            NewFile::begin_closed(folder.path().join("a"), Existing::Keep, PARTIAL).unwrap();
        assert_eq!(
            file.file().metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_has_the_permissions_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let ordinary = folder.path().join("ordinary");
        fs::write(&ordinary, "").unwrap();
        let ours = complete(folder.path().join("ours"), "", Existing::Keep)
            .publish()
            .unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&ordinary));
    }
}
