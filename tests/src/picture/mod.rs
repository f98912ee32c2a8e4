//! The pictures of the README: a conversation of the real program at a terminal.
//!
//! | file | role |
//! |---|---|
//! | `play` | the conversation |
//! | `svg` | the drawing |

mod play;
mod svg;

/// How wide the terminals of the pictures are, in columns.
pub const WIDTHS: [u16; 2] = [60, 100];

/// Where the picture of a terminal of this width lies, below the project's folder.
pub fn path(columns: u16) -> String {
    format!("chat-cli/pictures/join-{columns}.svg")
}

/// Plays the conversation and draws what one of the people sees, as SVG. What differs from one time
/// to the next is replaced: the time of day, and the port.
///
/// # Panics
/// When the program does not do what the conversation asks for.
pub fn take(columns: u16) -> String {
    let (cells, cursor) = play::screen(columns);
    svg::draw(&cells, cursor, columns.into())
}
