//! Bans that survive the end of the program: a file with one JSON object.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::command::BanEntry;

/// Of which shape the file is: raised when an older program could not read it.
const VERSION: u32 = 1;

/// What is in the file.
#[derive(Serialize, Deserialize)]
struct State<B> {
    version: u32,
    bans: B,
}

/// Only the number: what a newer version has beside it is not for this one to judge.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// A file that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BanFileError {
    /// It is there, and cannot be read.
    #[error("cannot read {}: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write {}: {error}", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A newer version of this program wrote it.
    #[error("{} was written by a newer version of this program (its shape is {version}, this one knows {VERSION})", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Of which shape it is.
        version: u32,
    },
    /// It does not hold bans. It was renamed, so that the next start begins without bans.
    #[error("{} is damaged ({why}) and was kept as {}", file.display(), kept.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
        /// Where it is now.
        kept: PathBuf,
    },
    /// It does not hold bans, and could not be renamed.
    #[error("{} is damaged ({why}) and cannot be renamed: {error}", file.display())]
    DamagedAndStuck {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
        /// What the system said.
        error: io::Error,
    },
}

/// The file. It is only ever whole: what is new is written to another file beside it, which then
/// takes its place.
#[derive(Debug)]
pub struct BanFile {
    path: PathBuf,
    /// The last write failed.
    behind: bool,
    failures: u64,
}

impl BanFile {
    /// The file at `path` and the bans in it; none where there is no file yet.
    ///
    /// # Errors
    ///
    /// A file that is damaged is kept aside under another name, and is an error: to begin without
    /// its bans is for a person to decide.
    pub fn open(path: PathBuf) -> Result<(Self, Vec<BanEntry>), BanFileError> {
        let bans = match fs::read(&path) {
            Ok(bytes) => read(&path, &bytes)?,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(BanFileError::Unreadable { file: path, error }),
        };
        let file = Self {
            path,
            behind: false,
            failures: 0,
        };
        Ok((file, bans))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How often a write failed.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Whether the last write failed, so that the file does not hold the present bans.
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// Puts these bans in place of those in the file. After an error the file is as it was.
    pub fn write(&mut self, bans: &[BanEntry]) -> io::Result<()> {
        let written = replace(&self.path, bans);
        self.behind = written.is_err();
        self.failures += u64::from(self.behind);
        written
    }

    /// Takes the file for damaged.
    pub fn damaged(self, why: String) -> BanFileError {
        keep_aside(&self.path, why)
    }
}

fn read(path: &Path, bytes: &[u8]) -> Result<Vec<BanEntry>, BanFileError> {
    let versioned: Result<Versioned, _> = serde_json::from_slice(bytes);
    match versioned {
        Ok(Versioned { version }) if version > VERSION => {
            return Err(BanFileError::Newer {
                file: path.to_owned(),
                version,
            });
        }
        _ => {}
    }
    let state: Result<State<Vec<BanEntry>>, _> = serde_json::from_slice(bytes);
    match state {
        Ok(state) if state.version == VERSION => Ok(state.bans),
        Ok(state) => Err(keep_aside(
            path,
            format!("there is no version {}", state.version),
        )),
        Err(error) => Err(keep_aside(path, error.to_string())),
    }
}

/// Renames the damaged file to the first free `FILE.damaged-1`, `-2`, …: no earlier one is
/// overwritten.
fn keep_aside(path: &Path, why: String) -> BanFileError {
    let file = path.to_owned();
    for number in 1_u32.. {
        let kept = beside(path, &format!(".damaged-{number}"));
        // Made first: a rename alone would overwrite what is there.
        let renamed = match create_new(&kept) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => Err(error),
            Ok(_) => fs::rename(path, &kept).inspect_err(|_| {
                let _empty = fs::remove_file(&kept);
            }),
        };
        return match renamed {
            Ok(()) => BanFileError::Damaged { file, why, kept },
            Err(error) => BanFileError::DamagedAndStuck { file, why, error },
        };
    }
    let error = ErrorKind::AlreadyExists.into();
    BanFileError::DamagedAndStuck { file, why, error }
}

/// By hand and not with a crate for temporary files: one fixed name beside the file leaves at most
/// one file behind when the program is killed in the middle, and the next write takes that one
/// away.
fn replace(path: &Path, bans: &[BanEntry]) -> io::Result<()> {
    let state = State {
        version: VERSION,
        bans,
    };
    let mut text = serde_json::to_string_pretty(&state)?;
    text.push('\n');
    let new = beside(path, ".new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = create_new(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_folder(path)
}

/// A new file that only its owner can read: it holds addresses of people.
fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Without this a power cut can bring the old file back.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
