//! `chat completions` and `chat man`: made from the definition of the command line, so that they
//! cannot differ from it.

use std::io::{self, Write};

use clap_complete::Shell;

use crate::args::definition;
use crate::failure::{Failure, Operation};

const PROGRAM: &str = "chat";

/// Prints the script that makes a shell complete the options.
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition(), PROGRAM, &mut script);
    print(&script)
}

/// Prints the manual page of the program, or of one of its commands.
pub(crate) fn man(command: Option<String>) -> Result<(), Failure> {
    // Complete: with the options that every command has.
    let mut program = definition();
    program.build();
    let page = match command {
        None => program,
        Some(name) => {
            let mut commands = program.get_subcommands();
            let command = commands.find(|it| it.get_name() == name && !it.is_hide_set());
            let command = command.cloned();
            command.ok_or_else(|| Failure::NoSuchCommand { name })?
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .map_err(Failure::io(Operation::WriteOutput))?;
    print(&text)
}

/// Prints to standard output. A closed pipe is not an error.
fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io(Operation::WriteOutput)(error))
        }
        _ => Ok(()),
    }
}
