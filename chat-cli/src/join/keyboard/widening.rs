//! Keeps what was said on the screen when the window grows wider.
//!
//! A terminal that grows wider joins the rows of a long line again, so the line that is being typed
//! takes fewer rows than before. The editor does not know: it takes away as many rows as it drew,
//! the uppermost of which now hold what somebody said. So, just before it does, this takes the
//! typed line away itself and puts as many empty rows there as the editor is going to take.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{self, Write};

use rustix::termios::tcgetwinsize;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::prompt::PROMPT;

/// What was on the screen when the line was drawn last.
#[derive(Debug, Default)]
pub(super) struct Widening(Cell<Option<Drawn>>);

#[derive(Clone, Copy, Debug)]
struct Drawn {
    columns: u16,
    /// The row of the cursor, and the last row, counted from that of the prompt.
    cursor: usize,
    end: usize,
}

impl Widening {
    /// To be called before the editor writes anything of a new drawing of `line`.
    pub(super) fn before_drawing(&self, line: &str, pos: usize) {
        let Ok(size) = tcgetwinsize(io::stdout()) else {
            return;
        };
        let columns = size.ws_col;
        let rows_before = |text: &str| last_row(columns, [PROMPT, text].into_iter());
        let now = Drawn {
            columns,
            cursor: rows_before(line.get(..pos).unwrap_or(line)),
            end: rows_before(line),
        };
        if let Some(before) = self.0.replace(Some(now)) {
            let repair = repair(before, now);
            let mut out = io::stdout().lock();
            let _gone = out.write_all(repair.as_bytes()).and_then(|()| out.flush());
        }
    }
}

/// What makes room for the editor's clearing. The line is the same in both, as only the window has
/// changed.
fn repair(before: Drawn, now: Drawn) -> String {
    let mut repair = String::new();
    if now.columns > before.columns && before.end > 0 {
        // To the prompt's row, and everything from there away …
        if now.cursor > 0 {
            let _infallible = write!(repair, "\x1b[{}A", now.cursor);
        }
        repair.push_str("\r\x1b[J");
        // … and to where the editor believes the cursor to be, in rows that are empty.
        repair.push_str(&"\n".repeat(before.end));
        let up = before.end.saturating_sub(before.cursor);
        if up > 0 {
            let _infallible = write!(repair, "\x1b[{up}A");
        }
    }
    repair
}

/// In which row, counted from 0, the end of the texts is: a character that does not fit goes to the
/// next row whole.
fn last_row<'t>(columns: u16, texts: impl Iterator<Item = &'t str>) -> usize {
    let columns = usize::from(columns).max(2);
    let (mut row, mut column) = (0, 0);
    for character in texts.flat_map(|text| text.graphemes(true)) {
        let width = character.width().min(2);
        if column + width > columns {
            row += 1;
            column = 0;
        }
        column += width;
    }
    // The cursor stands behind the last character: a full row is followed by a new one.
    if column == columns { row + 1 } else { row }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_that_a_terminal_takes() {
        let rows = |columns, text: &str| last_row(columns, ["> ", text].into_iter());
        assert_eq!(rows(10, ""), 0);
        assert_eq!(rows(10, "1234567"), 0);
        assert_eq!(rows(10, "12345678"), 1);
        // The fifth wide one does not fit into the last column.
        assert_eq!(rows(11, "一二三四五"), 1);
        assert_eq!(rows(60, &"好".repeat(28)), 0);
        assert_eq!(rows(60, &"好".repeat(29)), 1);
        assert_eq!(rows(60, &"好".repeat(60)), 2);
    }

    #[test]
    fn only_a_wider_window_with_a_long_line_is_repaired() {
        let drawn = |columns, cursor, end| Drawn {
            columns,
            cursor,
            end,
        };
        assert_eq!(repair(drawn(60, 1, 1), drawn(60, 1, 1)), "");
        assert_eq!(repair(drawn(100, 0, 0), drawn(60, 1, 1)), "");
        assert_eq!(repair(drawn(60, 0, 0), drawn(100, 0, 0)), "");
        assert_eq!(
            repair(drawn(60, 2, 2), drawn(100, 1, 1)),
            "\x1b[1A\r\x1b[J\n\n"
        );
        assert_eq!(
            repair(drawn(60, 0, 2), drawn(100, 0, 1)),
            "\r\x1b[J\n\n\x1b[2A"
        );
    }
}
