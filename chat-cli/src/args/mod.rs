//! The command line.

mod config_file;
mod join;
mod serve;
mod values;

use std::path::PathBuf;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::io::line_queue::write_remark;
use crate::language::{Language, Worded};

pub(crate) use join::{JoinArgs, SendArgs};
pub(crate) use serve::ServeArgs;
pub(crate) use values::VerbsArg;

use config_file::{ADDRESS_OPTION, COMMAND_WITH_FILE, misspelt_variables, with_defaults_of};
use values::language_of;

/// The beginning of an option's environment variable.
const VARIABLE_PREFIX: &str = "CHAT_";

/// A chat room over UDP: log in, chat, quit.
#[derive(Debug, Parser)]
#[command(name = "chat", version, max_term_width = 100)]
#[command(after_help = "Example:\n  \
        chat join alice        in one terminal: hosts the room, for nobody else does\n  \
        chat join bob          in a second one: joins it\n\n\
        The address is 127.0.0.1:8888 unless --bind, --server or the environment variable \
        CHAT_ADDRESS says otherwise.")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a room for others; lines typed here are spoken by the operator
    Serve(ServeArgs),
    /// Enter a room and chat (a filter when standard input is not a terminal)
    Join(JoinArgs),
    /// Say one thing and leave
    Send(SendArgs),
    /// Print a script that makes a shell complete the options
    #[command(after_help = "Example:\n  \
        chat completions bash > ~/.local/share/bash-completion/completions/chat")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print a manual page
    #[command(after_help = "Example:\n  chat man serve > chat-serve.1 && man ./chat-serve.1")]
    Man {
        /// The command of the page; without it, the program
        command: Option<String>,
    },
}

/// Returns the environment variable of an option of `chat serve`.
fn variable_of(long: &str) -> String {
    let is_own = |long: &&str| *long != ADDRESS_OPTION;
    let long = Some(long).filter(is_own).unwrap_or("address");
    format!("{VARIABLE_PREFIX}{}", long.replace('-', "_").to_uppercase())
}

/// Defines the command line. `chat serve` takes each of its options from the environment too.
pub(crate) fn definition() -> clap::Command {
    Args::command().mut_subcommand(COMMAND_WITH_FILE, |serve| {
        serve.mut_args(|argument| {
            let Some(long) = argument.get_long().filter(|long| *long != ADDRESS_OPTION) else {
                return argument;
            };
            let variable = variable_of(long);
            let is_flag = matches!(argument.get_action(), ArgAction::SetTrue);
            let argument = argument.env(variable).hide_env_values(true);
            if is_flag {
                argument.value_parser(values::flag)
            } else {
                argument
            }
        })
    })
}

/// Reads the command line, the environment and the file that `--config` names, in this order of
/// precedence. Wrong usage ends the program with exit code 2, `--help` with exit code 0. A failure
/// comes with the language for its user.
pub(crate) fn read() -> Result<Command, (Failure, Language)> {
    let matches = definition().get_matches();
    let serve = matches.subcommand_matches(COMMAND_WITH_FILE);
    let file = serve.and_then(|serve| Some((serve, serve.get_one::<PathBuf>("config")?)));
    let matches = match file {
        Some((serve, file)) => with_defaults_of(file, definition())
            .map_err(|error| (Failure::Usage(Box::new(error)), language_of(serve)))?
            .get_matches(),
        None => matches,
    };
    match Args::from_arg_matches(&matches) {
        Ok(Args { command }) => {
            if let Command::Serve(_) = command {
                let misspelt = misspelt_variables(definition());
                misspelt.for_each(|it| write_remark(&it.in_words(command.language())));
            }
            Ok(command)
        }
        Err(error) => error.exit(),
    }
}

impl Command {
    /// Returns the language of the command for its user.
    pub(crate) fn language(&self) -> Language {
        match self {
            Self::Serve(args) => args.lang.language(),
            Self::Join(args) => args.lang.language(),
            Self::Send(args) => args.lang.language(),
            // Like `--help`.
            Self::Completions { .. } | Self::Man { .. } => Language::English,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        definition().debug_assert();
    }

    #[test]
    fn help_fits_a_screen_and_shows_an_example() {
        let help = Args::command().render_help().to_string();
        assert!(help.lines().count() <= 24, "{help}");
        for command in Args::command()
            .get_subcommands_mut()
            .filter(|command| !command.is_hide_set())
        {
            let help = command.render_help().to_string();
            assert!(
                help.contains(&format!("\n  chat {}", command.get_name())),
                "no example in:\n{help}"
            );
        }
    }
}
