//! What strangers wrote, made safe before anybody looks at it.

use std::fmt::{self, Write};

use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Text without anything that could trick the reader: the only thing that is written to a terminal. What was escaped
/// looks like `\u{202e}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeText(String);

impl SafeText {
    /// For a terminal: escapes control characters, which move the cursor or worse, and all that is invisible or turns
    /// the direction of writing around, which makes text look like something else.
    pub fn for_terminal(text: &str) -> Self {
        Self::escaping(text, is_unsafe_on_terminal)
    }

    /// For a pipe or a file: escapes control characters but TAB, and what some programs take for a line's end, so that
    /// one message is one line. All else stays as it is.
    pub fn for_pipe(text: &str) -> Self {
        Self::escaping(text, |c| {
            (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
        })
    }

    fn escaping(text: &str, is_unsafe: impl Fn(char) -> bool) -> Self {
        let mut safe = String::with_capacity(text.len());
        for character in text.chars() {
            if is_unsafe(character) {
                // Writing to a string does not fail.
                let _infallible = write!(safe, "{}", character.escape_unicode());
            } else {
                safe.push(character);
            }
        }
        Self(safe)
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a terminal should not get this character from a stranger.
pub fn is_unsafe_on_terminal(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::Unassigned
            | GeneralCategory::PrivateUse
    ) || c == '\u{2800}'
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || CodePointSetData::new::<BidiControl>().contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_tricks_a_terminal_is_escaped() {
        for c in [
            '\0',
            '\t',
            '\n',
            '\u{1b}',
            '\u{7f}',
            '\u{9b}',
            '\u{ad}',
            '\u{61c}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2028}',
            '\u{2066}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            let safe = SafeText::for_terminal(&format!("a{c}b")).to_string();
            assert_eq!(safe, format!("a\\u{{{:x}}}b", u32::from(c)));
        }
    }

    #[test]
    fn what_people_write_stays() {
        let text = "吃了么？ é e\u{301} 😀 ∑ עברית \\ ~";
        assert_eq!(SafeText::for_terminal(text).to_string(), text);
        assert_eq!(SafeText::for_pipe("👨\u{200d}👩 a\tb").to_string(), "👨\u{200d}👩 a\tb");
        assert_eq!(SafeText::for_pipe("a\u{1b}b\nc").to_string(), "a\\u{1b}b\\u{a}c");
    }

    proptest! {
        #[test]
        fn nothing_unsafe_reaches_a_terminal(text in any::<String>()) {
            let safe = SafeText::for_terminal(&text).to_string();
            prop_assert!(!safe.chars().any(is_unsafe_on_terminal), "{safe:?}");
        }

        #[test]
        fn a_pipe_gets_text_without_controls_unchanged(text in r"[^\p{Cc}\u{2028}\u{2029}]*") {
            prop_assert_eq!(SafeText::for_pipe(&text).to_string(), text);
        }
    }
}
