//! `split-talk` as a user runs it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Run, names_in, run};
use encoding_rs::{BIG5, GB18030, UTF_8};
use exercises::split_talk::{MAX_SPEAKERS, decode, file_names};

const TOOL: &str = env!("CARGO_BIN_EXE_split-talk");

const TALK: &str = "老王：   吃了么\n\n小李 : 吃了，\n  刚吃的。\n\n老王:吃的什么？\n";
const MADE: &str = "小李.txt: 吃了，|刚吃的。| 老王.txt: 吃了么|吃的什么？|";

/// A folder with a transcript, `talk.txt`.
struct Folder(tempfile::TempDir);

fn with_talk(bytes: impl AsRef<[u8]>) -> Folder {
    let folder = Folder(tempfile::tempdir().unwrap());
    fs::write(folder.path("talk.txt"), bytes).unwrap();
    folder
}

impl Folder {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Cuts the transcript into the folder `into`, with more arguments between spaces.
    fn split(&self, more: &str) -> Run {
        let mut command = Command::new(TOOL);
        command.args(["talk.txt", "--into", "into"]);
        run(command.args(more.split_whitespace()).current_dir(&self.0))
    }

    #[track_caller]
    fn refused(&self, more: &str, reason: &str) {
        let refused = self.split(more).failure(1);
        assert!(refused.stderr.contains(reason), "{}", refused.stderr);
    }

    /// Returns the names of the files in `into`, with what is in them (`|` ends a line).
    fn made(&self) -> String {
        let into = self.path("into");
        let content = |name: &String| fs::read_to_string(into.join(name)).unwrap();
        let files = names_in(&into).into_iter();
        let files = files.map(|name| format!("{name}: {}", content(&name).replace('\n', "|")));
        files.collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn each_speaker_gets_a_file_with_their_words() {
    let folder = with_talk(TALK);
    let split = folder.split("").success();
    let made = split.stdout.lines().map(Path::new).collect::<Vec<_>>();
    assert_eq!(made, ["into/老王.txt", "into/小李.txt"].map(Path::new));
    assert_eq!(split.stderr, "");
    assert_eq!(folder.made(), MADE);
}

#[test]
fn a_line_with_a_time_stamp_is_its_speakers() {
    let talk = "12:30 小明：好\n[12:31] 小李：吃\n2024-05-01 10:00:00 小张：走\n小明：行\n";
    let folder = with_talk(talk);
    folder.split("").success();
    let made = "小张.txt: 走| 小明.txt: 好|行| 小李.txt: 吃|";
    assert_eq!(folder.made(), made);
}

#[test]
fn a_dash_reads_standard_input_into_the_current_folder() {
    let folder = with_talk("a: b");
    let talk = File::open(folder.path("talk.txt")).unwrap();
    let mut command = Command::new(TOOL);
    command.arg("-").current_dir(&folder.0).stdin(talk);
    let made = Run::of(command.output().unwrap()).success();
    assert_eq!(Path::new(made.stdout.trim_end()), Path::new("./a.txt"));
}

#[test]
fn without_a_folder_the_files_are_beside_the_transcript() {
    let folder = with_talk("a: b");
    run(Command::new(TOOL).arg(folder.path("talk.txt"))).success();
    assert_eq!(names_in(folder.0.path()), ["a.txt", "talk.txt"]);
}

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
fn another_encoding_than_utf_8_is_reported() {
    let folder = with_talk(GB18030.encode(TALK).0);
    assert_eq!(folder.split("").success().stderr, "note: read as gb18030\n");
    let folder = with_talk(BIG5.encode("老王: 吃").0);
    assert_eq!(folder.split("--encoding big5").success().stderr, "");
    assert_eq!(folder.made(), "老王.txt: 吃|");
    folder.split("--encoding latin-99").failure(2);
    with_talk(b"a: \xff\xff\n").refused("", "cannot read \"talk.txt\": neither UTF-8");
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

#[test]
fn hostile_names_stay_in_the_folder_and_are_told() {
    let long = "长".repeat(200);
    let talk = format!("../up: 1\nA: 5\na: 6\n{long}甲: 7\n{long}乙: 8\n\u{1b}: 9");
    let folder = with_talk(talk);
    let notes = folder.split("").success().stderr;
    assert_eq!(names_in(folder.0.path()), ["into", "talk.txt"]);
    assert_eq!(names_in(&folder.path("into")).len(), 6);
    assert_eq!(notes.lines().count(), 5, "{notes}");
    assert!(notes.contains("what \"a\" said is in \"a (2).txt\": some"));
    assert!(!notes.contains('\u{1b}'), "{notes:?}");
}

#[test]
fn known_speakers_are_the_only_ones_and_other_lines_are_counted() {
    let folder = with_talk("题\n话\n老王：一\n注意：二\n");
    let split = folder.split("--speaker 老王 --speaker 小李").success();
    let notes = "note: \"小李\" does not speak in it\n\
                 note: 2 lines before anybody speaks are in no file (the first: \"题\")\n";
    assert_eq!(split.stderr, notes);
    assert_eq!(folder.made(), "老王.txt: 一|注意：二|");
}

#[test]
fn a_text_without_speakers_or_with_too_many_makes_no_file() {
    with_talk("\n\n").refused("", "no line looks like");
    with_talk("nobody speaks\n").refused("", "no line looks like");
    let lines = (0..=MAX_SPEAKERS).map(|number| format!("s{number}: hello\n"));
    let folder = with_talk(lines.collect::<String>());
    folder.refused("", "more than 10000 speakers");
    assert_eq!(names_in(folder.0.path()), ["talk.txt"]);
    fs::remove_file(folder.path("talk.txt")).unwrap();
    folder.refused("", "cannot read \"talk.txt\": No such file");
    run(&mut Command::new(TOOL)).failure(2);
}

#[test]
fn nothing_is_replaced_without_force() {
    let folder = with_talk(TALK);
    fs::create_dir(folder.path("into")).unwrap();
    fs::write(folder.path("into/小李.txt"), "mine").unwrap();
    folder.refused("", "小李.txt\" exists already");
    assert_eq!(folder.made(), "小李.txt: mine");
    folder.split("--force").success();
    assert_eq!(folder.made(), MADE);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_folder_is_not_written_through() {
    let folder = with_talk("a: b");
    fs::create_dir(folder.path("into")).unwrap();
    std::os::unix::fs::symlink("../talk.txt", folder.path("into/a.txt")).unwrap();
    folder.refused("--force", "is not a regular file");
    assert_eq!(fs::read(folder.path("talk.txt")).unwrap(), b"a: b");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_leaves_no_file() {
    let folder = with_talk(format!("a: b\nc: {}\n", "d".repeat(100_000)));
    let talk = folder.path("talk.txt");
    common::refuses_a_full_disk(&format!("'{TOOL}' '{}' --into DISK", talk.display()));
}
