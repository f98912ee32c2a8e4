//! Where a terminal's lines are drawn: below each other, or above the line that is being typed.

use std::io::{self, Write};

#[cfg(feature = "line-editing")]
use super::printer::LinePrinter;

/// Where lines are drawn.
pub(crate) enum Paper {
    /// On standard output and standard error.
    Plain,
    /// Above the line that is being typed.
    #[cfg(feature = "line-editing")]
    Above(LinePrinter),
}

impl Paper {
    /// A line of the room.
    pub(super) fn draw(&self, line: &str) -> io::Result<()> {
        match self {
            Self::Plain => write_line(&mut io::stdout().lock(), line),
            #[cfg(feature = "line-editing")]
            Self::Above(printer) => printer.print(line),
        }
    }

    /// A line of the program.
    pub(super) fn remark(&self, line: &str) -> io::Result<()> {
        match self {
            Self::Plain => write_line(&mut io::stderr().lock(), line),
            #[cfg(feature = "line-editing")]
            Self::Above(printer) => printer.print(line),
        }
    }
}

fn write_line(out: &mut impl Write, line: &str) -> io::Result<()> {
    writeln!(out, "{line}")?;
    out.flush()
}
