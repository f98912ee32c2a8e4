//! What somebody at a terminal sees, whichever program draws it.

use std::fmt;

use unicode_width::UnicodeWidthStr;

/// A screen at one moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// How wide it is.
    pub columns: u16,
    /// All lines as the program wrote them, those that have scrolled away included: what the
    /// terminal broke into several rows is one line. No blanks at the end.
    pub lines: Vec<String>,
    /// The rows that are seen, broken where the terminal breaks them. No blanks at the end.
    pub rows: Vec<String>,
    /// The row and the column of the cursor, from 0.
    pub cursor: (usize, usize),
}

impl View {
    /// Whether some line has this in it.
    pub fn shows(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }

    /// How many lines have this in them.
    pub fn count(&self, text: &str) -> usize {
        self.lines.iter().filter(|line| line.contains(text)).count()
    }

    /// The last line with something in it: the one that is being typed, while nothing is below it.
    pub fn last_line(&self) -> &str {
        self.lines.last().map_or("", String::as_str)
    }

    /// Where the cursor stands behind the last thing on the screen, moved to the left by these
    /// columns.
    pub fn end_less(&self, columns: usize) -> (usize, usize) {
        let width = usize::from(self.columns);
        let last = self
            .rows
            .iter()
            .rposition(|row| !row.is_empty())
            .unwrap_or_default();
        let end = last * width + self.rows.get(last).map_or(0, |row| row.width());
        ((end - columns) / width, (end - columns) % width)
    }

    /// Takes empty lines away from the end, which are nothing but the rest of the screen.
    pub(crate) fn trimmed(mut self) -> Self {
        let used = self
            .lines
            .iter()
            .rposition(|line| !line.is_empty())
            .map_or(0, |last| last + 1);
        self.lines.truncate(used);
        self
    }
}

/// For who reads why a test failed.
impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (row, column) = self.cursor;
        writeln!(
            f,
            "{} columns, the cursor in row {row} at column {column}:",
            self.columns
        )?;
        let used = self
            .rows
            .iter()
            .rposition(|row| !row.is_empty())
            .map_or(0, |last| last + 1);
        for (number, row) in self.rows.iter().enumerate().take(used.max(row + 1)) {
            writeln!(f, "{number:>3} |{row}")?;
        }
        writeln!(f, "all lines, those that have scrolled away included:")?;
        self.lines
            .iter()
            .try_for_each(|line| writeln!(f, "    |{line}"))
    }
}
