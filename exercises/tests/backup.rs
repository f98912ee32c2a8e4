//! `backup` as a user runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so and stops"
)]
#![cfg(unix)]

mod common;

use std::fs::{self, File, FileTimes, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use common::{Run, names_in, run, small_disk};
use exercises::backup::file::{FileError, PARTIAL};
use exercises::backup::source::Source;
use exercises::backup::target::Target;
use exercises::backup::{Stopped, Told, back_up};
use exercises::interrupt::Interrupted;
use exercises::new_files::Existing;

/// A folder to back up and a backup folder.
struct Folders(tempfile::TempDir);

impl Folders {
    fn new() -> Self {
        let folders = Self(tempfile::tempdir().unwrap());
        fs::create_dir(folders.from()).unwrap();
        fs::create_dir(folders.to()).unwrap();
        folders
    }

    fn from(&self) -> PathBuf {
        self.0.path().join("from")
    }

    fn to(&self) -> PathBuf {
        self.0.path().join("to")
    }

    fn has(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.from().join(name), content).unwrap();
        self
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backup"));
        command.arg(self.from()).arg("--to").arg(self.to()).args(more);
        command
    }

    fn back_up(&self, more: &[&str]) -> Run {
        run(&mut self.command(more))
    }

    fn backed_up(&self, name: &str) -> String {
        fs::read_to_string(self.to().join(name)).unwrap()
    }
}

fn set_modified(path: &Path, time: SystemTime) {
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_times(FileTimes::new().set_modified(time))
        .unwrap();
}

#[test]
fn files_are_copied_with_their_times_and_permissions() {
    let folders = Folders::new().has("a", "one").has("b", "").has("c", "three");
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
    let a = folders.from().join("a");
    File::options()
        .write(true)
        .open(&a)
        .unwrap()
        .set_times(FileTimes::new().set_modified(time).set_accessed(time))
        .unwrap();
    fs::set_permissions(&a, Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(folders.from().join("c"), Permissions::from_mode(0o4555)).unwrap();

    let first = folders.back_up(&["--verbose"]).success();
    let to = folders.to().display().to_string();
    let summary = "3 copied (8 B), 0 unchanged, 0 not regular files, 0 failed";
    assert_eq!(first.stdout, format!("{to}/a\n{to}/b\n{to}/c\n{summary}\n"));
    assert_eq!(first.stderr, "");
    assert_eq!(folders.backed_up("a"), "one");
    let copy = fs::metadata(folders.to().join("a")).unwrap();
    assert_eq!(copy.modified().unwrap(), time);
    assert_eq!(copy.mode() & 0o7777, 0o640);
    // A copy that belongs to somebody else must not run with their rights.
    assert_eq!(fs::metadata(folders.to().join("c")).unwrap().mode() & 0o7777, 0o555);
}

#[test]
fn what_is_unchanged_is_skipped() {
    let folders = Folders::new().has("a", "one").has("b", "two");
    folders.back_up(&[]).success();
    let before = fs::metadata(folders.to().join("a")).unwrap();
    let second = folders.back_up(&[]).success();
    assert_eq!(
        second.stdout,
        "0 copied (0 B), 2 unchanged, 0 not regular files, 0 failed\n"
    );
    let after = fs::metadata(folders.to().join("a")).unwrap();
    assert_eq!(
        (before.ino(), before.ctime_nsec()),
        (after.ino(), after.ctime_nsec()),
        "the backup was touched"
    );
}

#[test]
fn a_file_that_was_only_touched_is_not_copied_but_its_times_and_permissions_are_kept() {
    let folders = Folders::new().has("a", "one");
    folders.back_up(&[]).success();
    let time = SystemTime::UNIX_EPOCH + Duration::from_mins(25_000_000);
    set_modified(&folders.from().join("a"), time);
    let before = fs::metadata(folders.to().join("a")).unwrap().ino();
    assert!(
        folders
            .back_up(&[])
            .success()
            .stdout
            .starts_with("0 copied (0 B), 1 unchanged")
    );
    let copy = || fs::metadata(folders.to().join("a")).unwrap();
    assert_eq!((copy().ino(), copy().modified().unwrap()), (before, time));

    fs::set_permissions(folders.from().join("a"), Permissions::from_mode(0o600)).unwrap();
    assert!(
        folders
            .back_up(&[])
            .success()
            .stdout
            .starts_with("0 copied (0 B), 1 unchanged")
    );
    assert_eq!(copy().mode() & 0o7777, 0o600);
}

#[test]
fn a_backup_that_differs_is_replaced_only_by_force() {
    let folders = Folders::new().has("a", "old").has("b", "old").has("c", "same");
    folders.back_up(&[]).success();
    // One of another length, one of the same.
    let folders = folders.has("a", "newer").has("b", "new");
    set_modified(&folders.from().join("b"), SystemTime::UNIX_EPOCH);
    let kept = folders.back_up(&[]).failure(1);
    assert_eq!(
        kept.stdout,
        "0 copied (0 B), 1 unchanged, 0 not regular files, 2 failed\n"
    );
    assert_eq!(kept.stderr.lines().count(), 2, "{}", kept.stderr);
    assert!(
        kept.stderr.lines().all(|line| line.contains("--force replaces it")),
        "{}",
        kept.stderr
    );
    assert_eq!(
        (folders.backed_up("a"), folders.backed_up("b")),
        ("old".to_owned(), "old".to_owned())
    );

    let replaced = folders.back_up(&["--force"]).success();
    assert_eq!(
        replaced.stdout,
        "2 copied (8 B), 1 unchanged, 0 not regular files, 0 failed\n"
    );
    assert_eq!(
        (folders.backed_up("a"), folders.backed_up("b")),
        ("newer".to_owned(), "new".to_owned())
    );
}

#[test]
fn folders_links_and_pipes_are_left_out() {
    let folders = Folders::new().has("a", "one");
    let path = |name: &str| folders.from().join(name);
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("folder/inside"), "x").unwrap();
    symlink("a", path("link to a file")).unwrap();
    symlink("folder", path("link to a folder")).unwrap();
    symlink("nowhere", path("link to nothing")).unwrap();
    run(Command::new("mkfifo").arg(path("pipe"))).success();
    let done = folders.back_up(&[]).success();
    assert_eq!(
        done.stdout,
        "1 copied (3 B), 0 unchanged, 5 not regular files, 0 failed\n"
    );
    assert_eq!(names_in(&folders.to()), ["a"]);
}

#[test]
fn what_is_in_the_place_of_a_backup_and_no_file_is_left_alone() {
    let folders = Folders::new().has("a", "one").has("b", "two").has("c", "three");
    fs::create_dir(folders.to().join("a")).unwrap();
    let outside = folders.0.path().join("outside");
    fs::write(&outside, "mine").unwrap();
    symlink(&outside, folders.to().join("b")).unwrap();
    let done = folders.back_up(&["--force"]).failure(1);
    assert_eq!(
        done.stdout,
        "1 copied (5 B), 0 unchanged, 0 not regular files, 2 failed\n"
    );
    assert_eq!(
        done.stderr.matches("is not a regular file").count(),
        2,
        "{}",
        done.stderr
    );
    assert_eq!(fs::read_to_string(outside).unwrap(), "mine");
}

#[test]
fn a_backup_folder_has_to_be_there_or_is_made() {
    let folders = Folders::new().has("a", "one");
    fs::remove_dir(folders.to()).unwrap();
    let refused = folders.back_up(&[]).failure(1);
    assert!(
        refused.stderr.contains("is not there; --create makes it"),
        "{}",
        refused.stderr
    );
    assert!(!folders.to().exists());
    folders.back_up(&["--create"]).success();
    assert_eq!(folders.backed_up("a"), "one");

    fs::remove_dir_all(folders.to()).unwrap();
    fs::write(folders.to(), "a file").unwrap();
    assert!(folders.back_up(&[]).failure(1).stderr.contains("is not a folder"));
}

#[test]
fn the_default_is_in_the_home_folder() {
    let folders = Folders::new().has("a", "one");
    let in_home = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backup"));
        run(command
            .arg(folders.from())
            .args(arguments)
            .env("HOME", folders.0.path()))
    };
    assert!(in_home(&[]).failure(1).stderr.contains("备份"));
    in_home(&["--create"]).success();
    assert_eq!(fs::read_to_string(folders.0.path().join("备份/a")).unwrap(), "one");
    in_home(&["--to=~/to"]).success();
    assert_eq!(folders.backed_up("a"), "one");
}

#[test]
fn a_folder_that_cannot_be_backed_up_is_told() {
    let folders = Folders::new().has("a", "one");
    let back_up = |dir: &Path, to: &Path| {
        run(Command::new(env!("CARGO_BIN_EXE_backup")).arg(dir).arg("--to").arg(to))
            .failure(1)
            .stderr
    };
    let (from, to) = (folders.from(), folders.to());
    assert!(back_up(&from.join("nothing"), &to).contains("No such file"));
    assert!(back_up(&from.join("a"), &to).contains("is not a folder"));
    let link = folders.0.path().join("link");
    symlink(&from, &link).unwrap();
    for same in [&from, &link, &from.join("../from")] {
        assert!(
            back_up(&from, same).contains("is the folder that is to be backed up"),
            "{}",
            same.display()
        );
    }
    assert_eq!(names_in(&from), ["a"]);
}

#[test]
fn an_unreadable_file_is_told_and_the_rest_is_copied() {
    let folders = Folders::new().has("a", "one").has("b", "secret").has("c", "three");
    fs::set_permissions(folders.from().join("b"), Permissions::from_mode(0o0)).unwrap();
    // Root reads everything: then somebody else has to do it.
    let mut command = folders.command(&[]);
    if File::open(folders.from().join("b")).is_ok() {
        for folder in [folders.0.path(), &folders.to()] {
            fs::set_permissions(folder, Permissions::from_mode(0o777)).unwrap();
        }
        command = Command::new("setpriv");
        // The program may lie where only root gets to.
        let program = folders.0.path().join("backup");
        fs::copy(env!("CARGO_BIN_EXE_backup"), &program).unwrap();
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(program);
        command.arg(folders.from()).arg("--to").arg(folders.to());
    }
    let done = run(&mut command).failure(1);
    assert_eq!(
        done.stdout,
        "2 copied (8 B), 0 unchanged, 0 not regular files, 1 failed\n"
    );
    assert!(
        done.stderr.contains("from/b\" cannot be read: Permission denied"),
        "{}",
        done.stderr
    );
    assert_eq!(names_in(&folders.to()), ["a", "c"]);
}

/// A backup from within, whose steps can do something.
fn back_up_while(
    folders: &Folders,
    step: impl Fn(u64) -> Result<(), Interrupted>,
) -> (Result<(), Stopped>, Vec<String>) {
    let source = Source::list(&folders.from()).unwrap();
    let target = Target::open(&folders.to(), &folders.from(), false).unwrap();
    let mut failed = Vec::new();
    let done = back_up(&source, &target, Existing::Keep, step, |told| {
        if let Told::Failed(path, error) = told {
            assert!(
                matches!(
                    error,
                    FileError::Changed | FileError::Unreadable(_) | FileError::NotAFile
                ),
                "{error}"
            );
            failed.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    });
    (done.map(|_| ()), failed)
}

#[test]
fn a_file_that_changes_or_goes_meanwhile_is_told_and_not_kept() {
    let folders = Folders::new()
        .has("a", vec![1; 9_000_000])
        .has("b", "gone")
        .has("c", "replaced")
        .has("d", "stays");
    let path = |name: &str| folders.from().join(name);
    let once = std::sync::Once::new();
    let (done, failed) = back_up_while(&folders, |bytes| {
        if bytes > 0 {
            once.call_once(|| {
                File::options()
                    .append(true)
                    .open(path("a"))
                    .unwrap()
                    .write_all(b"more")
                    .unwrap();
                fs::remove_file(path("b")).unwrap();
                fs::remove_file(path("c")).unwrap();
                symlink(path("d"), path("c")).unwrap();
            });
        }
        Ok(())
    });
    done.unwrap();
    assert_eq!(failed, ["a", "b", "c"]);
    assert_eq!(names_in(&folders.to()), ["d"]);
}

#[test]
fn an_interrupted_run_leaves_whole_files_and_the_next_goes_on() {
    let folders = Folders::new()
        .has("a", "one")
        .has("b", vec![1; 9_000_000])
        .has("c", "three");
    let copied = AtomicU64::new(0);
    let (done, _) = back_up_while(&folders, |bytes| {
        let copied = copied.fetch_add(bytes, Ordering::SeqCst) + bytes;
        if copied > 3 { Err(Interrupted) } else { Ok(()) }
    });
    assert!(matches!(done, Err(Stopped::Interrupted(_))), "{done:?}");
    assert_eq!(names_in(&folders.to()), ["a"]);
    let next = folders.back_up(&[]).success();
    assert!(
        next.stdout.starts_with("2 copied (8.58 MiB), 1 unchanged"),
        "{}",
        next.stdout
    );
    assert_eq!(fs::read(folders.to().join("b")).unwrap(), vec![1; 9_000_000]);
}

#[test]
fn ctrl_c_removes_what_is_not_finished() {
    let folders = Folders::new();
    // Larger than what is copied before the signal comes. (It has no blocks of its own.)
    File::create(folders.from().join("a"))
        .unwrap()
        .set_len(8 << 30)
        .unwrap();
    let running = folders
        .command(&[])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    common::wait_until("the copy", || !names_in(&folders.to()).is_empty());
    run(Command::new("kill").args(["-INT", &running.id().to_string()])).success();
    let ended = Run::of(running.wait_with_output().unwrap()).failure(130);
    assert!(
        ended.stderr.contains("interrupted") && ended.stderr.contains("the next run goes on"),
        "{}",
        ended.stderr
    );
    assert_eq!(names_in(&folders.to()), Vec::<String>::new());
}

#[test]
fn what_a_killed_run_left_is_removed_but_not_while_another_goes_on() {
    let folders = Folders::new().has("a", "one");
    let leftover = folders.to().join(format!("{PARTIAL}x1y2z3"));
    fs::write(&leftover, "half of a").unwrap();
    let other = File::open(folders.to()).unwrap();
    other.lock().unwrap();
    assert!(folders.back_up(&[]).failure(1).stderr.contains("another backup into"));
    assert!(leftover.exists());
    drop(other);
    let done = folders.back_up(&[]).success();
    assert_eq!(
        done.stderr,
        "note: removed 1 unfinished copies of a run that was killed\n"
    );
    assert_eq!(names_in(&folders.to()), ["a"]);
}

#[test]
fn a_file_with_the_name_of_an_unfinished_copy_is_told_and_not_lost_later() {
    let folders = Folders::new().has(&format!("{PARTIAL}mine"), "one").has("b", "two");
    let done = folders.back_up(&[]).failure(1);
    assert!(
        done.stderr.contains("has a name that this tool uses itself"),
        "{}",
        done.stderr
    );
    assert_eq!(names_in(&folders.to()), ["b"]);
}

#[test]
fn hostile_names_are_copied_as_they_are_and_shown_escaped() {
    use std::os::unix::ffi::OsStrExt;
    let folders = Folders::new();
    let names = [&b"a\nb"[..], b"\x1b[2J", b"\xff\xfe", b"--force", "老王".as_bytes()];
    let mut names: Vec<_> = names.into_iter().map(std::ffi::OsStr::from_bytes).collect();
    for name in &names {
        fs::write(folders.from().join(name), "x").unwrap();
    }
    folders.back_up(&[]).success();
    names.sort();
    let mut found: Vec<_> = fs::read_dir(folders.to())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    found.sort();
    assert_eq!(found, names);
    for name in &names {
        fs::write(folders.from().join(name), "xyz").unwrap();
    }
    let differ = folders.back_up(&[]).failure(1);
    assert_eq!(differ.stderr.lines().count(), names.len(), "{}", differ.stderr);
    assert!(!differ.stderr.contains('\u{1b}'), "{:?}", differ.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_the_run_and_what_was_finished_stays() {
    let folders = Folders::new()
        .has("a", "one")
        .has("b", vec![1; 100_000])
        .has("c", "three");
    let script = format!(
        "'{}' '{}' --to DISK; code=$?; ls -A DISK; exit $code",
        env!("CARGO_BIN_EXE_backup"),
        folders.from().display()
    );
    let Some(full) = small_disk(64, &script) else { return };
    let full = full.failure(1);
    assert!(
        full.stderr.contains("the next run goes on: no space left for"),
        "{}",
        full.stderr
    );
    assert_eq!(full.stdout, "a\n");
}
