//! What the operating system gives: the socket and its error queue, the input, signals, the terminal. Everything here
//! works without knowing the protocol.

pub mod console;
pub mod error_queue;
pub mod inbox;
pub mod lines;
pub mod pace;
pub mod safe_text;
pub mod signals;
pub mod socket;
