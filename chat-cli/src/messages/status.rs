//! What cannot be said.

use std::fmt;

use chat_core::proto::{MAX_TEXT, TextError};

use super::{Language, say};

/// Why a text cannot be said, and what to do.
pub(super) fn text_error(f: &mut fmt::Formatter<'_>, language: Language, error: &TextError) -> fmt::Result {
    match error {
        TextError::TooLong { len } => say!(
            f,
            language,
            "a line can have {MAX_TEXT} bytes at most, this one has {len}; say it in parts",
            "一句话最多 {MAX_TEXT} 字节，这句有 {len} 字节；请分几句说"
        ),
        TextError::Control { character, .. } => {
            let code = u32::from(*character);
            say!(
                f,
                language,
                "a line cannot hold the control character U+{code:04X}; remove it",
                "一句话里不能有控制字符 U+{code:04X}；请去掉它"
            )
        }
        other => write!(f, "{other}"),
    }
}
