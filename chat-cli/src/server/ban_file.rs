//! Bans that survive the end of the program: a file with one JSON object.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chat_core::BanTarget;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::console;
use crate::failure::remedy_of_file;
use crate::language::{Worded, Words, say};

/// The version of the file's form; raise it when older programs could not read the new form.
/// Version 2 has ranges: a file without one is still written as version 1.
const VERSION: u32 = 2;

/// A ban, as the operator sees it and as the file keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BanEntry {
    /// The addresses or names that it keeps out.
    #[serde(flatten)]
    pub(super) target: BanTarget<IpAddr>,
    /// Its end by the wall clock; `None`: it holds until it is taken back.
    // A missing end is an error: it would turn a ban of an hour into one for good.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) until: Option<Timestamp>,
}

/// The content of the file.
#[derive(Serialize, Deserialize)]
struct State<B> {
    version: u32,
    bans: B,
}

/// The part of the content that every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// A file of bans that cannot be used.
#[derive(Debug)]
pub(super) struct BanFileError {
    pub(super) file: PathBuf,
    pub(super) problem: Problem,
}

/// The reason for which a file of bans cannot be used.
#[derive(Debug)]
pub(super) enum Problem {
    Unreadable(io::Error),
    Unwritable(io::Error),
    /// A newer version of this program wrote it.
    Newer {
        version: u32,
    },
    /// It holds no bans. Where it could be renamed, the next start begins without bans.
    Damaged(io::Error, io::Result<PathBuf>),
}

impl Worded for BanFileError {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        let file = self.file.display();
        match &self.problem {
            Problem::Unreadable(error) => say! { to,
            "cannot read the state file {file}: {error}; give --state a file that this user \
             can read and write",
            "无法读取状态文件 {file}：{error}；请让 --state 指向当前用户可读写的文件" },
            Problem::Unwritable(error) => {
                say! { to, "cannot write the state file {file}: {error}",
                "无法写入状态文件 {file}：{error}" }?;
                remedy_of_file(to, error, "--state")
            }
            Problem::Newer { version } => say! { to,
            "the state file {file} was written by a newer `chat` (version {version} of the \
             file); use that one, or give --state another file",
            "状态文件 {file} 是更新版的 `chat` 写的（文件版本 {version}）；请用那个版本，\
             或让 --state 指向别的文件" },
            Problem::Damaged(why, Ok(kept)) => {
                let kept = kept.display();
                say! { to,
                "the state file {file} is damaged ({why}); it was kept as {kept}: mend it \
                 and give it its name back, or start again without its bans",
                "状态文件 {file} 已损坏（{why}），已另存为 {kept}：请修好后改回原名，\
                 或不带其中的封禁重新启动" }
            }
            Problem::Damaged(why, Err(error)) => say! { to,
            "the state file {file} is damaged ({why}) and cannot be renamed ({error}); mend \
             it, or give --state another file",
            "状态文件 {file} 已损坏（{why}），而且无法改名（{error}）；请修好它，或让 \
             --state 指向别的文件" },
        }
    }
}

/// A file of bans. It is always whole: new content is written beside it and then takes its place.
#[derive(Debug)]
pub(super) struct BanFile {
    pub(super) path: PathBuf,
    /// True when the last write failed: the file does not hold the present bans.
    pub(super) is_unsaved: bool,
    /// The number of writes that failed.
    pub(super) failures: u64,
}

impl BanFile {
    /// Calls `restore` with each ban in the file at `path`, if there is a file yet.
    ///
    /// # Errors
    ///
    /// A file that is damaged, or whose bans cannot be restored, is renamed and is an error: a
    /// person decides whether to begin without bans.
    pub(super) fn open(
        path: PathBuf,
        restore: impl FnMut(BanEntry) -> io::Result<()>,
    ) -> Result<Self, Problem> {
        match fs::read(&path) {
            Ok(bytes) => {
                if let Ok(Versioned { version }) = serde_json::from_slice(&bytes)
                    && version > VERSION
                {
                    return Err(Problem::Newer { version });
                }
                let bans = bans_in(&bytes);
                let restored = bans.and_then(|bans| bans.into_iter().try_for_each(restore));
                restored.map_err(|error| Problem::Damaged(error, keep_aside(&path)))?;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Problem::Unreadable(error)),
        }
        Ok(Self {
            path,
            is_unsaved: false,
            failures: 0,
        })
    }

    /// Replaces the bans in the file. After an error the file is as it was.
    pub(super) fn write(&mut self, bans: &[BanEntry]) -> io::Result<()> {
        let written = replace(&self.path, bans);
        self.is_unsaved = written.is_err();
        self.failures += u64::from(self.is_unsaved);
        written
    }
}

fn bans_in(bytes: &[u8]) -> io::Result<Vec<BanEntry>> {
    let State::<Vec<BanEntry>> { version, bans } = serde_json::from_slice(bytes)?;
    if version == 0 {
        return Err(io::Error::other("there is no version 0"));
    }
    // A person may have written any address of a network.
    let restored = |ban: BanEntry| {
        let BanTarget::Networks { first, last } = ban.target else {
            return Ok(ban);
        };
        let target = console::networks(first, last);
        // The console could not take back another one.
        let range = console::range_of(first, last).map(|_| BanEntry { target, ..ban });
        range.ok_or_else(|| io::Error::other(format!("{first}-{last} is no range")))
    };
    bans.into_iter().map(restored).collect()
}

/// Renames the damaged file to the first free `FILE.damaged-1`, `-2`, …
fn keep_aside(path: &Path) -> io::Result<PathBuf> {
    for number in 1_u32.. {
        let kept = path.with_added_extension(format!("damaged-{number}"));
        // Made first: a rename alone would overwrite an earlier one.
        match create_new(&kept) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            created => created?,
        };
        return match fs::rename(path, &kept) {
            Ok(()) => Ok(kept),
            Err(error) => {
                let _still_empty = fs::remove_file(&kept);
                Err(error)
            }
        };
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Writes the bans beside the file, and then renames.
///
/// The name is fixed, unlike that of a temporary file: a killed program leaves one file at most,
/// which the next write takes away.
fn replace(path: &Path, bans: &[BanEntry]) -> io::Result<()> {
    let is_range =
        |ban: &BanEntry| matches!(ban.target, BanTarget::Networks { first, last } if first != last);
    let version = 1 + u32::from(bans.iter().any(is_range));
    let state = State { version, bans };
    let mut text = serde_json::to_string_pretty(&state)?;
    text.push('\n');
    let new = path.with_added_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = create_new(&new)?;
    let written = file.write_all(text.as_bytes());
    let written = written.and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&new, path)) {
        let _still_there = fs::remove_file(&new);
        return Err(error);
    }
    // The rename survives a power cut, too.
    let folder = path.parent().filter(|folder| *folder != "");
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Makes a file that only its owner can read: it holds addresses of people.
fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options.mode(0o600).open(path)
}
