//! Names, and their faults: a table instead of Unicode.

/// Names that look alike stand in one row. The model knows no others.
pub const NAMES: [&[&str]; 6] = [
    &["alice", "Alice", "AL1CE", "аlice"],
    &["bob", "Вob"],
    &["小明"],
    &["d"],
    &["Admin2", "管理員", "小ádmin"],
    &["e\u{301}\u{301}", "\u{301}e"],
];
/// The row of names that are reserved.
pub(super) const RESERVED: usize = 4;
/// The row of names with stray combining marks.
pub(super) const HEAPS: usize = 5;

/// Returns the rows of names that a member can have.
pub fn free() -> &'static [&'static [&'static str]] {
    &NAMES[..RESERVED]
}

/// Returns the row in which a name stands; `None` for a name that the model does not know.
pub fn row(name: &str) -> Option<usize> {
    NAMES.iter().position(|row| row.contains(&name))
}
