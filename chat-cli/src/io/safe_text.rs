//! Text that can do nothing but be read.
//!
//! Text from others is hostile until proven otherwise: an escape sequence moves the cursor, a line
//! break forges a line of this program, a bidirectional control reorders its neighbours, an
//! invisible character makes two names look the same. A renderer therefore takes [`SafeText`] and
//! nothing else.

use std::fmt;

use chat_proto::is_invisible;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup};
use unicode_properties::{UnicodeEmoji, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

/// The scripts whose letters join, or whose consonants do, by their codes in ISO 15924.
const JOINED_SCRIPTS: &str = "Adlm Arab Beng Deva Gujr Guru Khmr Knda Mand Mlym Mong Mymr Nkoo \
                              Orya Rohg Sinh Syrc Taml Telu";
/// The flags of England, Scotland and Wales, the only ones that are written with tags.
const TAG_FLAGS: [&str; 3] = [
    "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "🏴\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

/// One line of text without anything that acts on the place where it is shown.
///
/// Dangerous are the control characters, the line and paragraph separators, every format character
/// (among them the bidirectional controls, the zero-width characters and the tags), every character
/// that Unicode lets a font leave out (fillers, variation selectors), and the few others that are
/// drawn as nothing. Each is shown as an escape (`\n`, `\u{1b}`) and not left out, so that the
/// reader sees that it was there, except within these sequences:
///
/// * an emoji: a grapheme cluster of pictographs with joiners between them, each with at most a
///   variation selector (VS15, VS16) and a skin tone behind it; a keycap; one of three flags;
/// * a joiner or non-joiner between two letters or marks of one script that is written with them,
///   such as Arabic or Devanagari. In other scripts, such as Latin, it would only hide.
///
/// Blanks, accents and wide characters stay. A backslash of the text stays as it is: an escape is
/// for reading and cannot be turned back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct SafeText(String);

impl SafeText {
    /// Makes text safe for a person at a terminal: all of it is visible and stays in its place. A
    /// TAB, whose width depends on its place, is shown as four blanks.
    pub fn for_terminal(text: &str) -> Self {
        Self::escape(text, "    ", |_, _| false)
    }

    /// Makes text safe for a program that reads lines, whose output may reach a terminal (`| tee`).
    ///
    /// Escaped is the same as for a terminal, but TAB stays, and so does a variation selector
    /// directly behind a visible character: some scripts choose between two forms with it.
    pub fn for_pipe(text: &str) -> Self {
        Self::escape(text, "\t", |before, character| {
            matches!(character, '\u{fe00}'..='\u{fe0f}')
                && before.ends_with(|c: char| !c.is_whitespace() && !acts_on_a_terminal(c))
        })
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Escapes what is dangerous, except what is in a sequence, or `stays` behind some text.
    fn escape(text: &str, tab: &str, stays: impl Fn(&str, char) -> bool) -> Self {
        let mut safe = String::with_capacity(text.len());
        for (start, cluster) in text.grapheme_indices(true) {
            if is_emoji(cluster) {
                safe.push_str(cluster);
                continue;
            }
            for (offset, character) in cluster.char_indices() {
                let (before, from) = text.split_at(start + offset);
                match character {
                    _ if !acts_on_a_terminal(character) => safe.push(character),
                    '\t' => safe.push_str(tab),
                    '\n' | '\r' => safe.extend(character.escape_default()),
                    _ if joins(before, from) || stays(before, character) => safe.push(character),
                    _ => safe.extend(character.escape_unicode()),
                }
            }
        }
        Self(safe)
    }
}

/// Returns whether a grapheme cluster is an emoji, which may have invisible parts.
fn is_emoji(cluster: &str) -> bool {
    match cluster.strip_suffix("\u{fe0f}\u{20e3}") {
        Some(key) => key.len() == 1 && key.starts_with(|key: char| "0123456789#*".contains(key)),
        None => TAG_FLAGS.contains(&cluster) || cluster.split('\u{200d}').all(is_pictograph),
    }
}

/// Returns whether this is one pictograph, perhaps with a variation selector and a skin tone.
fn is_pictograph(text: &str) -> bool {
    let mut rest = text.chars();
    let is_begun = rest.next().is_some_and(|c| {
        // Components are digits, halves of flags and skin tones, but also the styles of hair.
        c.is_emoji_char() && (!c.is_emoji_component() || matches!(c, '🦰'..='🦳'))
    });
    let rest = rest.as_str();
    let rest = rest.strip_prefix(['\u{fe0e}', '\u{fe0f}']).unwrap_or(rest);
    is_begun && matches!(rest, "" | "🏻" | "🏼" | "🏽" | "🏾" | "🏿")
}

/// Returns whether `from` begins with a joiner or non-joiner in a word of a script that has them.
fn joins(before: &str, from: &str) -> bool {
    let mut from = from.chars();
    let is_joiner = matches!(from.next(), Some('\u{200c}' | '\u{200d}'));
    let script = |c: char| {
        use GeneralCategoryGroup::{Letter, Mark};
        let is_writing = matches!(c.general_category_group(), Letter | Mark);
        let script = c.script().short_name();
        let has_joiners = JOINED_SCRIPTS.split(' ').any(|joined| joined == script);
        (is_writing && has_joiners && !acts_on_a_terminal(c)).then_some(script)
    };
    // Marks that several scripts share are of the script of their letter.
    let is_own = |c: &char| c.script() != Script::Inherited || acts_on_a_terminal(*c);
    let left = || before.chars().rev().find(is_own).and_then(script);
    is_joiner && left().is_some() && left() == from.next().and_then(script)
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
        // Empty pictures, which no property of Unicode tells: a pattern of Braille, a notehead.
        || matches!(character, '\u{2800}' | '\u{1d159}')
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
    fn safe_text_can_be_aligned() {
        assert_eq!(format!("{:>5}|", SafeText::for_pipe("ab")), "   ab|");
    }
}
