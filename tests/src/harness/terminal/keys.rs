//! The bytes that a terminal sends for keys without a character.

/// Ctrl-C.
pub const CTRL_C: &str = "\x03";
/// Ctrl-D.
pub const CTRL_D: &str = "\x04";
/// Ctrl-Z.
pub const CTRL_Z: &str = "\x1a";
/// The key that ends a line.
pub const ENTER: &str = "\r";
/// Tab.
pub const TAB: &str = "\t";
/// The key that deletes to the left.
pub const BACKSPACE: &str = "\x7f";
/// Arrow up.
pub const UP: &str = "\x1b[A";
/// Arrow to the left.
pub const LEFT: &str = "\x1b[D";

/// Returns what a terminal sends for this text, pasted.
pub fn paste(text: &str) -> String {
    format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r"))
}
