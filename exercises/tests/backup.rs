//! `backup` as a user runs it.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so and stops"
)]

mod common;

use std::fs::{self, File, FileTimes};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use common::run;
use common::two_folders::{BACKUP, folders, set_mode, set_times};

/// What a copy has to have, in nanoseconds and octal digits.
fn kept(path: &Path) -> (i64, i64, i64, i64, u32) {
    let found = fs::metadata(path).unwrap();
    let mode = found.mode() & 0o7777;
    (
        found.mtime(),
        found.mtime_nsec(),
        found.atime(),
        found.atime_nsec(),
        mode,
    )
}

/// What changes when a file is touched at all.
fn state(path: &Path) -> (u64, i64, i64) {
    let found = fs::metadata(path).unwrap();
    (found.ino(), found.ctime(), found.ctime_nsec())
}

/// Bytes in which pieces in a wrong order show.
fn bytes(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

#[test]
fn files_are_copied_with_their_times_and_permissions() {
    let folders = folders();
    let contents = [
        ("a", 0, 0o640),
        ("b.bin", 5_000_000, 0o444),
        (".hidden", 12, 0o755),
    ];
    let mut before = Vec::new();
    for (name, length, mode) in contents {
        folders.write(name, bytes(length));
        set_mode(&folders.from(name), mode);
        set_times(&folders.from(name), 1_234_567_890_123_456_789);
        before.push(kept(&folders.from(name)));
    }
    let done = folders.back_up(&[]).success();
    assert_eq!(done.stdout, "3 copied (4.77 MiB), 0 unchanged\n");
    assert_eq!(done.stderr, "");
    assert_eq!(folders.backups(), [".hidden", "a", "b.bin"]);
    for ((name, length, _), before) in contents.into_iter().zip(before) {
        assert_eq!(kept(&folders.to(name)), before, "{name}");
        folders.has(name, bytes(length));
    }
}

#[test]
fn a_time_before_1970_is_kept() {
    let folders = folders();
    folders.write("a", "x");
    let old = SystemTime::UNIX_EPOCH - Duration::new(1_000_000, 1);
    let times = FileTimes::new().set_modified(old);
    File::open(folders.from("a"))
        .unwrap()
        .set_times(times)
        .unwrap();
    folders.back_up(&[]).success();
    assert_eq!(
        fs::metadata(folders.to("a")).unwrap().modified().unwrap(),
        old
    );
}

#[test]
fn a_copy_that_has_another_owner_does_not_run_as_that_owner() {
    let folders = folders();
    folders.write("a", "x");
    set_mode(&folders.from("a"), 0o6755);
    folders.back_up(&[]).success();
    assert_eq!(kept(&folders.to("a")).4, 0o755);
}

#[test]
fn what_did_not_change_is_not_touched() {
    let folders = folders();
    folders.write("a", "1");
    folders.write("b", "2");
    folders.back_up(&[]).success();
    let before = ["a", "b"].map(|name| state(&folders.to(name)));
    folders.write("c", "3");
    for (more, summary) in [
        (&[][..], "1 copied (1 B), 2 unchanged\n"),
        (&["--force"], "0 copied (0 B), 3 unchanged\n"),
    ] {
        assert_eq!(folders.back_up(more).success().stdout, summary);
        assert_eq!(["a", "b"].map(|name| state(&folders.to(name))), before);
    }
    folders.has("c", "3");
}

#[test]
fn a_backup_with_other_content_stays_without_force() {
    let folders = folders();
    for name in ["longer", "same size", "same"] {
        folders.write(name, "old");
        set_times(&folders.from(name), 1_000_000_000_000_000_000);
    }
    folders.back_up(&[]).success();
    folders.write("longer", "newer");
    folders.write("same size", "new");
    folders.write("z", "other");
    let refused = run(folders.command().env("TZ", "UTC")).failure(1);
    assert_eq!(refused.stdout, "1 copied (5 B), 1 unchanged, 2 failed\n");
    for name in ["longer", "same size"] {
        let line = format!(
            "error: \"from/{name}\": differs from its backup (last changed 2001-09-09 01:46:40); --force replaces that\n"
        );
        assert!(refused.stderr.contains(&line), "{}", refused.stderr);
        folders.has(name, "old");
    }
    folders.has("z", "other");

    let forced = folders.back_up(&["--force"]).success();
    assert_eq!(
        forced.stdout,
        "2 copied (8 B), 2 of them replaced, 2 unchanged\n"
    );
    assert_eq!(forced.stderr, "");
    folders.has("longer", "newer");
    folders.has("same size", "new");
    assert_eq!(folders.backups(), ["longer", "same", "same size", "z"]);
}

#[test]
fn the_time_of_a_backup_is_told_in_the_time_zone_of_the_user() {
    let folders = folders();
    folders.write("a", "old");
    set_times(&folders.from("a"), 1_000_000_000_000_000_000);
    folders.back_up(&[]).success();
    folders.write("a", "newer");
    for (zone, time) in [
        ("UTC", "2001-09-09 01:46:40"),
        ("CST-8", "2001-09-09 09:46:40"),
        ("Asia/Shanghai", "2001-09-09 09:46:40"),
    ] {
        if zone.contains('/') && !Path::new("/usr/share/zoneinfo").join(zone).exists() {
            common::left_out(&format!("this system does not know {zone}"));
            continue;
        }
        let refused = run(folders.command().env("TZ", zone)).failure(1);
        assert!(refused.stderr.contains(time), "{zone}: {}", refused.stderr);
    }
}

#[test]
fn of_a_file_with_the_same_content_only_times_and_permissions_are_brought_up_to_date() {
    let folders = folders();
    for name in ["touched", "permitted", "both"] {
        folders.write(name, vec![b'x'; 600_000]);
        set_mode(&folders.from(name), 0o600);
    }
    folders.back_up(&[]).success();
    let inodes = ["touched", "permitted", "both"].map(|name| state(&folders.to(name)).0);
    for name in ["touched", "both"] {
        set_times(&folders.from(name), 7);
    }
    for name in ["permitted", "both"] {
        set_mode(&folders.from(name), 0o444);
    }
    let before = ["touched", "permitted", "both"].map(|name| kept(&folders.from(name)));
    let done = folders.back_up(&[]).success();
    assert_eq!(done.stdout, "0 copied (0 B), 3 unchanged\n");
    for (name, before) in ["touched", "permitted", "both"].into_iter().zip(before) {
        let after = kept(&folders.to(name));
        assert_eq!(
            (after.0, after.1, after.4),
            (before.0, before.1, before.4),
            "{name}"
        );
    }
    assert_eq!(
        ["touched", "permitted", "both"].map(|name| state(&folders.to(name)).0),
        inodes
    );
}

#[test]
fn only_regular_files_are_copied() {
    let folders = folders();
    folders.write("file", "x");
    fs::create_dir(folders.from("folder")).unwrap();
    fs::write(folders.from("folder/below"), "x").unwrap();
    symlink("file", folders.from("link")).unwrap();
    symlink("nowhere", folders.from("dangling")).unwrap();
    symlink("folder", folders.from("link to folder")).unwrap();
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        folders.from("pipe"),
        rustix::fs::Mode::RWXU,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folders.from("socket")).unwrap();
    let done = folders.back_up(&["--verbose"]).success();
    let mut lines: Vec<_> = done.stdout.lines().collect();
    assert_eq!(
        lines.pop(),
        Some("1 copied (1 B), 0 unchanged, 6 not regular files left out")
    );
    assert_eq!(
        lines,
        [
            "left out: \"from/dangling\"",
            "left out: \"from/folder\"",
            "left out: \"from/link\"",
            "left out: \"from/link to folder\"",
            "left out: \"from/pipe\"",
            "left out: \"from/socket\"",
            "copied: \"from/file\"",
        ]
    );
    assert_eq!(folders.backups(), ["file"]);
}

#[test]
fn the_home_folder_has_the_backup_folder_if_no_other_is_named() {
    let folders = folders();
    folders.write("a", "x");
    let back_up = |home: &Path, more: &[&str]| {
        let mut command = Command::new(BACKUP);
        run(command.arg(folders.from("")).args(more).env("HOME", home))
    };
    let home = folders.path().join("home");
    let refused = back_up(&home, &[]).failure(1);
    assert!(
        refused.stderr.contains("home/备份\" does not exist"),
        "{}",
        refused.stderr
    );
    fs::create_dir_all(home.join("备份")).unwrap();
    back_up(&home, &[]).success();
    assert_eq!(fs::read(home.join("备份/a")).unwrap(), b"x");
    back_up(&home, &["--to=~/other/one", "--create"]).success();
    assert_eq!(fs::read(home.join("other/one/a")).unwrap(), b"x");
}
