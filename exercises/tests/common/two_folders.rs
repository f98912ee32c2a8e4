//! A folder with files, and one for their backups.

use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::{Run, names_in, run};

pub(crate) const BACKUP: &str = env!("CARGO_BIN_EXE_backup");

/// A folder with `from` and `to` in it.
pub(crate) struct Folders(tempfile::TempDir);

pub(crate) fn folders() -> Folders {
    let folder = tempfile::tempdir().unwrap();
    for name in ["from", "to"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    Folders(folder)
}

impl Folders {
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn from(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join("from").join(name)
    }

    pub(crate) fn to(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join("to").join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.from(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Backs up the one to the other.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(BACKUP);
        command
            .args(["from", "--to", "to"])
            .current_dir(self.path());
        command
    }

    pub(crate) fn back_up(&self, more: &[&str]) -> Run {
        run(self.command().args(more))
    }

    #[track_caller]
    pub(crate) fn has(&self, name: &str, content: impl AsRef<[u8]>) {
        assert!(
            fs::read(self.to(name)).unwrap() == content.as_ref(),
            "{name}"
        );
    }

    pub(crate) fn backups(&self) -> Vec<String> {
        names_in(&self.to(""))
    }
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn set_times(path: &Path, nanoseconds: u64) {
    let time = |more| SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds + more);
    let times = FileTimes::new()
        .set_modified(time(0))
        .set_accessed(time(1_000_000_007));
    File::open(path).unwrap().set_times(times).unwrap();
}
