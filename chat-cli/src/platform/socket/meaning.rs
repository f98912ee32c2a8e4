//! Whose fault an error of a datagram socket is.

use std::io::{self, ErrorKind};

use rustix::io::Errno;

/// What an error of a datagram socket asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Try again at once: a signal came.
    Again,
    /// Not now.
    Wait,
    /// Not now either, but no poll will tell when.
    QueueFull,
    /// Perhaps the fate of an earlier datagram, which a router or the peer's system told.
    EarlierDatagram,
    /// The socket itself does not work.
    Broken,
    /// None of the above.
    Unknown,
}

pub(super) fn is_refused(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}

pub(super) fn meaning(error: &io::Error) -> Meaning {
    match error.kind() {
        ErrorKind::Interrupted => return Meaning::Again,
        ErrorKind::WouldBlock => return Meaning::Wait,
        // Windows says "reset" where others say "refused".
        ErrorKind::ConnectionRefused
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable => return Meaning::EarlierDatagram,
        _ => {}
    }
    // The other errors that Linux makes of an ICMP message; anyone can send one, so they must not
    // count as strange.
    #[cfg(target_os = "linux")]
    if Errno::from_io_error(error) == Some(Errno::NONET) {
        return Meaning::EarlierDatagram;
    }
    match Errno::from_io_error(error) {
        Some(
            Errno::ACCESS
            | Errno::HOSTDOWN
            | Errno::MSGSIZE
            | Errno::NOPROTOOPT
            | Errno::OPNOTSUPP
            | Errno::PROTO,
        ) => Meaning::EarlierDatagram,
        Some(Errno::BADF | Errno::FAULT | Errno::INVAL | Errno::NOTCONN | Errno::NOTSOCK) => {
            Meaning::Broken
        }
        Some(Errno::NOBUFS) => Meaning::QueueFull,
        _ => Meaning::Unknown,
    }
}
