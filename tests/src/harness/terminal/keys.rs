//! What a terminal sends for keys that are no characters.

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
