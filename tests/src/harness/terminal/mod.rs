//! The real binary at a terminal, as a person has it.

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tempfile::TempDir;

use super::{Process, Signal, chat_binary, find_in_time, python};

pub mod emulator;
pub mod keys;

pub use emulator::View;
use emulator::{Cell, Emulator};

/// The height of every terminal, and the default width.
const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

/// A user's home folder, and settings that are the same on every machine. Dropping the last clone
/// removes the folder.
#[derive(Clone, Debug)]
pub struct Home {
    _folder: Arc<TempDir>,
    settings: Vec<(String, String)>,
}

impl Home {
    /// Makes an empty folder.
    ///
    /// # Panics
    /// When the system refuses.
    #[allow(clippy::new_without_default)] // It makes a folder.
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a folder for temporary files");
        let home = folder.path().to_string_lossy().into_owned();
        let empty = Self {
            _folder: Arc::new(folder),
            settings: Vec::new(),
        };
        let state = format!("{home}/state");
        let empty = empty.with("HOME", &home).with("XDG_STATE_HOME", &state);
        empty.with("LC_ALL", "C.UTF-8")
    }

    /// Adds a setting to the environment of the program.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A program at a pseudo-terminal, with an emulator that draws what it writes.
pub struct Terminal {
    process: Process,
    /// The person's end of the terminal.
    pty: File,
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
        Self::run(home, columns, chat_binary(), args, default)
    }

    /// Starts a shell, which finds `chat`.
    pub fn start_shell(home: &Home, columns: u16, default: SocketAddr) -> Self {
        let ours = chat_binary().parent().expect("a program lies in a folder");
        let others = env::var("PATH").unwrap_or_default();
        let home = home
            .clone()
            .with("PATH", &format!("{}:{others}", ours.display()));
        Self::run(
            &home.with("PS1", "$ "),
            columns,
            Path::new("sh"),
            &[],
            default,
        )
    }

    fn run(home: &Home, columns: u16, program: &Path, args: &[&str], default: SocketAddr) -> Self {
        // Makes the terminal on the standard input the program's own.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(program).args(args);
        for name in [
            "NO_COLOR",
            "COLORTERM",
            "LANG",
            "LANGUAGE",
            "CHAT_LANG",
            "ENV",
        ] {
            command.env_remove(name);
        }
        command
            .env("TERM", "xterm-256color")
            .env("CHAT_ADDRESS", default.to_string());
        command.envs(home.settings.iter().cloned());
        let (pty, line) = open(columns).expect("the system has a terminal left");
        let process = Process::spawn_at(&pty, line, command);
        Self {
            process: process.expect("an open terminal can be opened again"),
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
            // Nothing is done where the program has gone.
            let _gone = (&self.pty).write_all(answer.as_bytes());
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
        resize(&self.pty, columns).expect("a terminal can be resized");
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

    /// Returns whether the terminal is as a shell leaves it to programs: it shows typed text,
    /// hands over whole lines, and makes a signal of Ctrl-C. Programs that edit lines change that.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn is_cooked(&self) -> bool {
        let cooked = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        let modes = tcgetattr(&self.pty).expect("a terminal can be asked");
        modes.local_modes.contains(cooked)
    }

    /// Waits until the program edits lines itself: before that the terminal, too, shows typed text.
    ///
    /// # Panics
    /// With the screen, when that does not happen.
    pub fn wait_until_lines_are_edited(&self) {
        let edited = find_in_time(|| (!self.is_cooked()).then_some(()));
        assert!(edited.is_some(), "lines are not edited:\n{}", self.view());
    }
}

/// Makes a pseudo-terminal of this width and returns the person's end and the program's. The screen
/// ends only when no copy of the program's end is open any more.
fn open(columns: u16) -> io::Result<(File, OwnedFd)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let person = File::from(openpt(flags)?);
    unlockpt(&person)?;
    let program = ioctl_tiocgptpeer(&person, flags)?;
    resize(&person, columns)?;
    Ok((person, program))
}

/// Changes the width; the system tells the program.
fn resize(person: &File, columns: u16) -> io::Result<()> {
    let size = Winsize {
        ws_row: ROWS,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    Ok(tcsetwinsize(person, size)?)
}
