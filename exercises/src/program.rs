//! What every tool does around its work: exit codes, and how an error is told.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::interrupt::Interrupt;

/// Everything was done.
pub const DONE: u8 = 0;
/// Something was not done; standard error says what.
pub const FAILED: u8 = 1;
/// The command line makes no sense. (clap ends the program with it.)
pub const USAGE: u8 = 2;
/// Ctrl-C or a signal ended the work.
pub const INTERRUPTED: u8 = 130;

/// How the work of a tool ended when no error stopped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was done.
    Done,
    /// Some of it was not, and standard error said so at the time.
    Incomplete,
}

/// Does the work of a tool, prints the error that stopped it on standard error, and makes the exit
/// code.
pub fn run<E: Error + 'static>(work: impl FnOnce(&Interrupt) -> Result<Outcome, E>) -> ExitCode {
    let interrupt = Interrupt::on_signals();
    let result = work(&interrupt);
    let is_interrupted = result.is_err() && interrupt.check().is_err();
    let code = end(result);
    if is_interrupted {
        ExitCode::from(INTERRUPTED)
    } else {
        code
    }
}

/// The exit code of work that leaves nothing to tidy away. Prints the error that stopped it.
pub fn end<E: Error + 'static>(result: Result<Outcome, E>) -> ExitCode {
    ExitCode::from(match result {
        Ok(Outcome::Done) => DONE,
        Ok(Outcome::Incomplete) => FAILED,
        Err(error) => {
            report_line(&format!("error: {}", with_causes(&error)));
            FAILED
        }
    })
}

/// Prints the path of a file that was made, as it is, on a line of its own: for a program that
/// reads it.
///
/// Whoever reads may stop reading: that is no failure.
pub fn print_path(path: &Path) {
    print(path.as_os_str().as_encoded_bytes());
}

/// Prints a line on standard output. Whoever reads may stop reading: that is no failure.
pub fn print_line(line: &str) {
    print(line.as_bytes());
}

fn print(line: &[u8]) {
    let line = [line, b"\n"].concat();
    // What was done is done, whether somebody wants to know or not.
    let _ = io::stdout().write_all(&line);
}

/// Prints a line on standard error, which may be closed too: that is no reason to stop working.
pub fn report_line(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A text from elsewhere as a terminal may have it: what is not to be seen (control characters,
/// changes of direction) is escaped.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}

/// An error and what caused it, in one line.
pub fn with_causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_escaped_and_nothing_else() {
        for (text, expected) in [
            (
                "carpenter's kit, \"tool\" kit \\",
                "carpenter's kit, \"tool\" kit \\",
            ),
            ("老王", "老王"),
            ("a\u{1b}[2Jb\r\n", "a\\u{1b}[2Jb\\r\\n"),
            ("\u{9b}31m\u{202e}", "\\u{9b}31m\\u{202e}"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }
}
