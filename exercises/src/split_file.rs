//! Cuts a file into equal parts, and joins parts.
#![expect(
    clippy::unnecessary_debug_formatting,
    reason = "it escapes control characters in names"
)]

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};

use sha2::{Digest, Sha256};

use crate::new_file::{
    CompleteFile, NewFile, NewFileError, check_free, folder_of, is_unchanged, make_folder,
    publish_all,
};
use crate::tool::Interrupted;

/// The most parts of a file: their numbers have four digits.
pub const MAX_PARTS: u16 = 9_999;

/// The most workers at a time: more would only take file handles from other programs.
const MAX_WORKERS: usize = 64;

/// Bytes read at a time for a checksum.
const PIECE: u64 = 256 << 10;

/// The place and the manner of new files.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder for them, which is made if it is not there.
    pub into: PathBuf,
    /// Permission to replace files that are there already.
    pub force: bool,
    /// A comparison, at the end, of everything that was read with everything that was written.
    pub verify: bool,
}

/// The files that were made.
#[derive(Debug)]
pub struct Made {
    /// Their paths, in order.
    pub paths: Vec<PathBuf>,
    /// The SHA-256 of the input and of the output, if they were compared.
    pub checksum: Option<String>,
}

/// The reason why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Several files were named, and no join was asked for.
    #[error("one file is cut at a time; --join puts parts together")]
    SeveralFiles,
    /// A file or folder cannot be read.
    #[error("cannot read {0:?}")]
    Unreadable(PathBuf, #[source] io::Error),
    /// A folder, a pipe or a device has no size to divide.
    #[error("{0:?} is not a regular file; only such files are cut")]
    NotAFile(PathBuf),
    /// Another program wrote to the file, or put another in its place.
    #[error(
        "{0:?} changed while it was being cut, and no part was kept; \
         cut it when no program writes to it"
    )]
    Changed(PathBuf),
    /// The parts that were named, or are there, do not make a whole; the sentence names the fault.
    #[error("{0}")]
    Parts(String),
    /// The disk did not keep the data, or a file changed meanwhile.
    #[error(
        "what was written is not what was read (sha256 {before} before, {after} after), \
         and nothing was kept; try another disk"
    )]
    Differs {
        /// The checksum of the input.
        before: String,
        /// The checksum of the output.
        after: String,
    },
    /// A file cannot be written, or the user stopped the work.
    #[error(transparent)]
    New(#[from] NewFileError),
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> Error {
    |source| Error::Unreadable(path.to_owned(), source)
}

/// Cuts a file. All parts get their names at the end, or none does. `step` gets the bytes of each
/// step (each byte once, or three times if it is verified), and can stop the work.
pub fn cut(
    file: &Path,
    parts: u16,
    options: &Options,
    step: impl Fn(u64) -> Result<(), Interrupted> + Sync,
) -> Result<Made, Error> {
    let before = fs::metadata(file).map_err(unreadable(file))?;
    if !before.is_file() {
        return Err(Error::NotAFile(file.to_owned()));
    }
    // A folder is made only for a file that can be read.
    File::open(file).map_err(unreadable(file))?;
    make_folder(&options.into)?;
    let paths = part_paths(&options.into, file.file_name().unwrap_or_default(), parts);
    // Before anything is written: most likely all parts of an earlier run are there.
    for path in &paths {
        check_free(path, options.force)?;
    }
    let mut checksum = None;
    if options.verify {
        checksum = Some(checksum_of([file], &step)?);
    }
    let ranges = ranges(before.len(), parts.into());
    let tasks: Vec<_> = paths.iter().zip(ranges).collect();
    let complete = in_parallel(&tasks, |(path, range)| {
        let part = NewFile::begin(path, options.force)?;
        copy_part(file, &before, range, part, &step)
    })?;
    if !is_unchanged(&before, &fs::metadata(file).map_err(unreadable(file))?) {
        return Err(Error::Changed(file.to_owned()));
    }
    if let Some(before) = &checksum {
        verify(before, complete.iter().map(CompleteFile::partial), &step)?;
    }
    let paths = publish_all(complete)?;
    Ok(Made { paths, checksum })
}

/// Copies a range of a file that has to be as it was `before`.
fn copy_part(
    file: &Path,
    before: &Metadata,
    range: &Range<u64>,
    mut part: NewFile,
    step: impl Fn(u64) -> Result<(), Interrupted>,
) -> Result<CompleteFile, Error> {
    let mut from = File::open(file).map_err(unreadable(file))?;
    let found = from.metadata().map_err(unreadable(file))?;
    let place = SeekFrom::Start(range.start);
    from.seek(place).map_err(unreadable(file))?;
    let length = range.end - range.start;
    // Some files of the system have the size 0 and still have content.
    let is_right = is_unchanged(before, &found)
        && part.fill(&mut from, length, step)? == length
        && (range.end < before.len() || from.read(&mut [0]).map_err(unreadable(file))? == 0);
    if is_right {
        Ok(part.complete()?)
    } else {
        Err(Error::Changed(file.to_owned()))
    }
}

/// Does all tasks, each by one of [`MAX_WORKERS`] workers; the first error stops them all.
fn in_parallel<T: Sync, R: Send>(
    tasks: &[T],
    work: impl Fn(&T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let failed = AtomicBool::new(false);
    let do_all = |tasks: &[T]| {
        let tasks = tasks.iter().take_while(|_| !failed.load(Ordering::Relaxed));
        let done: Result<Vec<_>, _> = tasks.map(&work).collect();
        done.inspect_err(|_| failed.store(true, Ordering::Relaxed))
    };
    let per_worker = tasks.len().div_ceil(MAX_WORKERS).max(1);
    let done: Result<Vec<_>, _> = thread::scope(|scope| {
        let chunks = tasks.chunks(per_worker);
        let workers: Vec<_> = chunks.map(|tasks| scope.spawn(|| do_all(tasks))).collect();
        let ended = workers.into_iter().map(ScopedJoinHandle::join);
        let done = ended.map(|done| done.unwrap_or_else(|panic| resume_unwind(panic)));
        done.collect()
    });
    Ok(done?.into_iter().flatten().collect())
}

/// Finds the parts of a file, from any of them, all of them, or the path of the whole beside them.
/// Returns the name of the whole and the paths of its parts, in order.
pub fn find_parts(first: &Path, others: &[PathBuf]) -> Result<(OsString, Vec<PathBuf>), Error> {
    let folder = folder_of(first);
    let name = first.file_name().unwrap_or_default();
    let (whole, count) = match read_part_name(name) {
        Some(found) => found,
        None => (name, count_in(folder, name)?),
    };
    let paths = part_paths(folder, whole, count);
    check_sizes(&paths)?;
    let is_stranger = |other: &&PathBuf| !paths.iter().any(|path| is_same(path, other));
    match others.iter().find(is_stranger) {
        None => Ok((whole.to_owned(), paths)),
        Some(other) => Err(Error::Parts(format!(
            "{other:?} is no part of what {first:?} is a part of; name parts of one file"
        ))),
    }
}

/// Returns the number of parts of a file, by the names in a folder.
fn count_in(folder: &Path, whole: &OsStr) -> Result<u16, Error> {
    let mut counts = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let name = entry.map_err(unreadable(folder))?.file_name();
        if let Some((found, count)) = read_part_name(&name)
            && found == whole
        {
            counts.insert(count);
        }
    }
    match (counts.first(), counts.len()) {
        (Some(&count), 1) => Ok(count),
        (None, _) => Err(Error::Parts(format!(
            "no parts of {whole:?} are in {folder:?}; name one of them (NAME.part-1-of-2)"
        ))),
        _ => Err(Error::Parts(format!(
            "parts of {whole:?} are there from several cuts (into {:?}); \
             name one of the parts that you want",
            Vec::from_iter(counts)
        ))),
    }
}

/// Checks that all parts are there and have the sizes of parts of one file.
fn check_sizes(paths: &[PathBuf]) -> Result<(), Error> {
    let mut sizes = Vec::with_capacity(paths.len());
    let mut missing = Vec::new();
    for path in paths {
        match fs::metadata(path) {
            Ok(found) if found.is_file() => sizes.push(found.len()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(unreadable(path)(error));
            }
            _ => missing.push(path),
        }
    }
    if let Some(first) = missing.first() {
        return Err(Error::Parts(format!(
            "{first:?} is missing ({} of {} parts are); put all of them into one folder",
            missing.len(),
            paths.len()
        )));
    }
    let length = sizes.iter().copied().fold(0, u64::saturating_add);
    let expected = ranges(length, paths.len() as u64);
    for ((path, found), expected) in paths.iter().zip(sizes).zip(expected) {
        check_size(path, found, expected.end - expected.start)?;
    }
    Ok(())
}

fn check_size(path: &Path, found: u64, expected: u64) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Parts(format!(
        "{path:?} has {found} bytes and would have {expected} if all parts were whole and of one \
         file; get it again"
    )))
}

/// Returns true if two paths lead to one file, however they are written.
fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    one == other || real(one).is_some_and(|one| real(other) == Some(one))
}

/// Joins parts. The file gets its name at the end, or not at all. `step` gets the bytes of each
/// step (each byte once, or three times if it is verified), and can stop the work.
pub fn join(
    whole: &OsStr,
    parts: &[PathBuf],
    options: &Options,
    step: impl Fn(u64) -> Result<(), Interrupted>,
) -> Result<Made, Error> {
    make_folder(&options.into)?;
    let mut new = NewFile::begin(options.into.join(whole), options.force)?;
    for path in parts {
        let mut part = File::open(path).map_err(unreadable(path))?;
        let length = part.metadata().map_err(unreadable(path))?.len();
        check_size(path, new.fill(&mut part, length, &step)?, length)?;
    }
    let complete = new.complete()?;
    let mut checksum = None;
    if options.verify {
        let before = checksum_of(parts.iter().map(PathBuf::as_path), &step)?;
        verify(&before, [complete.partial()], &step)?;
        checksum = Some(before);
    }
    let paths = vec![complete.publish()?];
    Ok(Made { paths, checksum })
}

/// Makes the SHA-256 of several files, one after the other, in hexadecimal digits.
fn checksum_of<'a>(
    files: impl IntoIterator<Item = &'a Path>,
    step: impl Fn(u64) -> Result<(), Interrupted>,
) -> Result<String, Error> {
    let mut checksum = Sha256::new();
    let mut piece = Vec::new();
    for path in files {
        let mut file = File::open(path).map_err(unreadable(path))?;
        loop {
            piece.clear();
            let read = file.by_ref().take(PIECE).read_to_end(&mut piece);
            if read.map_err(unreadable(path))? == 0 {
                break;
            }
            checksum.update(&piece);
            step(piece.len() as u64).map_err(NewFileError::from)?;
        }
    }
    let mut digits = String::new();
    for byte in checksum.finalize() {
        let _ = write!(digits, "{byte:02x}");
    }
    Ok(digits)
}

/// Compares the checksum of the output with that of the input.
fn verify<'a>(
    before: &str,
    written: impl IntoIterator<Item = &'a Path>,
    step: impl Fn(u64) -> Result<(), Interrupted>,
) -> Result<(), Error> {
    let after = checksum_of(written, step)?;
    if before == after {
        return Ok(());
    }
    let before = before.to_owned();
    Err(Error::Differs { before, after })
}

/// Returns the bytes of each part, in order. No part is more than one byte longer than another;
/// the first ones get what is left over.
fn ranges(length: u64, parts: u64) -> impl Iterator<Item = Range<u64>> {
    (0..parts).map(move |part| {
        let (each, left_over) = (length / parts, length % parts);
        let start = part * each + part.min(left_over);
        start..start + each + u64::from(part < left_over)
    })
}

/// Makes the name of a part, `NAME.part-02-of-12`: names sort as the parts do.
fn part_name(whole: &OsStr, number: u16, count: u16) -> OsString {
    let width = count.to_string().len();
    let mut name = whole.to_owned();
    name.push(format!(".part-{number:0width$}-of-{count}"));
    name
}

/// Makes the paths of all parts, in order.
fn part_paths(folder: &Path, whole: &OsStr, count: u16) -> Vec<PathBuf> {
    (1..=count)
        .map(|number| folder.join(part_name(whole, number, count)))
        .collect()
}

/// Reads the name of a part: the name of the whole, and the number of parts.
fn read_part_name(name: &OsStr) -> Option<(&OsStr, u16)> {
    let path = Path::new(name);
    let numbers = path.extension()?.to_str()?.strip_prefix("part-")?;
    let (number, count) = numbers.split_once("-of-")?;
    let (whole, number, count) = (path.file_stem()?, number.parse().ok()?, count.parse().ok()?);
    // Only the exact spelling of `part_name` is ours: a file with another is not a part.
    let is_ours = (1..=count).contains(&number)
        && count <= MAX_PARTS
        && part_name(whole, number, count) == name;
    is_ours.then_some((whole, count))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_are_equal_but_for_one_byte(length: u64, count in 1..=u64::from(MAX_PARTS)) {
            let mut end = 0;
            let mut sizes = Vec::new();
            for range in ranges(length, count) {
                prop_assert_eq!(range.start, end);
                end = range.end;
                sizes.push(range.end - range.start);
            }
            prop_assert_eq!(end, length);
            prop_assert_eq!(sizes.len() as u64, count);
            prop_assert!(sizes[0] - sizes[sizes.len() - 1] <= 1);
            prop_assert!(sizes.is_sorted_by(|a, b| a >= b));
        }
    }

    #[test]
    fn part_names_are_read_back_and_sort_as_the_parts_do() {
        let whole = OsStr::new("a.iso");
        for count in [1, 2, 9, 10, 99, 100, 9999] {
            let names: Vec<_> = (1..=count)
                .map(|number| part_name(whole, number, count))
                .collect();
            assert!(names.is_sorted(), "{names:?}");
            for name in &names {
                assert_eq!(read_part_name(name), Some((whole, count)));
            }
        }
        assert_eq!(part_name(whole, 2, 12), "a.iso.part-02-of-12");
    }

    #[test]
    fn other_names_are_not_those_of_parts() {
        for text in [
            "a.iso",
            "a.part-1",
            "a.part-0-of-2",
            "a.part-3-of-2",
            "a.part-01-of-2",
            "a.part-1-of-02",
            "a.part-+1-of-2",
            "a.part-1-of-",
            "a.part-1-of-99999",
            "a.part-00001-of-10000",
            ".part-1-of-2",
        ] {
            assert_eq!(read_part_name(OsStr::new(text)), None, "{text}");
        }
    }
}
