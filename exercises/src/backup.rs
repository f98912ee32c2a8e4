//! Keeps copies of the files of one folder in another.
//!
//! A copy has the content, the times of the last change and the last reading (as they were before
//! the copying), and the permissions to read, write and run the file. It does not have owner and
//! group, set-user-id and the like (the copy may have another owner), extended attributes and
//! access lists, and holes (a sparse file takes its full size).
#![expect(
    clippy::unnecessary_debug_formatting,
    reason = "it keeps control characters in names from the terminal"
)]

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File, FileTimes, Metadata, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek};
use std::mem;
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::new_file::{
    Existing, NewFile, NewFileError, identity, is_partial, is_unchanged, make_folder,
};
use crate::tool::{Interrupted, with_causes};

/// Beginning of the names of unfinished copies; another tool, which may be writing to the same
/// folder, has another one.
const PREFIX: &str = ".partial-backup-";
/// Bytes of two files that are compared at a time.
const PIECE: u64 = 256 << 10;

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
        match &error {
            // Other files may be small enough for this file system and this user.
            NewFileError::Full(_, why) if why.kind() == io::ErrorKind::FileTooLarge => {
                Self::Refused(with_causes(&error))
            }
            NewFileError::Full(..) | NewFileError::Interrupted(_) => Self::Stopped(error),
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

/// A line about a run, to be printed at once.
#[derive(Debug)]
pub enum Line {
    /// A problem or a note, for standard error.
    Report(String),
    /// The result for one name, for `--verbose`.
    Detail(String),
}

/// A callback that gets the bytes of each step and can stop the work.
type Step<'a> = &'a dyn Fn(u64) -> std::result::Result<(), Interrupted>;

/// A word for what was done, and an error if the backup did not get the times or permissions.
type Done = (&'static str, io::Result<()>);

/// Puts the home folder in the place of a `~` at the beginning, which a shell leaves alone in
/// `--to=~/folder`.
pub fn expand_home(path: &Path, home: Option<PathBuf>) -> Result<PathBuf> {
    match (path.strip_prefix("~"), home) {
        (Err(_), _) => Ok(path.to_owned()),
        (Ok(below), Some(home)) if !home.as_os_str().is_empty() => Ok(home.join(below)),
        _ => refuse(format!(
            "{path:?} begins with your home folder, and HOME does not say where that is; \
             name the folder in full with --to"
        )),
    }
}

/// A folder and its backup folder, which no other run can use while this exists.
#[derive(Debug)]
pub struct Backup {
    from: PathBuf,
    to: PathBuf,
    existing: Existing,
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
    pub fn open(from: &Path, to: &Path, create: bool, existing: Existing) -> Result<Self> {
        // This one first: no folder is made where there is nothing to copy.
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
        let mut backup = Self {
            from: from.to_owned(),
            to: to.to_owned(),
            existing,
            lock: lock(to)?,
            files: Vec::new(),
            others: Vec::new(),
            targets: HashMap::new(),
            bytes: 0,
            summary: Summary::default(),
        };
        let listed = backup.list();
        listed.map_err(because(&format!("cannot read the folder {from:?}")))?;
        Ok(backup)
    }

    fn list(&mut self) -> io::Result<()> {
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
        Ok(())
    }

    /// Backs up all files. `step` gets the bytes of each step and can stop the work.
    pub fn run(&mut self, step: Step<'_>, tell: &mut dyn FnMut(Line)) -> Result<()> {
        if let Err(why) = self.remove_leftovers(tell) {
            let note = "note: what killed runs may have left stays";
            tell(Line::Report(format!("{note}: {why}")));
        }
        for name in &self.others {
            let path = self.from.join(name);
            tell(Line::Detail(format!("left out: {path:?}")));
        }
        for name in mem::take(&mut self.files) {
            step(0).map_err(NewFileError::from)?;
            let path = self.from.join(&name);
            match self.back_up(&path, &self.to.join(&name), step) {
                Ok((done, kept)) => {
                    tell(Line::Detail(format!("{done}: {path:?}")));
                    if let Err(why) = kept {
                        self.summary.not_kept += 1;
                        let what = "its backup cannot get its times or permissions";
                        tell(Line::Report(format!("error: {path:?}: {what}: {why}")));
                    }
                }
                Err(BackupError::Refused(why)) => {
                    self.summary.failed += 1;
                    tell(Line::Report(format!("error: {path:?}: {why}")));
                }
                Err(stopped) => return Err(stopped),
            }
            self.summary.not_reached -= 1;
        }
        Ok(())
    }

    fn remove_leftovers(&self, tell: &mut dyn FnMut(Line)) -> io::Result<()> {
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
                tell(Line::Report(note));
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
        let mut original = Regular::open(from, "cannot be read")?;
        let backup = match fs::symlink_metadata(to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.copy(&mut original, to, Existing::Keep, step);
            }
            found => found.map_err(because("its backup cannot be read"))?,
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
        if self.existing == Existing::Replace {
            return self.copy(&mut original, to, Existing::Replace, step);
        }
        let time = backup
            .modified()
            .ok()
            .and_then(|time| jiff::Zoned::try_from(time).ok());
        let time = time.map(|time| {
            time.strftime(" (last changed %Y-%m-%d %H:%M:%S)")
                .to_string()
        });
        let time = time.unwrap_or_default();
        refuse(format!(
            "differs from its backup{time}; --force replaces that"
        ))
    }

    fn copy(
        &mut self,
        original: &mut Regular,
        to: &Path,
        existing: Existing,
        step: Step<'_>,
    ) -> Result<Done> {
        let mut new = NewFile::begin_closed(to, existing, PREFIX)?;
        // A comparison leaves the position behind the last piece.
        original.file.rewind().map_err(because("cannot be read"))?;
        // One byte more than its size shows that a file has grown, or hides its size.
        let length = original.metadata.len().saturating_add(1);
        let copied = new.fill(&mut original.file, length, step);
        original.check_unchanged(copied.map_err(|error| match error {
            NewFileError::Refused(_, why) => because("cannot be copied")(why),
            other => other.into(),
        })?)?;
        let kept = original.give_attributes(new.file());
        let made = new.file().metadata().map_err(because("cannot be copied"))?;
        new.complete()?.publish()?;
        self.remember(to, &made);
        self.summary.copied += 1;
        self.summary.bytes += made.len();
        if existing == Existing::Keep {
            return Ok(("copied", kept));
        }
        self.summary.replaced += 1;
        Ok(("replaced", kept))
    }

    /// Adds a backup that stays. (A new file may get the inode of one that is replaced.)
    fn remember(&mut self, to: &Path, backup: &Metadata) {
        // One with several names (hard links) may be the backup of several files.
        #[cfg(unix)]
        if backup.nlink() > 1 {
            return;
        }
        if let (Some(target), Some(name)) = (identity(backup), to.file_name()) {
            self.targets.insert(target, name.to_owned());
        }
    }
}

/// A regular file that is open for reading.
struct Regular {
    file: File,
    /// Its state when it was opened.
    metadata: Metadata,
    /// The sentence for an error of the system.
    unreadable: &'static str,
}

impl Regular {
    /// Opens a file. A link that was put in its place is not followed, a pipe not waited for.
    fn open(path: &Path, unreadable: &'static str) -> Result<Self> {
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        {
            use rustix::fs::OFlags;
            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
            // These bits are the same number whatever type the system's headers give them.
            options.custom_flags(flags.bits().cast_signed());
        }
        let file = options.read(true).open(path).map_err(because(unreadable))?;
        let metadata = file.metadata().map_err(because(unreadable))?;
        if !metadata.is_file() {
            return refuse(format!("{unreadable}: it is not a regular file any more"));
        }
        Ok(Self {
            file,
            metadata,
            unreadable,
        })
    }

    /// Gives a backup with the same content the times and permissions of this file, unless it has
    /// them; returns `None` if the content differs.
    fn refresh(
        &mut self,
        to: &Path,
        backup: &Metadata,
        step: Step<'_>,
    ) -> Result<Option<io::Result<()>>> {
        if backup.len() != self.metadata.len() {
            return Ok(None);
        }
        let modified = self.metadata.modified().ok();
        let same_time = modified.is_some() && modified == backup.modified().ok();
        if same_time && self.permissions() == backup.permissions() {
            return Ok(Some(Ok(())));
        }
        let mut opened = Self::open(to, "its backup cannot be read")?;
        let same = same_time || self.has_content_of(&mut opened, step)?;
        Ok(same.then(|| self.give_attributes(&opened.file)))
    }

    fn has_content_of(&mut self, other: &mut Self, step: Step<'_>) -> Result<bool> {
        loop {
            let (ours, theirs) = (self.piece()?, other.piece()?);
            if ours != theirs || ours.is_empty() {
                self.check_unchanged(self.metadata.len())?;
                return Ok(ours == theirs);
            }
            step(0).map_err(NewFileError::from)?;
        }
    }

    fn piece(&mut self) -> Result<Vec<u8>> {
        let mut piece = Vec::new();
        let read = self.file.by_ref().take(PIECE).read_to_end(&mut piece);
        read.map(|_| piece).map_err(because(self.unreadable))
    }

    fn check_unchanged(&self, length: u64) -> Result<()> {
        let now = self.file.metadata().map_err(because(self.unreadable))?;
        if length == self.metadata.len() && is_unchanged(&self.metadata, &now) {
            return Ok(());
        }
        let why = "changed while it was read, or has another size than it says";
        refuse(format!("{why}; it was not copied"))
    }

    /// Gives a copy the times and permissions of this file; an error with one does not prevent the
    /// other.
    fn give_attributes(&self, copy: &File) -> io::Result<()> {
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
