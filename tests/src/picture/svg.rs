//! Draws the cells of a terminal as SVG: text as text, each wide character at its columns.

use std::fmt::Write;

use crate::harness::terminal::emulator::{Cell, Colour, Style};

/// The size of a cell, in pixels.
const CELL: (usize, usize) = (9, 20);
/// How much room is around the text, in pixels.
const MARGIN: usize = 16;
/// From the top of a row to the line on which letters stand, in pixels.
const BASELINE: usize = 15;
const PAPER: &str = "#1b1f24";
const INK: &str = "#d5dae0";
/// The sixteen colours that users of terminals choose.
const CHOSEN: [&str; 16] = [
    "#3b4048", "#f2777a", "#99cc99", "#e5b567", "#6ca8e8", "#c594c5", "#5fc7c7", "#d5dae0",
    "#7d8590", "#ff8f8f", "#b5e0a8", "#ffd580", "#8fc4ff", "#dbb0f0", "#86e1e1", "#ffffff",
];
const FONTS: &str = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Noto Sans Mono CJK SC', 'Noto Sans CJK SC', \
                     monospace";

/// A terminal of so many columns with these rows.
pub(super) fn draw(rows: &[Vec<Cell>], cursor: (usize, usize), columns: usize) -> String {
    let (width, height) = (
        columns * CELL.0 + 2 * MARGIN,
        rows.len() * CELL.1 + 2 * MARGIN,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"{FONTS}\" font-size=\"15\" xml:space=\"preserve\" fill=\"{INK}\">\n\
         <title>chat join alice, in a terminal of {columns} columns</title>\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"{PAPER}\" stroke=\"#7d8590\"/>\n",
        width - 1,
        height - 1
    );
    for (number, row) in rows.iter().enumerate() {
        for run in runs(row) {
            run.draw(number, &mut svg);
        }
    }
    let (x, y) = (MARGIN + cursor.1 * CELL.0, MARGIN + cursor.0 * CELL.1);
    let _always_written = writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{INK}\" fill-opacity=\"0.7\"/>",
        CELL.0, CELL.1
    );
    svg.push_str("</svg>\n");
    svg
}

/// Cells beside each other that are drawn at once.
struct Run {
    column: usize,
    width: usize,
    style: Style,
    text: String,
    wide: bool,
}

/// Narrow characters of the same style are drawn at once; a wide one alone, for its font may not be
/// twice as wide.
fn runs(row: &[Cell]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut column = 0;
    for cell in row {
        let wide = cell.width > 1;
        match runs.last_mut() {
            Some(run) if !wide && !run.wide && run.style == cell.style => {
                run.width += cell.width;
                run.text.push_str(&cell.text);
            }
            _ => runs.push(Run {
                column,
                width: cell.width,
                style: cell.style,
                text: cell.text.clone(),
                wide,
            }),
        }
        column += cell.width;
    }
    runs
}

impl Run {
    fn draw(&self, row: usize, svg: &mut String) {
        let style = self.style;
        let (ink, paper) = if style.reversed {
            (colour(style.behind, PAPER), colour(style.colour, INK))
        } else {
            (colour(style.colour, INK), colour(style.behind, PAPER))
        };
        let (top, width) = (MARGIN + row * CELL.1, self.width * CELL.0);
        let left = MARGIN + self.column * CELL.0;
        if paper != PAPER {
            let height = CELL.1;
            let _always_written = writeln!(
                svg,
                "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>"
            );
        }
        // Blanks at either end are nothing to draw.
        let text = self.text.trim();
        if text.is_empty() {
            return;
        }
        let before = self.text.len() - self.text.trim_start().len();
        let behind = self.text.len() - self.text.trim_end().len();
        let (left, width) = (left + before * CELL.0, width - (before + behind) * CELL.0);
        let mut how = String::new();
        if ink != INK {
            let _always_written = write!(how, " fill=\"{ink}\"");
        }
        for (wanted, attribute) in [
            (style.bold, " font-weight=\"bold\""),
            (style.dim, " fill-opacity=\"0.6\""),
            (style.italic, " font-style=\"italic\""),
            (style.underlined, " text-decoration=\"underline\""),
        ] {
            if wanted {
                how.push_str(attribute);
            }
        }
        // A font whose letters have another width is pressed into the columns.
        let fit = if self.wide {
            ""
        } else {
            " lengthAdjust=\"spacingAndGlyphs\""
        };
        let length = if self.wide {
            String::new()
        } else {
            format!(" textLength=\"{width}\"")
        };
        let baseline = top + BASELINE;
        let text = escaped(text);
        let _always_written = writeln!(
            svg,
            "<text x=\"{left}\" y=\"{baseline}\"{length}{fit}{how}>{text}</text>"
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// As SVG writes it.
fn colour(colour: Colour, default: &str) -> String {
    match colour {
        Colour::Default => default.to_owned(),
        Colour::Indexed(index) => indexed(index),
        Colour::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}

/// The 256 colours: sixteen that are chosen, a cube of six levels a side, and a row of greys.
fn indexed(index: u8) -> String {
    if let Some(chosen) = CHOSEN.get(usize::from(index)) {
        return (*chosen).to_owned();
    }
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    let (red, green, blue) = match index.checked_sub(232) {
        Some(grey) => (8 + 10 * grey, 8 + 10 * grey, 8 + 10 * grey),
        None => {
            let place = index - 16;
            (level(place / 36), level(place / 6 % 6), level(place % 6))
        }
    };
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::super::super::harness::terminal::emulator::Emulator;
    use super::*;

    fn drawn(bytes: &str) -> String {
        let mut emulator = Emulator::new(20, 1);
        emulator.draw(bytes.as_bytes());
        draw(&emulator.cells(), (0, 0), 20)
    }

    #[test]
    fn each_wide_character_stands_at_its_columns() {
        let svg = drawn("a吃了b");
        for (text, column) in [("a", 0), ("吃", 1), ("了", 3), ("b", 5)] {
            let x = MARGIN + column * CELL.0;
            let line = svg.lines().find(|line| line.contains(&format!(">{text}<")));
            assert!(
                line.is_some_and(|line| line.contains(&format!("x=\"{x}\""))),
                "{text} at {x}:\n{svg}"
            );
        }
    }

    #[test]
    fn colours_are_drawn_and_letters_of_svg_escaped() {
        let svg = drawn("\u{1b}[31m<&>\u{1b}[38;5;196mred\u{1b}[38;5;244mgrey");
        for wanted in [CHOSEN[1], "&lt;&amp;&gt;", "#ff0000", "#808080"] {
            assert!(svg.contains(wanted), "{wanted}:\n{svg}");
        }
    }
}
