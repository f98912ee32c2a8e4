//! Everything that the program says to whoever runs it, in every language it speaks.

pub(crate) mod bans;
mod console;
mod status;

pub(crate) use chat_core::proto::Language;

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
