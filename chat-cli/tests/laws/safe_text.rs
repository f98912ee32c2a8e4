//! Text from strangers, made safe to show: what is dangerous is decided here by Unicode's
//! properties and by the promises of [`SafeText`], not by its code.

use chat_cli::platform::safe_text::SafeText;
use icu_properties::props::{
    BidiControl, DefaultIgnorableCodePoint, GeneralCategory, JoinControl, VariationSelector,
    WhiteSpace,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// The laws of safe text, for any bytes:
///
/// * A harmless character comes through unchanged; any other, and each byte that is not text, is
///   escaped in printable ASCII.
/// * For a pipe TAB, the joiners and the variation selectors of emoji are harmless too.
/// * Safe text is not changed by being made safe again; what is safe for a terminal is safe for a
///   pipe.
pub fn safe_text(bytes: &[u8]) {
    let terminal = SafeText::from_bytes_for_terminal(bytes);
    let pipe = SafeText::from_bytes_for_pipe(bytes);
    let is_dangerous_in_a_pipe = |c| is_dangerous(c) && !is_writing(c);
    assert_eq!(terminal.as_str(), escaped(bytes, is_dangerous));
    assert_eq!(pipe.as_str(), escaped(bytes, is_dangerous_in_a_pipe));
    assert_eq!(SafeText::for_terminal(terminal.as_str()), terminal);
    assert_eq!(SafeText::for_pipe(pipe.as_str()), pipe);
    assert_eq!(SafeText::for_pipe(terminal.as_str()), terminal);
    assert_eq!(SafeText::for_terminal(pipe.as_str()), terminal);
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert_eq!(SafeText::for_terminal(text), terminal);
        assert_eq!(SafeText::for_pipe(text), pipe);
    }
}

fn escaped(bytes: &[u8], is_escaped: impl Fn(char) -> bool) -> String {
    let mut whole = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                _ if !is_escaped(character) => whole.push(character),
                '\n' | '\r' | '\t' => whole.extend(character.escape_default()),
                _ => whole.extend(character.escape_unicode()),
            }
        }
        for byte in chunk.invalid() {
            whole.extend(std::ascii::escape_default(*byte).map(char::from));
        }
    }
    whole
}

/// Whether a character does more than to be read, or cannot be seen at all.
fn is_dangerous(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    let is_space = category == GeneralCategory::SpaceSeparator;
    character.is_control()
        || category == GeneralCategory::Format
        || CodePointSetData::new::<BidiControl>().contains(character)
        || CodePointSetData::new::<JoinControl>().contains(character)
        || CodePointSetData::new::<VariationSelector>().contains(character)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        // All white space but spaces of some width ends a line or moves the cursor.
        || (CodePointSetData::new::<WhiteSpace>().contains(character) && !is_space)
        // Symbols that are drawn as nothing, by their names: "blank" and "null".
        || matches!(character, '\u{2800}' | '\u{1d159}')
}

/// Whether text is written with a character, so that a pipe gets it.
fn is_writing(character: char) -> bool {
    matches!(
        character,
        '\t' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
    )
}
