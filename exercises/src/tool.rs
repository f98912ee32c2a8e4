//! The frame of every tool: output lines, progress, Ctrl-C and the exit code (0 if everything was
//! done, 1 if some of it was not, 130 after a signal; clap ends the program with 2).

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

/// The exit code after Ctrl-C or a signal.
const INTERRUPTED: u8 = 130;

/// Does the work of a tool, which Ctrl-C, SIGTERM and SIGHUP interrupt; reports the error that
/// stopped it, and makes the exit code.
pub fn run<E: Error + 'static>(work: impl FnOnce(&Interrupt) -> Result<ExitCode, E>) -> ExitCode {
    let interrupt = Interrupt::default();
    let raised = Arc::clone(&interrupt.0);
    // Without a handler the first signal ends the program: only the tidying is lost.
    let _ = ctrlc::set_handler(move || {
        // The work should have noticed the first signal.
        if raised.swap(true, Ordering::SeqCst) {
            process::exit(i32::from(INTERRUPTED));
        }
    });
    let result = work(&interrupt);
    let stopped = result.is_err() && interrupt.check().is_err();
    let code = end(result);
    if stopped { INTERRUPTED.into() } else { code }
}

/// Makes the exit code of work that leaves nothing to tidy away; reports the error that stopped it.
pub fn end<E: Error + 'static>(result: Result<ExitCode, E>) -> ExitCode {
    result.unwrap_or_else(|error| {
        report_line(&format!("error: {}", with_causes(&error)));
        ExitCode::FAILURE
    })
}

/// A flag that a signal raises.
#[derive(Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

/// The error of work that was asked to stop before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("interrupted; what was not finished is removed")]
pub struct Interrupted;

impl Interrupt {
    /// Makes the same signals end the program at once, for work that leaves nothing to tidy away.
    pub fn end_program_on_signals() {
        // Under `nohup` a server outlives its terminal, so a signal that is ignored stays ignored.
        let _ = ctrlc::try_set_handler(|| process::exit(i32::from(INTERRUPTED)));
    }

    /// Fails after a signal; the work calls it between two steps.
    pub fn check(&self) -> Result<(), Interrupted> {
        let is_raised = self.0.load(Ordering::SeqCst);
        if is_raised { Err(Interrupted) } else { Ok(()) }
    }
}

/// Prints the path of a new file on a line of its own, byte for byte, for a program that reads it.
pub fn print_path(path: &Path) {
    let line = [path.as_os_str().as_encoded_bytes(), b"\n"].concat();
    // A closed pipe is not an error: the work is done all the same.
    let _ = io::stdout().write_all(&line);
}

/// Prints a line on standard output.
pub fn print_line(line: &str) {
    print_path(line.as_ref());
}

/// Prints a line on standard error, which may be closed.
pub fn report_line(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Escapes control characters and changes of direction in a text from elsewhere, for a terminal.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    shown
}

/// Joins an error and its causes in one line.
pub fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

/// A progress bar on standard error, if that is a terminal; it is gone when this is dropped.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Starts a bar for a number of bytes, with a word for the work.
    pub fn of_bytes(total: u64, doing: &'static str) -> Self {
        let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        let bar = ProgressBar::new(total).with_message(doing);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar.with_finish(ProgressFinish::AndClear))
    }

    /// Makes the callback of the work: it gets the bytes of each step, draws, and stops the work
    /// after a signal.
    pub fn steps(&self, interrupt: &Interrupt) -> impl Fn(u64) -> Result<(), Interrupted> + Sync {
        |bytes| {
            self.add(bytes);
            interrupt.check()
        }
    }

    /// Adds bytes that are done.
    pub fn add(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// Prints a line on standard error without disturbing the bar.
    pub fn report(&self, line: &str) {
        self.0.suspend(|| report_line(line));
    }

    /// Prints a line on standard output without disturbing the bar.
    pub fn print(&self, line: &str) {
        self.0.suspend(|| print_line(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_alone_are_escaped() {
        let words = "老王, the carpenter's \"tool\" kit \\";
        assert_eq!(printable(words), words);
        assert_eq!(
            printable("a\u{1b}[2J\r\n\u{9b}m\u{202e}"),
            r"a\u{1b}[2J\r\n\u{9b}m\u{202e}"
        );
    }
}
