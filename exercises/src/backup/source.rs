//! The folder that is backed up.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The regular files directly inside a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    /// Sorted.
    names: Vec<OsString>,
    length: u64,
    left_out: u64,
}

/// Why a folder cannot be backed up.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is not there, or closed to this user.
    #[error("cannot read {0:?}")]
    Unreadable(PathBuf, #[source] io::Error),
    /// It is a file, say.
    #[error("{0:?} is not a folder")]
    NotAFolder(PathBuf),
}

impl Source {
    /// Lists a folder. No file is opened.
    pub fn list(path: &Path) -> Result<Self, SourceError> {
        let unreadable = |error| SourceError::Unreadable(path.to_owned(), error);
        if !fs::metadata(path).map_err(unreadable)?.is_dir() {
            return Err(SourceError::NotAFolder(path.to_owned()));
        }
        let mut source = Self {
            path: path.to_owned(),
            names: Vec::new(),
            length: 0,
            left_out: 0,
        };
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            // Of a link this is the kind of the link, not of what it leads to.
            if entry.file_type().is_ok_and(|kind| !kind.is_file()) {
                source.left_out += 1;
            } else {
                source.length += entry.metadata().map_or(0, |found| found.len());
                source.names.push(entry.file_name());
            }
        }
        source.names.sort();
        Ok(source)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the regular files, sorted.
    pub fn names(&self) -> &[OsString] {
        &self.names
    }

    /// Bytes in all of them.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How many other things are in the folder.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}
