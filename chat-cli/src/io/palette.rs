//! The styles in which text is drawn at a terminal.

use std::io::{self, IsTerminal};

use anstyle::Style;

/// The style of text that is not in the way of other text.
pub(crate) const DIM: Style = Style::new().dimmed();
/// The style of the prompt, and of names beside their colour.
pub(crate) const BOLD: Style = Style::new().bold();

/// The styles in which things are drawn; the default has none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Palette {
    pub(crate) has_colours: bool,
}

impl Palette {
    /// Returns the palette for standard output, which `NO_COLOR` makes plain.
    pub(crate) fn of_standard_output() -> Self {
        let has_colours = io::stdout().is_terminal()
            && !anstyle_query::no_color()
            && anstyle_query::term_supports_color();
        Self { has_colours }
    }

    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        if self.has_colours {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}
