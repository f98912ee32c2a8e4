//! `split-file` as a user runs it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{Run, names_in, run};
use exercises::new_file::Existing;
use exercises::split_file::{Error, Options, cut};
use exercises::tool::Interrupted;

const TOOL: &str = env!("CARGO_BIN_EXE_split-file");

/// Makes bytes in which no two places look alike, so that parts in a wrong order show.
fn bytes(length: usize) -> Vec<u8> {
    let numbers = (0..).flat_map(|number: u32| number.to_be_bytes());
    numbers.take(length).collect()
}

/// A folder with one file, `a.bin`.
struct Folder(tempfile::TempDir);

fn with_file(content: &[u8]) -> Folder {
    let folder = Folder(tempfile::tempdir().unwrap());
    fs::write(folder.path("a.bin"), content).unwrap();
    folder
}

impl Folder {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        names_in(self.0.path())
    }

    /// Runs the tool in the folder, with arguments between spaces.
    fn run(&self, line: &str) -> Run {
        let arguments = line.split_whitespace();
        run(Command::new(TOOL).args(arguments).current_dir(&self.0))
    }

    #[track_caller]
    fn refused(&self, line: &str, reason: &str) {
        let refused = self.run(line).failure(1);
        assert!(refused.stderr.contains(reason), "{}", refused.stderr);
    }

    /// Cuts the file in two with a step that can do something meanwhile.
    fn cut(&self, step: impl Fn(u64) -> Result<(), Interrupted> + Sync) -> Error {
        let options = Options {
            into: self.0.path().to_owned(),
            existing: Existing::Keep,
            verify: true,
        };
        let error = cut(&self.path("a.bin"), 2, &options, step).unwrap_err();
        assert_eq!(self.names(), ["a.bin"], "{error}");
        error
    }
}

#[test]
fn a_file_is_cut_into_equal_parts_and_comes_back() {
    for (length, parts, sizes) in [
        (10, 2, vec![5, 5]),
        (11, 4, vec![3, 3, 3, 2]),
        (0, 2, vec![0, 0]),
        (1, 3, vec![1, 0, 0]),
        (70, 70, vec![1; 70]),
        (5_000_001, 1, vec![5_000_001]),
        (20_000_003, 3, vec![6_666_668, 6_666_668, 6_666_667]),
    ] {
        let content = bytes(length);
        let folder = with_file(&content);
        let made = folder.run(&format!("a.bin --parts {parts}")).success();
        let made: Vec<_> = made.stdout.lines().collect();
        assert!(made.is_sorted(), "{made:?}");
        let read = |name: &str| fs::read(folder.path(name)).unwrap();
        let contents: Vec<_> = made.iter().map(|name| read(name)).collect();
        let found: Vec<_> = contents.iter().map(Vec::len).collect();
        assert_eq!(found, sizes, "{length} bytes in {parts} parts");
        assert!(contents.concat() == content && read("a.bin") == content);

        // One part, all of them, or the name.
        for named in [made[0], &made.join(" "), "a.bin"] {
            let join = format!("--join {named} --into back --force");
            let path = folder.run(&join).success().stdout;
            assert_eq!(Path::new(path.trim_end()), Path::new("back/a.bin"));
            assert!(read("back/a.bin") == content, "{length} bytes, {named}");
        }
    }
}

#[test]
fn verify_tells_the_sha_256_in_both_directions() {
    let folder = with_file(b"abc");
    // The first example of FIPS 180-4.
    let abc = "verified: sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";
    assert_eq!(folder.run("a.bin --verify").success().stderr, abc);
    let joined = folder.run("--join a.bin --verify --force").success();
    assert_eq!(joined.stderr, abc);
}

#[test]
fn nothing_is_replaced_without_force() {
    let folder = with_file(b"1234");
    let second = folder.path("a.bin.part-2-of-2");
    fs::write(&second, "mine").unwrap();
    folder.refused("a.bin", "a.bin.part-2-of-2\" exists already, and nothing");
    assert_eq!(folder.names(), ["a.bin", "a.bin.part-2-of-2"]);
    assert_eq!(fs::read(&second).unwrap(), b"mine");

    folder.run("a.bin --force").success();
    assert_eq!(fs::read(&second).unwrap(), b"34");
    folder.refused("--join a.bin", "a.bin\" exists already");
}

#[test]
fn parts_that_do_not_make_a_whole_are_refused() {
    let folder = with_file(b"123456789");
    folder.run("a.bin --parts 3").success();
    folder.run("a.bin --parts 2").success();
    folder.refused("--join --force a.bin", "several cuts (into [2, 3])");
    folder.refused("--join b.bin", "no parts of \"b.bin\"");
    let join = "--join --force a.bin.part-1-of-3";
    folder.refused(&format!("{join} a.bin.part-1-of-2"), "is no part of what");

    let second = folder.path("a.bin.part-2-of-3");
    fs::write(&second, "45").unwrap();
    folder.refused(join, "a.bin.part-2-of-3\" has 2 bytes and would have 3");
    fs::remove_file(second).unwrap();
    folder.refused(join, "a.bin.part-2-of-3\" is missing (1 of 3 parts are)");
    fs::remove_file(folder.path("a.bin.part-3-of-3")).unwrap();
    folder.refused(join, "(2 of 3 parts are)");
    assert_eq!(fs::read(folder.path("a.bin")).unwrap(), b"123456789");
}

#[test]
fn an_impossible_cut_is_refused_with_a_reason() {
    let folder = with_file(b"1");
    folder.refused("nothing --into parts", "No such file");
    folder.refused(". --into parts", "is not a regular file");
    folder.refused("/dev/zero --into parts", "is not a regular file");
    for parts in ["0", "10000", "two"] {
        let refused = folder.run(&format!("a.bin --parts {parts}")).failure(2);
        assert!(refused.stderr.contains("--parts"), "{}", refused.stderr);
    }
    folder.run("a.bin --join --parts 2").failure(2);
    folder.run("").failure(2);
    folder.refused("a.bin a.bin", "one file is cut at a time");
    folder.refused("a\u{1b}[2Jb", "cannot read \"a\\u{1b}[2Jb\"");
    if cfg!(target_os = "linux") {
        // It calls itself empty.
        folder.refused("/proc/self/status --into .", "changed while");
    }
    assert_eq!(folder.names(), ["a.bin"]);
}

#[test]
fn a_file_that_changes_meanwhile_is_refused() {
    let content = bytes(9_000_000);
    for change in ["grow", "shrink", "replace"] {
        let folder = with_file(&content);
        let file = File::options()
            .append(true)
            .open(folder.path("a.bin"))
            .unwrap();
        let once = Once::new();
        let error = folder.cut(|_| {
            once.call_once(|| match change {
                "grow" => (&file).write_all(b"more").unwrap(),
                "shrink" => file.set_len(5_000_000).unwrap(),
                _ => {
                    fs::write(folder.path("b.bin"), &content).unwrap();
                    fs::rename(folder.path("b.bin"), folder.path("a.bin")).unwrap();
                }
            });
            Ok(())
        });
        assert!(matches!(error, Error::Changed(_)), "{change}: {error}");
    }
}

#[test]
fn an_interrupt_leaves_no_part_at_any_stage() {
    let folder = with_file(&bytes(9_000_000));
    for stop_after in [1, 9_000_001, 18_000_001] {
        let done = AtomicU64::new(0);
        let error = folder.cut(|bytes| {
            let so_far = done.fetch_add(bytes, Ordering::SeqCst) + bytes;
            let is_late = so_far >= stop_after;
            if is_late { Err(Interrupted) } else { Ok(()) }
        });
        assert!(error.to_string().starts_with("interrupted"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_part_and_is_reported() {
    let folder = with_file(b"");
    common::make_sparse(&folder.path("a.bin"), common::LARGE);
    let mut command = Command::new(TOOL);
    command.args(["a.bin", "--verify", "--into", "parts"]);
    command.current_dir(&folder.0).stderr(Stdio::piped());
    let running = command.spawn().unwrap();
    // It makes the folder when the signals are watched already.
    let into = folder.path("parts");
    common::wait_until("the folder for the parts", || into.exists());
    run(Command::new("kill").args(["-INT", &running.id().to_string()])).success();
    let ended = Run::of(running.wait_with_output().unwrap()).failure(130);
    assert!(ended.stderr.contains("interrupted"), "{}", ended.stderr);
    assert!(names_in(&into).is_empty());
}

/// Runs a script in the folder, in which `TOOL` stands for the tool.
#[cfg(unix)]
fn script(folder: &Folder, script: &str) -> Run {
    let script = script.replace("TOOL", &format!("'{TOOL}'"));
    let mut shell = Command::new("bash");
    run(shell.args(["-c", &script]).current_dir(&folder.0))
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_may_be_larger_than_the_memory() {
    let folder = with_file(b"");
    common::make_sparse(&folder.path("a.bin"), 96 << 20);
    let both = "ulimit -d 32768; TOOL a.bin --verify --into parts \
                && TOOL --join parts/a.bin --verify --into back";
    let both = script(&folder, both).success();
    let sums: Vec<_> = both.stderr.lines().collect();
    assert!(sums.len() == 2 && sums[0] == sums[1], "{sums:?}");
    let back = fs::metadata(folder.path("back/a.bin")).unwrap();
    assert_eq!(back.len(), 96 << 20);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_leaves_no_part() {
    let folder = with_file(&bytes(100_000));
    let file = folder.path("a.bin");
    common::refuses_a_full_disk(&format!("'{TOOL}' '{}' --into DISK", file.display()));
}

#[cfg(unix)]
#[test]
fn a_limit_on_file_sizes_is_told_and_leaves_no_part() {
    let folder = with_file(&bytes(100_000));
    // A shell or a service manager may ignore the signal that comes with it.
    let limited = "trap '' XFSZ; ulimit -f 32; exec TOOL a.bin";
    let full = script(&folder, limited).failure(1);
    assert!(full.stderr.contains("no space left for"), "{}", full.stderr);
    assert_eq!(folder.names(), ["a.bin"]);
}

#[cfg(unix)]
#[test]
fn closed_outputs_do_not_stop_the_work() {
    let folder = with_file(b"1234");
    script(&folder, "TOOL a.bin --verify >&- 2>&-").success();
    let parts = ["a.bin", "a.bin.part-1-of-2", "a.bin.part-2-of-2"];
    assert_eq!(folder.names(), parts);
}
