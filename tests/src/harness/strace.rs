//! The system calls of a running program, where `strace` is installed and may look.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Process, own_socket};

/// A tracer that is attached to a program, all its threads included.
pub struct Strace {
    tracer: Process,
    file: PathBuf,
}

impl Strace {
    /// Attaches to the program. `options` are those of strace, such as which calls to show.
    ///
    /// # Errors
    /// A sentence that says why it cannot be done on this machine: a test then prints it with the
    /// word SKIPPED.
    pub fn attach(program: &Process, options: &[&str]) -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mut version = Command::new("strace");
        let version = own_socket::start(version.arg("-V").stdout(Stdio::null()))
            .and_then(|mut child| child.wait());
        if !version.is_ok_and(|status| status.success()) {
            return Err("strace is not installed".to_owned());
        }
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let file = env::temp_dir().join(format!("chat-strace-{}-{turn}", process::id()));
        let mut command = Command::new("strace");
        command
            .args(["-f", "-p", &program.id().to_string(), "-o"])
            .arg(&file)
            .args(options);
        let mut tracer = Process::spawn(command);
        // One line for each thread, and the main thread comes first; a refusal ends the tracer.
        let line = tracer.wait_for_match("that it attached or cannot", |line| {
            line.starts_with("strace:")
        });
        if line.contains("attached") {
            Ok(Self { tracer, file })
        } else {
            let _ended = tracer.wait_for_exit();
            Err(format!(
                "strace cannot look at another program here: {line}"
            ))
        }
    }

    /// The lines of the trace after the program has ended: `THREAD NAME(ARGUMENTS) = RESULT`, in
    /// the order in which the calls began.
    ///
    /// # Panics
    /// When the trace cannot be read.
    pub fn lines(mut self) -> Vec<String> {
        let _whatever_the_program_ended_with = self.tracer.wait_for_exit();
        let trace = fs::read_to_string(&self.file).expect("strace has written its file");
        whole_calls(&trace)
    }
}

/// A call that another thread's output interrupted stands on two lines of a trace: `1  read(0
/// <unfinished ...>` and `1  <... read resumed>, 1) = 0`.
fn whole_calls(trace: &str) -> Vec<String> {
    const INTERRUPTED: &str = "<unfinished ...>";
    let mut calls: Vec<String> = Vec::new();
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap_or((line, ""));
        let call = call.trim_start();
        let rest = call
            .strip_prefix("<... ")
            .and_then(|rest| rest.split_once("resumed>"));
        let begun = rest.and_then(|(_, rest)| {
            let of_thread = |begun: &&mut String| {
                begun.starts_with(&format!("{thread} ")) && begun.ends_with(INTERRUPTED)
            };
            calls
                .iter_mut()
                .rev()
                .find(of_thread)
                .map(|begun| (begun, rest))
        });
        match begun {
            Some((begun, rest)) => *begun = begun.replace(INTERRUPTED, rest),
            None => calls.push(format!("{thread} {call}")),
        }
    }
    calls
}

impl Drop for Strace {
    fn drop(&mut self) {
        let _it_may_not_be_there = fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interrupted_calls_are_put_together() {
        let trace = "7  read(0,  <unfinished ...>\n8  poll([], 0) = 0\n8  close(1 <unfinished ...>\n\
                     7  <... read resumed>\"x\", 1) = 1\n7  --- SIGTERM ---\n";
        assert_eq!(
            whole_calls(trace),
            [
                "7 read(0,  \"x\", 1) = 1",
                "8 poll([], 0) = 0",
                "8 close(1 <unfinished ...>",
                "7 --- SIGTERM ---"
            ]
        );
    }
}
