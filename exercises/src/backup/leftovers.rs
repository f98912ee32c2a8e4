//! What a run that was killed left in the backup folder.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::new_files::is_partial;

/// How the names of files begin that `backup` has not written completely. Its own, as another tool
/// may be writing to the same folder just now.
pub(super) const PREFIX: &str = ".partial-backup-";

/// Whether a file of this name could be a leftover, and would be removed.
pub(super) fn is_reserved(name: &OsStr) -> bool {
    is_partial(name, PREFIX)
}

/// Removes the leftovers from a folder that no other run works in, and returns which those were.
pub(super) fn remove(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut removed = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if is_reserved(&entry.file_name()) && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
            removed.push(entry.path());
        }
    }
    Ok(removed)
}
