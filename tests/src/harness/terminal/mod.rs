//! The real binary at a terminal, as a person has it.

use std::env;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{PATIENCE, Process, Signal, chat_binary, python};

pub mod emulator;
mod home;
pub mod keys;
pub mod pty;

pub use emulator::View;
use emulator::{Cell, Emulator};
pub use home::Home;
use pty::Pty;

/// The height of every terminal, and the width of one that has no other.
const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

/// A program at a pseudo-terminal, with an emulator that draws what it writes.
pub struct Terminal {
    process: Process,
    pty: Pty,
    drawn: Mutex<Drawn>,
    /// It stays as long as the program may look for it.
    _home: Home,
}

/// The screen, and the number of bytes that are on it.
struct Drawn {
    emulator: Emulator,
    bytes: usize,
}

impl Terminal {
    /// Starts `chat` with these arguments; `default` is the address to use where none is given.
    pub fn start(args: &[&str], default: SocketAddr) -> Self {
        Self::start_in(&Home::new(), COLUMNS, args, default)
    }

    /// Starts `chat` at a terminal of this width, for a user with this folder.
    pub fn start_in(home: &Home, columns: u16, args: &[&str], default: SocketAddr) -> Self {
        let mut command = pty::command();
        command.arg(chat_binary()).args(args);
        Self::run(home, columns, command, default)
    }

    /// Starts a shell, which finds `chat`.
    pub fn start_shell(home: &Home, columns: u16, default: SocketAddr) -> Self {
        let mut command = pty::command();
        let others = env::var_os("PATH").unwrap_or_default();
        let ours = chat_binary().parent().map(Path::to_owned);
        let programs = env::join_paths(ours.into_iter().chain(env::split_paths(&others)));
        let programs = programs.expect("folders without colons in their names");
        command
            .arg("sh")
            .env("PS1", "$ ")
            .env("PATH", programs)
            .env_remove("ENV");
        Self::run(home, columns, command, default)
    }

    fn run(home: &Home, columns: u16, mut command: Command, default: SocketAddr) -> Self {
        command.env("TERM", "xterm-256color");
        home.furnish(&mut command, default);
        let (pty, line) = pty::open(columns, ROWS).expect("the system has a terminal left");
        Self {
            process: Process::spawn_at(&pty, &line, command),
            pty,
            drawn: Mutex::new(Drawn {
                emulator: Emulator::new(columns, ROWS),
                bytes: 0,
            }),
            _home: home.clone(),
        }
    }

    /// Sends a signal to the program, not to the terminal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Returns the present screen.
    pub fn view(&self) -> View {
        self.process
            .find_in_stdout(|bytes| Some(self.draw(bytes)))
            .unwrap_or_default()
    }

    /// Returns the present screen, cell by cell.
    pub fn cells(&self) -> Vec<Vec<Cell>> {
        let _drawn = self.view();
        self.drawn().emulator.cells()
    }

    /// Returns the number of times that the bell has rung.
    pub fn bells(&self) -> usize {
        let _drawn = self.view();
        self.drawn().emulator.bells()
    }

    /// Returns all that was sent to the screen, byte for byte.
    pub fn raw_screen(&self) -> String {
        self.process.stdout()
    }

    fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws what is new.
    fn draw(&self, bytes: &[u8]) -> View {
        let mut drawn = self.drawn();
        let new = bytes.get(drawn.bytes..).unwrap_or_default();
        let answer = drawn.emulator.draw(new);
        drawn.bytes = bytes.len();
        let view = drawn.emulator.view();
        drop(drawn);
        if !answer.is_empty() {
            self.pty.write(answer.as_bytes());
        }
        view
    }

    /// Types this, character by character as it stands.
    pub fn types(&mut self, text: &str) {
        self.process.write(text);
    }

    /// Changes the width of the window.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn resize(&mut self, columns: u16) {
        // What was written for the old width is drawn at that width.
        let _drawn = self.view();
        self.drawn().emulator.resize(columns, ROWS);
        self.pty
            .resize(columns, ROWS)
            .expect("a terminal can be resized");
    }

    /// Waits until the screen fits, and returns it.
    ///
    /// # Panics
    /// With the screen, when that does not happen.
    pub fn wait_until(&self, what: &str, fits: impl Fn(&View) -> bool) -> View {
        let found = self
            .process
            .find_in_stdout(|bytes| Some(self.draw(bytes)).filter(|view| fits(view)));
        found.unwrap_or_else(|| panic!("{what} is not seen, but this:\n{}", self.view()))
    }

    /// Waits until a line with this in it is seen.
    pub fn sees(&self, text: &str) -> View {
        self.wait_until(&format!("{text:?}"), |view| view.shows(text))
    }

    /// Waits for the program's end, which must be with this exit code.
    pub fn expect_exit(&mut self, code: i32) {
        self.process.expect_exit(code);
        python::expect_nothing_left(&self.process);
    }

    /// Returns whether the terminal is as a shell leaves it to programs. One that edits lines
    /// itself changes that.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn is_cooked(&self) -> bool {
        pty::is_cooked(self.pty.end()).expect("a terminal can be asked")
    }

    /// Waits until the program edits lines itself: what is typed before would be shown by the
    /// terminal, too.
    ///
    /// # Panics
    /// With the screen, when that does not happen.
    pub fn wait_until_lines_are_edited(&self) {
        let started = Instant::now();
        while self.is_cooked() {
            let late = started.elapsed() > PATIENCE;
            assert!(!late, "lines are not edited:\n{}", self.view());
            thread::sleep(Duration::from_millis(5));
        }
    }
}
