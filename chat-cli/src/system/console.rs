//! Standard input, read by a thread of its own.

use std::io::{self, BufReader};
use std::thread;

use super::inbox::Mailer;
use super::lines::{Line, LineReader};

/// Starts the thread: it posts every line, then `None` at the end of the input (or when it cannot be read any more).
/// The thread ends with the program; it may wait for a line that never comes.
pub fn spawn_line_reader<T: Send + 'static>(mailer: Mailer<T>, wrap: impl Fn(Option<Line>) -> T + Send + 'static) {
    thread::spawn(move || {
        let mut reader = LineReader::new(BufReader::new(io::stdin()));
        while let Ok(Some(line)) = reader.next_line() {
            if !mailer.post(wrap(Some(line))) {
                return;
            }
        }
        mailer.post(wrap(None));
    });
}

/// Whether standard input is a terminal that belongs to another program at the moment (`chat serve &`): reading from it
/// would stop this one.
pub fn in_background() -> bool {
    #[cfg(unix)]
    {
        let terminal = rustix::termios::tcgetpgrp(io::stdin());
        terminal.is_ok_and(|foreground| foreground != rustix::process::getpgrp())
    }
    #[cfg(not(unix))]
    false
}
