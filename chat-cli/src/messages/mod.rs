//! Everything that the program says to whoever runs it, in every language it speaks.
//!
//! The two languages of a message stand side by side, so that neither is forgotten when the other
//! changes. What is not here: `--help` and the complaints about a command line (English, in
//! `args`), the form in which pipes and scripts get what happens (the same everywhere, in
//! `join::screen` and `json`), and `chat bench`, which is for developers.
//!
//! | file | what is said |
//! |---|---|
//! | [`failure`] | why a command ended badly, and what to do |
//! | [`status`] | what a client's user has to know |
//! | [`notice`] | who came and who left, for a client's user |
//! | [`log`] | what happens in a room, for who runs it |
//! | [`console`] | what the operator's commands answer |
//! | [`bans`] | what can be wrong with the file of the bans |

mod bans;
mod console;
mod failure;
mod log;
mod notice;
mod status;

pub(crate) use chat_core::proto::Language;
pub(crate) use log::small_buffer;
pub(crate) use notice::{Noticed, notice};
pub(crate) use status::{Problem, Status};

/// Writes a message in one of two languages: English and Chinese.
macro_rules! say {
    ($f:expr, $language:expr, $english:literal, $chinese:literal $(,)?) => {
        match $language {
            $crate::messages::Language::Chinese => ::core::write!($f, $chinese),
            _ => ::core::write!($f, $english),
        }
    };
}
use say;

/// The language that the user's locale asks for: Chinese, or else English.
pub(crate) fn language_of_the_locale() -> Language {
    match sys_locale::get_locale() {
        Some(locale) if locale.starts_with("zh") => Language::Chinese,
        _ => Language::English,
    }
}
