//! One JSON object a line.

use std::fmt::Write;

use serde::Serialize;

use crate::platform::safe_text::acts_on_a_terminal;

/// `value` as JSON on one line. Characters that could trick a terminal are written as `\uXXXX`: the
/// value is the same, and whoever looks at the raw line is safe.
pub(crate) fn line(value: &impl Serialize) -> String {
    // The types written here have string keys only and no way to fail.
    let plain = serde_json::to_string(value)
        .unwrap_or_else(|error| format!("{{\"event\":\"error\",\"error\":\"{error}\"}}"));
    let mut safe = String::with_capacity(plain.len());
    for character in plain.chars() {
        // JSON's own syntax is ASCII without controls, so such a character can only stand inside a
        // string.
        if acts_on_a_terminal(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _infallible = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

/// The version of the shape of events: it grows when something that was there is named or meant
/// otherwise. New events and new fields come without it.
const EVENT_VERSION: u8 = 1;

/// An event as a line of JSON, with the version of its shape: EVENTS.md.
pub(crate) fn event(event: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Versioned<'e, E> {
        v: u8,
        #[serde(flatten)]
        event: &'e E,
    }
    line(&Versioned {
        v: EVENT_VERSION,
        event,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_is_safe_and_means_the_same() {
        let text = "吃了么 \u{1b}[2J \u{202e}x \u{200b} \u{e0041} \"\\ é";
        let line = super::line(&text);
        assert!(!line.chars().any(super::acts_on_a_terminal), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
