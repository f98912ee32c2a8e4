//! The rules once more, written as naively as possible and without a look at the real code.

pub mod bans;
pub mod bucket;
pub mod names;
pub mod room;
