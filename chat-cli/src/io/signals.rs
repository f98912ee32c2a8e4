//! Signals that stop a loop.

use std::io;

use crate::net::inbox::Stop;

/// Makes SIGINT, SIGTERM and SIGHUP stop the loop.
///
/// A signal that the parent set to be ignored, as `nohup` does with SIGHUP, is no longer ignored.
///
/// Fails with [`AlreadyExists`](io::ErrorKind::AlreadyExists) at the second call in a process.
pub fn on_stop_signal(stop: Stop) -> io::Result<()> {
    ctrlc::set_handler(move || stop.stop()).map_err(|error| match error {
        ctrlc::Error::System(error) => error,
        ctrlc::Error::MultipleHandlers => io::Error::new(io::ErrorKind::AlreadyExists, error),
        ctrlc::Error::NoSuchSignal(_) => io::Error::new(io::ErrorKind::Unsupported, error),
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rustix::process::{Signal, getpid, kill_process};

    use super::*;
    use crate::net::inbox::inbox;
    use crate::net::socket::ChatSocket;

    #[test]
    fn a_signal_wakes_the_loop_and_has_one_handler() {
        let socket = ChatSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let (inbox, _sender) = inbox::<()>(1).unwrap();
        on_stop_signal(inbox.stop_handle()).unwrap();
        assert!(!inbox.is_stopped());

        kill_process(getpid(), Signal::TERM).unwrap();
        let start = Instant::now();
        while !inbox.is_stopped() && start.elapsed() < Duration::from_secs(4) {
            inbox.wait(&socket, Some(Duration::from_secs(5))).unwrap();
        }
        assert!(inbox.is_stopped());
        assert!(start.elapsed() < Duration::from_secs(4));

        let again = on_stop_signal(inbox.stop_handle()).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }
}
