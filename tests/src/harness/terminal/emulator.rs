//! Draws what a program writes to its terminal, as a terminal does: wide characters take two cells,
//! combining marks none, long lines are broken, and broken anew when the width changes.

use std::sync::{Arc, Mutex, PoisonError};

use alacritty_terminal::Term;
use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::Config;
use alacritty_terminal::term::cell::{Cell as DrawnCell, Flags};
use alacritty_terminal::vte::ansi::{Color, NamedColor, Processor};

use super::view::View;

/// A terminal without a window.
pub struct Emulator {
    term: Term<Remarks>,
    parser: Processor,
    remarks: Remarks,
}

/// What stands in one place of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// A character and the marks that belong to it.
    pub text: String,
    /// How many columns it takes: 1 or 2.
    pub width: usize,
    /// How it is drawn.
    pub style: Style,
}

/// How a cell is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// The colour of the character.
    pub colour: Colour,
    /// The colour behind it.
    pub behind: Colour,
    /// Heavier than others.
    pub bold: bool,
    /// Fainter than others.
    pub dim: bool,
    /// Leaning.
    pub italic: bool,
    /// With a line below.
    pub underlined: bool,
    /// With the two colours changed for each other.
    pub reversed: bool,
}

/// A colour as programs ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// What the user of the terminal likes to have.
    Default,
    /// One of 256, the first 16 of which the user chooses.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

impl Emulator {
    /// An empty screen.
    pub fn new(columns: u16, rows: u16) -> Self {
        let remarks = Remarks::default();
        let size = Size { columns, rows };
        Self {
            term: Term::new(Config::default(), &size, remarks.clone()),
            parser: Processor::new(),
            remarks,
        }
    }

    /// Draws this. Returns what the terminal has to answer: programs can ask it things.
    pub fn draw(&mut self, bytes: &[u8]) -> String {
        self.parser.advance(&mut self.term, bytes);
        std::mem::take(&mut self.remarks.lock().answers)
    }

    /// Changes the size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.term.resize(Size { columns, rows });
    }

    /// How often the program rang the bell.
    pub fn bells(&self) -> usize {
        self.remarks.lock().bells
    }

    /// What is seen.
    pub fn view(&self) -> View {
        let grid = self.term.grid();
        let (mut lines, mut rows, mut line) = (Vec::new(), Vec::new(), String::new());
        for row in grid.topmost_line().0..=grid.bottommost_line().0 {
            let cells = &grid[Line(row)][..];
            let text: String = cells
                .iter()
                .filter(|cell| !is_spacer(cell))
                .map(text_of)
                .collect();
            line.push_str(&text);
            if !cells
                .last()
                .is_some_and(|cell| cell.flags.contains(Flags::WRAPLINE))
            {
                lines.push(line.trim_end().to_owned());
                line.clear();
            }
            if row >= 0 {
                rows.push(text.trim_end().to_owned());
            }
        }
        lines.push(line.trim_end().to_owned());
        let cursor = grid.cursor.point;
        View {
            columns: u16::try_from(grid.columns()).expect("it was made so wide"),
            lines,
            rows,
            cursor: (
                usize::try_from(cursor.line.0).expect("the cursor is seen"),
                cursor.column.0,
            ),
        }
        .trimmed()
    }

    /// The rows that are seen, cell by cell. The second half of a wide character is no cell of its
    /// own.
    pub fn cells(&self) -> Vec<Vec<Cell>> {
        let grid = self.term.grid();
        let cell = |row, column| &grid[Line(row)][Column(column)];
        (0..=grid.bottommost_line().0)
            .map(|row| (0..grid.columns()).map(move |column| cell(row, column)))
            .map(|row| row.filter(|cell| !is_spacer(cell)).map(seen).collect())
            .collect()
    }
}

/// Behind a wide character, or before one that had no room left in the row.
fn is_spacer(cell: &DrawnCell) -> bool {
    cell.flags
        .intersects(Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER)
}

fn text_of(cell: &DrawnCell) -> String {
    let marks = cell.zerowidth().unwrap_or_default();
    [cell.c].iter().chain(marks).collect()
}

fn seen(cell: &DrawnCell) -> Cell {
    let is = |flag| cell.flags.contains(flag);
    Cell {
        text: text_of(cell),
        width: if is(Flags::WIDE_CHAR) { 2 } else { 1 },
        style: Style {
            colour: colour(cell.fg),
            behind: colour(cell.bg),
            bold: is(Flags::BOLD),
            dim: is(Flags::DIM),
            italic: is(Flags::ITALIC),
            underlined: cell.flags.intersects(Flags::ALL_UNDERLINES),
            reversed: is(Flags::INVERSE),
        },
    }
}

fn colour(colour: Color) -> Colour {
    match colour {
        Color::Named(named) if named as usize <= NamedColor::BrightWhite as usize => {
            Colour::Indexed(u8::try_from(named as usize).expect("one of sixteen"))
        }
        Color::Named(_) => Colour::Default,
        Color::Indexed(index) => Colour::Indexed(index),
        Color::Spec(rgb) => Colour::Rgb(rgb.r, rgb.g, rgb.b),
    }
}

#[derive(Clone, Copy)]
struct Size {
    columns: u16,
    rows: u16,
}

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.screen_lines()
    }

    fn screen_lines(&self) -> usize {
        self.rows.into()
    }

    fn columns(&self) -> usize {
        self.columns.into()
    }
}

/// What the terminal has to say itself.
#[derive(Clone, Default)]
struct Remarks(Arc<Mutex<Said>>);

#[derive(Default)]
struct Said {
    answers: String,
    bells: usize,
}

impl Remarks {
    fn lock(&self) -> std::sync::MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventListener for Remarks {
    fn send_event(&self, event: Event) {
        match event {
            Event::PtyWrite(answer) => self.lock().answers.push_str(&answer),
            Event::Bell => self.lock().bells += 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_cells_and_are_not_cut_in_half() {
        let mut emulator = Emulator::new(5, 3);
        emulator.draw("吃了么".as_bytes());
        let view = emulator.view();
        assert_eq!(view.rows, ["吃了", "么", ""], "{view}");
        assert_eq!(view.lines, ["吃了么"], "{view}");
        assert_eq!(view.cursor, (1, 2), "{view}");
        emulator.resize(6, 3);
        let view = emulator.view();
        assert_eq!(
            (view.rows[0].as_str(), view.lines[0].as_str()),
            ("吃了么", "吃了么"),
            "{view}"
        );
    }

    #[test]
    fn marks_belong_to_the_character_before_them() {
        let mut emulator = Emulator::new(10, 2);
        emulator.draw("e\u{301}x".as_bytes());
        let view = emulator.view();
        assert_eq!(
            (view.lines[0].as_str(), view.cursor),
            ("e\u{301}x", (0, 2)),
            "{view}"
        );
        assert_eq!(emulator.cells()[0][0].text, "e\u{301}");
    }

    #[test]
    fn what_has_scrolled_away_is_still_a_line() {
        let mut emulator = Emulator::new(10, 2);
        emulator.draw(b"one\r\ntwo\r\nthree\r\nfour");
        let view = emulator.view();
        assert_eq!(view.lines, ["one", "two", "three", "four"], "{view}");
        assert_eq!(view.rows, ["three", "four"], "{view}");
    }

    #[test]
    fn colours_questions_and_bells_are_noticed() {
        let mut emulator = Emulator::new(10, 2);
        let answer = emulator.draw(b"\x1b[31;1mr\x1b[38;5;200;2mi\x1b[mn\x07\x1b[6n");
        let cells = emulator.cells();
        let style = |column: usize| cells[0][column].style;
        assert_eq!((style(0).colour, style(0).bold), (Colour::Indexed(1), true));
        assert_eq!(
            (style(1).colour, style(1).dim),
            (Colour::Indexed(200), true)
        );
        assert_eq!(style(2).colour, Colour::Default);
        assert_eq!((emulator.bells(), answer.as_str()), (1, "\x1b[1;4R"));
    }
}
