//! Code that the tests across the crates share.

pub mod harness;
pub mod relay;
pub mod sim;

/// The README's code compiles and does what it says.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
