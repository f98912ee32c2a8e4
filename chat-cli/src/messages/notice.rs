//! Who came and who left, for a client's user.

use std::fmt;

use chat_core::proto::Name;

use super::status::list;
use super::{Language, say};
use crate::join::screen::Notice;

/// How many names a line for many shows.
const SHOWN_NAMES: usize = 10;

/// Who came or left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Noticed<'a> {
    One(Notice),
    /// Many at once.
    Many {
        came: &'a [Name],
        went: &'a [Name],
    },
}

/// As a line, in the form of the room's notices. Names are strangers' words: whoever prints it
/// makes it safe.
pub(crate) fn notice(noticed: &Noticed<'_>, language: Language) -> impl fmt::Display {
    fmt::from_fn(move |f| match noticed {
        Noticed::One(Notice::Came(name)) => {
            say!(f, language, "* {name} joined", "* {name} 进入聊天室")
        }
        Noticed::One(Notice::Went(name)) => {
            say!(f, language, "* {name} left", "* {name} 退出聊天室")
        }
        Noticed::Many { came, went } => {
            f.write_str("* ")?;
            if !came.is_empty() {
                let (count, names) = (came.len(), list(came, SHOWN_NAMES));
                say!(
                    f,
                    language,
                    "{count} joined: {names}",
                    "{count} 人进入聊天室：{names}"
                )?;
            }
            if !came.is_empty() && !went.is_empty() {
                say!(f, language, "; ", "；")?;
            }
            if !went.is_empty() {
                let (count, names) = (went.len(), list(went, SHOWN_NAMES));
                say!(
                    f,
                    language,
                    "{count} left: {names}",
                    "{count} 人退出聊天室：{names}"
                )?;
            }
            Ok(())
        }
    })
}
