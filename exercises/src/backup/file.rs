//! The backup of one file.

use std::fs::{self, File, FileTimes, Metadata, OpenOptions, Permissions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::copying::{self, CopyError, Fingerprint};
use crate::interrupt::Interrupted;
use crate::new_files::{Existing, NewFile, NewFileError};

/// How the name of a file begins that is not copied completely. No other tool's does.
pub const PARTIAL: &str = ".partial-backup-";

/// Bytes that are compared at a time.
const PIECE: usize = 64 << 10;

/// How a file got into the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It was copied: so many bytes.
    Copied(u64),
    /// It was there. (Its times and permissions may not have been.)
    Unchanged,
}

/// Why a file is not in the backup as it is.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is closed to this user, or gone.
    #[error("cannot be read")]
    Unreadable(#[source] io::Error),
    /// It was a regular file when the folder was listed.
    #[error("is not a regular file any more")]
    NotAFile,
    /// Somebody wrote to it meanwhile.
    #[error("changed while it was being copied; the next run copies it")]
    Changed,
    /// An older copy, or something else, is in its place.
    #[error("differs from {0:?}, which stays as it is; --force replaces it")]
    Differs(PathBuf),
    /// Its name would be taken for that of a file that is being written.
    #[error("has a name that this tool uses itself ({PARTIAL}…); rename it")]
    ReservedName,
    /// The backup cannot be read, or is not this user's.
    #[error("cannot be compared with {0:?}")]
    Incomparable(PathBuf, #[source] io::Error),
    /// The backup cannot be written.
    #[error("is not copied")]
    New(#[from] NewFileError),
    /// The user stopped it.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Backs a file up. Its times and who may read, write and execute it are kept; owner, extended attributes and the bits that give
/// a program its owner's rights are not. `step` gets the bytes of each step, and can stop the work.
pub fn back_up_file(
    from: &Path,
    to: &Path,
    existing: Existing,
    step: impl Fn(u64) -> Result<(), Interrupted>,
) -> Result<Done, FileError> {
    let name = from.file_name().unwrap_or_default();
    if name.as_encoded_bytes().starts_with(PARTIAL.as_bytes()) {
        return Err(FileError::ReservedName);
    }
    let mut file = open(from).map_err(FileError::Unreadable)?;
    let found = file.metadata().map_err(FileError::Unreadable)?;
    if !found.is_file() {
        return Err(FileError::NotAFile);
    }
    if let Some(backup) = earlier(to)? {
        if is_backup_of(&mut file, &found, &backup, to)? {
            step(found.len())?;
            return Ok(Done::Unchanged);
        }
        if existing == Existing::Keep {
            return Err(FileError::Differs(to.to_owned()));
        }
        // Comparing has read some of it.
        file = open(from).map_err(FileError::Unreadable)?;
    }
    copy(file, &found, to, existing, step)?;
    Ok(Done::Copied(found.len()))
}

/// Opens a file to read. What has taken the place of a regular file meanwhile is not followed, nor waited for.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        options.custom_flags(i32::try_from(flags).unwrap_or(0));
    }
    options.open(path)
}

/// What is in the backup's place: its metadata, if it is a file.
fn earlier(to: &Path) -> Result<Option<Metadata>, FileError> {
    match fs::symlink_metadata(to) {
        Ok(found) if found.is_file() => Ok(Some(found)),
        Ok(_) => Err(NewFileError::InTheWay(to.to_owned()).into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::Incomparable(to.to_owned(), error)),
    }
}

/// Whether the backup holds what the file holds. If nothing but times or permissions differ, they are made the same.
fn is_backup_of(file: &mut File, found: &Metadata, backup: &Metadata, to: &Path) -> Result<bool, FileError> {
    if backup.len() != found.len() {
        return Ok(false);
    }
    let incomparable = |error| FileError::Incomparable(to.to_owned(), error);
    let is_same_time = matches!((found.modified(), backup.modified()), (Ok(one), Ok(other)) if one == other);
    if is_same_time && kept(found) == backup.permissions() {
        return Ok(true);
    }
    let mut copy = open(to).map_err(incomparable)?;
    if !is_same_time && !is_same_content(file, &mut copy).map_err(incomparable)? {
        return Ok(false);
    }
    keep(&copy, found).map_err(incomparable)?;
    Ok(true)
}

fn is_same_content(one: &mut File, other: &mut File) -> io::Result<bool> {
    let (mut ours, mut theirs) = (Vec::with_capacity(PIECE), Vec::with_capacity(PIECE));
    loop {
        ours.clear();
        theirs.clear();
        Read::take(&mut *one, PIECE as u64).read_to_end(&mut ours)?;
        Read::take(&mut *other, PIECE as u64).read_to_end(&mut theirs)?;
        if ours != theirs {
            return Ok(false);
        }
        if ours.is_empty() {
            return Ok(true);
        }
    }
}

fn copy(
    mut file: File,
    found: &Metadata,
    to: &Path,
    existing: Existing,
    step: impl Fn(u64) -> Result<(), Interrupted>,
) -> Result<(), FileError> {
    let mut new = NewFile::begin_named(to, existing, PARTIAL)?;
    let copied = copying::copy(&mut file, new.file(), found.len(), step).map_err(|error| match error {
        CopyError::System(error) => FileError::New(NewFileError::from_io(to, error)),
        CopyError::Stopped(interrupted) => FileError::Interrupted(interrupted),
    })?;
    let now = file.metadata().map_err(FileError::Unreadable)?;
    let is_longer = file.read(&mut [0]).map_err(FileError::Unreadable)? > 0;
    if copied < found.len() || is_longer || Fingerprint::of(&now) != Fingerprint::of(found) {
        return Err(FileError::Changed);
    }
    keep(new.file(), found).map_err(|error| NewFileError::from_io(to, error))?;
    new.complete()?.publish()?;
    Ok(())
}

/// Gives a copy the times and permissions of what it is a copy of.
fn keep(copy: &File, found: &Metadata) -> io::Result<()> {
    copy.set_permissions(kept(found))?;
    let mut times = FileTimes::new().set_modified(found.modified()?);
    if let Ok(accessed) = found.accessed() {
        times = times.set_accessed(accessed);
    }
    copy.set_times(times)
}

/// The permissions of a copy. It belongs to whoever makes it: it must not run with their rights.
fn kept(found: &Metadata) -> Permissions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let kind_and_mode = found.permissions().mode();
        Permissions::from_mode(kind_and_mode & !0o7000)
    }
    #[cfg(not(unix))]
    found.permissions()
}
