//! Ctrl-C and its relatives.

use std::io;

use super::inbox::StopSwitch;

/// Turns the switch on SIGINT, SIGTERM and SIGHUP (Ctrl-C and closing the window elsewhere), instead of dying. Once a
/// program.
pub fn on_stop_signal(switch: StopSwitch) -> io::Result<()> {
    ctrlc::set_handler(move || switch.stop()).map_err(io::Error::other)
}
