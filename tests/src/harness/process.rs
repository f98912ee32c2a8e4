//! A running program whose output is captured while it runs.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

pub use nix::sys::signal::Signal;
use nix::sys::signal::{kill, killpg};
use nix::unistd::Pid;

use super::{PATIENCE, find_in_time, own_socket};

/// A child in a process group of its own; when it is dropped the whole group is killed.
pub struct Process {
    command: String,
    child: Child,
    stdin: Option<File>,
    output: Arc<Output>,
}

#[derive(Default)]
struct Output {
    captured: Mutex<Captured>,
    changed: Condvar,
}

#[derive(Default)]
struct Captured {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    open: usize,
}

impl Process {
    /// Starts a program with all three standard streams connected to the test.
    pub fn spawn(command: Command) -> Self {
        Self::spawn_piped(command, true)
    }

    /// Starts a program and closes the reading end of its standard output.
    pub fn spawn_with_closed_stdout(command: Command) -> Self {
        Self::spawn_piped(command, false)
    }

    fn spawn_piped(mut command: Command, reads_stdout: bool) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped()).process_group(0);
        let mut process = Self::start(command);
        let Child {
            stdin,
            stdout,
            stderr,
            ..
        } = &mut process.child;
        process.stdin = stdin.take().map(|stdin| OwnedFd::from(stdin).into());
        let stdout = stdout.take().expect("a pipe");
        if reads_stdout {
            process
                .output
                .read_from(stdout, |captured| &mut captured.stdout);
        }
        let stderr = stderr.take().expect("a pipe");
        process
            .output
            .read_from(stderr, |captured| &mut captured.stderr);
        process
    }

    /// Starts a program at the terminal with these two ends: input is typed there, and the
    /// screen counts as standard output. The command makes the terminal the program's own, in a
    /// process group of its own.
    pub(super) fn spawn_at(
        person: &File,
        program: OwnedFd,
        mut command: Command,
    ) -> io::Result<Self> {
        command
            .stdin(program.try_clone()?)
            .stdout(program.try_clone()?)
            .stderr(program);
        let mut process = Self::start(command);
        process.stdin = Some(person.try_clone()?);
        process
            .output
            .read_from(person.try_clone()?, |captured| &mut captured.stdout);
        Ok(process)
    }

    fn start(mut command: Command) -> Self {
        let shown = format!("{command:?}");
        let child = own_socket::start(&mut command)
            .unwrap_or_else(|error| panic!("cannot start {shown}: {error}"));
        Self {
            command: shown,
            stdin: None,
            child,
            output: Arc::default(),
        }
    }

    /// Returns the process id, which is also the id of its group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a process id is an i32"))
    }

    /// Writes one line to its standard input.
    pub fn write_line(&mut self, line: &str) {
        self.write(format!("{line}\n"));
    }

    /// Writes bytes to its standard input.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let stdin = self
            .stdin
            .as_mut()
            .expect("standard input was closed by the test");
        if let Err(error) = stdin.write_all(bytes.as_ref()) {
            self.fail(&format!("it does not read its standard input: {error}"));
        }
    }

    /// Ends its standard input.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Sends a signal to it alone.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal)
            .unwrap_or_else(|error| panic!("no {signal} for {}: {error}", self.command));
    }

    /// Waits until a stop signal has arrived: until then it may still do something.
    pub fn wait_until_stopped(&self) {
        let path = format!("/proc/{}/stat", self.id());
        let stopped = find_in_time(|| {
            let stat = fs::read_to_string(&path).unwrap_or_default();
            // The state stands behind the name, which stands in brackets.
            stat.contains(") T ").then_some(())
        });
        stopped.unwrap_or_else(|| self.fail("it does not stop"));
    }

    /// Returns its standard output so far.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().stdout).into_owned()
    }

    /// Returns its standard error so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().stderr).into_owned()
    }

    /// Returns whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.status().is_none()
    }

    fn status(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait();
        status.expect("a child can be asked for its status")
    }

    /// Waits until a whole line of either stream is exactly this one.
    pub fn wait_for_line(&self, wanted: &str) {
        self.wait_for_match(&format!("the line {wanted:?}"), |line| line == wanted);
    }

    /// Waits until a whole line of either stream contains this text.
    pub fn wait_for_text(&self, wanted: &str) {
        self.wait_for_match(&format!("a line with {wanted:?}"), |line| {
            line.contains(wanted)
        });
    }

    /// Waits for a whole line of either stream that fits, and returns it.
    pub fn wait_for_match(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let found = self.output.wait(|captured| {
            let streams = [&captured.stdout, &captured.stderr];
            streams.into_iter().find_map(|bytes| {
                let text = String::from_utf8_lossy(whole_lines(bytes));
                text.lines().find(|line| fits(line)).map(str::to_owned)
            })
        });
        found.unwrap_or_else(|| self.fail(&format!("it did not show {what}")))
    }

    /// Waits until everything it wrote to standard output so far fits.
    pub fn wait_for_stdout(&self, what: &str, fits: impl Fn(&str) -> bool) {
        let found =
            self.find_in_stdout(|bytes| fits(&String::from_utf8_lossy(bytes)).then_some(()));
        found.unwrap_or_else(|| self.fail(&format!("it did not show {what}")));
    }

    /// Waits until `find` finds something in all that it has written to standard output; `None`
    /// when that did not happen.
    pub fn find_in_stdout<T>(&self, mut find: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        self.output.wait(|captured| find(&captured.stdout))
    }

    /// Waits for its end and for the end of its output.
    pub fn wait_for_exit(&mut self) -> ExitStatus {
        let Some(status) = find_in_time(|| self.status()) else {
            self.fail("it did not end")
        };
        let ended = self
            .output
            .wait(|captured| (captured.open == 0).then_some(()));
        let held = "it ended, but a process that it started still holds its output open";
        ended.unwrap_or_else(|| self.fail(held));
        status
    }

    /// Waits for its end, which must be with this exit code.
    pub fn expect_exit(&mut self, code: i32) {
        let status = self.wait_for_exit();
        if status.code() != Some(code) {
            self.fail(&format!(
                "it ended with {status}, not with exit code {code}"
            ));
        }
    }

    /// Kills it and everything that it started, and waits for its end.
    pub fn stop(&mut self) {
        let _ = killpg(self.pid(), Signal::SIGKILL);
        // It may have been too early for the group to be there.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops the test with everything that the program wrote.
    pub fn fail(&self, what: &str) -> ! {
        panic!(
            "{}\n{what}\n--- its standard output:\n{}\n--- its standard error:\n{}\n---",
            self.command,
            self.stdout(),
            self.stderr()
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, Captured> {
        self.captured.lock().expect("no reader panics")
    }

    fn read_from(
        self: &Arc<Self>,
        mut source: impl Read + Send + 'static,
        stream: fn(&mut Captured) -> &mut Vec<u8>,
    ) {
        self.lock().open += 1;
        let output = Arc::clone(self);
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = source.read(&mut chunk) {
                stream(&mut output.lock()).extend_from_slice(&chunk[..count]);
                output.changed.notify_all();
            }
            output.lock().open -= 1;
            output.changed.notify_all();
        });
    }

    /// Waits until `find` finds something, or the time is over, or nothing more can come.
    fn wait<T>(&self, mut find: impl FnMut(&Captured) -> Option<T>) -> Option<T> {
        let mut found = None;
        let more_is_needed = |captured: &mut Captured| {
            found = find(captured);
            found.is_none() && captured.open > 0
        };
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), PATIENCE, more_is_needed);
        drop(waited.expect("no reader panics"));
        found
    }
}

/// Returns the bytes up to the last line feed.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let last = bytes.iter().rposition(|&byte| byte == b'\n');
    &bytes[..last.map_or(0, |last| last + 1)]
}
