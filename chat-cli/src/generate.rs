//! `chat completions` and `chat man`: what is made from the definition of the command line, so that
//! it cannot differ.

use std::io::{self, Write};

use crate::args::{CompletionsArgs, ManArgs, definition};
use crate::failure::{Doing, Failure};

const PROGRAM: &str = "chat";

/// Prints what makes a shell complete the program's options.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition(), PROGRAM, &mut script);
    print(&script)
}

/// Prints the manual page of the program, or of one of its commands.
pub(crate) fn man(args: &ManArgs) -> Result<(), Failure> {
    // Complete: with the options that every command has.
    let mut program = definition();
    program.build();
    let page = match &args.command {
        None => program,
        Some(name) => {
            let command = program
                .get_subcommands()
                .find(|command| command.get_name() == name);
            let command = command.filter(|command| !command.is_hide_set()).cloned();
            command.ok_or_else(|| Failure::NoSuchCommand { name: name.clone() })?
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .map_err(Failure::io(Doing::WriteOutput))?;
    print(&text)
}

/// Nobody who reads is nothing that went wrong.
fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io(Doing::WriteOutput)(error))
        }
        _ => Ok(()),
    }
}
