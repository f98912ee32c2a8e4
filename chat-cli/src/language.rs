//! The two languages that the program speaks to its users: English and Chinese.
//!
//! Each sentence stands once, in both languages side by side, beside the value that it words. The
//! exceptions: `--help` and complaints about a command line are English (`args`), and pipes and
//! scripts get the same words everywhere (`client::output`, `json`).

use std::fmt::{self, Write as _};

pub(crate) use chat_core::proto::Language;
use chat_core::proto::{MAX_TEXT, TextError};

/// The place for a sentence, and its language.
pub(crate) struct Words<'w> {
    /// Receives the text.
    out: &'w mut dyn fmt::Write,
    /// Of the sentence.
    pub(crate) language: Language,
}

impl fmt::Write for Words<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.out.write_str(text)
    }
}

/// A value with a sentence for the user, in either language.
pub(crate) trait Worded: fmt::Debug {
    /// Writes the sentence; it ends without a full stop.
    fn word(&self, to: &mut Words<'_>) -> fmt::Result;

    /// Returns the sentence.
    fn in_words(&self, language: Language) -> String {
        let mut text = String::new();
        let out = &mut text;
        // A string takes everything.
        let _infallible = self.word(&mut Words { out, language });
        text
    }
}

/// Writes a sentence in the language of the reader. The first text is English, the second Chinese.
macro_rules! say {
    ($to:expr, $english:literal, $chinese:literal) => {{
        use ::core::fmt::Write as _;
        match $to.language {
            $crate::language::Language::Chinese => ::core::write!($to, $chinese),
            _ => ::core::write!($to, $english),
        }
    }};
}
pub(crate) use say;

/// Returns the language of the user's locale: Chinese, or else English.
pub(crate) fn language_of_the_locale() -> Language {
    match sys_locale::get_locale() {
        Some(locale) if locale.starts_with("zh") => Language::Chinese,
        _ => Language::English,
    }
}

/// Writes that a line was not sent, and the reason.
pub(crate) fn not_said(to: &mut Words<'_>, error: &dyn Worded) -> fmt::Result {
    say! { to, "not said: ", "未发送：" }?;
    error.word(to)
}

/// A text that is no line, and the way out: typed, piped in or spoken by an operator.
impl Worded for TextError {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => say! { to,
            "a line can have {MAX_TEXT} bytes at most, this one has {len}; say it in parts",
            "一句话最多 {MAX_TEXT} 字节，这句有 {len} 字节；请分几句说" },
            Self::Control { character, .. } => {
                let code = u32::from(*character);
                say! { to, "a line cannot hold the control character U+{code:04X}; remove it",
                "一句话里不能有控制字符 U+{code:04X}；请去掉它" }
            }
            other => write!(to, "{other}"),
        }
    }
}
