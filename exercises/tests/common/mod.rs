//! The helpers that the tests of all tools share.
#![allow(dead_code, reason = "each test file uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::fs::{self, File, Permissions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A program that ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn success(self) -> Self {
        self.failure(0)
    }

    #[track_caller]
    pub(crate) fn failure(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

/// Runs a program to its end, with nothing to read.
pub(crate) fn run(command: &mut Command) -> Run {
    Run::of(command.stdin(Stdio::null()).output().unwrap())
}

/// Returns the names of everything in a folder, sorted.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    let names = names.into_iter();
    names.map(|name| name.into_string().unwrap()).collect()
}

/// More bytes than are copied before a signal comes.
pub(crate) const LARGE: u64 = 8 << 30;

/// Makes a file that takes no place on the disk.
pub(crate) fn make_sparse(path: &Path, bytes: u64) {
    File::create(path).unwrap().set_len(bytes).unwrap();
}

/// Waits for something, a minute at most.
#[track_caller]
pub(crate) fn wait_until(what: &str, is_there: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !is_there() {
        assert!(Instant::now() < end, "{what} did not come within a minute");
        sleep(Duration::from_millis(5));
    }
}

/// Reports a test that cannot test here, past the capture of its output.
pub(crate) fn left_out(why: &str) {
    let _ = writeln!(io::stderr(), "LEFT OUT: {why}");
}

/// Makes a command for a program as a user whom permissions keep out; `folder` has to outlive it.
#[cfg(unix)]
pub(crate) fn as_ordinary_user(program: &str, folder: &Path) -> Option<Command> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    if fs::metadata(folder).unwrap().uid() != 0 {
        return Some(Command::new(program));
    }
    if let Err(why) = Command::new("true").uid(65534).output() {
        left_out(&format!("no ordinary user to become: {why}"));
        return None;
    }
    // Another user may not reach the folder that it was built in. (A copy by this process could
    // still be open for writing in a child of another test, and then cannot be run.)
    let copy = folder.join("program");
    run(Command::new("cp").arg(program).arg(&copy)).success();
    fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(copy);
    command.uid(65534).gid(65534);
    Some(command)
}

/// Runs a shell script in which `DISK` is a folder on a disk of that size, if one can be mounted.
pub(crate) fn small_disk(kilobytes: u32, script: &str) -> Option<Run> {
    let folder = tempfile::tempdir().unwrap();
    let disk = format!("'{}'", folder.path().display());
    let mount = format!("mount -t tmpfs -o size={kilobytes}k none {disk} || exit 99\n");
    let script = mount + &script.replace("DISK", &disk);
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
    let ran = run(&mut unshare);
    if ran.code == Some(99) || ran.stderr.starts_with("unshare:") {
        left_out(&format!("no disk can be mounted here: {}", ran.stderr));
        return None;
    }
    Some(ran)
}

/// Runs a command that makes files in `DISK`, which has no space for them.
pub(crate) fn refuses_a_full_disk(command: &str) {
    let script = format!("{command}; code=$?; ls -A DISK; exit $code");
    if let Some(full) = small_disk(64, &script) {
        let full = full.failure(1);
        assert!(full.stderr.contains("no space left for"), "{}", full.stderr);
        assert_eq!(full.stdout, "", "something is left on the disk");
    }
}

/// A program that prints `listening on ADDRESS`; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::reporting_to(Stdio::null(), command)
    }

    pub(crate) fn reporting_to(stderr: impl Into<Stdio>, command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let out = child.stdout.as_mut().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let address = line.trim_end().replace("listening on ", "");
        let server = Self { child, address };
        assert!(line.starts_with("listening on "), "it printed {line:?}");
        server
    }

    pub(crate) fn signal(&self, signal: &str) {
        run(Command::new("kill").args(["-s", signal, &self.child.id().to_string()])).success();
    }

    /// Returns its exit code when it ends by itself.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the folder that `exercises/model/fetch --pictures` fills, if it did.
#[cfg(feature = "recognise")]
pub(crate) fn model_files() -> Option<std::path::PathBuf> {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("model/files");
    if files.join("pictures/flower.jpg").exists() {
        return Some(files);
    }
    let why = "no model and no pictures here; exercises/model/fetch --pictures gets them";
    let required = std::env::var_os("RECOGNISE_MODEL").is_some_and(|value| value == "required");
    assert!(!required, "{why}");
    left_out(why);
    None
}
