//! What is in the folder that is backed up.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

/// What is directly in a folder, in the order of the names.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Regular files, and what cannot be looked at.
    pub(super) files: Vec<Listed>,
    /// Folders, links, pipes, sockets and devices.
    pub(super) others: Vec<OsString>,
}

/// A file that may be backed up.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) name: OsString,
    /// Its size in bytes when it was listed.
    pub(super) length: u64,
}

impl Listing {
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let mut listing = Self::default();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            // Of a link, this says that it is one. What cannot be looked at will be reported when
            // it cannot be opened.
            let length = match entry.metadata() {
                Ok(found) if !found.is_file() => {
                    listing.others.push(name);
                    continue;
                }
                found => found.map_or(0, |found| found.len()),
            };
            listing.files.push(Listed { name, length });
        }
        listing
            .files
            .sort_by(|one, other| one.name.cmp(&other.name));
        listing.others.sort();
        Ok(listing)
    }
}
