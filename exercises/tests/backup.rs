//! `backup` as a user runs it, and where something is in its way.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may stop")]

#[macro_use]
mod common;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;

use common::sh;
use exercises::backup::{Backup, Summary};
use exercises::tool::Interrupted;

transcripts! {
    #[test]
    fn a_copy_has_the_content_times_and_permissions() r"
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

    #[test]
    fn only_what_changed_is_touched() r"
$ for name in a b c d; do head -c 600000 /dev/zero > from/$name; chmod 600 from/$name; done
$ backup from --to to
4 copied (2.29 MiB), 0 unchanged
$ ln to/a to/e; cp -p from/a from/e; stat -c '%n %i' to/* > inodes; stat -c '%.Z' to/a > changed
$ touch -d @7 from/b from/c; chmod 444 from/c from/d; echo new > from/f
$ backup from --to to; backup from --to to --force
1 copied (4 B), 5 unchanged
0 copied (0 B), 6 unchanged
$ stat -c '%n %i' to/[a-e] | diff - inodes; stat -c '%.Z' to/a | diff - changed
$ for folder in from to; do (cd $folder; stat -c '%n %a %.Y' * > ../$folder.txt); done
$ diff from.txt to.txt
"

    #[test]
    fn a_backup_with_other_content_stays_without_force() r#"
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

    #[test]
    fn only_regular_files_are_copied_and_replaced() r#"
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

    #[test]
    fn unsuitable_folders_are_refused_and_nothing_is_made() r#"
$ echo x > from/a; touch file; ln -s from link
$ backup 2> /dev/null
exit code 2
$ backup nothing --to new --create; backup file --to new --create; backup from --to file
error: cannot read the folder "nothing": No such file or directory (os error 2)
error: "file" is not a folder
error: "file" is not a folder
exit code 1
$ backup from --to ./to/../from/; backup from --to link --force; flock to backup from --to to
error: "from" and the backup folder are the same folder; name another with --to
error: "from" and the backup folder are the same folder; name another with --to
error: another backup to "to" is running; try again when it is done
exit code 1
$ backup from; backup from --to='~li/x'; ls | xargs
error: the backup folder "home/备份" does not exist; --create makes it
error: the backup folder "~li/x" does not exist; --create makes it
file from link to
$ backup from --create; backup from --create --to='~/new/below'; backup from; ls -R home | xargs
1 copied (2 B), 0 unchanged
1 copied (2 B), 0 unchanged
0 copied (0 B), 1 unchanged
home: new 备份 home/new: below home/new/below: a home/备份: a
"#

    #[test]
    fn names_reach_the_terminal_without_control_characters() r#"
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

    #[test]
    fn a_file_that_cannot_be_copied_does_not_stop_the_others() r#"
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

    #[test]
    fn ctrl_c_leaves_no_halves_and_the_next_run_goes_on() r"
$ echo first > from/a; echo last > from/c; truncate -s 8G from/b
$ middle INT to backup from --to to
1 copied (6 B), 0 unchanged, 2 not reached
error: stopped; the files that were copied stay, and the next run goes on: \
interrupted; what was not finished is removed
exit code 130
$ ls -A to; echo small > from/b; backup from --to to
a
2 copied (11 B), 1 unchanged
"

    #[test]
    fn the_next_run_removes_the_leftovers_of_a_killed_one() r#"
$ truncate -s 8G from/b; middle KILL to backup from --to to; stat -c %a to/.partial-backup-*
600
$ cd to; mkdir .partial-backup-abc123; touch a.partial-backup-abc123
$ cd to; touch .partial-abc123 .partial-backup-abcde. .partial-backup-abcdefg
$ echo small > from/b
$ backup from --to to 2>&1 | sed 's/backup-....../backup-XXXXXX/'
note: removed "to/.partial-backup-XXXXXX", left by a run that was killed
1 copied (6 B), 0 unchanged
$ ls -A to | xargs -n 4
.partial-abc123 .partial-backup-abc123 .partial-backup-abcde. .partial-backup-abcdefg
a.partial-backup-abc123 b
"#

    #[test]
    fn a_full_disk_stops_the_run_and_keeps_what_is_complete() r#"
$ head -c 20000 /dev/zero > from/a; head -c 100000 /dev/zero > from/b; touch from/c
$ small_disk "backup from --to to 2>&1; ls -A to"
1 copied (19.53 KiB), 0 unchanged, 2 not reached
error: stopped; the files that were copied stay, and the next run goes on: \
no space left for "to/b"; what was written so far is removed: No space left on device (os error 28)
a
"#

    // The mount makes both names one, as on a file system that ignores case.
    #[test]
    fn two_names_that_are_one_there_do_not_share_a_backup() r#"
$ echo one > from/A; echo other > from/a
$ echo 'cp -p from/A to; touch to/a; mount --bind to/A to/a' > prepare
$ small_disk '. ./prepare; backup from --to to --force; cat to/A'
error: "from/a": the backup folder cannot tell its name from "A", which is there; \
rename one of them
0 copied (0 B), 1 unchanged, 1 failed
one
"#

    // At first the backup folder cannot be opened, and files can be made in it.
    #[test]
    fn a_lack_of_permissions_is_reported_and_the_rest_is_copied() r#"
$ touch from/a from/b to/.partial-backup-abc123; chmod 0 from/b; chmod 333 to
$ unprivileged backup from --to to
note: what killed runs may have left stays: \
this system cannot keep other runs out of the backup folder
error: "from/b": cannot be read: Permission denied (os error 13)
1 copied (0 B), 0 unchanged, 1 failed
exit code 1
$ chmod 755 to; rm to/.partial* from/b; touch -d @7 from/a; chown 1 to/a || echo LEFT OUT
$ unprivileged backup from --to to
error: "from/a": its backup cannot get its times or permissions: \
Operation not permitted (os error 1)
0 copied (0 B), 1 unchanged, 1 without their times or permissions
exit code 1
"#
}

/// Backs up `from` with a callback that gets the number of each step.
fn go(folder: &Path, step: impl Fn(u32) -> Result<(), Interrupted>) -> (bool, Summary, String) {
    let [from, to] = ["from", "to"].map(|name| folder.join(name));
    // A program that another test starts holds the lock, too, until it runs.
    let open = |_| Backup::open(&from, &to, false, true).ok();
    let mut backup = (0..100_000).find_map(open).unwrap();
    let (steps, mut reports) = (Cell::new(0), String::new());
    let count = |_| step(steps.replace(steps.get() + 1));
    let mut report = |line: String| reports += &line;
    let ended = backup.run(&count, &mut report, &mut drop);
    (ended.is_ok(), backup.summary, reports)
}

#[test]
fn an_interrupt_anywhere_leaves_no_halves_and_can_be_made_good() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // `b` is compared to the last byte before it is copied.
    let prepare =
        "mkdir from to; head -c 5000000 /dev/zero | tee from/a from/b > old; printf x >> old
        printf y >> from/b; touch -d @7 from/b; touch from/c from/d";
    assert_eq!(sh(folder, prepare), "");
    let mut copied = BTreeSet::new();
    for last in 0.. {
        sh(folder, "rm -f to/*; cp old to/b");
        let (ended, first, _) = go(folder, |step| {
            (step < last).then_some(()).ok_or(Interrupted)
        });
        copied.insert(first.copied);
        if ended {
            assert!(last > 20, "{last} places are hardly all");
            break;
        }
        let compare = "cd to; for f in *; do cmp -s $f ../from/$f || cmp $f ../old; done";
        assert_eq!(sh(folder, compare), "", "after {last} steps");
        let second = go(folder, |_| Ok(())).1;
        assert_eq!(second.copied, first.not_reached, "after {last} steps");
        assert_eq!(second.unchanged, first.copied, "after {last} steps");
    }
    assert_eq!(copied, (0..=4).collect(), "steps between files");
}

#[test]
fn a_file_that_changes_meanwhile_is_not_copied_and_the_rest_is() {
    // The first step comes before the file, the second in the middle of it.
    for (at, change, reason) in [
        (0, "rm from/a", "No such file"),
        (0, "ln -sf b from/a", "Too many levels of symbolic links"),
        (0, "rm from/a; mkfifo from/a", "not a regular file any more"),
        (1, "printf more >> from/a", "changed while it was read"),
        (1, "truncate -s 4500000 from/a", "changed while it was read"),
        (1, "printf y 1<> from/a", "changed while it was read"),
    ] {
        for old in ["", "cp from/a to; "] {
            let folder = tempfile::tempdir().unwrap();
            let folder = folder.path();
            let prepare = "mkdir from to; head -c 5000000 /dev/zero > from/a; echo x > from/b; ";
            sh(folder, &format!("{prepare}{old}touch -d @7 from/a"));
            let before = sh(folder, "sha256sum to/a");
            let (ended, summary, reports) = go(folder, |step| {
                assert!(step != at || sh(folder, change).is_empty());
                Ok(())
            });
            assert!(reports.contains(reason), "{change}: {reports}");
            assert!(ended && summary.copied == 1 && summary.failed == 1);
            assert_eq!(sh(folder, "sha256sum to/a"), before, "{change}");
        }
    }
}
