//! Signals that stop a loop.

use std::{env, io, process};

use crate::net::inbox::Stop;

/// Makes SIGINT, SIGTERM and SIGHUP stop the loop; in a service of systemd, SIGHUP does nothing.
///
/// A signal that the parent set to be ignored, as `nohup` does with SIGHUP, is no longer ignored.
///
/// Fails at the second call in a process.
pub fn on_stop_signal(stop: Stop) -> io::Result<()> {
    // It has no terminal that hangs up. Blocked here, the signal is blocked in all later threads.
    if env::var("SYSTEMD_EXEC_PID").is_ok_and(|id| id == process::id().to_string()) {
        #[cfg(target_os = "linux")]
        nix::sys::signal::SigSet::from(nix::sys::signal::SIGHUP).thread_block()?;
    }
    ctrlc::set_handler(move || stop.stop()).map_err(|error| match error {
        ctrlc::Error::System(error) => error,
        error => io::Error::other(error),
    })
}
