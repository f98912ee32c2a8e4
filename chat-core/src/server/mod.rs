//! The server's half. All transitions are in `transitions.rs`; the other files hold what they work with.

mod config;
mod event;
mod members;
mod outgoing;
mod stats;
mod transitions;

pub use config::Config;
pub use event::{DropReason, Event, LeaveReason};
pub use outgoing::{Outgoing, Recipients, Transmit};
pub use stats::{RefusalCounts, Stats};
pub use transitions::{KickError, Server};
