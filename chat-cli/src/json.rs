//! Events as JSON, one object in a line.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use crate::clock;
use crate::io::safe_text::acts_on_a_terminal;

/// The version of the shape of events, which EVENTS.md describes.
///
/// A change of a name or a meaning raises it; new events and new fields do not.
const EVENT_VERSION: u8 = 1;

#[derive(Serialize)]
struct Versioned<E> {
    v: u8,
    at: String,
    #[serde(flatten)]
    event: E,
}

/// Returns the event of a moment as JSON on one line, with characters that act on a terminal as
/// `\uXXXX`.
///
/// That leaves the value the same, and makes the raw line safe to look at.
pub(crate) fn event(at: Timestamp, event: &impl Serialize) -> String {
    let (v, at) = (EVENT_VERSION, clock::timestamp(at));
    // It fails on maps whose keys are not strings, and no event has one.
    let plain = serde_json::to_string(&Versioned { v, at, event })
        .unwrap_or_else(|error| format!("{{\"event\":\"error\",\"error\":\"{error}\"}}"));
    let mut safe = String::with_capacity(plain.len());
    for character in plain.chars() {
        // JSON's own syntax is printable ASCII, so such a character is inside a string.
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    #[test]
    fn a_line_is_safe_and_means_the_same() {
        let text = "吃了么 \u{1b}[2J \u{202e}x \u{200b} \u{e0041} \"\\ é";
        let line = super::event(super::Timestamp::UNIX_EPOCH, &json!({ "text": text }));
        assert!(!line.chars().any(super::acts_on_a_terminal), "{line}");
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            value,
            json!({ "v": 1, "at": "1970-01-01T00:00:00.000000Z", "text": text })
        );
    }
}
