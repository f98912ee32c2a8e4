//! Keeps copies of the files of one folder in another.
//!
//! A copy has the content, the times of the last change and the last reading (as they were before
//! the copying), and the permissions to read, write and run the file.
// `{:?}` keeps control characters in names from the terminal.
#![allow(clippy::unnecessary_debug_formatting)]

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, FileTimes, Metadata, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek};
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::new_file::{NewFile, NewFileError, identity, is_partial, is_unchanged, make_folder};
use crate::tool::{Interrupted, with_causes};

/// Beginning of the names of unfinished copies, and of no other tool's files.
const PREFIX: &str = ".partial-backup-";
/// Bytes of two files that are compared at a time.
const PIECE: u64 = 256 << 10;

const UNREADABLE: &str = "cannot be read";
const BACKUP_UNREADABLE: &str = "its backup cannot be read";

/// A reason not to back up a file or a folder, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// This one is not backed up.
    #[error("{0}")]
    Refused(String),
    /// Nor are those after it: the disk is full, or the user stopped the run.
    #[error("stopped; the files that were copied stay, and the next run goes on")]
    Stopped(#[source] NewFileError),
}

type Result<T> = std::result::Result<T, BackupError>;

impl From<NewFileError> for BackupError {
    fn from(error: NewFileError) -> Self {
        // A file too large for this file system or this user leaves room for others.
        let stops = |why: &io::Error| why.kind() != io::ErrorKind::FileTooLarge;
        match error {
            NewFileError::Interrupted(_) => Self::Stopped(error),
            NewFileError::Full(_, ref why) if stops(why) => Self::Stopped(error),
            _ => Self::Refused(with_causes(&error)),
        }
    }
}

fn refuse<T>(sentence: impl Into<String>) -> Result<T> {
    Err(BackupError::Refused(sentence.into()))
}

/// Adds an error of the system to a sentence.
fn because(sentence: &str) -> impl FnOnce(io::Error) -> BackupError {
    move |error| BackupError::Refused(format!("{sentence}: {error}"))
}

/// Counts of files by result.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Files whose content was copied.
    pub copied: usize,
    /// Copied files that took the place of another content.
    pub replaced: usize,
    /// Bytes in the files that were copied.
    pub bytes: u64,
    /// Files that had a backup with the same content.
    pub unchanged: usize,
    /// Files, copied or unchanged, whose backup did not get their times or permissions.
    pub not_kept: usize,
    /// Folders, links, pipes, sockets and devices.
    pub left_out: usize,
    /// Files without a backup or with an old one.
    pub failed: usize,
    /// Files that are still to be done when the run stops.
    pub not_reached: usize,
}

/// A callback that gets the bytes of each step and can stop the work.
type Step<'a> = &'a dyn Fn(u64) -> std::result::Result<(), Interrupted>;

/// An error if a backup did not get the times or permissions.
type Kept = io::Result<()>;

/// A word for the result of a file.
type Done = (&'static str, Kept);

/// A folder and its backup folder, which no other run can use while this exists.
#[derive(Debug)]
pub struct Backup {
    from: PathBuf,
    to: PathBuf,
    force: bool,
    /// The lock of the backup folder, if the system can lock a folder.
    lock: Option<File>,
    /// The names of regular files and of what cannot be examined.
    files: Vec<OsString>,
    /// The names of everything else.
    others: Vec<OsString>,
    /// The names of the backups found or made in this run, by identity.
    targets: HashMap<(u64, u64), OsString>,
    /// The bytes in all files.
    pub bytes: u64,
    /// The results up to now.
    pub summary: Summary,
}

impl Backup {
    /// Checks both folders, locks the backup folder and lists the files. Makes the backup folder
    /// only with `create`.
    pub fn open(from: &Path, to: &Path, create: bool, force: bool) -> Result<Self> {
        // The source first: no backup folder is made where there is nothing to copy.
        let source = folder(from)?;
        if fs::metadata(to).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            if !create {
                let missing = format!("the backup folder {to:?} does not exist");
                return refuse(missing + "; --create makes it");
            }
            make_folder(to)?;
        }
        let target = folder(to)?;
        // A folder that is mounted twice has two paths, and some systems have no identities.
        if identity(&source).is_some_and(|source| identity(&target) == Some(source))
            || fs::canonicalize(from).is_ok_and(|from| fs::canonicalize(to).ok() == Some(from))
        {
            let same = format!("{from:?} and the backup folder are the same folder");
            return refuse(same + "; name another with --to");
        }
        let backup = Self {
            from: from.to_owned(),
            to: to.to_owned(),
            force,
            lock: lock(to)?,
            files: Vec::new(),
            others: Vec::new(),
            targets: HashMap::new(),
            bytes: 0,
            summary: Summary::default(),
        };
        let unreadable = format!("cannot read the folder {from:?}");
        backup.list().map_err(because(&unreadable))
    }

    fn list(mut self) -> io::Result<Self> {
        for entry in fs::read_dir(&self.from)? {
            let entry = entry?;
            // It does not follow links. A file that cannot be examined fails when it is opened.
            let found = entry.metadata();
            if found.as_ref().is_ok_and(|found| !found.is_file()) {
                self.others.push(entry.file_name());
            } else {
                self.files.push(entry.file_name());
                self.bytes += found.map_or(0, |found| found.len());
            }
        }
        self.files.sort();
        self.others.sort();
        self.summary.left_out = self.others.len();
        self.summary.not_reached = self.files.len();
        Ok(self)
    }

    /// Backs up all files. `step` gets the bytes of each step and can stop the work, `report` gets
    /// problems and notes, `detail` the result for each name.
    pub fn run(
        &mut self,
        step: Step<'_>,
        report: &mut dyn FnMut(String),
        detail: &mut dyn FnMut(String),
    ) -> Result<()> {
        if let Err(why) = self.remove_leftovers(report) {
            report(format!("note: what killed runs may have left stays: {why}"));
        }
        for name in &self.others {
            detail(format!("left out: {:?}", self.from.join(name)));
        }
        for name in std::mem::take(&mut self.files) {
            step(0).map_err(NewFileError::from)?;
            let path = self.from.join(&name);
            match self.back_up(&path, &self.to.join(&name), step) {
                Ok((done, kept)) => {
                    detail(format!("{done}: {path:?}"));
                    if let Err(why) = kept {
                        self.summary.not_kept += 1;
                        let what = "its backup cannot get its times or permissions";
                        report(format!("error: {path:?}: {what}: {why}"));
                    }
                }
                Err(BackupError::Refused(why)) => {
                    self.summary.failed += 1;
                    report(format!("error: {path:?}: {why}"));
                }
                Err(stopped) => return Err(stopped),
            }
            self.summary.not_reached -= 1;
        }
        Ok(())
    }

    fn remove_leftovers(&self, report: &mut dyn FnMut(String)) -> io::Result<()> {
        if self.lock.is_none() {
            // Another run could be writing them.
            let why = "this system cannot keep other runs out of the backup folder";
            return Err(io::Error::other(why));
        }
        for entry in fs::read_dir(&self.to)? {
            let entry = entry?;
            if is_partial(&entry.file_name(), PREFIX) && entry.file_type()?.is_file() {
                let path = entry.path();
                fs::remove_file(&path)?;
                let note = format!("note: removed {path:?}, left by a run that was killed");
                report(note);
            }
        }
        Ok(())
    }

    /// Brings the backup `to` up to date with the file `from`.
    fn back_up(&mut self, from: &Path, to: &Path, step: Step<'_>) -> Result<Done> {
        if is_partial(to.file_name().unwrap_or_default(), PREFIX) {
            let why = "its name is one that unfinished copies have, and they are removed";
            return refuse(format!("{why}; rename it"));
        }
        let mut original = Regular::open(from).map_err(because(UNREADABLE))?;
        let backup = match fs::symlink_metadata(to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.copy(original, to, false, step);
            }
            found => found.map_err(because(BACKUP_UNREADABLE))?,
        };
        if !backup.is_file() {
            return Err(NewFileError::InTheWay(to.to_owned()).into());
        }
        // With --force, the backup of one file would replace that of the other.
        if let Some(other) = identity(&backup).and_then(|target| self.targets.get(&target)) {
            let why = format!("the backup folder cannot tell its name from {other:?}");
            return refuse(why + ", which is there; rename one of them");
        }
        if let Some(kept) = original.refresh(to, &backup, step)? {
            step(backup.len()).map_err(NewFileError::from)?;
            self.remember(to, &backup);
            self.summary.unchanged += 1;
            return Ok(("unchanged", kept));
        }
        if self.force {
            return self.copy(original, to, true, step);
        }
        let last_changed = match backup.modified().map(jiff::Zoned::try_from) {
            Ok(Ok(time)) => time.strftime(" (last changed %F %T)").to_string(),
            _ => String::new(),
        };
        let why = format!("differs from its backup{last_changed}; --force replaces that");
        refuse(why)
    }

    fn copy(&mut self, mut from: Regular, to: &Path, force: bool, step: Step<'_>) -> Result<Done> {
        // Only its owner can read it until it gets the permissions of the original.
        let mut new = NewFile::begin_as(PREFIX, 0o600, to.to_owned(), force)?;
        // A comparison leaves the position behind the last piece.
        from.file.rewind().map_err(because(UNREADABLE))?;
        // One byte more than its size shows that a file has grown, or hides its size.
        let length = from.metadata.len().saturating_add(1);
        let copied = new.fill(&mut from.file, length, step);
        from.check_unchanged(copied.map_err(|error| match error {
            NewFileError::Refused(_, why) => because("cannot be copied")(why),
            other => other.into(),
        })?)?;
        let kept = from.give_attributes(new.file());
        let made = new.file().metadata().map_err(because("cannot be copied"))?;
        new.complete()?.publish()?;
        self.remember(to, &made);
        self.summary.copied += 1;
        self.summary.bytes += made.len();
        self.summary.replaced += usize::from(force);
        Ok((if force { "replaced" } else { "copied" }, kept))
    }

    /// Adds a backup that stays. (A new file may get the inode of one that is replaced.)
    fn remember(&mut self, to: &Path, backup: &Metadata) {
        // One with several names (hard links) may be the backup of several files.
        #[cfg(unix)]
        if backup.nlink() > 1 {
            return;
        }
        let name = to.file_name().map(OsStr::to_owned);
        self.targets.extend(identity(backup).zip(name));
    }
}

/// A regular file that is open for reading.
struct Regular {
    file: File,
    /// Its state when it was opened.
    metadata: Metadata,
}

impl Regular {
    /// Opens a file. A link that was put in its place is not followed, a pipe not waited for.
    fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        {
            use rustix::fs::OFlags;
            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
            // These bits are the same number whatever type the system's headers give them.
            options.custom_flags(flags.bits().cast_signed());
        }
        let file = options.read(true).open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file any more"));
        }
        Ok(Self { file, metadata })
    }

    /// Gives a backup with the same content the times and permissions of this file, unless it has
    /// them; returns `None` if the content differs.
    fn refresh(&mut self, to: &Path, backup: &Metadata, step: Step<'_>) -> Result<Option<Kept>> {
        if backup.len() != self.metadata.len() {
            return Ok(None);
        }
        let modified = self.metadata.modified().ok();
        let same_time = modified.is_some() && modified == backup.modified().ok();
        if same_time && self.permissions() == backup.permissions() {
            return Ok(Some(Ok(())));
        }
        let mut opened = Self::open(to).map_err(because(BACKUP_UNREADABLE))?;
        let same = same_time || self.has_content_of(&mut opened, step)?;
        Ok(same.then(|| self.give_attributes(&opened.file)))
    }

    fn has_content_of(&mut self, other: &mut Self, step: Step<'_>) -> Result<bool> {
        loop {
            let ours = self.piece().map_err(because(UNREADABLE))?;
            let theirs = other.piece().map_err(because(BACKUP_UNREADABLE))?;
            if ours != theirs || ours.is_empty() {
                self.check_unchanged(self.metadata.len())?;
                return Ok(ours == theirs);
            }
            step(0).map_err(NewFileError::from)?;
        }
    }

    fn piece(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = Vec::new();
        self.file.by_ref().take(PIECE).read_to_end(&mut piece)?;
        Ok(piece)
    }

    fn check_unchanged(&self, length: u64) -> Result<()> {
        let now = self.file.metadata().map_err(because(UNREADABLE))?;
        if length == self.metadata.len() && is_unchanged(&self.metadata, &now) {
            return Ok(());
        }
        let why = "changed while it was read, or has another size than it says";
        refuse(format!("{why}; it was not copied"))
    }

    /// Gives a copy the times and permissions of this file; an error with one does not prevent the
    /// other.
    fn give_attributes(&self, copy: &File) -> Kept {
        let permitted = copy.set_permissions(self.permissions());
        let times = FileTimes::new().set_modified(self.metadata.modified()?);
        copy.set_times(times.set_accessed(self.metadata.accessed()?))?;
        permitted
    }

    /// Returns the permissions of a copy: set-user-id and the like would mean something else with
    /// another owner.
    fn permissions(&self) -> Permissions {
        let permissions = self.metadata.permissions();
        #[cfg(unix)]
        let permissions = Permissions::from_mode(permissions.mode() & !0o7000);
        permissions
    }
}

fn folder(path: &Path) -> Result<Metadata> {
    let found = fs::metadata(path).map_err(because(&format!("cannot read the folder {path:?}")))?;
    if !found.is_dir() {
        return refuse(format!("{path:?} is not a folder"));
    }
    Ok(found)
}

/// Locks a folder until the file is closed, however the program ends.
fn lock(folder: &Path) -> Result<Option<File>> {
    let file = File::open(folder).ok();
    match file.as_ref().map(File::try_lock) {
        Some(Ok(())) => Ok(file),
        Some(Err(TryLockError::WouldBlock)) => refuse(format!(
            "another backup to {folder:?} is running; try again when it is done"
        )),
        _ => Ok(None),
    }
}
