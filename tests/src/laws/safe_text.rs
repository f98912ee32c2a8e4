//! What strangers wrote, made safe to show. What is dangerous is decided here by Unicode's
//! properties and by the promises of [`SafeText`], not by its code.

use std::fmt::Write;

use chat_cli::platform::safe_text::SafeText;
use icu_properties::props::{
    BidiControl, DefaultIgnorableCodePoint, GeneralCategory, JoinControl, VariationSelector,
    WhiteSpace,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// The laws of safe text, for any bytes:
///
/// * A terminal gets nothing that controls it, breaks the line, turns the direction or cannot be
///   seen.
/// * A pipe gets one line, and of all that only TAB, the joiners and the variation selectors of
///   emoji.
/// * Everything else comes through unchanged, character by character; what is escaped is escaped in
///   printable ASCII, and so is every byte that is no text.
/// * What is safe is not changed by being made safe again, and what is safe for a terminal is safe
///   for a pipe.
pub fn safe_text(bytes: &[u8]) {
    let terminal = SafeText::from_bytes_for_terminal(bytes);
    let pipe = SafeText::from_bytes_for_pipe(bytes);
    let shown = bytes.escape_ascii();

    for character in terminal.as_str().chars() {
        assert!(
            !is_dangerous(character),
            "a terminal gets {character:?} of {shown}"
        );
    }
    for character in pipe.as_str().chars() {
        assert!(
            !is_dangerous(character) || is_writing(character),
            "a pipe gets {character:?} of {shown}"
        );
    }
    assert!(
        pipe.as_str().lines().count() <= 1,
        "a pipe gets two lines of {shown}"
    );

    assert_eq!(
        terminal.as_str(),
        piece_by_piece(bytes, is_dangerous, SafeText::for_terminal),
        "what a terminal gets of {shown}"
    );
    assert_eq!(
        pipe.as_str(),
        piece_by_piece(
            bytes,
            |c| is_dangerous(c) && !is_writing(c),
            SafeText::for_pipe
        ),
        "what a pipe gets of {shown}"
    );

    assert_eq!(
        SafeText::for_terminal(terminal.as_str()),
        terminal,
        "twice: {shown}"
    );
    assert_eq!(
        SafeText::for_pipe(pipe.as_str()),
        pipe,
        "twice for a pipe: {shown}"
    );
    assert_eq!(
        SafeText::for_pipe(terminal.as_str()),
        terminal,
        "then a pipe: {shown}"
    );
    assert_eq!(
        SafeText::for_terminal(pipe.as_str()),
        terminal,
        "a pipe first: {shown}"
    );
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert_eq!(
            SafeText::for_terminal(text),
            terminal,
            "text is bytes: {shown}"
        );
        assert_eq!(
            SafeText::for_pipe(text),
            pipe,
            "text is bytes for a pipe: {shown}"
        );
    }
}

/// What is to be shown: each harmless character as it is, each byte that is no text as `\xNN`, and
/// each other character as `safe` shows it alone, which has to be an escape.
fn piece_by_piece(
    bytes: &[u8],
    is_escaped: impl Fn(char) -> bool,
    safe: impl Fn(&str) -> SafeText,
) -> String {
    let mut whole = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_escaped(character) {
                let escape = safe(character.encode_utf8(&mut [0; 4]));
                let is_escape = escape.as_str().strip_prefix('\\').is_some_and(|rest| {
                    matches!(rest, "n" | "r" | "t")
                        || rest == format!("u{{{:x}}}", u32::from(character))
                });
                assert!(is_escape, "{character:?} is shown as {escape:?}");
                whole.push_str(escape.as_str());
            } else {
                whole.push(character);
            }
        }
        for byte in chunk.invalid() {
            write!(whole, "\\x{byte:02x}").expect("a string takes everything");
        }
    }
    whole
}

/// Whether a character does more than to be read, or cannot be seen at all.
fn is_dangerous(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    let is_blank = category == GeneralCategory::SpaceSeparator;
    character.is_control()
        || category == GeneralCategory::Format
        || CodePointSetData::new::<BidiControl>().contains(character)
        || CodePointSetData::new::<JoinControl>().contains(character)
        || CodePointSetData::new::<VariationSelector>().contains(character)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        // All white space but blanks of some width ends a line or moves the cursor.
        || (CodePointSetData::new::<WhiteSpace>().contains(character) && !is_blank)
        // Symbols that are drawn as nothing, by their names: "blank" and "null".
        || matches!(character, '\u{2800}' | '\u{1d159}')
}

/// What a pipe is promised to get nevertheless, because text is written with it.
fn is_writing(character: char) -> bool {
    matches!(
        character,
        '\t' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
    )
}
