//! What the tests across the crates share.

pub mod harness;
pub mod laws;
