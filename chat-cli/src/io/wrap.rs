//! Long lines at a terminal: rows that end between two words, with a hanging indent.

use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;
use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// The end of every style.
const RESET: &str = "\x1b[0m";

/// Breaks a line into rows for the terminal behind `out`; any other `out` gets it whole. The rows
/// below the first begin in column `indent`, or in the middle where that is further to the left.
pub(crate) fn wrapped(out: impl AsFd, line: &str, indent: usize) -> String {
    match tcgetwinsize(out) {
        Ok(size) if size.ws_col > 0 => rows(size.ws_col.into(), line, indent).join("\n"),
        _ => line.to_owned(),
    }
}

/// Returns the column behind the last two blanks, where the text of an item of a list begins.
pub(crate) fn list_indent(line: &str) -> usize {
    let item = line.rsplit_once("  ").map_or("", |(item, _)| item);
    display_width(item) + 2
}

fn rows(columns: usize, line: &str, indent: usize) -> Vec<String> {
    let indent = " ".repeat(indent.min(columns / 2));
    let options = Options::new(columns)
        .subsequent_indent(&indent)
        // By Unicode's rules, as Chinese is written without blanks.
        .word_separator(WordSeparator::UnicodeBreakProperties)
        // The name of an option has hyphens.
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    // The styles that go on in the next row, but not in its indent.
    let mut styles = String::new();
    let paint = |row: &str| {
        let text = row.trim_start_matches(' ');
        let (blanks, _) = row.split_at(row.len() - text.len());
        let painted = format!("{blanks}{styles}{text}");
        let open = painted.rsplit(RESET).next().unwrap_or_default();
        let parts = open.split_inclusive('m');
        styles = parts
            .filter_map(|part| part.get(part.find('\x1b')?..))
            .collect();
        let end = if styles.is_empty() { "" } else { RESET };
        painted + end
    };
    let rows = textwrap::wrap(line, options);
    rows.iter().map(AsRef::as_ref).map(paint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_between_words_and_hang_under_the_text() {
        for (line, indent, expected) in [
            ("", 2, vec![""]),
            ("12:00 bob : hi", 12, vec!["12:00 bob : hi"]),
            (
                "12:00 b : several words  more",
                10,
                vec!["12:00 b : several", "          words", "          more"],
            ),
            // Not in front of a full stop.
            (
                "b : 今天真好是2026年。",
                4,
                vec!["b : 今天真好是2026", "    年。"],
            ),
            (
                "12:00 somebody : well said",
                17,
                vec!["12:00 somebody :", "          well said"],
            ),
            (
                "12:00 b : aaaaaaaaaabbbbbbbbbbcc d",
                10,
                vec![
                    "12:00 b : aaaaaaaaaa",
                    "          bbbbbbbbbb",
                    "          cc d",
                ],
            ),
        ] {
            assert_eq!(rows(20, line, indent), expected);
        }
        for columns in 1..12 {
            let text: String = rows(columns, "a 👍 吃了么 hello", 8).concat();
            assert_eq!(text.replace(' ', ""), "a👍吃了么hello", "{columns}");
        }
    }

    #[test]
    fn a_style_goes_on_in_the_next_row_but_not_in_its_indent() {
        let line = "a \x1b[1m\x1b[7mb cc\x1b[0m dd";
        let expected = [
            "a \x1b[1m\x1b[7mb\x1b[0m",
            "  \x1b[1m\x1b[7mcc\x1b[0m",
            "  dd",
        ];
        assert_eq!(rows(4, line, 2), expected);
    }

    #[test]
    fn the_text_of_a_list_begins_behind_the_last_two_blanks() {
        for (line, indent) in [("words", 2), ("/quit  leave", 7), ("名字   a  b c", 10)] {
            assert_eq!(list_indent(line), indent, "{line}");
        }
    }
}
