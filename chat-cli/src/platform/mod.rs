//! What the chat programs need of the machine they run on: a UDP socket, standard input, signals,
//! the terminal.
//!
//! Everything that differs between operating systems is in this folder, so that the rest of the
//! crate can be read without knowing any of it. One thread, the loop, owns the [`ChatSocket`] and
//! sleeps in [`Inbox::wait`]; every other thread (the reader of standard input, the signal handler)
//! reaches it through a [`Mailer`] or a [`StopSwitch`].
//!
//! | file | role |
//! |---|---|
//! | [`socket`] | datagrams in and out, with the noise of the network kept away from the caller |
//! | [`error_queue`] | who the kernel was told is unreachable (Linux) |
//! | [`drop_counter`] | how many datagrams the kernel dropped (Linux) |
//! | [`mod@inbox`] | how other threads reach the loop |
//! | [`lines`] | lines of bounded length from any reader |
//! | [`console`] | the thread that reads standard input |
//! | [`signals`] | SIGINT, SIGTERM and SIGHUP become a stop |
//! | [`safe_text`] | the only text that is fit to be shown |

pub mod console;
pub mod drop_counter;
pub mod error_queue;
pub mod inbox;
pub mod lines;
pub mod safe_text;
pub mod signals;
pub mod socket;

pub use console::{in_background, spawn_line_reader};
pub use inbox::{Inbox, Mailer, StopSwitch, inbox};
pub use lines::{Line, LineReader};
pub use safe_text::SafeText;
pub use signals::on_stop_signal;
pub use socket::{ChatSocket, Received, Sent};
