//! Text that can do nothing but be read.
//!
//! Text from others is hostile until proven otherwise: an escape sequence moves the cursor, a line
//! break forges a line of this program, a bidirectional control reorders its neighbours, an
//! invisible character makes two names look the same. A renderer therefore takes [`SafeText`] and
//! nothing else.

use std::fmt;

use chat_proto::is_invisible;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// One line of text without anything that acts on the place where it is shown.
///
/// A dangerous character is shown as an escape (`\n`, `\u{1b}`) and not left out, so that the
/// reader sees that it was there. A backslash of the text stays as it is: an escape is for reading
/// and cannot be turned back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct SafeText(String);

impl SafeText {
    /// Makes text safe for a person at a terminal: all of it is visible and stays in its place.
    ///
    /// Escaped are the control characters (TAB too, whose width depends on its place), the line and
    /// paragraph separators, every format character (among them the bidirectional controls, the
    /// zero-width characters and the tags), every character that Unicode lets a font leave out
    /// (fillers, variation selectors), and the few others that are drawn as nothing. Blanks,
    /// accents, wide characters and emoji stay; an emoji of several joined ones falls into its
    /// parts.
    pub fn for_terminal(text: &str) -> Self {
        Self::escape(text, acts_on_a_terminal)
    }

    /// Makes text safe for a program that reads lines, whose output may reach a terminal (`| tee`).
    ///
    /// Escaped is the same as for a terminal, but TAB stays, and so do the joiners and variation
    /// selectors that emoji and several scripts are written with.
    pub fn for_pipe(text: &str) -> Self {
        Self::escape(text, acts_on_a_line)
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> Self {
        let mut safe = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                _ if !is_escaped(character) => safe.push(character),
                '\n' | '\r' | '\t' => safe.extend(character.escape_default()),
                _ => safe.extend(character.escape_unicode()),
            }
        }
        Self(safe)
    }
}

/// Returns whether a character can do more at a terminal than be read, or cannot be seen.
pub(crate) fn acts_on_a_terminal(character: char) -> bool {
    // Nearly all text is of these, and they need no look at the tables.
    if matches!(character, ' '..='~') {
        return false;
    }
    matches!(
        character.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    ) || is_invisible(character)
        || is_drawn_as_nothing(character)
}

fn acts_on_a_line(character: char) -> bool {
    let is_writing = matches!(
        character,
        '\t' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
    );
    !is_writing && acts_on_a_terminal(character)
}

/// Returns whether a symbol has an empty picture, which no property of Unicode tells: the blank
/// pattern of Braille and the musical symbol null notehead.
fn is_drawn_as_nothing(character: char) -> bool {
    matches!(character, '\u{2800}' | '\u{1d159}')
}

impl fmt::Display for SafeText {
    /// Writes the text. Width and alignment count characters and not columns.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dangerous_text_is_escaped_for_a_terminal() {
        for (hostile, shown) in [
            (
                "\u{1b}[2J\0\u{7f}\u{9b}31m",
                r"\u{1b}[2J\u{0}\u{7f}\u{9b}31m",
            ),
            ("a\r\nb\tc\u{2028}\u{2029}", r"a\r\nb\tc\u{2028}\u{2029}"),
            (
                "\u{202e}gnp\u{2066}\u{2069}",
                r"\u{202e}gnp\u{2066}\u{2069}",
            ),
            ("a\u{200b}b\u{feff}", r"a\u{200b}b\u{feff}"),
            ("👩\u{200d}💻\u{e0041}", r"👩\u{200d}💻\u{e0041}"),
            ("\u{2800}\u{3164}\u{1d159}", r"\u{2800}\u{3164}\u{1d159}"),
            ("\u{fe0f}\u{ad}\u{34f}", r"\u{fe0f}\u{ad}\u{34f}"),
        ] {
            assert_eq!(SafeText::for_terminal(hostile).as_str(), shown);
        }
    }

    #[test]
    fn a_pipe_gets_one_line_and_keeps_joiners_and_tabs() {
        for (hostile, shown) in [
            ("a\tb\u{200d}\u{fe0f}", "a\tb\u{200d}\u{fe0f}"),
            ("\u{202e}\r\n\u{85}", r"\u{202e}\r\n\u{85}"),
            ("\u{2028}\u{2029}\u{1b}", r"\u{2028}\u{2029}\u{1b}"),
        ] {
            assert_eq!(SafeText::for_pipe(hostile).as_str(), shown);
        }
    }

    #[test]
    fn harmless_text_stays() {
        for text in [
            "",
            r"hello, C:\new",
            "naïve e\u{301}",
            "日本語 한국어",
            "😀🎃",
            "שלום سلام",
            "a\u{a0}b\u{3000}c",
        ] {
            assert_eq!(SafeText::for_terminal(text).as_str(), text);
            assert_eq!(SafeText::for_pipe(text).as_str(), text);
        }
    }

    #[test]
    fn safe_text_can_be_aligned() {
        assert_eq!(format!("{:>5}|", SafeText::for_pipe("ab")), "   ab|");
    }
}
