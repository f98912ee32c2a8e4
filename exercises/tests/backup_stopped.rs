//! `backup` when it is stopped, killed, or not alone.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so and stops"
)]

mod common;

use std::cell::Cell;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use common::two_folders::{Folders, folders};
use common::{Run as Ended, run, wait_until};
use exercises::backup;
use exercises::backup::outcome::{Problem, Stop};
use exercises::backup::run::{Event, Run};
use exercises::backup::summary::Summary;
use exercises::interrupt::Interrupted;
use exercises::new_files::Existing;

fn prepare(folders: &Folders) -> Run {
    let folders = backup::folders::Folders::open(&folders.from(""), &folders.to(""), false);
    Run::prepare(folders.unwrap()).unwrap()
}

/// Runs with something that happens at each step, and returns what was told of the files that
/// failed.
fn go(
    run: Run,
    step: impl Fn(u64) -> Result<(), Interrupted>,
) -> (Result<(), Stop>, Summary, Vec<String>) {
    let mut summary = Summary::default();
    let mut failed = Vec::new();
    let ended = run.go(Existing::Replace, &mut summary, step, |event| {
        if let Event::Failed(path, problem) = event {
            let kind = match problem {
                Problem::Unreadable(_) => "unreadable",
                Problem::Changed => "changed",
                _ => "other",
            };
            failed.push(format!("{}: {kind}", path.file_name().unwrap().display()));
        }
    });
    (ended, summary, failed)
}

#[test]
fn wherever_it_is_interrupted_nothing_half_written_is_left_and_the_next_run_goes_on() {
    let folders = folders();
    let big = vec![b'x'; 9_000_000];
    for name in ["a", "b", "c"] {
        folders.write(name, &big);
    }
    // One that is compared first, to the last byte.
    let mut other = big.clone();
    *other.last_mut().unwrap() = b'y';
    let steps = Cell::new(0);
    let mut interrupted = 0;
    for stop_at in 0.. {
        for name in folders.backups() {
            fs::remove_file(folders.to(name)).unwrap();
        }
        fs::write(folders.to("b"), &other).unwrap();
        steps.set(0);
        let (ended, first, failed) = go(prepare(&folders), |_| {
            steps.set(steps.get() + 1);
            if steps.get() > stop_at {
                Err(Interrupted)
            } else {
                Ok(())
            }
        });
        assert_eq!(failed, Vec::<String>::new());
        assert_eq!(first.copied + first.not_reached, 3, "{first:?}");
        let Err(stop) = ended else { break };
        interrupted += 1;
        assert!(matches!(stop, Stop::Interrupted(_)), "{stop}");
        for name in folders.backups() {
            let content = fs::read(folders.to(&name)).unwrap();
            assert!(
                content == big || name == "b" && content == other,
                "{name:?} after {stop_at} steps"
            );
        }
        let (ended, second, _) = go(prepare(&folders), |_| Ok(()));
        ended.unwrap();
        assert_eq!(
            (second.copied, second.unchanged),
            (first.not_reached, first.copied)
        );
        assert_eq!(folders.backups(), ["a", "b", "c"]);
    }
    assert!(interrupted > 10, "{interrupted} places are hardly all");
}

#[test]
fn an_interrupt_is_noticed_between_files_of_which_there_is_nothing_to_copy() {
    let folders = folders();
    for name in ["a", "b", "c"] {
        folders.write(name, "");
    }
    let (ended, summary, _) = go(prepare(&folders), |_| {
        if folders.backups().is_empty() {
            Ok(())
        } else {
            Err(Interrupted)
        }
    });
    ended.unwrap_err();
    assert_eq!((summary.copied, summary.not_reached), (1, 2));
}

#[test]
fn ctrl_c_leaves_nothing_half_written_and_says_so() {
    let folders = folders();
    folders.write("a", b"first");
    folders.write("c", b"last");
    let big = folders.write("b", b"");
    common::make_sparse(&big, common::LARGE);
    let ended = signal_in_the_middle(&folders, "-INT").failure(130);
    assert_eq!(
        ended.stderr,
        "error: interrupted; what was not finished is removed; the files that were copied stay, and the next run goes on\n"
    );
    assert_eq!(ended.stdout, "1 copied (5 B), 0 unchanged, 2 not reached\n");
    assert_eq!(folders.backups(), ["a"]);

    fs::write(&big, "small").unwrap();
    let next = run(&mut folders.command()).success();
    assert_eq!(next.stdout, "2 copied (9 B), 1 unchanged\n");
    assert_eq!(folders.backups(), ["a", "b", "c"]);
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next_one() {
    let folders = folders();
    let big = folders.write("b", b"");
    common::make_sparse(&big, common::LARGE);
    assert_eq!(signal_in_the_middle(&folders, "-KILL").code, None);
    let left = folders.backups();
    assert!(
        left.len() == 1 && left[0].starts_with(".partial-backup-"),
        "{left:?}"
    );

    let mode = fs::metadata(folders.to(&left[0]))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(
        mode & 0o777,
        0o600,
        "others could read it before it had the permissions of the original"
    );

    // Neither these are leftovers of ours.
    fs::write(folders.to(".partial-abc123"), "of another tool").unwrap();
    fs::create_dir(folders.to(".partial-backup-abc123")).unwrap();
    fs::write(&big, "small").unwrap();
    let next = run(&mut folders.command()).success();
    assert!(
        next.stderr.starts_with("note: removed") && next.stderr.contains(&left[0]),
        "{}",
        next.stderr
    );
    assert_eq!(
        folders.backups(),
        [".partial-abc123", ".partial-backup-abc123", "b"]
    );
}

/// Starts a backup, and sends it a signal when it has begun to copy the file `b`.
fn signal_in_the_middle(folders: &Folders, signal: &str) -> Ended {
    let mut command = folders.command();
    let running = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Not the unfinished copy of a file before.
    let is_large = |path: &Path| fs::metadata(path).is_ok_and(|found| found.len() > 1 << 20);
    wait_until("an unfinished copy", || {
        let names = folders.backups();
        names
            .iter()
            .any(|name| name.starts_with(".partial-backup-") && is_large(&folders.to(name)))
    });
    Command::new("kill")
        .args([signal, &running.id().to_string()])
        .status()
        .unwrap();
    Ended::of(running.wait_with_output().unwrap())
}

#[test]
fn a_file_named_as_an_unfinished_copy_is_not_copied() {
    let folders = folders();
    folders.write(".partial-backup-abc123", b"x");
    folders.write(".partial-backup-notes", b"x");
    let incomplete = run(&mut folders.command()).failure(1);
    assert_eq!(incomplete.stdout, "1 copied (1 B), 0 unchanged, 1 failed\n");
    assert!(
        incomplete.stderr.contains("rename it"),
        "{}",
        incomplete.stderr
    );
    // This one is like it, and no run would remove it.
    for _ in 0..2 {
        assert_eq!(folders.backups(), [".partial-backup-notes"]);
        run(&mut folders.command()).failure(1);
    }
}

#[test]
fn a_run_keeps_others_out_of_its_backup_folder() {
    let folders = folders();
    folders.write("a", b"x");
    let held = backup::folders::Folders::open(&folders.from(""), &folders.to(""), false).unwrap();
    let refused = run(&mut folders.command()).failure(1);
    assert!(
        refused.stderr.contains("another backup to"),
        "{}",
        refused.stderr
    );
    drop(held);
    run(&mut folders.command()).success();
}

#[test]
fn a_file_that_changes_while_it_is_read_is_told_and_the_rest_is_copied() {
    let content = vec![b'x'; 9_000_000];
    let changes: [fn(&Path); 3] = [
        |path| {
            File::options()
                .append(true)
                .open(path)
                .unwrap()
                .write_all(b"more")
                .unwrap();
        },
        |path| {
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(5_000_000)
                .unwrap();
        },
        // As long as before.
        |path| {
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .write_all(b"y")
                .unwrap();
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        // Copied, and compared.
        for old in [None, Some(&content)] {
            let folders = folders();
            let path = folders.write("a", &content);
            folders.write("b", b"x");
            if let Some(old) = old {
                fs::write(folders.to("a"), old).unwrap();
            }
            // The clock of the file system is coarse: what is written within a tick of it has the
            // same time.
            let long_ago = fs::FileTimes::new().set_modified(std::time::SystemTime::UNIX_EPOCH);
            File::open(&path).unwrap().set_times(long_ago).unwrap();
            let steps = Cell::new(0);
            let (ended, summary, failed) = go(prepare(&folders), |_| {
                steps.set(steps.get() + 1);
                // The first comes before the file.
                if steps.get() == 2 {
                    change(&path);
                }
                Ok(())
            });
            ended.unwrap();
            assert_eq!(failed, ["a: changed"], "change {number}");
            assert_eq!((summary.copied, summary.failed), (1, 1));
            match old {
                None => assert_eq!(folders.backups(), ["b"]),
                Some(old) => assert!(fs::read(folders.to("a")).unwrap() == *old),
            }
        }
    }
}

#[test]
fn a_file_that_is_gone_meanwhile_is_told_and_the_rest_is_copied() {
    let folders = folders();
    let gone = folders.write("a", b"x");
    let link = folders.write("b", b"x");
    folders.write("c", b"x");
    let run = prepare(&folders);
    fs::remove_file(gone).unwrap();
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("c", link).unwrap();
    let (ended, summary, failed) = go(run, |_| Ok(()));
    ended.unwrap();
    assert_eq!(failed, ["a: unreadable", "b: unreadable"]);
    assert!(!summary.is_complete());
    assert_eq!(folders.backups(), ["c"]);
}
