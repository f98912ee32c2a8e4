//! Text that cannot do anything but be read.
//!
//! What others write is hostile until proven otherwise: an escape sequence moves the cursor or
//! retitles the window, a line break forges a line of the program's own, a bidirectional control
//! reorders what is beside it, an invisible character makes two names look the same. The renderer
//! therefore takes [`SafeText`] and nothing else.

use std::fmt;

use chat_proto::is_invisible;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// One line of text without anything that acts on the place where it is shown.
///
/// What was taken out is shown as an escape (`\n`, `\u{1b}`, `\xff`), not dropped, so that the
/// reader sees that it was there. A backslash in the text stays as it is: an escape is for reading,
/// not for turning back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct SafeText(String);

impl SafeText {
    /// For a person at a terminal: only what is visible and stays where it is put.
    ///
    /// Escaped are the control characters (TAB too: its width depends on where it stands), the line
    /// and paragraph separators, every format character (among them all bidirectional controls,
    /// the zero-width characters and the tags), every character that Unicode lets a font leave
    /// out (fillers, variation selectors), and the few others that are drawn as nothing.
    /// Blanks, accents, wide characters and emoji stay; an emoji that is made of several joined
    /// ones falls into its parts.
    pub fn for_terminal(text: &str) -> SafeText {
        SafeText::from_bytes_for_terminal(text.as_bytes())
    }

    /// For a program that reads lines, whose output may end on a terminal all the same (`| tee`):
    /// one line.
    ///
    /// Escaped is what is escaped for a terminal, but TAB stays, and so do the joiners and
    /// variation selectors that emoji and several scripts are written with.
    pub fn for_pipe(text: &str) -> SafeText {
        SafeText::from_bytes_for_pipe(text.as_bytes())
    }

    /// [`for_terminal`](SafeText::for_terminal) for bytes that are perhaps not UTF-8; a byte that
    /// is not is shown as `\xNN`.
    pub fn from_bytes_for_terminal(bytes: &[u8]) -> SafeText {
        SafeText::escape(bytes, acts_on_a_terminal)
    }

    /// [`for_pipe`](SafeText::for_pipe) for bytes that are perhaps not UTF-8; a byte that is not is
    /// shown as `\xNN`.
    pub fn from_bytes_for_pipe(bytes: &[u8]) -> SafeText {
        SafeText::escape(bytes, acts_on_a_line)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn escape(bytes: &[u8], is_escaped: impl Fn(char) -> bool) -> SafeText {
        let mut safe = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    _ if !is_escaped(character) => safe.push(character),
                    '\n' => safe.push_str("\\n"),
                    '\r' => safe.push_str("\\r"),
                    '\t' => safe.push_str("\\t"),
                    _ => safe.extend(character.escape_unicode()),
                }
            }
            for byte in chunk.invalid() {
                safe.push_str("\\x");
                safe.extend(
                    [byte >> 4, byte & 15]
                        .into_iter()
                        .filter_map(|digit| char::from_digit(digit.into(), 16)),
                );
            }
        }
        SafeText(safe)
    }
}

fn acts_on_a_line(character: char) -> bool {
    let is_writing = matches!(
        character,
        '\t' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
    );
    !is_writing && acts_on_a_terminal(character)
}

/// Whether a character can do more at a terminal than be read.
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

/// Symbols whose picture is empty, which no property of Unicode says: the blank pattern of Braille
/// and the musical symbol null notehead.
fn is_drawn_as_nothing(character: char) -> bool {
    matches!(character, '\u{2800}' | '\u{1D159}')
}

impl fmt::Display for SafeText {
    /// Honours width and alignment, which count characters, not columns.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for SafeText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use icu_properties::CodePointSetData;
    use icu_properties::props::BidiControl;
    use proptest::prelude::*;

    use super::*;

    fn terminal(text: &str) -> String {
        SafeText::for_terminal(text).to_string()
    }

    /// Said differently from the code under test: the standard library, another property, and
    /// ranges by hand.
    fn is_dangerous(character: char) -> bool {
        character.is_control()
            || CodePointSetData::new::<BidiControl>().contains(character)
            || matches!(character,
                '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
                | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
                | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D159}' | '\u{1D173}'..='\u{1D17A}'
                | '\u{E0000}'..='\u{E0FFF}')
    }

    #[test]
    fn what_acts_on_a_terminal_is_escaped() {
        for (hostile, shown) in [
            ("\u{1b}[2J", r"\u{1b}[2J"),
            ("\0", r"\u{0}"),
            ("\u{7f}", r"\u{7f}"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("a\r\nb\tc", r"a\r\nb\tc"),
            ("\u{202e}gnp", r"\u{202e}gnp"),
            ("\u{2066}\u{2069}", r"\u{2066}\u{2069}"),
            ("a\u{200b}b", r"a\u{200b}b"),
            ("\u{feff}", r"\u{feff}"),
            ("👩\u{200d}💻", r"👩\u{200d}💻"),
            ("\u{e0041}", r"\u{e0041}"),
            ("\u{2028}\u{2029}", r"\u{2028}\u{2029}"),
            (
                "\u{2800}\u{3164}\u{115f}\u{ffa0}",
                r"\u{2800}\u{3164}\u{115f}\u{ffa0}",
            ),
            ("\u{fe0f}\u{ad}\u{34f}", r"\u{fe0f}\u{ad}\u{34f}"),
        ] {
            assert_eq!(terminal(hostile), shown);
        }
    }

    #[test]
    fn what_people_write_stays() {
        for text in [
            "",
            "hello, world",
            r"C:\new",
            "naïve e\u{301}",
            "日本語 한국어",
            "😀🎃",
            "שלום سلام",
            "a\u{a0}b\u{3000}c",
        ] {
            assert_eq!(terminal(text), text);
            assert_eq!(SafeText::for_pipe(text).as_ref(), text);
        }
    }

    #[test]
    fn every_character_of_unicode_is_judged_right() {
        for character in '\0'..=char::MAX {
            let shown = SafeText::for_terminal(character.encode_utf8(&mut [0; 4]));
            assert!(!shown.as_str().contains(is_dangerous), "{character:?}");
            assert!(!shown.as_str().is_empty());
            if character.is_alphanumeric() && !is_dangerous(character) {
                assert_eq!(shown.as_str(), character.to_string());
            }
        }
    }

    #[test]
    fn a_pipe_gets_one_line_and_keeps_what_people_write() {
        let text = SafeText::for_pipe("a\tb\u{200d}\u{202e}\r\n\u{85}\u{2028}\u{2029}\u{1b}");
        assert_eq!(
            text.as_str(),
            "a\tb\u{200d}\\u{202e}\\r\\n\\u{85}\\u{2028}\\u{2029}\\u{1b}"
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_bytes() {
        let bytes = b"a\xffb\xc3\xe2\x82\x1b";
        assert_eq!(
            SafeText::from_bytes_for_terminal(bytes).as_str(),
            r"a\xffb\xc3\xe2\x82\u{1b}"
        );
        assert_eq!(SafeText::from_bytes_for_pipe(b"\x80\t").as_str(), "\\x80\t");
    }

    #[test]
    fn it_can_be_aligned() {
        assert_eq!(format!("{:>5}|", SafeText::for_pipe("ab")), "   ab|");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_reaches_a_terminal(text in proptest::collection::vec(any::<char>(), 0..30)) {
            let text: String = text.into_iter().collect();
            prop_assert!(!terminal(&text).contains(is_dangerous));
        }

        #[test]
        fn any_bytes_become_one_line(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(!SafeText::from_bytes_for_terminal(&bytes).as_str().contains(is_dangerous));
            let piped = SafeText::from_bytes_for_pipe(&bytes);
            prop_assert!(!piped.as_str().contains(|c: char| c.is_control() && c != '\t'));
        }

        #[test]
        fn a_pipe_leaves_what_people_write_alone(text in "[ -~\\t\u{a1}-\u{ac}\u{c0}-\u{24f}\u{400}-\u{4ff}\u{4e00}-\u{9fff}\u{1f600}-\u{1f64f}\u{200d}\u{fe0f}]{0,30}") {
            let piped = SafeText::for_pipe(&text);
            prop_assert_eq!(piped.as_str(), text);
        }
    }
}
