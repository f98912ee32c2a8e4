//! Cuts a file into equal parts, and puts parts together again.

pub mod cut;
pub mod join;
pub mod part_name;
pub mod plan;
pub mod verify;
