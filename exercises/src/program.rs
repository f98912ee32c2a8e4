//! What every tool does around its work: exit codes, and how an error is told.

use std::error::Error;
use std::process::ExitCode;

use crate::interrupt::{Interrupt, Interrupted};

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

/// Does the work of a tool, prints the error that stopped it on standard error, and makes the exit code.
pub fn run<E: Error + 'static>(work: impl FnOnce(&Interrupt) -> Result<Outcome, E>) -> ExitCode {
    let code = match work(&Interrupt::on_signals()) {
        Ok(Outcome::Done) => DONE,
        Ok(Outcome::Incomplete) => FAILED,
        Err(error) => {
            eprintln!("error: {}", with_causes(&error));
            if is_interrupt(&error) { INTERRUPTED } else { FAILED }
        }
    };
    ExitCode::from(code)
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

fn is_interrupt(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<Interrupted>() {
            return true;
        }
        next = error.source();
    }
    false
}
