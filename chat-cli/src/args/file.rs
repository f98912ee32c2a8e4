//! `--config FILE`: the options of `chat serve` in a TOML file, under their own names.
//!
//! What stands in the file becomes the default of the option, so that it is read, checked and
//! refused in the same way as on the command line, and gives way to it and to the environment.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::builder::ValueRange;
use clap::{ArgAction, ArgMatches, Command};
use toml::{Spanned, Value};

use super::{ADDRESS_OPTION, COMMAND_WITH_FILE};
use crate::address;

/// What is wrong with a file of options.
#[derive(Debug)]
pub(crate) struct ConfigError {
    pub(crate) file: PathBuf,
    /// In which line, from 1.
    pub(crate) line: Option<usize>,
    pub(crate) problem: ConfigProblem,
}

#[derive(Debug)]
pub(crate) enum ConfigProblem {
    Unreadable(io::Error),
    /// It is no TOML.
    Syntax(String),
    /// No option has this name.
    UnknownOption(String),
    /// The option takes no such value.
    BadValue {
        option: String,
        why: String,
    },
}

/// The same command with the file's values as defaults.
pub(super) fn with_defaults_of(file: &Path, mut command: Command) -> Result<Command, ConfigError> {
    let failed = |line, problem| ConfigError {
        file: file.to_owned(),
        line,
        problem,
    };
    let text =
        fs::read_to_string(file).map_err(|error| failed(None, ConfigProblem::Unreadable(error)))?;
    let line_of = |offset: usize| {
        let before = text.get(..offset).unwrap_or(&text);
        Some(before.matches('\n').count() + 1)
    };
    let options: BTreeMap<Spanned<String>, Spanned<Value>> =
        toml::from_str(&text).map_err(|error| {
            let line = error.span().and_then(|span| line_of(span.start));
            failed(line, ConfigProblem::Syntax(error.message().to_owned()))
        })?;
    for (option, value) in options {
        let line = line_of(option.span().start);
        let name = option.into_inner();
        let failed = |problem| failed(line, problem);
        let Some(argument) = argument(&command, &name) else {
            return Err(failed(ConfigProblem::UnknownOption(name)));
        };
        // It has a variable of its own, which clap does not know.
        if name == ADDRESS_OPTION && address::of_the_environment().is_some() {
            continue;
        }
        let bad = |why: String| {
            failed(ConfigProblem::BadValue {
                option: name.clone(),
                why,
            })
        };
        let values = values(&argument, value.into_inner()).map_err(|why| bad(why.to_owned()))?;
        command = command.mut_subcommand(COMMAND_WITH_FILE, |serve| {
            serve.mut_arg(argument.id, |argument| argument.default_values(values))
        });
        // Alone, so that the complaint can be told to be about this one.
        alone(&command).map_err(bad)?;
    }
    Ok(command)
}

/// An option of the command.
struct Argument {
    id: clap::Id,
    is_flag: bool,
    takes_many: bool,
}

fn argument(command: &Command, name: &str) -> Option<Argument> {
    let serve = command.find_subcommand(COMMAND_WITH_FILE)?;
    let mut arguments = serve.get_arguments();
    let argument =
        arguments.find(|argument| argument.get_long() == Some(name) && name != "config")?;
    let one = argument.get_num_args().unwrap_or(ValueRange::SINGLE);
    Some(Argument {
        id: argument.get_id().clone(),
        is_flag: matches!(argument.get_action(), ArgAction::SetTrue),
        takes_many: matches!(argument.get_action(), ArgAction::Append) || one.max_values() > 1,
    })
}

/// A value as it would stand on the command line.
fn values(argument: &Argument, value: Value) -> Result<Vec<String>, &'static str> {
    let plain = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Boolean(yes) if argument.is_flag => Ok(vec![yes.to_string()]),
        _ if argument.is_flag => Err("write true or false"),
        Value::Array(values) if argument.takes_many => {
            let values: Option<Vec<String>> = values.into_iter().map(plain).collect();
            values.ok_or("write a list of texts, such as [\"EXIT\", \"exit\"]")
        }
        value => plain(value)
            .map(|value| vec![value])
            .ok_or("write a number, or a text in quotation marks"),
    }
}

/// Whether the command works when nothing is given on the command line.
fn alone(command: &Command) -> Result<ArgMatches, String> {
    let words = [command.get_name(), COMMAND_WITH_FILE];
    command
        .clone()
        .try_get_matches_from(words)
        .map_err(|error| {
            // The first line says what is wrong; the rest is about a command line.
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        })
}
