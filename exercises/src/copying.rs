//! Copying bytes from file to file in steps, between which the work can be stopped.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::time::SystemTime;

use crate::interrupt::Interrupted;
use crate::new_files::{NewFile, NewFileError};

/// Bytes that are copied between two looks at whether to go on: some milliseconds of a disk's time.
pub const STEP: u64 = 4 << 20;

/// Copies `length` bytes from where `from` stands to where `to` stands, and returns how many there
/// were: fewer only if `from` ended before. `after_step` gets the bytes of each step, and can stop
/// the work.
///
/// The standard library leaves the copying to the system where that can do it (`copy_file_range` on
/// Linux).
pub fn copy<E>(
    from: &mut File,
    to: &mut File,
    length: u64,
    mut after_step: impl FnMut(u64) -> Result<(), E>,
) -> Result<u64, CopyError<E>> {
    let mut copied = 0;
    while copied < length {
        let mut step = Read::take(&mut *from, STEP.min(length - copied));
        let bytes = io::copy(&mut step, to).map_err(CopyError::System)?;
        if bytes == 0 {
            break;
        }
        copied += bytes;
        after_step(bytes).map_err(CopyError::Stopped)?;
    }
    Ok(copied)
}

/// Fills a new file with `length` bytes, as [`copy`] does it.
pub fn fill<E: From<NewFileError> + From<Interrupted>>(
    new: &mut NewFile,
    from: &mut File,
    length: u64,
    after_step: impl Fn(u64) -> Result<(), Interrupted>,
) -> Result<u64, E> {
    copy(from, new.file(), length, after_step).map_err(|error| match error {
        CopyError::System(source) => NewFileError::from_io(new.path(), source).into(),
        CopyError::Stopped(interrupted) => interrupted.into(),
    })
}

/// Why bytes were not copied to the end.
#[derive(Debug)]
pub enum CopyError<E> {
    /// The system could not read or write. (It does not say which of the two.)
    System(io::Error),
    /// The caller did not want to go on.
    Stopped(E),
}

/// Which file or folder it is, whatever its name: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity(u64, u64);

impl Identity {
    /// `None` where there is no such thing.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self(metadata.dev(), metadata.ino()))
    }

    /// `None` where there is no such thing.
    #[cfg(not(unix))]
    pub fn of(_: &Metadata) -> Option<Self> {
        None
    }
}

/// What shows that a file was changed, or another put in its place, while it was read. (Not: a
/// change within the same tick of the file system's clock that leaves the size as it was.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    length: u64,
    modified: Option<SystemTime>,
    identity: Option<Identity>,
}

impl Fingerprint {
    /// Of an open file, or of what a path leads to.
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            identity: Identity::of(metadata),
        }
    }

    /// Bytes in the file.
    pub fn length(&self) -> u64 {
        self.length
    }
}
