//! A whole world from one seed: rooms and people of `chat-core`, a network that fails in every way,
//! and adversaries. No threads, no sockets, no clock: the same seed gives the same trace.
//!
//! A world has two parts. At first everything may fail, at rates drawn from the seed. Then all
//! faults end, and 30 seconds later (two minutes, where there are sessions) all who live have to be
//! in the room, and no others. The laws judge what people see, and what a room sends to sessions;
//! the rules of a room are proved in the tests of `chat-core`.

mod adversary;
mod happenings;
mod laws;
mod ledger;
mod network;
mod people;
mod plan;
mod record;
mod rooms;
mod visits;
mod world;

pub use laws::Violation;
pub use record::Tally;
pub use world::{Outcome, World};
