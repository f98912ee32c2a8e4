//! `--config FILE`: the options of `chat serve` in a TOML file, under their own names.
//!
//! A value in the file becomes the default of its option: it is read and checked as on the command
//! line, and gives way to the command line and the environment.

use std::collections::BTreeMap;
use std::env;
use std::fmt::{self, Write as _};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::builder::{Resettable, ValueRange};
use clap::error::ContextKind;
use clap::{Arg, ArgAction, Command};
use toml::{Spanned, Value};

use super::{VARIABLE_PREFIX, variable_of};
use crate::address;
use crate::language::{Worded, Words, say};

/// The command whose options can stand in a file.
pub(super) const COMMAND_WITH_FILE: &str = "serve";
/// The option whose environment variable, `CHAT_ADDRESS`, is that of all commands.
pub(super) const ADDRESS_OPTION: &str = "bind";

/// A file of options that cannot be used, or a variable.
#[derive(Debug)]
pub(super) struct ConfigError {
    place: PathBuf,
    /// Counted from 1.
    line: Option<usize>,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Unreadable(io::Error),
    /// It is not TOML.
    Syntax(String),
    /// No option has this name; the one that is perhaps meant.
    UnknownOption(String, Option<String>),
    /// The variable is none; the one that is perhaps meant.
    UnknownVariable(String),
    /// The option takes no such value, for this reason.
    BadValue(String, String),
}

impl Worded for ConfigError {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        write!(to, "{}", self.place.display())?;
        if let Some(line) = self.line {
            say! { to, ", line {line}", " 第 {line} 行" }?;
        }
        say! { to, ": ", "：" }?;
        match &self.problem {
            Problem::Unreadable(error) => say! { to,
            "cannot be read: {error}; give --config a file that is there and that you can \
             read",
            "无法读取：{error}；请让 --config 指向一个存在且可读的文件" },
            Problem::Syntax(why) => say! { to,
            "this is not TOML: {why}; write a line as: option = \"value\"",
            "不是 TOML：{why}；每行请写成：选项 = \"值\"" },
            Problem::UnknownOption(name, meant) => {
                say! { to, "there is no option {name:?}", "没有 {name:?} 这个选项" }?;
                if let Some(meant) = meant {
                    say! { to, ", perhaps {meant:?} was meant", "，也许是 {meant:?}" }?;
                }
                say! { to, "; `chat serve --help` lists them; leave out the dashes in front",
                "；`chat serve --help` 列出所有选项；请去掉前面的横线" }
            }
            Problem::UnknownVariable(meant) => say! { to,
            "there is no such variable, perhaps {meant} was meant; `chat serve --help` lists them",
            "没有这个变量，也许是 {meant}；`chat serve --help` 列出所有变量" },
            Problem::BadValue(option, why) => say! { to, "{option} cannot be this: {why}",
            "{option} 不能是这个值：{why}" },
        }
    }
}

/// Makes the file's values the defaults of the command's options.
pub(super) fn with_defaults_of(file: &Path, command: Command) -> Result<Command, ConfigError> {
    let failed = |line, problem| ConfigError {
        place: file.to_owned(),
        line,
        problem,
    };
    let text =
        fs::read_to_string(file).map_err(|error| failed(None, Problem::Unreadable(error)))?;
    let line_of = |offset: usize| {
        let before = text.get(..offset).unwrap_or(&text);
        before.matches('\n').count() + 1
    };
    let options: BTreeMap<Spanned<String>, Spanned<Value>> =
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map(|span| line_of(span.start));
            failed(line, Problem::Syntax(error.message().to_owned()))
        })?;
    options
        .into_iter()
        .try_fold(command, |command, (option, value)| {
            let line = line_of(option.span().start);
            let changed = with_default(command, option.into_inner(), value.into_inner());
            changed.map_err(|problem| failed(Some(line), problem))
        })
}

/// Makes the value the default of the option of this name.
fn with_default(command: Command, name: String, value: Value) -> Result<Command, Problem> {
    let serve = command.find_subcommand(COMMAND_WITH_FILE);
    let is_meant = |option: &&Arg| option.get_long() == Some(&name) && name != "config";
    let option = serve.and_then(|serve| serve.get_arguments().find(is_meant));
    let Some(option) = option.cloned() else {
        let meant = option_like(&command, &name);
        return Err(Problem::UnknownOption(name, meant));
    };
    // Clap does not know this variable, which comes before the file.
    if name == ADDRESS_OPTION && address::of_the_environment().is_some() {
        return Ok(command);
    }
    let values = match values(&option, value) {
        Ok(values) => values,
        Err(why) => return Err(Problem::BadValue(name, why.to_owned())),
    };
    let command = command.mut_subcommand(COMMAND_WITH_FILE, |serve| {
        serve.mut_arg(option.get_id(), |option| option.default_values(values))
    });
    // Without a command line and variables, so that a complaint is known to be about this option,
    // and none of them hides it.
    let words = [command.get_name(), COMMAND_WITH_FILE];
    let alone = command.clone().mut_subcommand(COMMAND_WITH_FILE, |serve| {
        serve.mut_args(|option| option.env(Resettable::Reset))
    });
    match alone.try_get_matches_from(words) {
        Ok(_) => Ok(command),
        Err(error) => {
            // The last line is about a command line.
            let text = error.render().to_string();
            let why = text.split("\nFor more").next().unwrap_or_default();
            let why: Vec<_> = why.split_whitespace().collect();
            Err(Problem::BadValue(
                name,
                why.join(" ").replacen("error: ", "", 1),
            ))
        }
    }
}

/// Returns the option that clap finds most like this name, which is none.
fn option_like(command: &Command, name: &str) -> Option<String> {
    let words = [command.get_name(), COMMAND_WITH_FILE, &format!("--{name}")].map(str::to_owned);
    let error = command.clone().try_get_matches_from(words).err()?;
    let suggested = error.get(ContextKind::SuggestedArg)?.to_string();
    Some(suggested.trim_start_matches('-').to_owned())
}

/// Returns a warning for each variable that is perhaps a misspelt one, or another program's.
pub(super) fn misspelt_variables(command: Command) -> impl Iterator<Item = ConfigError> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter_map(move |variable| {
        let name = variable.strip_prefix(VARIABLE_PREFIX)?;
        let name = name.to_lowercase().replace('_', "-");
        let meant = option_like(&command, &name).filter(|_| name != "address")?;
        Some(ConfigError {
            problem: Problem::UnknownVariable(variable_of(&meant)),
            place: variable.into(),
            line: None,
        })
    })
}

/// Writes a value as it would stand on the command line.
fn values(argument: &Arg, value: Value) -> Result<Vec<String>, &'static str> {
    let is_flag = matches!(argument.get_action(), ArgAction::SetTrue);
    let most = argument.get_num_args().unwrap_or(ValueRange::SINGLE);
    let takes_many = matches!(argument.get_action(), ArgAction::Append) || most.max_values() > 1;
    let plain = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Boolean(yes) if is_flag => Ok(vec![yes.to_string()]),
        _ if is_flag => Err("write true or false"),
        Value::Array(values) if takes_many => {
            let values: Option<Vec<String>> = values.into_iter().map(plain).collect();
            values.ok_or("write a list of texts, such as [\"EXIT\", \"exit\"]")
        }
        value => plain(value)
            .map(|value| vec![value])
            .ok_or("write a number, or a text in quotation marks"),
    }
}
