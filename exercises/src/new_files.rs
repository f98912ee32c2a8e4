//! Files that appear whole or not at all.
//!
//! Each is written beside its place, under a name that begins with [`PARTIAL`], and gets its own
//! name when everything is written and with the disk. What does not come that far (an error,
//! Ctrl-C) is removed; only a program that is killed leaves such a file.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempPath};

/// How the name of a file begins that is not written completely.
pub const PARTIAL: &str = ".partial-";

/// Characters (letters and digits) that such a name ends with, so that no two have the same.
const RANDOM: usize = 6;

/// Whether a file that is not written completely could have this name, if its name begins so.
pub fn is_partial(name: &OsStr, prefix: &str) -> bool {
    let random = name.as_encoded_bytes().strip_prefix(prefix.as_bytes());
    random.is_some_and(|random| {
        random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric)
    })
}

/// What may happen to a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the work is refused.
    Keep,
    /// The new file takes its place (`--force`).
    Replace,
}

impl Existing {
    /// What `--force` means.
    pub fn with_force(force: bool) -> Self {
        if force { Self::Replace } else { Self::Keep }
    }
}

/// Why a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum NewFileError {
    /// Something has the name already.
    #[error("{0:?} exists already, and nothing was written; --force replaces it")]
    Exists(PathBuf),
    /// A folder, a device or a link has the name: that is never replaced.
    #[error("{0:?} exists and is not a regular file; it is left alone")]
    InTheWay(PathBuf),
    /// The disk is full, or the user's share of it.
    #[error("no space left for {path:?}; what was written so far is removed")]
    Full {
        /// The file that had no room.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that the system refused.
    #[error("cannot write {path:?}")]
    Refused {
        /// The file that was to be made.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl NewFileError {
    /// The system's error for a file that was to be made.
    pub fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full { path, source },
            _ => Self::Refused { path, source },
        }
    }
}

/// A file that is being written and has no name yet.
#[derive(Debug)]
pub struct NewFile {
    partial: NamedTempFile,
    path: PathBuf,
    existing: Existing,
}

impl NewFile {
    /// Begins a file that is to be `path`. Refuses right away what could not get its name in the
    /// end.
    pub fn begin(path: impl Into<PathBuf>, existing: Existing) -> Result<Self, NewFileError> {
        let mut builder = Builder::new();
        builder.prefix(PARTIAL);
        // As any new file: the user's mask takes away what they do not want to give. (Temporary
        // files are closed to all others.)
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        Self::make(&mut builder, path.into(), existing)
    }

    /// Begins a file that nobody else can read before the caller gives it other permissions. The
    /// name of what is left of it, should the program be killed, begins with `prefix` (see
    /// [`is_partial`]).
    pub fn begin_closed(
        path: impl Into<PathBuf>,
        existing: Existing,
        prefix: &str,
    ) -> Result<Self, NewFileError> {
        Self::make(Builder::new().prefix(prefix), path.into(), existing)
    }

    fn make(
        builder: &mut Builder<'_, '_>,
        path: PathBuf,
        existing: Existing,
    ) -> Result<Self, NewFileError> {
        check_free(&path, existing)?;
        let partial = builder
            .rand_bytes(RANDOM)
            .tempfile_in(folder_of(&path))
            .map_err(|error| NewFileError::from_io(&path, error))?;
        Ok(Self {
            partial,
            path,
            existing,
        })
    }

    /// What to write to.
    pub fn file(&mut self) -> &mut File {
        self.partial.as_file_mut()
    }

    /// Where the file is to be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything is written: waits until it is with the disk, and closes the file.
    pub fn complete(self) -> Result<CompleteFile, NewFileError> {
        if let Err(error) = self.partial.as_file().sync_all() {
            return Err(NewFileError::from_io(&self.path, error));
        }
        Ok(CompleteFile {
            partial: self.partial.into_temp_path(),
            path: self.path,
            existing: self.existing,
        })
    }
}

/// A file that is completely written, under its name of the meantime.
#[derive(Debug)]
pub struct CompleteFile {
    partial: TempPath,
    path: PathBuf,
    existing: Existing,
}

impl CompleteFile {
    /// Where the content is until the file has its name.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives the file its name.
    pub fn publish(self) -> Result<PathBuf, NewFileError> {
        check_free(&self.path, self.existing)?;
        let published = match self.existing {
            Existing::Keep => self.partial.persist_noclobber(&self.path),
            Existing::Replace => self.partial.persist(&self.path),
        };
        match published {
            Ok(()) => Ok(self.path),
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(NewFileError::Exists(self.path))
            }
            Err(refused) => Err(NewFileError::from_io(&self.path, refused.error)),
        }
    }
}

/// Gives all files their names, or none: where one is refused, those that came before it are
/// removed again. (With [`Existing::Replace`] they stay: what they replaced is gone.)
pub fn publish_all(files: Vec<CompleteFile>) -> Result<Vec<PathBuf>, NewFileError> {
    for file in &files {
        check_free(&file.path, file.existing)?;
    }
    let mut published = Vec::with_capacity(files.len());
    for file in files {
        let existing = file.existing;
        match file.publish() {
            Ok(path) => published.push(path),
            Err(error) => {
                if existing == Existing::Keep {
                    for path in published {
                        // It is ours, and a moment old; where it cannot be removed either, the
                        // error below is told all the same.
                        let _ = fs::remove_file(path);
                    }
                }
                return Err(error);
            }
        }
    }
    Ok(published)
}

/// Whether a file may be made (or replaced) there.
pub fn check_free(path: &Path, existing: Existing) -> Result<(), NewFileError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(NewFileError::Refused {
            path: path.to_owned(),
            source,
        }),
        Ok(found) if !found.is_file() => Err(NewFileError::InTheWay(path.to_owned())),
        Ok(_) if existing == Existing::Keep => Err(NewFileError::Exists(path.to_owned())),
        Ok(_) => Ok(()),
    }
}

/// Makes a folder for new files, if it is not there, with those above it.
pub fn make_folder(path: &Path) -> Result<(), NewFileError> {
    fs::create_dir_all(path).map_err(|error| NewFileError::from_io(path, error))
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
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
    fn a_file_has_no_name_before_it_is_published_and_leaves_nothing_when_dropped() {
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
    fn what_is_there_stays_without_force() {
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
    fn of_several_files_all_get_their_names_or_none() {
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
    fn what_is_left_of_a_file_is_known_by_its_name() {
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
