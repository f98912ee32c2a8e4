//! A whole world from one seed: rooms and people of `chat-core`, a network that fails in every way,
//! and adversaries. No threads, no sockets, no clock: the same seed gives the same trace.
//!
//! A world has two parts. For as long as it was told to, everything may fail, at rates that it
//! draws from its seed. Then all faults end, and 30 seconds later everybody who lives has to be in
//! the room and everybody who does not has to be out. What is checked all along is in [`laws`].

mod address;
mod adversary;
mod datagram;
mod deeds;
mod happenings;
pub mod laws;
mod network;
mod people;
mod plan;
mod rooms;
mod schedule;
mod shadow;
mod tally;
mod trace;
mod verdict;
mod world;

pub use laws::Violation;
pub use tally::Tally;
pub use world::{Outcome, World};
