//! The laws of text from strangers that is made safe to show.
//!
//! Dangerous characters are listed here by code point, independently of the tables of the code.

use chat_cli::io::safe_text::SafeText;

/// Checks the laws of safe text for any bytes, read as UTF-8 with replacement characters:
///
/// * A harmless character comes through unchanged; any other is escaped in printable ASCII.
/// * For a pipe TAB, the joiners and the variation selectors of emoji are harmless too.
/// * Safe text is not changed by being made safe again; text that is safe for a terminal is safe
///   for a pipe.
pub fn safe_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let terminal = SafeText::for_terminal(&text);
    let pipe = SafeText::for_pipe(&text);
    assert_eq!(terminal.as_str(), escaped(&text, is_dangerous));
    assert_eq!(
        pipe.as_str(),
        escaped(&text, |c| is_dangerous(c) && !is_writing(c))
    );
    assert_eq!(SafeText::for_terminal(terminal.as_str()), terminal);
    assert_eq!(SafeText::for_pipe(pipe.as_str()), pipe);
    assert_eq!(SafeText::for_pipe(terminal.as_str()), terminal);
    assert_eq!(SafeText::for_terminal(pipe.as_str()), terminal);
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let escape = |character| match character {
        _ if !is_escaped(character) => character.to_string(),
        '\n' => r"\n".to_owned(),
        '\r' => r"\r".to_owned(),
        '\t' => r"\t".to_owned(),
        _ => format!("\\u{{{:x}}}", u32::from(character)),
    };
    text.chars().map(escape).collect()
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

/// Returns whether text is written with a dangerous character, so that a pipe gets it.
fn is_writing(character: char) -> bool {
    matches!(
        character,
        '\t' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
    )
}
