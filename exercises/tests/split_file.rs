//! `split-file` as a user runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so and stops"
)]

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use common::{Run, names_in, run, small_disk};
use exercises::interrupt::Interrupted;
use exercises::new_files::Existing;
use exercises::split_file::cut::{CutError, Order, cut};
use exercises::split_file::plan::PartCount;

fn split_file() -> Command {
    Command::new(env!("CARGO_BIN_EXE_split-file"))
}

/// Bytes in which no two places look alike, so that parts in a wrong order show.
fn bytes(length: usize) -> Vec<u8> {
    (0..)
        .flat_map(|number: u32| number.to_be_bytes())
        .take(length)
        .collect()
}

struct Folder {
    folder: tempfile::TempDir,
    file: PathBuf,
}

/// A folder with one file, `a.bin`.
fn with_file(content: &[u8]) -> Folder {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.bin");
    fs::write(&file, content).unwrap();
    Folder { folder, file }
}

impl Folder {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn cut(&self, more: &[&str]) -> Run {
        run(split_file().arg(&self.file).args(more))
    }
}

#[test]
fn a_file_is_cut_into_equal_parts_and_comes_back() {
    for (length, parts, sizes) in [
        (10, 2, vec![5, 5]),
        (11, 2, vec![6, 5]),
        (11, 4, vec![3, 3, 3, 2]),
        (0, 2, vec![0, 0]),
        (1, 3, vec![1, 0, 0]),
        (5_000_001, 1, vec![5_000_001]),
        (20_000_003, 3, vec![6_666_668, 6_666_668, 6_666_667]),
    ] {
        let content = bytes(length);
        let folder = with_file(&content);
        let cut = folder.cut(&["--parts", &parts.to_string()]).success();
        let made: Vec<_> = cut.stdout.lines().map(PathBuf::from).collect();
        let made_sizes: Vec<_> = made
            .iter()
            .map(|part| fs::metadata(part).unwrap().len())
            .collect();
        assert_eq!(made_sizes, sizes, "{length} bytes in {parts} parts");
        assert!(made.is_sorted(), "{made:?}");
        let together: Vec<_> = made
            .iter()
            .flat_map(|part| fs::read(part).unwrap())
            .collect();
        assert!(
            together == content,
            "the parts of {length} bytes do not hold what the file holds"
        );
        assert_eq!(
            fs::read(&folder.file).unwrap(),
            content,
            "the file is as it was"
        );

        let into = folder.path().join("back");
        let joined = run(split_file()
            .arg("--join")
            .arg(&made[0])
            .arg("--into")
            .arg(&into))
        .success();
        assert_eq!(Path::new(joined.stdout.trim_end()), into.join("a.bin"));
        assert!(
            fs::read(into.join("a.bin")).unwrap() == content,
            "{length} bytes did not come back"
        );
    }
}

#[test]
fn without_options_there_are_two_parts_beside_the_file() {
    let folder = with_file(b"12345");
    folder.cut(&[]).success();
    assert_eq!(
        names_in(folder.path()),
        ["a.bin", "a.bin.part-1-of-2", "a.bin.part-2-of-2"]
    );
}

#[test]
fn what_is_to_be_joined_can_be_named_as_a_part_as_all_parts_or_as_the_whole() {
    let folder = with_file(b"12345");
    let parts = folder.path().join("parts");
    let made = folder
        .cut(&["--parts", "3", "--into", parts.to_str().unwrap()])
        .success();
    let made: Vec<_> = made.stdout.lines().map(PathBuf::from).collect();
    for (named, into) in [
        (vec![made[2].clone()], "from one"),
        (made.clone(), "from all"),
        (vec![parts.join("a.bin")], "from the name"),
    ] {
        let into = folder.path().join(into);
        run(split_file()
            .arg("--join")
            .args(named)
            .arg("--into")
            .arg(&into))
        .success();
        assert_eq!(fs::read(into.join("a.bin")).unwrap(), b"12345");
    }
    // And where they are, as that is the default.
    run(split_file().arg("--join").arg(&made[0])).success();
    assert_eq!(fs::read(parts.join("a.bin")).unwrap(), b"12345");
}

#[test]
fn verify_tells_the_checksum_before_and_after() {
    let folder = with_file(b"abc");
    let abc = "verified: sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";
    assert_eq!(folder.cut(&["--verify"]).success().stderr, abc);
    let part = folder.path().join("a.bin.part-2-of-2");
    let joined = run(split_file()
        .args(["--join", "--verify", "--force"])
        .arg(part))
    .success();
    assert_eq!(joined.stderr, abc);
}

#[test]
fn nothing_is_replaced_without_force() {
    let folder = with_file(b"1234");
    let second = folder.path().join("a.bin.part-2-of-2");
    fs::write(&second, "mine").unwrap();
    let refused = folder.cut(&[]).failure(1);
    assert!(
        refused
            .stderr
            .contains("a.bin.part-2-of-2\" exists already"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(names_in(folder.path()), ["a.bin", "a.bin.part-2-of-2"]);
    assert_eq!(fs::read(&second).unwrap(), b"mine");

    folder.cut(&["--force"]).success();
    assert_eq!(fs::read(&second).unwrap(), b"34");
    let refused = run(split_file().arg("--join").arg(&second)).failure(1);
    assert!(
        refused.stderr.contains("a.bin\" exists already"),
        "{}",
        refused.stderr
    );
    assert_eq!(fs::read(&folder.file).unwrap(), b"1234");
}

#[test]
fn parts_that_do_not_make_a_whole_are_refused() {
    let folder = with_file(b"123456789");
    folder.cut(&["--parts", "3"]).success();
    fs::remove_file(&folder.file).unwrap();
    let part = |number| folder.path().join(format!("a.bin.part-{number}-of-3"));
    let refused = |say: &str| {
        let refused = run(split_file().arg("--join").arg(part(1))).failure(1);
        assert!(refused.stderr.contains(say), "{}", refused.stderr);
        assert!(!folder.file.exists());
    };
    fs::write(part(2), "45").unwrap();
    refused("a.bin.part-2-of-3\" has 2 bytes and would have 3");
    fs::rename(part(2), folder.path().join("elsewhere")).unwrap();
    refused("a.bin.part-2-of-3\" is missing (1 of 3 parts are)");
    fs::rename(part(3), folder.path().join("elsewhere")).unwrap();
    refused("(2 of 3 parts are)");

    let none = run(split_file().arg("--join").arg(folder.path().join("b.bin"))).failure(1);
    assert!(
        none.stderr.contains("no parts of \"b.bin\""),
        "{}",
        none.stderr
    );
}

#[test]
fn parts_of_several_cuts_are_not_mixed() {
    let folder = with_file(b"123456789");
    folder.cut(&["--parts", "3"]).success();
    folder.cut(&["--parts", "2"]).success();
    let refused = run(split_file().args(["--join", "--force"]).arg(&folder.file)).failure(1);
    assert!(
        refused.stderr.contains("several cuts (into [2, 3])"),
        "{}",
        refused.stderr
    );
    let part = |name: &str| folder.path().join(name);
    let mixed = [part("a.bin.part-1-of-2"), part("a.bin.part-1-of-3")];
    let refused = run(split_file().args(["--join", "--force"]).args(mixed)).failure(1);
    assert!(
        refused.stderr.contains("is no part of what"),
        "{}",
        refused.stderr
    );
}

#[test]
fn what_cannot_be_cut_is_refused_with_a_reason() {
    let folder = with_file(b"1");
    for (file, reason) in [
        (folder.path().join("nothing"), "No such file"),
        (folder.path().to_owned(), "is not a regular file"),
        (PathBuf::from("/dev/zero"), "is not a regular file"),
    ] {
        // Nothing is made for it, the folder neither.
        let refused = run(split_file()
            .arg(&file)
            .arg("--into")
            .arg(folder.path().join("parts")))
        .failure(1);
        assert!(
            refused.stderr.contains(reason),
            "{}: {}",
            file.display(),
            refused.stderr
        );
    }
    for parts in ["0", "10000", "two"] {
        assert!(
            folder
                .cut(&["--parts", parts])
                .failure(2)
                .stderr
                .contains("--parts"),
            "{parts}"
        );
    }
    folder.cut(&["--join", "--parts", "2"]).failure(2);
    run(split_file().args([&folder.file, &folder.file])).failure(1);
    run(&mut split_file()).failure(2);
    assert_eq!(names_in(folder.path()), ["a.bin"]);
}

/// The order for two parts of a file, as the command line would make it.
fn order(folder: &Folder) -> Order {
    Order {
        file: folder.file.clone(),
        parts: PartCount::new(2).unwrap(),
        into: folder.path().to_owned(),
        existing: Existing::Keep,
        verify: true,
    }
}

/// Does something to the file while it is cut: after the first step of the checksum before.
fn cut_while(folder: &Folder, change: impl Fn() + Sync) -> CutError {
    let done = std::sync::Once::new();
    let step = |_| {
        done.call_once(&change);
        Ok(())
    };
    let error = cut(&order(folder), step).unwrap_err();
    assert_eq!(names_in(folder.path()), ["a.bin"], "{error}");
    error
}

#[test]
fn a_file_that_changes_meanwhile_is_noticed() {
    let content = bytes(9_000_000);
    let open = |folder: &Folder| File::options().append(true).open(&folder.file).unwrap();
    let folder = with_file(&content);
    let grown = cut_while(&folder, || open(&folder).write_all(b"more").unwrap());
    assert!(matches!(grown, CutError::Changed(_)), "{grown}");

    let folder = with_file(&content);
    let shrunk = cut_while(&folder, || open(&folder).set_len(5_000_000).unwrap());
    assert!(matches!(shrunk, CutError::Changed(_)), "{shrunk}");

    let folder = with_file(&content);
    let replaced = cut_while(&folder, || {
        let other = folder.path().join("b.bin");
        fs::write(&other, &content).unwrap();
        fs::rename(other, &folder.file).unwrap();
    });
    assert!(matches!(replaced, CutError::Changed(_)), "{replaced}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_hides_its_size_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(split_file()
        .arg("/proc/self/status")
        .arg("--into")
        .arg(folder.path()))
    .failure(1);
    assert!(
        refused.stderr.contains("changed while it was being cut"),
        "{}",
        refused.stderr
    );
    assert_eq!(names_in(folder.path()), Vec::<String>::new());
}

#[test]
fn an_interrupt_leaves_no_part() {
    let folder = with_file(&bytes(9_000_000));
    let total = 3 * 9_000_000;
    for stop_after in [1, total / 3 + 1, 2 * total / 3 + 1] {
        let done = AtomicU64::new(0);
        let step = |bytes| {
            let so_far = done.fetch_add(bytes, Ordering::SeqCst) + bytes;
            if so_far < stop_after {
                Ok(())
            } else {
                Err(Interrupted)
            }
        };
        let error = cut(&order(&folder), step).unwrap_err();
        assert!(error.to_string().starts_with("interrupted"), "{error}");
        assert_eq!(
            names_in(folder.path()),
            ["a.bin"],
            "stopped after {stop_after} bytes"
        );
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_part_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.bin");
    common::make_sparse(&file, common::LARGE);
    let into = folder.path().join("parts");
    let mut command = split_file();
    command
        .arg(&file)
        .arg("--verify")
        .arg("--into")
        .arg(&into)
        .stderr(Stdio::piped());
    let running = command.spawn().unwrap();
    // It makes the folder when the signals are watched already.
    common::wait_until("the folder for the parts", || into.exists());
    Command::new("kill")
        .args(["-INT", &running.id().to_string()])
        .status()
        .unwrap();
    let ended = Run::of(running.wait_with_output().unwrap()).failure(130);
    assert!(ended.stderr.contains("interrupted"), "{}", ended.stderr);
    assert_eq!(names_in(&into), Vec::<String>::new());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_larger_than_the_memory_it_may_use_is_cut_and_joined() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.bin");
    common::make_sparse(&file, 96 << 20);
    let script = format!(
        "ulimit -d 32768; '{0}' a.bin --verify --into parts && '{0}' --join parts/a.bin --verify --into back",
        env!("CARGO_BIN_EXE_split-file")
    );
    let both = run(Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.path()))
    .success();
    let sums: Vec<_> = both.stderr.lines().collect();
    assert_eq!(sums.len(), 2, "{}", both.stderr);
    assert_eq!(sums[0], sums[1]);
    assert_eq!(
        fs::metadata(folder.path().join("back/a.bin"))
            .unwrap()
            .len(),
        96 << 20
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_leaves_no_part() {
    let folder = with_file(&bytes(100_000));
    let script = format!(
        "'{}' '{}' --into DISK; code=$?; ls -A DISK; exit $code",
        env!("CARGO_BIN_EXE_split-file"),
        folder.file.display()
    );
    let Some(full) = small_disk(64, &script) else {
        return;
    };
    let full = full.failure(1);
    assert!(full.stderr.contains("no space left for"), "{}", full.stderr);
    assert_eq!(full.stdout, "", "something is left on the disk");
}

#[cfg(unix)]
#[test]
fn a_limit_of_the_size_of_files_is_told_and_leaves_no_part() {
    let folder = with_file(&bytes(100_000));
    // The signal that comes with it is ignored here, as a shell or a service manager may have set
    // it.
    let script = format!(
        "trap '' XFSZ; ulimit -f 32; exec '{}' a.bin",
        env!("CARGO_BIN_EXE_split-file")
    );
    let full = run(Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path()))
    .failure(1);
    assert!(full.stderr.contains("no space left for"), "{}", full.stderr);
    assert_eq!(names_in(folder.path()), ["a.bin"]);
}

#[cfg(unix)]
#[test]
fn names_reach_the_terminal_without_their_control_characters() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(split_file().arg(folder.path().join("a\u{1b}[2Jb"))).failure(1);
    assert!(!refused.stderr.contains('\u{1b}'), "{:?}", refused.stderr);
}

#[cfg(unix)]
#[test]
fn closed_outputs_do_not_stop_the_work() {
    let folder = with_file(b"1234");
    let tool = env!("CARGO_BIN_EXE_split-file");
    let script = format!("'{tool}' a.bin --verify >&- 2>&-");
    run(Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.path()))
    .success();
    assert_eq!(names_in(folder.path()).len(), 3);
}
