//! Starts the real binary, Python stand-ins and raw sockets, and waits for what they show.
//!
//! Nothing here sleeps for a fixed time where it can wait for a condition, and nothing asserts how
//! long something took: [`PATIENCE`] only says when to give up.

use std::thread;
use std::time::{Duration, Instant};

pub mod binary;
pub mod crowd;
pub mod fake_server;
pub mod net;
pub mod own_socket;
pub mod process;
pub mod python;
pub mod raw;
pub mod server;
pub mod terminal;

pub use binary::{chat, chat_binary};
pub use crowd::Crowd;
pub use fake_server::FakeServer;
pub use process::{Process, Signal};
pub use raw::RawPeer;
pub use server::Server;

/// The time after which a wait fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Repeats `find` until it finds something; `None` when the time is over.
pub(crate) fn find_in_time<T>(mut find: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        let found = find();
        if found.is_some() || started.elapsed() > PATIENCE {
            return found;
        }
        thread::sleep(Duration::from_millis(2));
    }
}
