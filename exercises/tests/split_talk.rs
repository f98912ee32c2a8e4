//! `split-talk` as a user runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so and stops"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Run, names_in, run, small_disk};
use encoding_rs::GB18030;

const TALK: &str = "老王：   吃了么\n\n小李 : 吃了，\n  刚吃的。\n\n老王:吃的什么？\n";

struct Folder(tempfile::TempDir);

/// A folder with a transcript, `talk.txt`.
fn with_talk(bytes: impl AsRef<[u8]>) -> Folder {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("talk.txt"), bytes).unwrap();
    Folder(folder)
}

impl Folder {
    fn made(&self) -> PathBuf {
        self.0.path().join("into")
    }

    fn split(&self, more: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_split-talk"));
        command
            .arg(self.0.path().join("talk.txt"))
            .arg("--into")
            .arg(self.made());
        run(command.args(more))
    }

    #[track_caller]
    fn has(&self, name: &str, content: &str) {
        assert_eq!(
            fs::read_to_string(self.made().join(name)).unwrap(),
            content,
            "{name}"
        );
    }
}

#[test]
fn everybody_gets_a_file_with_what_they_said() {
    let folder = with_talk(TALK);
    let split = folder.split(&[]).success();
    assert_eq!(
        split.stdout.lines().map(Path::new).collect::<Vec<_>>(),
        [
            folder.made().join("老王.txt"),
            folder.made().join("小李.txt")
        ]
    );
    assert_eq!(split.stderr, "");
    folder.has("老王.txt", "吃了么\n吃的什么？\n");
    folder.has("小李.txt", "吃了，\n刚吃的。\n");
    assert_eq!(names_in(&folder.made()).len(), 2);
}

#[test]
fn without_a_folder_the_files_are_beside_the_transcript() {
    let folder = with_talk("a: b");
    run(Command::new(env!("CARGO_BIN_EXE_split-talk"))
        .arg("talk.txt")
        .current_dir(folder.0.path()))
    .success();
    assert_eq!(names_in(folder.0.path()), ["a.txt", "talk.txt"]);
}

#[test]
fn the_encoding_is_found_out_and_told_if_it_is_not_utf_8() {
    let marked = [b"\xef\xbb\xbf", TALK.as_bytes()].concat();
    let (gb, _, _) = GB18030.encode(TALK);
    for (bytes, note) in [(marked.as_slice(), ""), (&gb, "note: read as gb18030\n")] {
        let folder = with_talk(bytes);
        assert_eq!(folder.split(&[]).success().stderr, note);
        folder.has("老王.txt", "吃了么\n吃的什么？\n");
    }
    let folder = with_talk(b"\xa6\xd1\xa4\xfd: \xa6Y");
    folder.split(&["--encoding", "big5"]).success();
    folder.has("老王.txt", "吃\n");
    folder.split(&["--encoding", "latin-99"]).failure(2);
}

#[test]
fn damaged_text_is_refused_with_its_place() {
    let folder = with_talk(b"\xe8\x80\x81\xe7\x8e\x8b: \xe5\x90\x83\na: \xff\n");
    let refused = folder.split(&[]).failure(1);
    assert!(
        refused.stderr.contains("line 2 is damaged: byte 15"),
        "{}",
        refused.stderr
    );
    let refused = with_talk(b"a: \xff\xff\n").split(&[]).failure(1);
    assert!(refused.stderr.contains("--encoding"), "{}", refused.stderr);
}

#[test]
fn hostile_names_stay_in_the_folder_and_are_told() {
    let long = "长".repeat(200);
    let folder = with_talk(format!(
        "../../up: 1\n..: 2\n/root/x: 3\nCON: 4\nAnna: 5\nanna: 6\n{long}: 7\na\u{1b}[2Jb: 8\n"
    ));
    let split = folder.split(&[]).success();
    assert_eq!(names_in(folder.0.path()), ["into", "talk.txt"]);
    let names = names_in(&folder.made());
    assert_eq!(names.len(), 8, "{names:?}");
    folder.has("_._up.txt", "1\n");
    folder.has("_.txt", "2\n");
    folder.has("_root_x.txt", "3\n");
    folder.has("CON_.txt", "4\n");
    folder.has("Anna.txt", "5\n");
    folder.has("anna (2).txt", "6\n");
    folder.has("a_[2Jb.txt", "8\n");
    assert_eq!(split.stderr.lines().count(), 7, "{}", split.stderr);
    assert!(
        split
            .stderr
            .contains("what \"anna\" said is in \"anna (2).txt\""),
        "{}",
        split.stderr
    );
    assert!(!split.stderr.contains('\u{1b}'), "{:?}", split.stderr);
}

#[test]
fn lines_that_nobody_said_are_counted() {
    let split = with_talk("A heading\nof two lines\na: b\n")
        .split(&[])
        .success();
    assert!(
        split
            .stderr
            .contains("2 lines before anybody speaks are in no file (the first: \"A heading\")"),
        "{}",
        split.stderr
    );
}

#[test]
fn speakers_can_be_named() {
    let folder = with_talk("老王：一\n注意：二\n");
    let split = folder
        .split(&["--speaker", "老王", "--speaker", "小李"])
        .success();
    assert_eq!(split.stderr, "note: \"小李\" does not speak in it\n");
    folder.has("老王.txt", "一\n注意：二\n");
}

#[test]
fn what_is_no_transcript_makes_no_file() {
    for text in ["", "\n\n", "nobody speaks\n"] {
        let folder = with_talk(text);
        let refused = folder.split(&[]).failure(1);
        assert!(
            refused.stderr.contains("no line looks like"),
            "{}",
            refused.stderr
        );
        assert!(!folder.made().exists());
    }
    let missing =
        run(Command::new(env!("CARGO_BIN_EXE_split-talk")).arg("/nowhere/talk.txt")).failure(1);
    assert!(
        missing
            .stderr
            .contains("cannot read \"/nowhere/talk.txt\": No such file"),
        "{}",
        missing.stderr
    );
    run(&mut Command::new(env!("CARGO_BIN_EXE_split-talk"))).failure(2);
}

#[test]
fn nothing_is_replaced_without_force() {
    let folder = with_talk(TALK);
    fs::create_dir(folder.made()).unwrap();
    fs::write(folder.made().join("小李.txt"), "mine").unwrap();
    let refused = folder.split(&[]).failure(1);
    assert!(
        refused.stderr.contains("小李.txt\" exists already"),
        "{}",
        refused.stderr
    );
    assert_eq!(names_in(&folder.made()), ["小李.txt"]);
    folder.has("小李.txt", "mine");
    folder.split(&["--force"]).success();
    folder.has("小李.txt", "吃了，\n刚吃的。\n");
}

#[cfg(unix)]
#[test]
fn a_link_in_the_folder_is_not_written_through() {
    let folder = with_talk("a: b");
    let outside = folder.0.path().join("outside");
    fs::write(&outside, "mine").unwrap();
    fs::create_dir(folder.made()).unwrap();
    std::os::unix::fs::symlink(&outside, folder.made().join("a.txt")).unwrap();
    let refused = folder.split(&["--force"]).failure(1);
    assert!(
        refused.stderr.contains("is not a regular file"),
        "{}",
        refused.stderr
    );
    assert_eq!(fs::read_to_string(outside).unwrap(), "mine");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_leaves_no_file() {
    let folder = with_talk(format!("a: b\nc: {}\n", "d".repeat(100_000)));
    let talk = folder.0.path().join("talk.txt");
    let script = format!(
        "'{}' '{}' --into DISK; code=$?; ls -A DISK; exit $code",
        env!("CARGO_BIN_EXE_split-talk"),
        talk.display()
    );
    let Some(full) = small_disk(64, &script) else {
        return;
    };
    let full = full.failure(1);
    assert!(full.stderr.contains("no space left for"), "{}", full.stderr);
    assert_eq!(full.stdout, "", "something is left on the disk");
}
