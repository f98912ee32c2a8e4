//! `split-file` as a user runs it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may stop")]

#[macro_use]
mod common;

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use common::sh;
use exercises::split_file::{Options, cut};
use exercises::tool::Interrupted;

#[test]
fn a_file_is_cut_into_equal_parts_and_comes_back() {
    for (length, parts, sizes) in [
        (10, 2, "5 5"),
        (11, 4, "3 3 3 2"),
        (0, 2, "0 0"),
        (1, 3, "1 0 0"),
        (70, 70, ["1"; 70].join(" ").as_str()),
        (5_000_001, 1, "5000001"),
        (20_000_003, 3, "6666668 6666668 6666667"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        // No two places of the file look alike, so that parts in a wrong order show.
        let script = format!(
            r#"seq 9999999 | head -c {length} > a.bin
            split-file a.bin --parts {parts} --into to > made
            sort --check made; cat $(cat made) | cmp - a.bin
            stat -c %s $(cat made) | xargs; stat -c %a a.bin $(cat made) | uniq | wc -l
            for named in $(head -n 1 made) "$(cat made)" to/a.bin; do
                split-file --join $named --into back --force; cmp a.bin back/a.bin
            done"#
        );
        let expected = format!("{sizes}\n1\nback/a.bin\nback/a.bin\nback/a.bin");
        assert_eq!(sh(folder.path(), &script), expected);
    }
}

#[test]
fn a_change_or_an_interrupt_meanwhile_leaves_no_part() {
    // The file is read for a checksum first, then copied, then the parts are read.
    for (at, change, reason, left) in [
        (1, "", "interrupted", "a.bin"),
        (9_000_001, "", "interrupted", "a.bin"),
        (18_000_001, "", "interrupted", "a.bin"),
        (1, "printf more >> a.bin", "changed while", "a.bin"),
        (1, "truncate -s 5000000 a.bin", "changed while", "a.bin"),
        (
            9_000_001,
            "cp -p a.bin b; mv b a.bin",
            "changed while",
            "a.bin",
        ),
        (
            9_000_001,
            "echo x | tee .partial-*",
            "what was written is not",
            "a.bin",
        ),
        (
            9_000_001,
            "touch a.bin.part-2-of-2",
            "exists already",
            "a.bin\na.bin.part-2-of-2",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path();
        assert_eq!(sh(into, "seq 9999999 | head -c 9000000 > a.bin"), "");
        let (done, once) = (AtomicU64::new(0), Once::new());
        let step = |bytes| {
            if done.fetch_add(bytes, Ordering::SeqCst) + bytes < at {
                return Ok(());
            }
            once.call_once(|| drop(sh(into, change)));
            if change.is_empty() {
                Err(Interrupted)
            } else {
                Ok(())
            }
        };
        let options = Options {
            into: into.to_owned(),
            force: false,
            verify: true,
        };
        let error = cut(&into.join("a.bin"), 2, &options, step).unwrap_err();
        assert!(error.to_string().contains(reason), "{change}: {error}");
        assert_eq!(sh(into, "ls -A"), left, "{change}");
    }
}

transcripts! {
    #[test]
    fn an_impossible_cut_is_refused_with_a_reason() r#"
$ echo > a.bin; for file in nothing . /dev/zero; do split-file $file --into parts; done
error: cannot read "nothing": No such file or directory (os error 2)
error: "." is not a regular file; only such files are cut
error: "/dev/zero" is not a regular file; only such files are cut
exit code 1
$ split-file a.bin a.bin; split-file $'a\33[2Jb'; split-file /proc/self/status --into .
error: one file is cut at a time; --join puts parts together
error: cannot read "a\u{1b}[2Jb": No such file or directory (os error 2)
error: "/proc/self/status" changed while it was being cut, and no part was kept; \
cut it when no program writes to it
exit code 1
$ for parts in 0 10000 two '2 --join'; do \
    split-file a.bin --parts $parts 2> /dev/null; echo -n $?; done
2222
$ split-file 2> /dev/null
exit code 2
$ ls | xargs
a.bin from to
"#

    #[test]
    fn nothing_is_replaced_without_force() r#"
$ printf 1234 > a.bin; printf mine > a.bin.part-2-of-2; split-file a.bin
error: "./a.bin.part-2-of-2" exists already, and nothing was written; --force replaces it
exit code 1
$ ls | xargs; cat a.bin.part-2-of-2
a.bin a.bin.part-2-of-2 from to
mine
$ split-file a.bin --force; cat a.bin.part-2-of-2
./a.bin.part-1-of-2
./a.bin.part-2-of-2
34
$ split-file --join a.bin
error: "./a.bin" exists already, and nothing was written; --force replaces it
exit code 1
"#

    #[test]
    fn parts_that_do_not_make_a_whole_are_refused() r#"
$ printf 123456789 > a; for parts in 2 3; do split-file a --parts $parts --into to > made; done
$ split-file --join to/a; split-file --join to/b
error: parts of "a" are there from several cuts (into [2, 3]); \
name one of the parts that you want
error: no parts of "b" are in "to"; name one of them (NAME.part-1-of-2)
exit code 1
$ split-file --join to/a.part-1-of-3 to/a.part-1-of-2
error: "to/a.part-1-of-2" is no part of what "to/a.part-1-of-3" is a part of; \
name parts of one file
exit code 1
$ printf 45 > to/a.part-2-of-3; split-file --join to/a.part-1-of-3
error: "to/a.part-2-of-3" has 2 bytes and would have 3 if all parts were whole and of one file; \
get it again
exit code 1
$ rm to/a.part-[23]-of-3; split-file --join to/a.part-1-of-3; ls to | xargs
error: "to/a.part-2-of-3" is missing (2 of 3 parts are); put all of them into one folder
a.part-1-of-2 a.part-1-of-3 a.part-2-of-2
"#

    #[test]
    fn ctrl_c_leaves_no_part_and_is_reported() r"
$ truncate -s 8G a.bin; middle INT to split-file a.bin --into to
error: interrupted; what was not finished is removed
exit code 130
$ ls -A to
"

    #[test]
    fn a_file_may_be_larger_than_the_memory() r"
$ ulimit -d 32768; truncate -s 96M a.bin; split-file a.bin --verify --into to
to/a.bin.part-1-of-2
to/a.bin.part-2-of-2
verified: sha256 425382d5857f04fc49585cabbdef6fc647472ee26f52c54caaaeaad17320b3f8
$ ulimit -d 32768; split-file --join to/a.bin --verify --into back; cmp a.bin back/a.bin
back/a.bin
verified: sha256 425382d5857f04fc49585cabbdef6fc647472ee26f52c54caaaeaad17320b3f8
"

    #[test]
    fn a_full_disk_or_a_limit_is_named_and_leaves_no_part() r#"
$ head -c 100000 /dev/zero > a.bin
$ small_disk 'split-file a.bin --into to 2>&1; ls -A to' | sed s/part.*:/…/
error: no space left for "to/a.bin.… No space left on device (os error 28)
$ trap '' XFSZ; ulimit -f 32; split-file a.bin --into to 2>&1 | sed s/part.*:/…/; ls -A to
error: no space left for "to/a.bin.… File too large (os error 27)
"#

    #[test]
    fn closed_outputs_do_not_stop_the_work() r"
$ echo 1234 > a.bin; split-file a.bin --verify >&- 2>&-; ls | xargs
a.bin a.bin.part-1-of-2 a.bin.part-2-of-2 from to
"
}
