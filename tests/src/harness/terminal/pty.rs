//! A pseudo-terminal: at one end the program, at the other the person.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// The person's end.
#[derive(Debug)]
pub struct Pty(OwnedFd);

/// The program's end. The screen ends only when no copy of it is open any more.
#[derive(Debug)]
pub struct Line(OwnedFd);

const OPEN: OpenptFlags = OpenptFlags::RDWR
    .union(OpenptFlags::NOCTTY)
    .union(OpenptFlags::CLOEXEC);

/// Makes a terminal of this size.
///
/// # Errors
/// The system's, which may have no terminal left.
pub fn open(columns: u16, rows: u16) -> io::Result<(Pty, Line)> {
    let pty = Pty(openpt(OPEN)?);
    unlockpt(&pty.0)?;
    let line = Line(ioctl_tiocgptpeer(&pty.0, OPEN)?);
    pty.resize(columns, rows)?;
    Ok((pty, line))
}

/// Returns a `setsid` command, which makes the terminal on its standard input its own.
pub fn command() -> Command {
    let mut command = Command::new("setsid");
    command.arg("--ctty");
    command
}

impl Pty {
    /// Changes the size, of which the system tells the program.
    ///
    /// # Errors
    /// The system's.
    pub fn resize(&self, columns: u16, rows: u16) -> io::Result<()> {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        Ok(tcsetwinsize(&self.0, size)?)
    }

    /// Types this. Nothing is done where the program has gone.
    pub fn write(&self, bytes: &[u8]) {
        let _gone = self.end().write_all(bytes);
    }

    pub(crate) fn end(&self) -> File {
        File::from(
            self.0
                .try_clone()
                .expect("an open terminal can be opened again"),
        )
    }
}

impl Line {
    pub(crate) fn end(&self) -> Stdio {
        Stdio::from(
            self.0
                .try_clone()
                .expect("an open terminal can be opened again"),
        )
    }
}

/// Returns whether a terminal is as a shell leaves it: it shows what is typed, hands over whole
/// lines, and makes a signal of Ctrl-C.
///
/// # Errors
/// The system's.
pub fn is_cooked(terminal: impl AsFd) -> io::Result<bool> {
    let cooked = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
    Ok(tcgetattr(terminal)?.local_modes.contains(cooked))
}
