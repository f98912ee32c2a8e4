//! The command line.

mod file;
mod join;
mod serve;
mod values;

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

#[cfg(target_os = "linux")]
use crate::bench::{BenchArgs, PeerArgs};
use crate::failure::Failure;
use crate::messages::{self, Language};

pub(crate) use file::{ConfigError, ConfigProblem};
pub(crate) use join::{JoinArgs, SendArgs, ServerArgs};
pub(crate) use serve::ServeArgs;

use values::LanguageArg;

/// A chat room over UDP: log in, chat, quit.
#[derive(Debug, Parser)]
#[command(name = "chat", version, max_term_width = 100)]
#[command(
    after_help = "Example:\n  chat join alice        in one terminal: hosts the room, for nobody else does\n  chat join bob          in a second one: joins it\n\nThe address is 127.0.0.1:8888 unless --bind, --server or the environment variable CHAT_ADDRESS says otherwise."
)]
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
    Completions(CompletionsArgs),
    /// Print a manual page
    Man(ManArgs),
    /// Measure what a server costs and how fast it is
    #[cfg(target_os = "linux")]
    Bench(BenchArgs),
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    BenchPeer(PeerArgs),
}

/// The command whose options can stand in a file.
const COMMAND_WITH_FILE: &str = "serve";
/// What the environment variable of an option begins with.
const VARIABLE_PREFIX: &str = "CHAT_";
/// The option whose variable, `CHAT_ADDRESS`, is that of all commands: `address` reads it.
const ADDRESS_OPTION: &str = "bind";

/// The definition of the command line: `chat serve` takes each of its options from the environment,
/// too.
pub(crate) fn definition() -> clap::Command {
    Args::command().mut_subcommand(COMMAND_WITH_FILE, |serve| {
        serve.mut_args(|argument| {
            let Some(long) = argument.get_long() else {
                return argument;
            };
            if matches!(argument.get_action(), ArgAction::Help | ArgAction::Version)
                || long == ADDRESS_OPTION
            {
                return argument;
            }
            let variable = format!("{VARIABLE_PREFIX}{}", long.replace('-', "_").to_uppercase());
            let is_flag = matches!(argument.get_action(), ArgAction::SetTrue);
            let argument = argument.env(variable).hide_env_values(true);
            if is_flag {
                argument.value_parser(FalseyValueParser::new())
            } else {
                argument
            }
        })
    })
}

/// Reads the command line, the environment and the file that `--config` names, in this order of
/// precedence. Wrong usage ends the program with a complaint and exit code 2, a call for help with
/// exit code 0.
pub(crate) fn read() -> Result<Command, Failure> {
    let matches = definition().get_matches();
    let file = matches
        .subcommand_matches(COMMAND_WITH_FILE)
        .and_then(|serve| serve.get_one::<PathBuf>("config"));
    let matches = match file {
        Some(file) => file::with_defaults_of(file, definition())
            .map_err(Failure::Config)?
            .get_matches(),
        None => matches,
    };
    match Args::from_arg_matches(&matches) {
        Ok(args) => Ok(args.command),
        Err(error) => error.exit(),
    }
}

impl Command {
    /// In which language the command speaks to whoever runs it.
    pub(crate) fn language(&self) -> Language {
        match self {
            Self::Serve(args) => args.lang.language(),
            Self::Join(args) => args.lang.language(),
            Self::Send(args) => args.lang.language(),
            // What developers use speaks English, as the help does.
            Self::Completions(_) | Self::Man(_) => Language::English,
            #[cfg(target_os = "linux")]
            Self::Bench(_) | Self::BenchPeer(_) => Language::English,
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  chat completions bash > ~/.local/share/bash-completion/completions/chat"
)]
pub(crate) struct CompletionsArgs {
    /// For which shell
    pub(crate) shell: Shell,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  chat man serve > chat-serve.1 && man ./chat-serve.1")]
pub(crate) struct ManArgs {
    /// Of which command; without it, of the program
    pub(crate) command: Option<String>,
}

/// In which language the program speaks.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct LangArgs {
    /// The language of what is shown, and at the server of notices and refusals [default: that of
    /// the locale]
    #[arg(long, value_enum, env = "CHAT_LANG", hide_env_values = true)]
    lang: Option<LanguageArg>,
}

impl LangArgs {
    pub(crate) fn language(self) -> Language {
        self.lang
            .map_or_else(messages::language_of_the_locale, Language::from)
    }
}

/// What whoever runs a room can say about the way its datagrams take.
#[derive(Debug, clap::Args)]
pub(crate) struct SendingArgs {
    /// Send each datagram of a room that runs here with a system call of its own, not up to 64
    /// with one
    #[arg(long, env = "CHAT_NO_BATCH", value_parser = FalseyValueParser::new())]
    pub(crate) no_batch: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        definition().debug_assert();
    }

    #[test]
    fn batches_are_sent_unless_the_command_line_says_otherwise() {
        for (arguments, expected) in [
            (&["chat", "serve"][..], false),
            (&["chat", "serve", "--no-batch"], true),
        ] {
            let matches = Args::command()
                .mut_subcommand("serve", |serve| {
                    serve.mut_arg("no_batch", |option| option.env(None::<&str>))
                })
                .get_matches_from(arguments);
            let Command::Serve(args) = Args::from_arg_matches(&matches).unwrap().command else {
                panic!("serve was asked for");
            };
            assert_eq!(args.sending.no_batch, expected, "{arguments:?}");
        }
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
