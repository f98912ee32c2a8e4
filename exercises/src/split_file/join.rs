//! The parts become one file again.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::part_name::PartName;
use super::plan::{PartCount, ranges};
use super::verify::{VerifyError, checksum, compare};
use crate::checksum::Checksum;
use crate::copying;
use crate::interrupt::Interrupted;
use crate::new_files::{self, Existing, NewFile, NewFileError, folder_of};

/// All parts of one file, each of the size that it has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartSet {
    whole: OsString,
    folder: PathBuf,
    /// In order.
    paths: Vec<PathBuf>,
    length: u64,
}

/// What to join, and how.
#[derive(Debug, Clone)]
pub struct Order {
    /// The parts.
    pub parts: PartSet,
    /// The folder for the whole file, which is made if it is not there.
    pub into: PathBuf,
    /// What to do with a file of its name that is there already.
    pub existing: Existing,
    /// Whether to read everything once more, and compare.
    pub verify: bool,
}

/// What was made.
#[derive(Debug)]
pub struct Whole {
    /// The file.
    pub path: PathBuf,
    /// Of the file, and of all parts together, when that was asked for.
    pub checksum: Option<Checksum>,
}

/// Why parts were not put together. No file is left behind.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// A folder or a part cannot be read.
    #[error("cannot read {path:?}")]
    Unreadable {
        /// The folder or the part.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no part of such a file.
    #[error("no parts of {whole:?} are in {folder:?}; name one of them (NAME.part-1-of-2)")]
    NoParts {
        /// The name of the file that was cut.
        whole: OsString,
        /// Where its parts would be.
        folder: PathBuf,
    },
    /// The file was cut more than once.
    #[error(
        "parts of {whole:?} are there from several cuts (into {counts:?}); name one of the parts that you want"
    )]
    Ambiguous {
        /// The name of the file that was cut.
        whole: OsString,
        /// How many parts the sets there have.
        counts: Vec<u16>,
    },
    /// Several were named, which are not of one file.
    #[error("{other:?} is no part of what {first:?} is a part of")]
    Mixed {
        /// The first that was named.
        first: PathBuf,
        /// One that does not go with it.
        other: PathBuf,
    },
    /// Parts are not there.
    #[error(
        "{first:?} is missing ({missing} of {count} parts are); put all of them into one folder"
    )]
    Missing {
        /// The first of them.
        first: PathBuf,
        /// How many.
        missing: usize,
        /// How many there should be.
        count: u16,
    },
    /// A part is damaged, or from another file of the same name.
    #[error(
        "{path:?} has {found} bytes and would have {expected} if all parts were whole and of one file"
    )]
    WrongSize {
        /// The part.
        path: PathBuf,
        /// Its bytes.
        found: u64,
        /// The bytes that it should have.
        expected: u64,
    },
    /// The file cannot be written.
    #[error(transparent)]
    New(#[from] NewFileError),
    /// What was written is not what was read.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The user stopped it.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl PartSet {
    /// Finds the parts that go with what was named: any of the parts, all of them, or the file as
    /// it was called before it was cut (its parts lie where it would lie).
    pub fn find(first: &Path, others: &[PathBuf]) -> Result<Self, JoinError> {
        let folder = folder_of(first);
        let name = first.file_name().unwrap_or_default();
        let (whole, counts) = match PartName::parse(name) {
            Some(part) => (part.whole, vec![part.count]),
            None => (name.to_owned(), counts_of(name, folder)?),
        };
        let folder = folder.to_owned();
        let set = match *counts.as_slice() {
            [count] => Self::complete(whole, folder, count)?,
            [] => return Err(JoinError::NoParts { whole, folder }),
            _ => {
                let counts = counts.into_iter().map(PartCount::get).collect();
                return Err(JoinError::Ambiguous { whole, counts });
            }
        };
        let stranger = |other: &&PathBuf| !set.paths.iter().any(|path| is_same(path, other));
        match others.iter().find(stranger) {
            None => Ok(set),
            Some(other) => Err(JoinError::Mixed {
                first: first.to_owned(),
                other: other.clone(),
            }),
        }
    }

    fn complete(whole: OsString, folder: PathBuf, count: PartCount) -> Result<Self, JoinError> {
        let paths: Vec<_> = (1..=count.get())
            .map(|number| {
                let whole = whole.clone();
                folder.join(
                    PartName {
                        whole,
                        number,
                        count,
                    }
                    .to_os_string(),
                )
            })
            .collect();
        let mut sizes = Vec::with_capacity(paths.len());
        let mut missing = Vec::new();
        for path in &paths {
            match fs::metadata(path) {
                Ok(found) if found.is_file() => sizes.push(found.len()),
                Ok(_) => missing.push(path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(path),
                Err(source) => {
                    return Err(JoinError::Unreadable {
                        path: path.clone(),
                        source,
                    });
                }
            }
        }
        if let Some(&first) = missing.first() {
            return Err(JoinError::Missing {
                first: first.clone(),
                missing: missing.len(),
                count: count.get(),
            });
        }
        let length = sizes.iter().sum();
        for ((path, found), range) in paths.iter().zip(sizes).zip(ranges(length, count)) {
            let expected = range.end - range.start;
            if found != expected {
                return Err(JoinError::WrongSize {
                    path: path.clone(),
                    found,
                    expected,
                });
            }
        }
        Ok(Self {
            whole,
            folder,
            paths,
            length,
        })
    }

    /// Bytes in all parts.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The folder that the parts are in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Into how many parts a file was cut of which there are parts in a folder; more than one answer if
/// it was cut differently.
fn counts_of(whole: &OsStr, folder: &Path) -> Result<Vec<PartCount>, JoinError> {
    let unreadable = |source| JoinError::Unreadable {
        path: folder.to_owned(),
        source,
    };
    let mut counts = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        if let Some(part) = PartName::parse(&name)
            && part.whole == whole
        {
            counts.insert(part.count);
        }
    }
    Ok(counts.into_iter().collect())
}

/// Whether two paths lead to the same file, however they are written.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Puts the parts together. The file gets its name at the end, or not at all. `step` gets the bytes
/// of each step (each byte comes once, and three times where it is verified), and can stop the
/// work.
pub fn join(
    order: &Order,
    step: impl Fn(u64) -> Result<(), Interrupted>,
) -> Result<Whole, JoinError> {
    let parts = &order.parts;
    new_files::make_folder(&order.into)?;
    let mut whole = NewFile::begin(order.into.join(&parts.whole), order.existing)?;
    for path in &parts.paths {
        let unreadable = |source| JoinError::Unreadable {
            path: path.clone(),
            source,
        };
        let mut part = File::open(path).map_err(unreadable)?;
        let length = part.metadata().map_err(unreadable)?.len();
        let copied = copying::fill::<JoinError>(&mut whole, &mut part, length, &step)?;
        if copied != length {
            let path = path.clone();
            return Err(JoinError::WrongSize {
                path,
                found: copied,
                expected: length,
            });
        }
    }
    let whole = whole.complete()?;
    let checksum = if order.verify {
        let before = checksum(parts.paths.iter().map(PathBuf::as_path), &step)?;
        compare(before, checksum([whole.partial()], &step)?)?;
        Some(before)
    } else {
        None
    };
    Ok(Whole {
        path: whole.publish()?,
        checksum,
    })
}
