//! `backup` where something is in its way.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so and stops"
)]

mod common;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::process::Command;

use common::two_folders::{BACKUP, folders, set_mode, set_times};
use common::{as_ordinary_user, names_in, run, small_disk};

#[test]
fn what_is_no_file_in_the_backup_folder_is_left_alone() {
    let folders = folders();
    let outside = folders.path().join("outside");
    fs::write(&outside, "mine").unwrap();
    for name in ["folder", "link", "pipe", "z"] {
        folders.write(name, "new!");
    }
    fs::create_dir(folders.to("folder")).unwrap();
    symlink(&outside, folders.to("link")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, folders.to("pipe"), rustix::fs::Mode::RWXU).unwrap();
    for (more, summary) in [
        (&[][..], "1 copied (4 B), 0 unchanged, 3 failed\n"),
        (&["--force"], "0 copied (0 B), 1 unchanged, 3 failed\n"),
    ] {
        let refused = folders.back_up(more).failure(1);
        assert_eq!(refused.stdout, summary);
        let reasons = refused
            .stderr
            .matches("is not a regular file; it is left alone");
        assert_eq!(reasons.count(), 3, "{}", refused.stderr);
    }
    assert_eq!(fs::read(&outside).unwrap(), b"mine");
    assert!(
        fs::symlink_metadata(folders.to("link"))
            .unwrap()
            .is_symlink()
    );
    folders.has("z", "new!");
}

#[test]
fn a_backup_folder_that_is_not_there_is_made_only_if_that_is_asked_for() {
    let folders = folders();
    folders.write("a", "x");
    let new = folders.path().join("new/below");
    let to = ["--to", new.to_str().unwrap()];
    let back_up = |more: &[&str]| {
        run(Command::new(BACKUP)
            .arg(folders.from(""))
            .args(to)
            .args(more))
    };
    let refused = back_up(&[]).failure(1);
    assert!(
        refused
            .stderr
            .contains("new/below\" does not exist; --create makes it"),
        "{}",
        refused.stderr
    );
    assert!(!folders.path().join("new").exists());
    back_up(&["--create"]).success();
    assert_eq!(fs::read(new.join("a")).unwrap(), b"x");
    // And where it is there already.
    back_up(&["--create"]).success();
}

#[test]
fn folders_that_are_none_are_told() {
    let folders = folders();
    fs::write(folders.path().join("file"), "").unwrap();
    for (from, to, reason) in [
        (
            "nothing",
            "new",
            "cannot read the folder \"nothing\": No such file",
        ),
        ("file", "new", "\"file\" is not a folder"),
        ("from", "file", "\"file\" is not a folder"),
    ] {
        for more in [&[][..], &["--create"]] {
            let mut command = Command::new(BACKUP);
            command
                .args([from, "--to", to])
                .args(more)
                .current_dir(folders.path());
            let refused = run(&mut command).failure(1);
            assert!(refused.stderr.contains(reason), "{}", refused.stderr);
        }
    }
    assert_eq!(names_in(folders.path()), ["file", "from", "to"]);
    run(&mut Command::new(BACKUP)).failure(2);
}

#[test]
fn a_folder_is_not_backed_up_into_itself() {
    let folders = folders();
    folders.write("a", "x");
    symlink("from", folders.path().join("link")).unwrap();
    for to in ["from", "./to/../from/", "link"] {
        let mut command = Command::new(BACKUP);
        command
            .args(["from", "--force", "--to", to])
            .current_dir(folders.path());
        let refused = run(&mut command).failure(1);
        assert!(
            refused.stderr.contains("are the same folder"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(names_in(&folders.from("")), ["a"]);
}

#[test]
fn a_file_that_cannot_be_read_is_reported_and_the_rest_is_copied() {
    let folders = folders();
    let Some(mut command) = as_ordinary_user(BACKUP, folders.path()) else {
        return;
    };
    for name in ["a", "locked", "z"] {
        folders.write(name, name);
    }
    set_mode(&folders.from("locked"), 0);
    set_mode(&folders.to(""), 0o777);
    let incomplete = run(command
        .args(["from", "--to", "to"])
        .current_dir(folders.path()))
    .failure(1);
    assert_eq!(incomplete.stdout, "2 copied (2 B), 0 unchanged, 1 failed\n");
    assert_eq!(
        incomplete.stderr,
        "error: \"from/locked\": cannot be read: Permission denied (os error 13)\n"
    );
    assert_eq!(folders.backups(), ["a", "z"]);
}

#[test]
fn times_that_the_backup_cannot_get_are_told() {
    let folders = folders();
    folders.write("a", "x");
    folders.back_up(&[]).success();
    set_times(&folders.from("a"), 7);
    let Some(mut command) = as_ordinary_user(BACKUP, folders.path()) else {
        return;
    };
    if fs::metadata(folders.to("a")).unwrap().uid() != 0 {
        common::left_out("the backup belongs to the user who runs this");
        return;
    }
    let incomplete = run(command
        .args(["from", "--to", "to"])
        .current_dir(folders.path()))
    .failure(1);
    assert_eq!(
        incomplete.stdout,
        "0 copied (0 B), 1 unchanged, 1 without their times or permissions\n"
    );
    assert!(
        incomplete
            .stderr
            .contains("\"from/a\": its backup cannot get its times or permissions"),
        "{}",
        incomplete.stderr
    );
}

#[test]
fn a_backup_folder_that_cannot_be_locked_is_used_but_not_tidied() {
    let folders = folders();
    let Some(mut command) = as_ordinary_user(BACKUP, folders.path()) else {
        return;
    };
    folders.write("a", "x");
    fs::write(
        folders.to(".partial-backup-abc123"),
        "perhaps of another run",
    )
    .unwrap();
    // It cannot be opened, and files can be made in it.
    set_mode(&folders.to(""), 0o333);
    let done = run(command
        .args(["from", "--to", "to"])
        .current_dir(folders.path()));
    set_mode(&folders.to(""), 0o755);
    let done = done.success();
    assert_eq!(done.stdout, "1 copied (1 B), 0 unchanged\n");
    assert!(
        done.stderr
            .contains("this system cannot keep other runs out"),
        "{}",
        done.stderr
    );
    assert_eq!(folders.backups(), [".partial-backup-abc123", "a"]);
}

#[cfg(target_os = "linux")]
#[test]
fn files_that_hide_their_size_are_not_copied() {
    let folders = folders();
    let mut command = Command::new(BACKUP);
    let incomplete = run(command
        .args(["/proc/sys/kernel/random", "--to"])
        .arg(folders.to("")))
    .failure(1);
    let reason = "uuid\": changed while it was read, or has another size than it says";
    assert!(incomplete.stderr.contains(reason), "{}", incomplete.stderr);
    assert_eq!(folders.backups(), Vec::<String>::new());
}

#[test]
fn names_reach_the_terminal_without_their_control_characters() {
    let folders = folders();
    let names = [
        &b"a\nb"[..],
        b"a\x1b[2Jb",
        b"not\xffutf-8",
        b"\xe2\x80\xaetxt.exe",
        b"-rf",
        b" ",
    ]
    .map(OsStr::from_bytes);
    for name in names {
        fs::write(folders.from(name), "x").unwrap();
    }
    let done = folders.back_up(&["--verbose"]).success();
    assert_eq!(
        done.stdout.lines().count(),
        names.len() + 1,
        "{}",
        done.stdout
    );
    for name in names {
        assert_eq!(fs::read(folders.to(name)).unwrap(), b"x", "{name:?}");
        fs::write(folders.from(name), "other").unwrap();
    }
    let refused = folders.back_up(&[]).failure(1);
    assert_eq!(
        refused.stderr.lines().count(),
        names.len(),
        "{}",
        refused.stderr
    );
    for text in [done.stdout, refused.stderr] {
        assert!(!text.contains(['\x1b', '\u{202e}']), "{text:?}");
    }
}

#[test]
fn a_full_disk_stops_the_run_and_keeps_what_is_complete() {
    let folders = folders();
    folders.write("a", vec![b'x'; 20_000]);
    folders.write("b", vec![b'x'; 100_000]);
    folders.write("c", "x");
    let script = format!(
        "'{BACKUP}' '{}' --to DISK; code=$?; ls -A DISK; exit $code",
        folders.from("").display()
    );
    let Some(full) = small_disk(64, &script) else {
        return;
    };
    let full = full.failure(1);
    assert_eq!(
        full.stdout,
        "1 copied (19.53 KiB), 0 unchanged, 2 not reached\na\n"
    );
    assert!(
        full.stderr.contains("the backup folder is full"),
        "{}",
        full.stderr
    );
    assert_eq!(full.stderr.lines().count(), 1, "{}", full.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_does_not_replace_the_backup_of_another_whose_name_is_the_same_there() {
    let folders = folders();
    folders.write("A", "one");
    folders.write("a", "other");
    // To the backup folder both names are one, as on a file system that does not tell large letters
    // from small ones.
    let script = format!(
        "cp -p '{0}' DISK/A && touch DISK/a && mount --bind DISK/A DISK/a || exit 99
        '{BACKUP}' '{1}' --to DISK --force; code=$?; cat DISK/A; exit $code",
        folders.from("A").display(),
        folders.from("").display()
    );
    let Some(refused) = small_disk(64, &script) else {
        return;
    };
    let refused = refused.failure(1);
    assert_eq!(refused.stdout, "0 copied (0 B), 1 unchanged, 1 failed\none");
    assert!(
        refused.stderr.contains("cannot tell its name from \"A\""),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_file_too_large_for_the_backup_folder_does_not_keep_the_others_out() {
    let folders = folders();
    folders.write("a", vec![b'x'; 100_000]);
    folders.write("b", "x");
    // The signal that comes with it is ignored here, as a shell or a service manager may have set
    // it.
    let script = format!("trap '' XFSZ; ulimit -f 32; exec '{BACKUP}' from --to to");
    let incomplete = run(Command::new("bash")
        .args(["-c", &script])
        .current_dir(folders.path()))
    .failure(1);
    assert_eq!(incomplete.stdout, "1 copied (1 B), 0 unchanged, 1 failed\n");
    assert!(
        incomplete.stderr.contains("File too large"),
        "{}",
        incomplete.stderr
    );
    assert_eq!(folders.backups(), ["b"]);
}
