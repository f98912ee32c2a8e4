//! What a service manager (systemd, `Type=notify`) is told: that the room is open, and that it
//! closes.
//!
//! Nothing is told where nobody asks, that is where `NOTIFY_SOCKET` is not set.

#[cfg(target_os = "linux")]
use sd_notify::{NotifyState, notify};

/// The room is open: whoever waits for it can start.
pub(super) fn tell_the_service_manager() {
    #[cfg(target_os = "linux")]
    // The room works without anybody who is told.
    let _nobody_there = notify(&[NotifyState::Ready]);
}

/// The room is closed.
pub(super) fn tell_the_end() {
    #[cfg(target_os = "linux")]
    let _nobody_there = notify(&[NotifyState::Stopping]);
}
