//! What the tests of all tools need.
#![allow(dead_code, reason = "each test file uses some of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so and stops"
)]

#[cfg(unix)]
pub(crate) mod two_folders;

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
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
            stdout: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
        }
    }

    /// Did everything.
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        self.failure(0)
    }

    /// Ended with this exit code.
    #[track_caller]
    pub(crate) fn failure(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

/// Runs a program to its end, with nothing to read.
pub(crate) fn run(command: &mut Command) -> Run {
    Run::of(
        command
            .stdin(Stdio::null())
            .output()
            .expect("a program that can be started"),
    )
}

/// The names of everything in a folder, sorted.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Bytes that are not all copied before a signal comes.
pub(crate) const LARGE: u64 = 8 << 30;

/// Makes a file of so many bytes, which takes no place on the disk.
pub(crate) fn make_sparse(path: &Path, bytes: u64) {
    fs::File::create(path).unwrap().set_len(bytes).unwrap();
}

/// Waits for something that comes, or for a minute.
#[track_caller]
pub(crate) fn wait_until(what: &str, is_there: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !is_there() {
        assert!(Instant::now() < end, "{what} did not come within a minute");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A command for a program, as a user whom permissions keep out. It gets `folder` to search, which
/// has to outlive the command. `None`, loudly, where this user is not kept out and cannot become
/// another one.
#[cfg(unix)]
pub(crate) fn as_ordinary_user(program: &str, folder: &Path) -> Option<Command> {
    use std::os::unix::fs::PermissionsExt;
    let allow =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let probe = folder.join("probe");
    fs::write(&probe, "").unwrap();
    allow(&probe, 0);
    let is_kept_out = fs::read(&probe).is_err();
    fs::remove_file(&probe).unwrap();
    if is_kept_out {
        return Some(Command::new(program));
    }
    // That user may not see where it was built.
    let copy = folder.join("program");
    fs::copy(program, &copy).unwrap();
    allow(folder, 0o755);
    let become_another = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command
    };
    match become_another().arg("test").arg("-x").arg(&copy).output() {
        Ok(output) if output.status.success() => {
            let mut command = become_another();
            command.arg(copy);
            Some(command)
        }
        refused => {
            left_out(&format!(
                "nobody can become an ordinary user here: {refused:?}"
            ));
            None
        }
    }
}

/// Says that a test does not test here, and why. (What `eprintln` writes is seen of tests that fail
/// alone.)
pub(crate) fn left_out(why: &str) {
    let _ = writeln!(io::stderr(), "LEFT OUT: {why}");
}

/// Runs a shell script, in which `DISK` is a folder on a disk of so many kilobytes. `None`, loudly,
/// where this machine lets nobody mount one.
pub(crate) fn small_disk(kilobytes: u32, script: &str) -> Option<Run> {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().display().to_string();
    let mount = format!("mount -t tmpfs -o size={kilobytes}k none '{disk}' || exit 99\n");
    let script = mount + &script.replace("DISK", &format!("'{disk}'"));
    let ran = run(Command::new("unshare").args([
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        &script,
    ]));
    if ran.code == Some(99) || ran.stderr.starts_with("unshare:") {
        left_out(&format!("no disk can be mounted here: {}", ran.stderr));
        return None;
    }
    Some(ran)
}

/// A program that says `listening on ADDRESS` and goes on until this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::reporting_to(Stdio::null(), command)
    }

    /// With something else for its standard error.
    pub(crate) fn reporting_to(stderr: impl Into<Stdio>, command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("a server that can be started");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let address = line
            .trim_end()
            .strip_prefix("listening on ")
            .unwrap_or_default()
            .to_owned();
        let server = Self { child, address };
        assert!(!server.address.is_empty(), "the server said {line:?}");
        server
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        run(Command::new("kill").args(["-s", signal, &self.child.id().to_string()])).success();
    }

    /// Its exit code, when it ends by itself; `None` if a signal ended it.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().expect("a child").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder that `exercises/model/fetch --pictures` has filled; `None`, loudly, when it is not,
/// unless the environment says that it has to be.
#[cfg(feature = "recognise")]
pub(crate) fn model_files() -> Option<std::path::PathBuf> {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("model/files");
    if files.join("pictures/flower.jpg").exists() {
        return Some(files);
    }
    let why = "no model and no pictures here; exercises/model/fetch --pictures gets them";
    let is_required = std::env::var_os("RECOGNISE_MODEL").is_some_and(|value| value == "required");
    assert!(!is_required, "{why}");
    left_out(why);
    None
}
