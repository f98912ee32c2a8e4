//! What the tests of all tools need.
#![allow(dead_code, reason = "each test file uses some of it")]

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

/// Waits for something that comes, or for a minute.
#[track_caller]
pub(crate) fn wait_until(what: &str, is_there: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !is_there() {
        assert!(Instant::now() < end, "{what} did not come within a minute");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Says that a test does not test here, and why. (What `eprintln` writes is seen of tests that fail alone.)
pub(crate) fn left_out(why: &str) {
    let _ = writeln!(io::stderr(), "LEFT OUT: {why}");
}

/// Runs a shell script, in which `DISK` is a folder on a disk of so many kilobytes. `None`, loudly, where this machine lets
/// nobody mount one.
pub(crate) fn small_disk(kilobytes: u32, script: &str) -> Option<Run> {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().display().to_string();
    let mount = format!("mount -t tmpfs -o size={kilobytes}k none '{disk}' || exit 99\n");
    let script = mount + &script.replace("DISK", &format!("'{disk}'"));
    let ran = run(Command::new("unshare").args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]));
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
