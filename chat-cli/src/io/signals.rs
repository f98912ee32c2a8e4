//! Signals that stop a loop.

use std::io;

use crate::net::inbox::Stop;

/// Makes SIGINT, SIGTERM and SIGHUP stop the loop.
///
/// A signal that the parent set to be ignored, as `nohup` does with SIGHUP, is no longer ignored.
///
/// Fails at the second call in a process.
pub fn on_stop_signal(stop: Stop) -> io::Result<()> {
    ctrlc::set_handler(move || stop.stop()).map_err(|error| match error {
        ctrlc::Error::System(error) => error,
        error => io::Error::other(error),
    })
}
