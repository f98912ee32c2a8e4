//! One file becomes several, each copied by a worker of its own.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::part_name::PartName;
use super::plan::{PartCount, ranges};
use super::verify::{VerifyError, checksum, compare};
use crate::checksum::Checksum;
use crate::copying::{self, Fingerprint};
use crate::interrupt::Interrupted;
use crate::new_files::{self, CompleteFile, Existing, NewFile, NewFileError};

/// Workers at the same time: more would only take file handles from others.
const MOST_WORKERS: usize = 64;

/// What to cut, and how.
#[derive(Debug, Clone)]
pub struct Order {
    /// The file to cut.
    pub file: PathBuf,
    /// Into how many parts.
    pub parts: PartCount,
    /// The folder for them, which is made if it is not there.
    pub into: PathBuf,
    /// What to do with parts that are there already.
    pub existing: Existing,
    /// Whether to read everything twice more, and compare.
    pub verify: bool,
}

/// What was made.
#[derive(Debug)]
pub struct Parts {
    /// In order.
    pub paths: Vec<PathBuf>,
    /// Of the file, and of all parts together, when that was asked for.
    pub checksum: Option<Checksum>,
}

/// Why a file was not cut. No part is left behind.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// It cannot be read.
    #[error("cannot read {path:?}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, a pipe, a device: they have no size to divide.
    #[error("{0:?} is not a regular file")]
    NotAFile(PathBuf),
    /// Somebody wrote to it meanwhile, or put another in its place.
    #[error(
        "{0:?} changed while it was being cut, and no part was kept; cut it when nobody writes to it"
    )]
    Changed(PathBuf),
    /// What was written is not what was read.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A part cannot be written.
    #[error(transparent)]
    New(#[from] NewFileError),
    /// The user stopped it.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Cuts the file. All parts get their names at the end, or none does. `step` gets the bytes of each
/// step (each byte comes once, and three times where it is verified), and can stop the work.
pub fn cut(
    order: &Order,
    step: impl Fn(u64) -> Result<(), Interrupted> + Sync,
) -> Result<Parts, CutError> {
    let file = &order.file;
    let unreadable = |source| CutError::Unreadable {
        path: file.clone(),
        source,
    };
    let found = fs::metadata(file).map_err(unreadable)?;
    if !found.is_file() {
        return Err(CutError::NotAFile(file.clone()));
    }
    let fingerprint = Fingerprint::of(&found);
    // A folder is made only for a file that can be read.
    drop(File::open(file).map_err(unreadable)?);
    new_files::make_folder(&order.into)?;
    let before = order
        .verify
        .then(|| checksum([file.as_path()], &step))
        .transpose()?;
    let parts = copy_parts(order, fingerprint, &step)?;
    let now = fs::metadata(file).map_err(unreadable)?;
    if Fingerprint::of(&now) != fingerprint {
        return Err(CutError::Changed(file.clone()));
    }
    if let Some(before) = before {
        compare(
            before,
            checksum(parts.iter().map(CompleteFile::partial), &step)?,
        )?;
    }
    Ok(Parts {
        paths: new_files::publish_all(parts)?,
        checksum: before,
    })
}

/// Copies every part, each by a worker of its own; the first error stops them all.
fn copy_parts(
    order: &Order,
    fingerprint: Fingerprint,
    step: &(impl Fn(u64) -> Result<(), Interrupted> + Sync),
) -> Result<Vec<CompleteFile>, CutError> {
    let whole = order.file.file_name().unwrap_or_default();
    let names = (1..=order.parts.get()).map(|number| {
        let whole = whole.to_owned();
        let name = PartName {
            whole,
            number,
            count: order.parts,
        };
        order.into.join(name.to_os_string())
    });
    let tasks: Vec<_> = names
        .zip(ranges(fingerprint.length(), order.parts))
        .collect();
    // Before anything is written: most likely all parts of an earlier run are there.
    for (path, _) in &tasks {
        new_files::check_free(path, order.existing)?;
    }
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let work = || {
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((path, range)) = tasks.get(index) else {
                break;
            };
            let part = copy_part(order, path, range.clone(), fingerprint, step);
            failed.fetch_or(part.is_err(), Ordering::Relaxed);
            done.push((index, part));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..tasks.len().min(MOST_WORKERS))
            .map(|_| scope.spawn(work))
            .collect();
        let results = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        results.flatten().collect::<Vec<_>>()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, part)| part).collect()
}

fn copy_part(
    order: &Order,
    path: &Path,
    range: Range<u64>,
    fingerprint: Fingerprint,
    step: impl Fn(u64) -> Result<(), Interrupted>,
) -> Result<CompleteFile, CutError> {
    let file = &order.file;
    let unreadable = |source| CutError::Unreadable {
        path: file.clone(),
        source,
    };
    let changed = || CutError::Changed(file.clone());

    let mut from = File::open(file).map_err(unreadable)?;
    if Fingerprint::of(&from.metadata().map_err(unreadable)?) != fingerprint {
        return Err(changed());
    }
    from.seek(SeekFrom::Start(range.start))
        .map_err(unreadable)?;
    let mut part = NewFile::begin(path, order.existing)?;
    let length = range.end - range.start;
    let copied = copying::fill::<CutError>(&mut part, &mut from, length, step)?;
    // Shorter than it was, or longer (as are those files of the system that say they are empty).
    let is_last = range.end == fingerprint.length();
    if copied < length || is_last && from.read(&mut [0]).map_err(unreadable)? > 0 {
        return Err(changed());
    }
    Ok(part.complete()?)
}
