//! `backup` as a user runs it, and where something is in its way.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so and stops"
)]

mod common;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use common::{as_ordinary_user, left_out, names_in, run, small_disk};
use exercises::backup::{Backup, Line, Summary};
use exercises::new_file::Existing;
use exercises::tool::Interrupted;

const BACKUP: &str = env!("CARGO_BIN_EXE_backup");

/// What each shell command here begins with. `middle` starts a backup, and sends it a signal when
/// it has begun to copy a large file.
const PRELUDE: &str = "exec 2>&1; middle() {
    truncate -s 8G from/b; backup from --to to &
    timeout 60 sh -c 'until find to -size +1M | grep -q partial-backup-; do sleep 0.01; done'
    kill -s $1 $!; { wait $!; } 2>/dev/null; }";

/// Runs a shell command in a folder; returns both outputs and the exit code, unless it is zero.
fn sh(folder: &Path, command: &str) -> String {
    let tools = Path::new(BACKUP).parent().unwrap().display();
    let script = format!("PATH='{tools}':$PATH; {PRELUDE}\n{command}");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(folder);
    let ran = run(shell.env("TZ", "UTC").env("HOME", "home"));
    match ran.code.unwrap() {
        0 => ran.stdout,
        code => format!("{}exit code {code}\n", ran.stdout),
    }
}

/// Makes a folder with `from` and `to` in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(sh(folder.path(), "mkdir from to"), "");
    folder
}

/// Makes a test of a transcript: each command prints the lines below it.
macro_rules! transcripts {
    ($($name:ident $transcript:literal)*) => { $(
        #[test]
        fn $name() {
            let folder = folder();
            let lines = $transcript.lines().map(|line| line.trim_start().to_owned() + "\n");
            for step in lines.collect::<String>().trim_end().split("\n$ ").skip(1) {
                let (command, output) = step.split_once('\n').unwrap_or((step, ""));
                assert_eq!(sh(folder.path(), command).trim_end(), output, "{command}");
            }
        }
    )* };
}

transcripts! {
    a_copy_has_the_content_times_and_permissions r"
    $ : > from/a; head -c 5000000 /dev/urandom > from/b; echo hidden > from/.c
    $ chmod 640 from/a; chmod 444 from/b; chmod 6755 from/.c
    $ touch -d @1234567890.123456789 from/a; touch -d @7 from/b; touch -d @-1000000.5 from/.c
    $ touch -a -d @99.5 from/a from/b from/.c
    $ backup from --to to
    3 copied (4.77 MiB), 0 unchanged
    $ cd to; stat -c '%n %a %.X %.Y' a b .c
    a 640 99.500000000 1234567890.123456789
    b 444 99.500000000 7.000000000
    .c 755 99.500000000 -1000000.500000000
    $ diff -r from to
    "

    only_what_changed_is_touched r"
    $ for name in a b c d; do head -c 600000 /dev/zero > from/$name; chmod 600 from/$name; done
    $ backup from --to to
    4 copied (2.29 MiB), 0 unchanged
    $ stat -c '%n %i' to/* > inodes; stat -c '%.Z' to/a > changed
    $ touch -d @7 from/b from/c; chmod 444 from/c from/d; echo new > from/e
    $ backup from --to to; backup from --to to --force
    1 copied (4 B), 4 unchanged
    0 copied (0 B), 5 unchanged
    $ stat -c '%n %i' to/[a-d] | diff - inodes; stat -c '%.Z' to/a | diff - changed
    $ for folder in from to; do (cd $folder; stat -c '%n %a %.Y' * > ../$folder.txt); done
    $ diff from.txt to.txt
    "

    a_backup_with_other_content_stays_without_force r#"
    $ for name in a b c; do printf old > from/$name; touch -d @1000000000 from/$name; done
    $ backup from --to to
    3 copied (9 B), 0 unchanged
    $ printf longer > from/a; printf new > from/b
    $ backup from --to to; cat to/*
    error: "from/a": differs from its backup (last changed 2001-09-09 01:46:40); --force replaces that
    error: "from/b": differs from its backup (last changed 2001-09-09 01:46:40); --force replaces that
    0 copied (0 B), 1 unchanged, 2 failed
    oldoldold
    $ TZ=CST-8 backup from --to to 2>&1 | grep -o '09:46:40' | uniq
    09:46:40
    $ backup from --to to --force; cat to/*
    2 copied (9 B), 2 of them replaced, 1 unchanged
    longernewold
    "#

    only_regular_files_are_copied_and_replaced r#"
    $ mkdir from/a; echo x > from/a/x; mkfifo from/b; ln -s d from/c; ln -s x from/e; echo x > from/d
    $ backup from --to to --verbose
    left out: "from/a"
    left out: "from/b"
    left out: "from/c"
    left out: "from/e"
    copied: "from/d"
    1 copied (2 B), 0 unchanged, 4 not regular files left out
    $ mkdir new to/a; echo mine > mine; ln -s ../mine to/b; mkfifo to/c
    $ for name in a b c d; do echo x > new/$name; done
    $ backup new --to to --force
    error: "new/a": "to/a" exists and is not a regular file; it is left alone
    error: "new/b": "to/b" exists and is not a regular file; it is left alone
    error: "new/c": "to/c" exists and is not a regular file; it is left alone
    0 copied (0 B), 1 unchanged, 3 failed
    exit code 1
    $ cat mine; ls -F to | xargs
    mine
    a/ b@ c| d
    "#

    unsuitable_folders_are_refused_and_nothing_is_made r#"
    $ echo x > from/a; touch file; ln -s from link
    $ backup 2> /dev/null
    exit code 2
    $ backup nothing --to new --create; backup file --to new --create; backup from --to file
    error: cannot read the folder "nothing": No such file or directory (os error 2)
    error: "file" is not a folder
    error: "file" is not a folder
    exit code 1
    $ backup from --to ./to/../from/ --force; backup from --to link --force
    error: "from" and the backup folder are the same folder; name another with --to
    error: "from" and the backup folder are the same folder; name another with --to
    exit code 1
    $ flock to backup from --to to
    error: another backup to "to" is running; try again when it is done
    exit code 1
    $ backup from; backup from --to='~li/x'; ls | xargs
    error: the backup folder "home/备份" does not exist; --create makes it
    error: the backup folder "~li/x" does not exist; --create makes it
    file from link to
    $ backup from --create; backup from --create --to='~/new/below'; backup from
    1 copied (2 B), 0 unchanged
    1 copied (2 B), 0 unchanged
    0 copied (0 B), 1 unchanged
    $ find home -type f | sort
    home/new/below/a
    home/备份/a
    "#

    names_reach_the_terminal_without_control_characters r#"
    $ touch "$(printf 'from/a\nb')" "$(printf 'from/\033[2J')" from/-rf 'from/ '
    $ touch "$(printf 'from/\377')" "$(printf 'from/\342\200\256txt.exe')"
    $ backup from --to to --verbose; diff -r from to
    copied: "from/\u{1b}[2J"
    copied: "from/ "
    copied: "from/-rf"
    copied: "from/a\nb"
    copied: "from/\u{202e}txt.exe"
    copied: "from/\xFF"
    6 copied (0 B), 0 unchanged
    "#

    a_file_that_cannot_be_copied_does_not_stop_the_others r#"
    $ backup /proc/sys/kernel/random --to to 2>&1 | grep uuid | sed 's/.*uuid": //'
    changed while it was read, or has another size than it says; it was not copied
    $ touch from/.partial-backup-abc123 from/.partial-backup-notes
    $ backup from --to to 2>&1 | sed 's/.*123": //'
    its name is one that unfinished copies have, and they are removed; rename it
    1 copied (0 B), 0 unchanged, 1 failed
    $ rm from/.*123; head -c 100000 /dev/zero > from/a; echo x > from/b
    $ trap '' XFSZ; ulimit -f 64; backup from --to to 2>&1 | sed s/.*removed:/error:/
    error: File too large (os error 27)
    1 copied (2 B), 1 unchanged, 1 failed
    $ ls -A to | xargs
    .partial-backup-notes b
    "#

    ctrl_c_leaves_no_halves_and_the_next_run_goes_on r"
    $ echo first > from/a; echo last > from/c; middle INT
    1 copied (6 B), 0 unchanged, 2 not reached
    error: stopped; the files that were copied stay, and the next run goes on: interrupted; what was not finished is removed
    exit code 130
    $ ls -A to; echo small > from/b; backup from --to to
    a
    2 copied (11 B), 1 unchanged
    "

    the_next_run_removes_the_leftovers_of_a_killed_one r#"
    $ middle KILL
    exit code 137
    $ stat -c %a to/.partial-backup-??????
    600
    $ touch to/.partial-abc123; mkdir to/.partial-backup-abc123; echo small > from/b
    $ backup from --to to 2>&1 | sed 's/backup-....../backup-XXXXXX/'
    note: removed "to/.partial-backup-XXXXXX", left by a run that was killed
    1 copied (6 B), 0 unchanged
    $ ls -A to | xargs
    .partial-abc123 .partial-backup-abc123 b
    "#
}

/// Checks the output of commands that find a full disk, or one that ignores case, at `DISK`.
fn on_a_small_disk(script: &str, expected: &str) {
    let folder = folder();
    let begin = format!(
        "cd '{}'; backup() {{ '{BACKUP}' \"$@\"; }}",
        folder.path().display()
    );
    if let Some(ran) = small_disk(64, &format!("{begin}; exec 2>&1; {script}")) {
        assert_eq!(ran.stdout, expected);
    }
}

#[test]
fn a_full_disk_stops_the_run_and_keeps_what_is_complete() {
    on_a_small_disk(
        "head -c 20000 /dev/zero > from/a; head -c 100000 /dev/zero > from/b; touch from/c
        backup from --to DISK 2>&1 | sed 's/ for .*; what/; what/'; ls -A DISK",
        "1 copied (19.53 KiB), 0 unchanged, 2 not reached\n\
         error: stopped; the files that were copied stay, and the next run goes on: no space left; \
         what was written so far is removed: No space left on device (os error 28)\na\n",
    );
}

#[test]
fn two_names_that_are_one_there_do_not_share_a_backup() {
    // The mount makes both names one, as on a file system that ignores case.
    on_a_small_disk(
        "echo one > from/A; echo other > from/a; cp -p from/A DISK; touch DISK/a
        mount --bind DISK/A DISK/a || exit 99; backup from --to DISK --force; cat DISK/A",
        "error: \"from/a\": the backup folder cannot tell its name from \"A\", which is there; \
         rename one of them\n0 copied (0 B), 1 unchanged, 1 failed\none\n",
    );
}

#[test]
fn a_lack_of_permissions_is_reported_and_the_rest_is_copied() {
    let folder = folder();
    let path = folder.path();
    let Some(mut command) = as_ordinary_user(BACKUP, path) else {
        return;
    };
    command.args(["from", "--to=to"]).current_dir(path);
    let mut back_up = |expected| {
        let ran = run(&mut command).failure(1);
        assert_eq!(ran.stderr + &ran.stdout, expected);
    };
    // The backup folder cannot be opened, and files can be made in it.
    sh(
        path,
        "touch from/a from/b to/.partial-backup-abc123; chmod 0 from/b; chmod 333 to",
    );
    back_up(
        "note: what killed runs may have left stays: \
         this system cannot keep other runs out of the backup folder\n\
         error: \"from/b\": cannot be read: Permission denied (os error 13)\n\
         1 copied (0 B), 0 unchanged, 1 failed\n",
    );
    assert_eq!(
        sh(path, "chmod 755 to; ls -A to; rm to/.p*"),
        ".partial-backup-abc123\na\n"
    );
    if !sh(path, "rm from/b; touch -d @7 from/a; chown 0 to/a").is_empty() {
        return left_out("nobody can give the backup to another user here");
    }
    back_up(
        "error: \"from/a\": its backup cannot get its times or permissions: \
         Operation not permitted (os error 1)\n\
         0 copied (0 B), 1 unchanged, 1 without their times or permissions\n",
    );
}

/// Backs up `from` with a callback that gets the number of each step.
fn go(folder: &Path, step: impl Fn(u32) -> Result<(), Interrupted>) -> (bool, Summary, String) {
    let [from, to] = ["from", "to"].map(|name| folder.join(name));
    let mut backup = Backup::open(&from, &to, false, Existing::Replace).unwrap();
    let (steps, mut reports) = (Cell::new(0), String::new());
    let count = |_| step(steps.replace(steps.get() + 1));
    let ended = backup.run(&count, &mut |line| {
        if let Line::Report(line) = line {
            reports += line.rsplit_once("from/").unwrap().1;
        }
    });
    (ended.is_ok(), backup.summary, reports)
}

#[test]
fn an_interrupt_anywhere_leaves_no_halves_and_the_next_run_goes_on() {
    let folder = folder();
    let path = folder.path();
    // `b` is compared to the last byte before it is copied.
    sh(
        path,
        "head -c 5000000 /dev/zero | tee from/a from/b > old; printf x >> old",
    );
    sh(
        path,
        "printf y >> from/b; touch -d @7 from/b; touch from/c from/d",
    );
    let mut copied = BTreeSet::new();
    for last in 0.. {
        sh(path, "rm -f to/*; cp old to/b");
        let interrupt = |step| {
            if step < last {
                Ok(())
            } else {
                Err(Interrupted)
            }
        };
        let (ended, first, _) = go(path, interrupt);
        copied.insert(first.copied);
        if ended {
            assert!(last > 20, "{last} places are hardly all");
            break;
        }
        for name in names_in(&path.join("to")) {
            let is_whole = format!("cmp -s from/{name} to/{name} || cmp old to/{name}");
            assert_eq!(sh(path, &is_whole), "", "after {last} steps");
        }
        let (ended, second, _) = go(path, |_| Ok(()));
        let expected = (true, first.not_reached, first.copied);
        assert_eq!(
            (ended, second.copied, second.unchanged),
            expected,
            "after {last} steps"
        );
    }
    assert_eq!(
        copied,
        (0..=4).collect(),
        "there is no step between two files"
    );
}

#[test]
fn a_file_that_changes_meanwhile_is_not_copied_and_the_rest_is() {
    let changed = "changed while it was read, or has another size than it says; it was not copied";
    // The first step comes before the file, the second in the middle of it.
    for (at, change, reason) in [
        (
            0,
            "rm from/a",
            "cannot be read: No such file or directory (os error 2)",
        ),
        (
            0,
            "ln -sf b from/a",
            "cannot be read: Too many levels of symbolic links (os error 40)",
        ),
        (
            0,
            "rm from/a; mkfifo from/a",
            "cannot be read: it is not a regular file any more",
        ),
        (1, "printf more >> from/a", changed),
        (1, "truncate -s 4500000 from/a", changed),
        (
            1,
            "printf y | dd of=from/a conv=notrunc status=none",
            changed,
        ),
    ] {
        for prepare in ["touch -d @7 from/a", "cp from/a to; touch -d @7 from/a"] {
            let folder = folder();
            let path = folder.path();
            sh(path, "head -c 5000000 /dev/zero > from/a; echo x > from/b");
            sh(path, prepare);
            let before = sh(path, "sha256sum to/a");
            let (ended, summary, reports) = go(path, |step| {
                assert!(step != at || sh(path, change).is_empty());
                Ok(())
            });
            assert_eq!(reports, format!("a\": {reason}"));
            assert_eq!(
                (ended, summary.copied, summary.failed),
                (true, 1, 1),
                "{change}"
            );
            assert_eq!(sh(path, "sha256sum to/a"), before, "{change}");
        }
    }
}
