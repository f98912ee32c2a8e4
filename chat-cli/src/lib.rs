//! The reference server and client of the L/C/Q chat room, as the binary `chat`: `chat-core` wired
//! to std UDP sockets.
//!
//! The library exists so that tests and fuzz targets reach the pieces; programs that want a chat
//! room of their own embed `chat-core` instead.

#![deny(clippy::print_stdout, clippy::print_stderr)] // They panic on a full disk.

mod address;
mod args;
mod client;
mod clock;
mod failure;
mod generate;
pub mod io;
mod json;
mod language;
pub mod net;
mod random;
pub mod server;

use std::process::ExitCode;

use args::Command;
use failure::Failure;
use io::line_queue::write_remark;
use language::{Language, Worded};

/// Runs the command line: does what it asks, reports a failure on standard error, and returns the
/// exit code: 0 done, 1 failed, 2 wrong usage, 3 refused by the server, 4 no answer.
pub fn run() -> ExitCode {
    let command = match args::read() {
        Ok(command) => command,
        Err((failure, language)) => return report(&failure, language),
    };
    let language = command.language();
    let done = match command {
        Command::Serve(args) => server::serve(&args),
        Command::Join(args) => client::join(&args),
        Command::Send(args) => client::send(&args),
        Command::Completions { shell } => generate::completions(shell),
        Command::Man { command } => generate::man(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure, language),
    }
}

fn report(failure: &Failure, language: Language) -> ExitCode {
    write_remark(&format!("chat: {}", failure.in_words(language)));
    failure.exit_code()
}
