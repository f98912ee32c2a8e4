//! Who came and who left, for a client's user.

use std::fmt;

use chat_core::proto::Name;

use super::status::list;
use super::{Language, say};
use crate::join::screen::Gathered;

/// How many names a line for many shows.
const SHOWN_NAMES: usize = 10;

/// Who came or left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Noticed<'a> {
    Came(Name),
    Went(Name),
    /// Many at once.
    Crowd(&'a Gathered),
}

/// As a line, in the form of the room's notices. Names are strangers' words: whoever prints it makes it safe.
pub(crate) fn notice(noticed: &Noticed<'_>, language: Language) -> impl fmt::Display {
    fmt::from_fn(move |f| match noticed {
        Noticed::Came(name) => say!(f, language, "* {name} joined", "* {name} 进入聊天室"),
        Noticed::Went(name) => say!(f, language, "* {name} left", "* {name} 退出聊天室"),
        Noticed::Crowd(crowd) => {
            f.write_str("* ")?;
            if !crowd.came.is_empty() {
                let (count, names) = (crowd.came.len(), list(&crowd.came, SHOWN_NAMES));
                say!(f, language, "{count} joined: {names}", "{count} 人进入聊天室：{names}")?;
            }
            if !crowd.came.is_empty() && !crowd.went.is_empty() {
                say!(f, language, "; ", "；")?;
            }
            if !crowd.went.is_empty() {
                let (count, names) = (crowd.went.len(), list(&crowd.went, SHOWN_NAMES));
                say!(f, language, "{count} left: {names}", "{count} 人退出聊天室：{names}")?;
            }
            Ok(())
        }
    })
}
