//! The server's half. `room.rs` has its calls, `transitions.rs` all that they do; the other files
//! hold what these work with.

mod bans;
mod bound;
mod config;
mod event;
mod look_alike;
mod members;
mod networks;
mod outgoing;
mod place;
mod room;
mod silent;
mod stats;
mod transitions;

pub use bans::{Ban, BanError, BanTarget};
pub use config::Config;
pub use event::{DropReason, Event, LeaveReason};
pub use outgoing::{Outgoing, Recipients, Transmit};
pub use room::{KickError, Server};
pub use stats::{RefusalCounts, Stats};
