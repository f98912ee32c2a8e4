//! The client's half. All transitions are in `transitions.rs`; `event.rs` holds what they return.

mod config;
mod event;
mod transitions;

pub use config::ClientConfig;
pub use event::{ClientEvent, ClientOutgoing, LostReason, SayError};
pub use transitions::Client;
