//! The reference server and client of the L/C/Q chat room, as the binary `chat`: `chat-core` wired
//! to std UDP sockets.
//!
//! The library exists so that tests and fuzz targets reach the pieces; programs that want a chat
//! room of their own embed `chat-core` instead.

mod address;
mod args;
#[cfg(target_os = "linux")]
mod bench;
mod clock;
mod failure;
mod generate;
mod host;
mod join;
mod json;
mod messages;
pub mod platform;
pub mod room;
mod send;
mod serve;

use std::process::ExitCode;

use args::Command;
use failure::Failure;
use messages::Language;

/// Reads the command line, does what it says, reports what went wrong on standard error and returns
/// the exit code: 0 done, 1 failed, 2 wrong usage, 3 refused by the server, 4 no answer.
pub fn run() -> ExitCode {
    let command = match args::read() {
        Ok(command) => command,
        Err(failure) => return report(&failure, messages::language_of_the_locale()),
    };
    let language = command.language();
    let done = match command {
        Command::Serve(args) => serve::serve(&args),
        Command::Join(args) => join::join(&args),
        Command::Send(args) => send::send(&args),
        Command::Completions(args) => generate::completions(&args),
        Command::Man(args) => generate::man(&args),
        #[cfg(target_os = "linux")]
        Command::Bench(args) => bench::bench(&args),
        #[cfg(target_os = "linux")]
        Command::BenchPeer(args) => bench::peer(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure, language),
    }
}

fn report(failure: &Failure, language: Language) -> ExitCode {
    eprintln!("chat: {}", failure.message(language));
    failure.exit_code()
}
