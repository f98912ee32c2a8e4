//! How a measurement can fail.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

use crate::platform::safe_text::SafeText;

/// Why nothing, or not everything, was measured.
#[derive(Debug, Error)]
pub(crate) enum BenchError {
    #[error(
        "{members} members need {needed} open files, and this process may have {limit}; raise the limit with `ulimit -n \
         {needed}` (as root, or in limits.conf) or measure fewer members"
    )]
    TooFewFiles {
        members: u32,
        needed: u64,
        limit: u64,
    },
    #[error("cannot open a socket for member {number}: {error}; measure fewer members")]
    Member { number: u32, error: io::Error },
    #[error("{what}: {error}")]
    Io {
        what: &'static str,
        error: io::Error,
    },
    #[error("cannot start {what}: {error}")]
    Spawn {
        what: &'static str,
        error: io::Error,
    },
    #[error("{what} did not start: {said}")]
    NotListening { what: &'static str, said: SafeText },
    #[error(
        "{what} ended in the middle of the measurement; run it by itself to see why: {command}"
    )]
    Died { what: &'static str, command: String },
    #[error(
        "no CPU time of process {pid}: {error}; --pid takes the number of a process on this machine that still runs"
    )]
    NoCpuTime { pid: u32, error: io::Error },
    #[error(
        "process {pid} used no CPU time while {received} datagrams were passed on: --pid has to name the server itself"
    )]
    WrongProcess { pid: u32, received: u64 },
    #[error("{server} refused the login of {name}: {answer}; it has to let all members in")]
    Refused {
        server: SocketAddr,
        name: String,
        answer: SafeText,
    },
    #[error(
        "no answer from {server} to a login; is a server there, and are L, C and Q its words (--verbs)?"
    )]
    NoAnswer { server: SocketAddr },
    #[error(
        "{server} passes nothing on any more: of {said} lines in this round, {received} datagrams arrived"
    )]
    Silent {
        server: SocketAddr,
        said: u64,
        received: u64,
    },
    #[error("interrupted; nothing that was started is left")]
    Interrupted,
}

impl BenchError {
    /// An input or output error, with what was being done.
    pub(super) fn io<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Io {
            what,
            error: error.into(),
        }
    }

    /// As in the rest of the program: 3 refused, 4 no answer, otherwise 1.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { .. } => 3,
            Self::NoAnswer { .. } | Self::Silent { .. } => 4,
            Self::TooFewFiles { .. }
            | Self::Member { .. }
            | Self::Io { .. }
            | Self::Spawn { .. }
            | Self::NotListening { .. }
            | Self::Died { .. }
            | Self::NoCpuTime { .. }
            | Self::WrongProcess { .. }
            | Self::Interrupted => 1,
        }
    }
}
