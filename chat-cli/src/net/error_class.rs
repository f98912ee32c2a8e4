//! Classes of the errors that a datagram socket reports, by the side that is at fault.

use std::io::{self, ErrorKind};

use rustix::io::Errno;

/// The reaction that an error of a datagram socket calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorClass {
    /// A signal interrupted the call: repeat it at once.
    Again,
    /// The call would block: poll tells when to repeat it.
    Wait,
    /// The queue of the interface is full: poll does not tell when to repeat the call.
    QueueFull,
    /// A peer or a router rejected a datagram, perhaps an earlier one.
    PeerError,
    /// The socket itself does not work.
    Broken,
    /// An error of no class above.
    Unknown,
}

/// Returns whether a peer has reported that its port is closed.
pub(super) fn is_refused(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}

/// Returns the class of an error from a send or a receive.
pub(super) fn error_class(error: &io::Error) -> ErrorClass {
    match error.kind() {
        ErrorKind::Interrupted => return ErrorClass::Again,
        ErrorKind::WouldBlock => return ErrorClass::Wait,
        ErrorKind::ConnectionRefused
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable => return ErrorClass::PeerError,
        _ => {}
    }
    match Errno::from_io_error(error) {
        // Linux makes these of ICMP messages, which anyone can forge.
        #[cfg(target_os = "linux")]
        Some(Errno::NONET) => ErrorClass::PeerError,
        Some(
            Errno::ACCESS
            | Errno::HOSTDOWN
            | Errno::MSGSIZE
            | Errno::NOPROTOOPT
            | Errno::OPNOTSUPP
            | Errno::PROTO,
        ) => ErrorClass::PeerError,
        Some(Errno::BADF | Errno::FAULT | Errno::INVAL | Errno::NOTCONN | Errno::NOTSOCK) => {
            ErrorClass::Broken
        }
        Some(Errno::NOBUFS) => ErrorClass::QueueFull,
        _ => ErrorClass::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_broken_socket_is_classed_as_broken() {
        for (errno, class) in [
            (Errno::INTR, ErrorClass::Again),
            (Errno::AGAIN, ErrorClass::Wait),
            (Errno::NOBUFS, ErrorClass::QueueFull),
            (Errno::CONNREFUSED, ErrorClass::PeerError),
            (Errno::NETUNREACH, ErrorClass::PeerError),
            // A receive failed with each of these after a forged ICMP message on Linux 6.18.
            (Errno::MSGSIZE, ErrorClass::PeerError),
            (Errno::NOPROTOOPT, ErrorClass::PeerError),
            (Errno::OPNOTSUPP, ErrorClass::PeerError),
            (Errno::HOSTDOWN, ErrorClass::PeerError),
            (Errno::PROTO, ErrorClass::PeerError),
            #[cfg(target_os = "linux")]
            (Errno::NONET, ErrorClass::PeerError),
            (Errno::NOTSOCK, ErrorClass::Broken),
            (Errno::BADF, ErrorClass::Broken),
            (Errno::IO, ErrorClass::Unknown),
        ] {
            assert_eq!(error_class(&errno.into()), class, "{errno:?}");
        }
    }
}
