//! `split-talk` as a user runs it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[macro_use]
mod common;

use encoding_rs::{BIG5, GB18030, UTF_8};
use exercises::split_talk::{decode, file_names};

#[test]
fn encodings_are_recognised_and_damage_is_not_one() {
    for (bytes, said, expected) in [
        ("王".as_bytes(), None, "王 in UTF-8"),
        (b"\xef\xbb\xbf\xe7\x8e\x8b", None, "王 in UTF-8"),
        (b"\xff\xfe\x8b\x73", None, "王 in UTF-16LE"),
        (&GB18030.encode("你𠮷").0, None, "你𠮷 in gb18030"),
        (&BIG5.encode("王").0, Some(BIG5), "王 in Big5"),
        (b"\xc4\xe3", Some(UTF_8), "not UTF-8, as it should be"),
        (b"\xff\xfe\x00\xd8", None, "not UTF-16LE, as it"),
        (b"\xc2\xa7\n\xff\xc2\xa7", None, "2 is damaged: byte 3"),
        (b"\xef\xbb\xbf \xc4\xe3", None, "1 is damaged: byte 4"),
        (b" \nc: \xff\xff", None, "wrong in line 2, byte 5"),
    ] {
        let found = match decode(bytes, said) {
            Ok((text, encoding)) => format!("{text} in {}", encoding.name()),
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expected), "{found}, not {expected}");
    }
}

#[test]
fn unsafe_names_are_changed_and_ordinary_ones_stay() {
    for (name, expected) in [
        ("Old O'Neill.x-1_", "Old O'Neill.x-1_.txt"),
        ("Émile 😀", "Émile 😀.txt"),
        ("..", "_.txt"),
        ("../../etc/passwd", "_._etc_passwd.txt"),
        ("/a\\b", "_a_b.txt"),
        ("CON", "CON_.txt"),
        ("nul.x", "nul_.x.txt"),
        ("a\0b\u{1b}[2J", "a_b_[2J.txt"),
        ("a\u{202e}b\u{200b}", "a_b_.txt"),
        (".hidden", "_.hidden.txt"),
        ("a<b>c\"d|e?f*", "a_b_c_d_e_f_.txt"),
    ] {
        let file = &file_names([name])[0];
        assert_eq!(file.name, expected);
        let is_changed = format!("{name}.txt") != expected;
        assert_eq!(file.change.is_some(), is_changed, "{name:?}");
    }
}

transcripts! {
    #[test]
    fn hostile_names_stay_in_the_folder_and_are_reported() r#"
$ long=$(printf 长%.0s {1..200}); printf '%s: 1\n' ../up A a $long甲 $long乙 $'\33' > talk
$ split-talk talk --into to 2>&1 | grep note | sed 's/\(长\)\+/长…/g'
note: what "../up" said is in "_._up.txt": the name cannot be that of a file everywhere
note: what "a" said is in "a (2).txt": some file systems do not tell it from another speaker's
note: what "长…甲" said is in "长….txt": the name cannot be that of a file everywhere
note: what "长…乙" said is in "长… (2).txt": \
some file systems do not tell it from another speaker's
note: what "\u{1b}" said is in "_.txt": the name cannot be that of a file everywhere
$ ls | xargs; ls to | wc -l
from talk to
6
"#

    #[test]
    fn a_text_without_speakers_or_with_too_many_makes_no_file() r#"
$ echo > blank; echo 'no colon' > silent; printf 's%d: hello\n' {0..10000} > crowd
$ for talk in blank silent crowd nothing; do split-talk $talk; done
error: "blank" is no transcript: no line looks like `name: words`
error: "silent" is no transcript: no line looks like `name: words`
error: "crowd" has more than 10000 speakers; if it is a transcript, \
--speaker NAME says who speaks in it
error: cannot read "nothing": No such file or directory (os error 2)
exit code 1
$ split-talk crowd --encoding latin-99 2>&1 | grep error
error: invalid value 'latin-99' for '--encoding <ENCODING>': not the name of an encoding
$ split-talk 2> /dev/null
exit code 2
$ ls | xargs
blank crowd from silent to
"#

    #[test]
    fn files_are_beside_the_transcript_or_in_the_current_folder() r"
$ printf 'a: b' > from/talk; split-talk from/talk; split-talk - < from/talk; ls from | xargs
from/a.txt
./a.txt
a.txt talk
"

    #[test]
    fn another_encoding_than_utf_8_is_reported() r"
$ printf '\300\317\315\365: \263\324\n' | split-talk -; cat *.txt
note: read as gb18030
./老王.txt
吃
$ printf '\246\321\244\375: \246Y\n' | split-talk - --encoding big5 --force; cat *.txt
./老王.txt
吃
"

    #[test]
    fn known_speakers_are_the_only_ones() r#"
$ printf '题\n话\n老王：一\n注意：二\n' | split-talk - --speaker 老王 --speaker 小李; cat *.txt
./老王.txt
note: "小李" does not speak in it
note: 2 lines before the first speech are in no file (the first: "题")
一
注意：二
"#

    #[test]
    fn nothing_is_replaced_without_force_and_no_link_at_all() r#"
$ printf 'a: 1\nb: 2\n' > talk; printf mine > to/b.txt; split-talk talk --into to; ls to; cat to/*
error: "to/b.txt" exists already, and nothing was written; --force replaces it
b.txt
mine
$ split-talk talk --into to --force; cat to/*
to/a.txt
to/b.txt
1
2
$ rm to/*; ln -s ../talk to/b.txt; split-talk talk --into to --force; ls to; cat talk
error: "to/b.txt" exists and is not a regular file; it is left alone
b.txt
a: 1
b: 2
$ rm to/*; mkdir to/b.txt; split-talk talk --into to --force
error: "to/b.txt" exists and is not a regular file; it is left alone
exit code 1
"#

    #[test]
    fn a_full_disk_is_named_and_leaves_no_file() r#"
$ (printf 'a: b\nc: '; head -c 100000 /dev/zero | tr '\0' d) > talk
$ small_disk 'split-talk talk --into to; ls -A to'
error: no space left for "to/c.txt"; what was written so far is removed: \
No space left on device (os error 28)
"#
}
