//! The laws of text from strangers that is made safe to show.
//!
//! Dangerous characters, and the places where they are let through, are listed here by code point,
//! independently of the tables of the code.

use chat_cli::io::safe_text::SafeText;

/// Checks the laws of safe text for any bytes, read as UTF-8 with replacement characters:
///
/// * A harmless character comes through unchanged; any other is escaped in printable ASCII, a TAB
///   shown as blanks, or let through within one of the sequences of [`is_in_a_sequence`].
/// * For a pipe a TAB stays, and a variation selector behind a visible character may.
/// * Safe text is not changed by being made safe again; text that is safe for a terminal is safe
///   for a pipe.
pub fn safe_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let terminal = SafeText::for_terminal(&text);
    let pipe = SafeText::for_pipe(&text);
    check(&text, terminal.as_str(), "    ", is_in_a_sequence);
    check(&text, pipe.as_str(), "\t", |text, at| {
        is_in_a_sequence(text, at) || is_a_form(text, at)
    });
    assert_eq!(SafeText::for_terminal(terminal.as_str()), terminal);
    assert_eq!(SafeText::for_pipe(pipe.as_str()), pipe);
    assert_eq!(SafeText::for_pipe(terminal.as_str()), terminal);
}

/// Checks character by character. `may_stay` gets the text and the place of a dangerous one.
fn check(text: &str, shown: &str, tab: &str, may_stay: impl Fn(&str, usize) -> bool) {
    let mut rest = shown;
    for (at, character) in text.char_indices() {
        let expected = match character {
            '\t' => tab.to_owned(),
            _ if !is_dangerous(character) => character.to_string(),
            _ if rest.starts_with(character) && may_stay(text, at) => character.to_string(),
            '\n' => r"\n".to_owned(),
            '\r' => r"\r".to_owned(),
            _ => format!("\\u{{{:x}}}", u32::from(character)),
        };
        let (before, from) = text.split_at(at);
        assert!(
            rest.starts_with(&expected),
            "{expected:?} is missing between {:?} and {:?}",
            before.chars().next_back(),
            from.chars().nth(1),
        );
        rest = rest.split_at(expected.len()).1;
    }
    assert_eq!(rest, "", "more is shown than the text has");
}

/// Returns whether the character at this place may stay: a variation selector behind a pictograph
/// or in a keycap, a joiner between two pictographs, a joiner or non-joiner within a word of a
/// script that has them, a tag in one of three flags.
fn is_in_a_sequence(text: &str, at: usize) -> bool {
    let (before, from) = text.split_at(at);
    let last = before.chars().next_back().unwrap_or(' ');
    let next = from.chars().nth(1).unwrap_or(' ');
    match from.chars().next() {
        Some('\u{fe0e}') => is_pictograph(last),
        Some('\u{fe0f}') => {
            let is_key = matches!(last, '0'..='9' | '#' | '*');
            is_pictograph(last) || is_key && next == '\u{20e3}'
        }
        Some('\u{200c}') => is_in_a_word(before, next),
        Some('\u{200d}') => {
            let tone = |c: char| matches!(c, '\u{1f3fb}'..='\u{1f3ff}');
            let rest = before.strip_suffix(tone).unwrap_or(before);
            let rest = rest.strip_suffix(['\u{fe0e}', '\u{fe0f}']).unwrap_or(rest);
            rest.ends_with(is_pictograph) && is_pictograph(next) || is_in_a_word(before, next)
        }
        Some('\u{e0020}'..='\u{e007f}') => {
            let mut nearby = before.char_indices().rev().take(6);
            nearby
                .find(|&(_, c)| c == '\u{1f3f4}')
                .is_some_and(|(start, _)| {
                    let tags = text.split_at(start).1.chars().skip(1).take(6);
                    let tags =
                        tags.map(|tag| char::from_u32(u32::from(tag) ^ 0xe_0000).unwrap_or(' '));
                    let tags: String = tags.collect();
                    matches!(tags.as_str(), "gbeng\u{7f}" | "gbsct\u{7f}" | "gbwls\u{7f}")
                })
        }
        _ => false,
    }
}

/// Returns whether the character at this place is a variation selector behind a visible character.
fn is_a_form(text: &str, at: usize) -> bool {
    let (before, from) = text.split_at(at);
    from.starts_with(|c| matches!(c, '\u{fe00}'..='\u{fe0f}'))
        && before.ends_with(|c: char| !is_dangerous(c) && !c.is_whitespace())
}

fn is_pictograph(character: char) -> bool {
    matches!(
        character,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
            | '\u{2194}'..='\u{21aa}' | '\u{231a}'..='\u{23fa}' | '\u{24c2}'
            | '\u{25aa}'..='\u{25fe}' | '\u{2600}'..='\u{27bf}' | '\u{2934}' | '\u{2935}'
            | '\u{2b05}'..='\u{2b55}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
            | '\u{1f004}'..='\u{1f1e5}' | '\u{1f200}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}'
    )
}

/// Returns whether a word goes on here in a script that is written with joiners.
fn is_in_a_word(before: &str, next: char) -> bool {
    // The accents that all scripts share.
    let is_shared = |c: char| {
        matches!(c, '\u{300}'..='\u{36f}' | '\u{485}' | '\u{486}' | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{302a}'..='\u{302d}'
            | '\u{3099}' | '\u{309a}' | '\u{fe20}'..='\u{fe2d}' | '\u{101fd}' | '\u{102e0}'
            | '\u{1133b}' | '\u{1cf00}'..='\u{1cf46}' | '\u{1d167}'..='\u{1d1ad}')
    };
    let last = before.trim_end_matches(is_shared).chars().next_back();
    last.is_some_and(is_joined) && is_joined(next)
}

/// Returns whether a character is in a block of a script that is written with joiners: Arabic,
/// Syriac, N'Ko, Mandaic, those of India, Myanmar, Khmer, Mongolian, Rohingya, Adlam; or near by.
fn is_joined(character: char) -> bool {
    !is_dangerous(character)
        && matches!(character, '\u{600}'..='\u{77f}' | '\u{7c0}'..='\u{7ff}'
            | '\u{840}'..='\u{dff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{18af}'
            | '\u{1cd0}'..='\u{1cff}' | '\u{a8e0}'..='\u{a8ff}' | '\u{a9e0}'..='\u{a9ff}'
            | '\u{aa60}'..='\u{aa7f}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
            | '\u{10d00}'..='\u{10eff}' | '\u{11000}'..='\u{11fff}'
            | '\u{1e900}'..='\u{1e95f}' | '\u{1ee00}'..='\u{1eeff}')
}

/// Returns whether a character does more than be read, or cannot be seen at all.
fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // Separators of lines and paragraphs.
            '\u{2028}' | '\u{2029}'
            // Format characters (general category Cf).
            | '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            // Characters that a font may leave out (Default_Ignorable_Code_Point).
            | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{2065}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}'
            // Symbols that are drawn as nothing, named "blank" and "null".
            | '\u{2800}' | '\u{1d159}'
        )
}
