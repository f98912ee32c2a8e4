//! The values that options take, and the options that several commands share.

use std::num::NonZeroU32;
use std::str::FromStr;

use chat_core::proto::{Language, Verbs, Word};
use chat_core::{LogLimits, Rate};
use clap::{ArgMatches, FromArgMatches};

use crate::language::language_of_the_locale;

/// A number from 1, or `off`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit(pub(crate) Option<NonZeroU32>);

impl FromStr for Limit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self(None));
        }
        text.parse()
            .map(|number| Self(Some(number)))
            .map_err(|_| "write a whole number from 1 to 4294967295, or `off`")
    }
}

/// A rate and a burst, or `off`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimit(pub(crate) Option<Rate>);

impl FromStr for RateLimit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self(None));
        }
        let rate = pair_of(text).map(|(per_second, burst)| Rate { per_second, burst });
        rate.map(|rate| Self(Some(rate))).ok_or(
            "write two whole numbers from 1 with a colon between them, such as 200:2000, or `off`",
        )
    }
}

/// The bounds of the room's log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HistoryArg(pub(crate) LogLimits);

impl FromStr for HistoryArg {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let limits = pair_of(text).map(|(entries, bytes)| LogLimits { entries, bytes });
        limits
            .map(Self)
            .ok_or("write two whole numbers from 1 with a colon between them, such as 1024:262144")
    }
}

fn pair_of(text: &str) -> Option<(NonZeroU32, NonZeroU32)> {
    let (first, second) = text.split_once(':')?;
    Some((first.parse().ok()?, second.parse().ok()?))
}

/// Three words, separated by commas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VerbsArg(pub(crate) Verbs);

impl FromStr for VerbsArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = text.split(',').collect();
        let [login, chat, quit] = words.as_slice() else {
            return Err(
                "write three words with commas between them, such as LOGIN,CHAT,EXIT".into(),
            );
        };
        let word = |text: &str| Word::new(text).map_err(|error| error.to_string());
        Verbs::new(word(login)?, word(chat)?, word(quit)?)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

/// The language of the program.
#[derive(Debug, clap::Args)]
pub(crate) struct LangArgs {
    /// The language of what is shown, and at the server of notices and refusals [default: that of
    /// the locale]
    #[arg(long, env = "CHAT_LANG", hide_env_values = true, value_parser = ["en", "zh"])]
    lang: Option<String>,
}

impl LangArgs {
    pub(crate) fn language(&self) -> Language {
        match self.lang.as_deref() {
            None => language_of_the_locale(),
            Some("zh") => Language::Chinese,
            Some(_) => Language::English,
        }
    }
}

/// Returns the language of a command that is not read any further.
pub(super) fn language_of(command: &ArgMatches) -> Language {
    let read = LangArgs::from_arg_matches(command);
    read.map_or_else(|_| language_of_the_locale(), |lang| lang.language())
}

/// Reads the value of a flag, in a file or a variable; an empty one is that of no flag.
pub(super) fn flag(text: &str) -> Result<bool, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
        "false" | "f" | "no" | "n" | "off" | "0" | "" => Ok(false),
        _ => Err("write true or false"),
    }
}

/// An option of earlier versions, which files and scripts may still have: accepted, and without
/// effect.
#[derive(Debug, clap::Args)]
pub(crate) struct NoBatchArgs {
    #[arg(long = "no-batch", env = "CHAT_NO_BATCH", hide = true)]
    #[arg(value_parser = flag)]
    _no_batch: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_or_off() {
        assert_eq!("off".parse::<Limit>().unwrap().0, None);
        assert_eq!("7".parse::<Limit>().unwrap().0, NonZeroU32::new(7));
        for text in ["0", "-1", "", "many"] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_rate_is_two_numbers_or_off() {
        assert_eq!("off".parse::<RateLimit>().unwrap().0, None);
        let rate = "2:30".parse::<RateLimit>().unwrap().0.unwrap();
        assert_eq!((rate.per_second.get(), rate.burst.get()), (2, 30));
        for text in ["0:1", "1:0", "1", "", ":", "1:2:3", "-1:2", "1:many"] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
        }
    }
}
