//! The real binary at a terminal, as a person has it.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::Path;

use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::{Process, Signal, chat_binary, python};

/// What a person types for Ctrl-C.
pub const CTRL_C: &str = "\x03";
/// What a person types for Ctrl-D.
pub const CTRL_D: &str = "\x04";

/// `chat` under a pseudo-terminal.
pub struct Terminal {
    process: Process,
    program: i32,
}

impl Terminal {
    /// Starts `chat` with these arguments; `default` is the address to use where none is given.
    pub fn start(args: &[&str], default: SocketAddr) -> Self {
        let whole: Vec<&OsStr> = [chat_binary().as_os_str()]
            .into_iter()
            .chain(args.iter().map(OsStr::new))
            .collect();
        let mut command = python::command("at_terminal.py", &whole);
        command.env("CHAT_ADDRESS", default.to_string()).env("TERM", "xterm");
        let process = Process::spawn(command);
        let line = process.wait_for_match("the program's process id", |line| line.starts_with("pid "));
        let program = line["pid ".len()..].parse().expect("the script prints a number");
        Self { process, program }
    }

    /// Types this, character by character as it stands.
    pub fn types(&mut self, text: &str) {
        self.process.write(text);
    }

    /// Sends a signal to the program, not to the terminal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.program), signal).expect("the program runs");
    }

    /// Waits until the screen has shown this.
    pub fn sees(&self, text: &str) {
        self.process
            .wait_for_stdout(&format!("{text:?}"), |shown| without_styles(shown).contains(text));
    }

    /// All that the screen has shown, without colours and cursor movements.
    pub fn screen(&self) -> String {
        without_styles(&self.process.stdout())
    }

    /// All that was sent to the screen, byte for byte.
    pub fn raw_screen(&self) -> String {
        self.process.stdout()
    }

    /// Waits for the program's end, which must be with this exit code and leave no process.
    pub fn expect_exit(&mut self, code: i32) {
        self.process.expect_exit(code);
        let entry = format!("/proc/{}", self.program);
        assert!(
            !Path::new(&entry).exists(),
            "the program {} ended, but its process is left",
            self.program
        );
        python::expect_nothing_left(&self.process);
    }
}

/// Removes escape sequences (`ESC [ … letter`, `ESC character`).
fn without_styles(shown: &str) -> String {
    let mut plain = String::with_capacity(shown.len());
    let mut characters = shown.chars();
    while let Some(character) = characters.next() {
        if character != '\x1b' {
            plain.push(character);
        } else if characters.next() == Some('[') {
            let _ = characters.by_ref().find(|character| ('@'..='~').contains(character));
        }
    }
    plain
}
