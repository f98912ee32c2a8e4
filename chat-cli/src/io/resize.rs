//! Keeps the lines of the room on the screen when the window grows wider.
//!
//! A terminal that grows wider joins the rows of a long line again, so that the typed line takes
//! fewer rows than before. The editor does not know: it clears as many rows as it drew, and the
//! uppermost of them now hold a line of the room. Just before it does so, the typed line is cleared
//! here, and as many empty rows are put in its place as the editor is going to clear.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{self, Write};

use rustix::termios::tcgetwinsize;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The repair of the screen; it remembers the last drawing.
#[derive(Debug, Default)]
pub(super) struct ResizeRepair(Cell<Option<Drawn>>);

/// The place of the typed line on the screen.
#[derive(Clone, Copy, Debug)]
struct Drawn {
    columns: u16,
    /// The row of the cursor, counted from that of the prompt.
    cursor: usize,
    /// The last row, counted in the same way.
    end: usize,
}

impl ResizeRepair {
    /// Repairs the screen where that is necessary. To be called before the editor writes anything
    /// of a new drawing of `line`.
    pub(super) fn before_drawing(&self, prompt: &str, line: &str, cursor: usize) {
        let Ok(size) = tcgetwinsize(io::stdout()) else {
            return;
        };
        let columns = size.ws_col;
        let now = Drawn {
            columns,
            cursor: last_row(columns, prompt, line.get(..cursor).unwrap_or(line)),
            end: last_row(columns, prompt, line),
        };
        if let Some(before) = self.0.replace(Some(now)) {
            let repair = repair(before, now);
            let mut out = io::stdout().lock();
            let _gone = out.write_all(repair.as_bytes()).and_then(|()| out.flush());
        }
    }
}

/// Returns the output that makes room for the editor's clearing. The line is the same in both
/// drawings, as only the window has changed.
fn repair(before: Drawn, now: Drawn) -> String {
    let mut repair = String::new();
    if now.columns > before.columns && before.end > 0 {
        // To the row of the prompt, and clear everything from there.
        if now.cursor > 0 {
            let _infallible = write!(repair, "\x1b[{}A", now.cursor);
        }
        repair.push_str("\r\x1b[J");
        // To the row in which the editor believes the cursor to be.
        repair.push_str(&"\n".repeat(before.end));
        let up = before.end.saturating_sub(before.cursor);
        if up > 0 {
            let _infallible = write!(repair, "\x1b[{up}A");
        }
    }
    repair
}

/// Returns the row, counted from 0, in which the text behind the prompt ends: a character that
/// does not fit goes to the next row whole.
fn last_row(columns: u16, prompt: &str, text: &str) -> usize {
    let columns = usize::from(columns).max(2);
    let (mut row, mut column) = (0, 0);
    for character in prompt.graphemes(true).chain(text.graphemes(true)) {
        let width = character.width().min(2);
        // A pasted line feed has no width of its own.
        let is_line_feed = character == "\n";
        if is_line_feed || column + width > columns {
            row += 1;
            column = 0;
        }
        column += if is_line_feed { 0 } else { width };
    }
    // The cursor stands behind the last character: a full row is followed by a new one.
    if column == columns { row + 1 } else { row }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_that_a_terminal_takes() {
        let rows = |columns, text: &str| last_row(columns, "> ", text);
        assert_eq!(rows(10, ""), 0);
        assert_eq!(rows(10, "1234567"), 0);
        assert_eq!(rows(10, "12345678"), 1);
        assert_eq!(rows(10, "one\ntwo"), 1);
        assert_eq!(rows(10, "12345678\n12345678901\n"), 3);
        // The fifth wide one does not fit into the last column.
        assert_eq!(rows(11, "一二三四五"), 1);
        assert_eq!(rows(60, &"好".repeat(28)), 0);
        assert_eq!(rows(60, &"好".repeat(29)), 1);
        assert_eq!(rows(60, &"好".repeat(60)), 2);
    }

    #[test]
    fn only_a_wider_window_with_a_long_line_is_repaired() {
        let repaired = |[before, now]: [(u16, usize, usize); 2]| {
            let [before, now] = [before, now].map(|(columns, cursor, end)| Drawn {
                columns,
                cursor,
                end,
            });
            repair(before, now)
        };
        assert_eq!(repaired([(60, 1, 1), (60, 1, 1)]), "");
        assert_eq!(repaired([(100, 0, 0), (60, 1, 1)]), "");
        assert_eq!(repaired([(60, 0, 0), (100, 0, 0)]), "");
        let to_the_prompt = "\x1b[1A\r\x1b[J\n\n";
        assert_eq!(repaired([(60, 2, 2), (100, 1, 1)]), to_the_prompt);
        let back_up = "\r\x1b[J\n\n\x1b[2A";
        assert_eq!(repaired([(60, 0, 2), (100, 0, 1)]), back_up);
    }
}
