//! Being told to stop.

use std::io;

use super::inbox::StopSwitch;

/// From now on SIGINT, SIGTERM and SIGHUP (on Windows Ctrl-C and the closing of the console) throw
/// the switch instead of ending the process, so that the loop can say goodbye.
///
/// Once per process; a second call is an [`AlreadyExists`](io::ErrorKind::AlreadyExists) error. A
/// signal that the parent had set to be ignored, as `nohup` does with SIGHUP, is no longer ignored.
pub fn on_stop_signal(switch: StopSwitch) -> io::Result<()> {
    ctrlc::set_handler(move || switch.stop()).map_err(|error| match error {
        ctrlc::Error::System(error) => error,
        ctrlc::Error::MultipleHandlers => io::Error::new(io::ErrorKind::AlreadyExists, error),
        ctrlc::Error::NoSuchSignal(_) => io::Error::new(io::ErrorKind::Unsupported, error),
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::time::{Duration, Instant};

    use rustix::process::{Signal, getpid, kill_process};

    use super::super::inbox::inbox;
    use super::super::socket::ChatSocket;
    use super::*;

    #[test]
    fn a_signal_wakes_the_loop_and_a_second_handler_is_refused() {
        let socket = ChatSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let (inbox, _mailer) = inbox::<()>(1).unwrap();
        let switch = inbox.stop_switch();
        on_stop_signal(switch.clone()).unwrap();
        assert!(!switch.is_stopped());

        kill_process(getpid(), Signal::TERM).unwrap();
        let start = Instant::now();
        while !switch.is_stopped() && start.elapsed() < Duration::from_secs(5) {
            inbox.wait(&socket, Some(Duration::from_secs(5))).unwrap();
        }
        assert!(switch.is_stopped());
        assert!(
            start.elapsed() < Duration::from_secs(4),
            "it woke by itself"
        );

        assert_eq!(
            on_stop_signal(switch).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
    }
}
