//! Draws what a program writes to its terminal, as a terminal does: wide characters take two cells,
//! combining marks none, long lines are broken, and broken anew when the width changes.

use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};

use alacritty_terminal::Term;
use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Line, Point};
use alacritty_terminal::term::Config;
pub use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::term::test::TermSize;
use alacritty_terminal::vte::ansi::Processor;
pub use alacritty_terminal::vte::ansi::{Color, NamedColor};
use unicode_width::UnicodeWidthStr;

/// A terminal without a window.
pub struct Emulator {
    term: Term<Remarks>,
    parser: Processor,
    remarks: Receiver<Event>,
    bells: usize,
}

/// A screen at one moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The width.
    pub columns: u16,
    /// All lines as the program wrote them, those that have scrolled away included: a line
    /// that the terminal broke into several rows is one. No spaces at the end.
    pub lines: Vec<String>,
    /// The visible rows, broken where the terminal breaks them. No spaces at the end.
    pub rows: Vec<String>,
    /// The row and the column of the cursor, from 0.
    pub cursor: (usize, usize),
}

impl View {
    /// Returns whether some line contains this, also over several rows.
    pub fn shows(&self, text: &str) -> bool {
        // A row can end at a blank, or between two characters that have none between them.
        let mut whole = [" ", ""].into_iter().map(|blank| self.whole_lines(blank));
        whole.any(|lines| lines.iter().any(|line| line.contains(text)))
    }

    /// Returns the lines with those that the program broke put together again: a row with an indent
    /// goes on with the line above it, behind this blank.
    pub fn whole_lines(&self, blank: &str) -> Vec<String> {
        let mut whole: Vec<String> = Vec::new();
        for line in &self.lines {
            let text = line.trim_start();
            match whole.last_mut() {
                // The line that is being typed has an indent too.
                Some(last) if line.len() > text.len() && !text.starts_with('>') => {
                    *last = format!("{last}{blank}{text}");
                }
                _ => whole.push(line.clone()),
            }
        }
        whole
    }

    /// Returns the last line that is not empty: the one that is being typed, while nothing is
    /// below it.
    pub fn last_line(&self) -> &str {
        self.lines.last().map_or("", String::as_str)
    }

    /// Returns the place behind the last thing on the screen, these columns to the left.
    pub fn end_less(&self, columns: usize) -> (usize, usize) {
        let width = usize::from(self.columns);
        let last = self.rows.iter().rposition(|row| !row.is_empty());
        let last = last.unwrap_or_default();
        let end = last * width + self.rows.get(last).map_or(0, |row| row.width());
        ((end - columns) / width, (end - columns) % width)
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} columns, the cursor at {:?}:",
            self.columns, self.cursor
        )?;
        for row in &self.rows {
            writeln!(f, "    |{row}")?;
        }
        writeln!(f, "all lines, those that have scrolled away included:")?;
        let mut lines = self.lines.iter();
        lines.try_for_each(|line| writeln!(f, "    |{line}"))
    }
}

impl Emulator {
    /// Makes an empty screen.
    pub fn new(columns: u16, rows: u16) -> Self {
        let (sender, remarks) = channel();
        Self {
            term: Term::new(Config::default(), &size(columns, rows), Remarks(sender)),
            parser: Processor::new(),
            remarks,
            bells: 0,
        }
    }

    /// Draws this. Returns the terminal's answers to the questions in it.
    pub fn draw(&mut self, bytes: &[u8]) -> String {
        self.parser.advance(&mut self.term, bytes);
        let mut answers = String::new();
        for remark in self.remarks.try_iter() {
            match remark {
                Event::PtyWrite(answer) => answers.push_str(&answer),
                Event::Bell => self.bells += 1,
                _ => {}
            }
        }
        answers
    }

    /// Changes the size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.term.resize(size(columns, rows));
    }

    /// Returns the number of times that the program rang the bell.
    pub fn bells(&self) -> usize {
        self.bells
    }

    /// Returns the present screen.
    ///
    /// # Panics
    /// Never: the cursor is on the screen, which is as wide as it was made.
    pub fn view(&self) -> View {
        let grid = self.term.grid();
        let (mut lines, mut rows, mut line) = (Vec::new(), Vec::new(), String::new());
        for row in grid.topmost_line().0..=grid.bottommost_line().0 {
            let cells = &grid[Line(row)][..];
            let text = text_of(cells);
            line.push_str(&text);
            let last = cells.last();
            if !last.is_some_and(|cell| cell.flags.contains(Flags::WRAPLINE)) {
                lines.push(line.trim_end().to_owned());
                line.clear();
            }
            if row >= 0 {
                rows.push(text.trim_end().to_owned());
            }
        }
        // Empty lines at the end are nothing but the rest of the screen.
        let used = lines.iter().rposition(|line| !line.is_empty());
        lines.truncate(used.map_or(0, |last| last + 1));
        let Point { line: row, column } = grid.cursor.point;
        let row = usize::try_from(row.0).expect("a visible cursor");
        View {
            columns: u16::try_from(grid.columns()).expect("the width it was made with"),
            lines,
            rows,
            cursor: (row, column.0),
        }
    }

    /// Returns the visible rows, cell by cell.
    pub fn cells(&self) -> Vec<Vec<Cell>> {
        let grid = self.term.grid();
        let rows = 0..=grid.bottommost_line().0;
        rows.map(|row| grid[Line(row)][..].to_vec()).collect()
    }
}

/// Returns the text in cells. The second half of a wide character has none.
pub fn text_of(cells: &[Cell]) -> String {
    let spacer = Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER;
    let cells = cells.iter().filter(|cell| !cell.flags.intersects(spacer));
    let marks = |cell: &Cell| cell.zerowidth().unwrap_or_default().to_vec();
    cells
        .flat_map(|cell| [vec![cell.c], marks(cell)].concat())
        .collect()
}

fn size(columns: u16, rows: u16) -> TermSize {
    TermSize::new(columns.into(), rows.into())
}

/// The terminal's own remarks.
struct Remarks(Sender<Event>);

impl EventListener for Remarks {
    fn send_event(&self, event: Event) {
        let _emulator_is_gone = self.0.send(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_and_scrolled_lines_stay_whole() {
        let mut emulator = Emulator::new(5, 2);
        emulator.draw("one\r\ntwo\r\n吃了么".as_bytes());
        let view = emulator.view();
        assert_eq!(view.rows, ["吃了", "么"], "{view}");
        assert_eq!(view.lines, ["one", "two", "吃了么"], "{view}");
        assert_eq!(view.cursor, (1, 2), "{view}");
    }
}
