//! One run: all files of a folder, one after the other.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::file::Worker;
use super::folders::{FolderError, Folders};
use super::leftovers;
use super::listing::Listing;
use super::outcome::{Done, Failure, Problem, Stop};
use super::same_names::Met;
use super::summary::Summary;
use crate::interrupt::Interrupted;
use crate::new_files::Existing;

/// What is told while a run goes on, at once.
#[derive(Debug)]
pub enum Event<'a> {
    /// An earlier run was killed and left this; it is removed.
    Removed(&'a Path),
    /// What earlier runs may have left stays, for this reason.
    NotRemoved(&'a NotRemoved),
    /// Not a regular file.
    LeftOut(&'a Path),
    /// The backup folder has what this file has.
    Done(&'a Path, &'a Done),
    /// This file has no backup, or an old one.
    Failed(&'a Path, &'a Problem),
}

/// Why leftovers were not looked for, or not all removed.
#[derive(Debug, thiserror::Error)]
pub enum NotRemoved {
    /// They could be what another run is writing just now.
    #[error("this system cannot keep other runs out of the backup folder")]
    NotLocked,
    /// Something else.
    #[error("the backup folder cannot be tidied")]
    Refused(#[source] io::Error),
}

/// A run that can begin.
#[derive(Debug)]
pub struct Run {
    folders: Folders,
    listing: Listing,
}

impl Run {
    /// Looks at what there is to do.
    pub fn prepare(folders: Folders) -> Result<Self, FolderError> {
        let listing = Listing::of(&folders.from).map_err(|source| FolderError::Unreadable {
            path: folders.from.clone(),
            source,
        })?;
        Ok(Self { folders, listing })
    }

    /// Bytes in all files, as far as it is known.
    pub fn bytes(&self) -> u64 {
        self.listing.files.iter().map(|file| file.length).sum()
    }

    /// Backs up all files, of which `summary` counts what becomes of them. `step` gets the bytes of
    /// each step and can stop the work, `tell` what happens.
    pub fn go(
        self,
        existing: Existing,
        summary: &mut Summary,
        step: impl Fn(u64) -> Result<(), Interrupted>,
        mut tell: impl FnMut(&Event<'_>),
    ) -> Result<(), Stop> {
        self.tidy(&mut tell);
        for name in &self.listing.others {
            summary.left_out += 1;
            tell(&Event::LeftOut(&self.from(name)));
        }
        let mut worker = Worker {
            existing,
            met: Met::default(),
            step: &step,
        };
        summary.not_reached = self.listing.files.len();
        for file in &self.listing.files {
            step(0)?;
            let from = self.from(&file.name);
            match worker.back_up(&from, &self.folders.to.join(&file.name)) {
                Ok(done) => {
                    summary.add(&done);
                    tell(&Event::Done(&from, &done));
                }
                Err(Failure::Problem(problem)) => {
                    summary.failed += 1;
                    tell(&Event::Failed(&from, &problem));
                }
                Err(Failure::Stop(why)) => return Err(why),
            }
            summary.not_reached -= 1;
        }
        Ok(())
    }

    fn from(&self, name: &OsStr) -> PathBuf {
        self.folders.from.join(name)
    }

    fn tidy(&self, tell: &mut impl FnMut(&Event<'_>)) {
        if !self.folders.are_locked() {
            return tell(&Event::NotRemoved(&NotRemoved::NotLocked));
        }
        match leftovers::remove(&self.folders.to) {
            Ok(removed) => removed.iter().for_each(|path| tell(&Event::Removed(path))),
            Err(error) => tell(&Event::NotRemoved(&NotRemoved::Refused(error))),
        }
    }
}
