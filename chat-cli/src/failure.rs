//! How a command can end badly: a sentence for the user, with what to do next, and an exit code.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use thiserror::Error;

use crate::messages::{Language, bans};
use crate::platform::safe_text::SafeText;
use crate::room::BanFileError;

/// Why a command did not do what it was asked to.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("the server refused the login: {answer}{hint}")]
    Refused { answer: SafeText, hint: &'static str },
    #[error("the server refused the line: {answer}")]
    LineRefused { answer: SafeText },
    #[error("no answer from {server}{hint}")]
    NoAnswer { server: SocketAddr, hint: String },
    #[error("the server ended the conversation ({word}); join again with the same command if it was not you it meant")]
    Ended { word: SafeText },
    #[error("interrupted before the server answered")]
    Interrupted,
    #[error("{}", bans::text(error, *language))]
    Bans { error: BanFileError, language: Language },
    #[error("not everything was said; see above")]
    NotAllSaid,
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Bench(#[from] crate::bench::BenchError),
    #[error("{what}: {error}{remedy}")]
    Io {
        what: String,
        error: io::Error,
        remedy: &'static str,
    },
}

impl Failure {
    /// An input or output error, with what was being done.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io {
            what,
            error,
            remedy: "",
        }
    }

    /// A local address that cannot be had.
    pub(crate) fn bind(address: SocketAddr) -> impl FnOnce(io::Error) -> Self {
        move |error| {
            let remedy = match error.kind() {
                io::ErrorKind::AddrInUse => "; another program has this port: stop it, or choose another with --bind",
                io::ErrorKind::AddrNotAvailable => "; this machine does not have that address: see `ip address`",
                io::ErrorKind::PermissionDenied => "; choose a port above 1023 with --bind",
                _ => "",
            };
            Self::Io {
                what: format!("cannot listen on {address}"),
                error,
                remedy,
            }
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Ended { .. } | Self::Interrupted | Self::NotAllSaid | Self::Bans { .. } | Self::Io { .. } => 1,
            Self::Usage(_) => 2,
            Self::Refused { .. } | Self::LineRefused { .. } => 3,
            Self::NoAnswer { .. } => 4,
            #[cfg(target_os = "linux")]
            Self::Bench(error) => error.exit_code(),
        })
    }
}
