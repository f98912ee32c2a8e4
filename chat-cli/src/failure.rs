//! How a command can end badly. What the user is told about it is in `messages::failure`.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use chat_core::proto::{DialectError, Refusal, TextError};

use crate::args::ConfigError;
use crate::join::TranscriptError;
use crate::platform::safe_text::SafeText;
use crate::room::BanFileError;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// `--success` and `--end` do not go together.
    Words(DialectError),
    /// The file of options cannot be used.
    Config(ConfigError),
    /// What was to be an address is none.
    BadAddress {
        text: String,
        problem: AddressProblem,
    },
    /// What was to be said cannot be.
    CannotSay(TextError),
    /// There is no manual page for this.
    NoSuchCommand { name: String },
    /// The server refused the login.
    Refused {
        answer: SafeText,
        /// Why, where it is one of this project's reasons.
        refusal: Option<Refusal>,
        /// Whether the login had been repeated.
        repeated: bool,
    },
    /// The server refused the only line.
    LineRefused { answer: SafeText },
    /// No server answered the login.
    NoAnswer {
        server: SocketAddr,
        silence: Silence,
    },
    /// The server ended the conversation.
    Ended { word: SafeText },
    /// A signal came before the login was answered.
    Interrupted,
    /// The file of the bans cannot be used.
    Bans(BanFileError),
    /// Some lines were not said, which the user was told of.
    NotAllSaid,
    /// The transcript cannot be written.
    Transcript(TranscriptError),
    /// Something that was said is not in the transcript, which the user was told of.
    NotAllWritten,
    /// A measurement failed.
    #[cfg(target_os = "linux")]
    Bench(crate::bench::BenchError),
    /// The system did not do what it was asked to.
    Io { doing: Doing, error: io::Error },
}

/// Why a text is no address.
#[derive(Debug)]
pub(crate) enum AddressProblem {
    Empty,
    Unreadable(io::Error),
    Unknown,
}

/// What is known about a server that did not answer.
#[derive(Debug)]
pub(crate) enum Silence {
    /// Something came that answers no login.
    ButThisCame(SafeText),
    /// The network said that nobody is there.
    NobodyListens,
    /// Nothing.
    Nothing,
}

/// What the system was asked to do.
#[derive(Debug)]
pub(crate) enum Doing {
    ListenOn(SocketAddr),
    /// The room at the default address, by the one who comes first.
    HostAt(SocketAddr),
    FindAddress(String),
    Reach(SocketAddr),
    TellAddress,
    #[cfg(feature = "metrics")]
    ShowMetrics(SocketAddr),
    MakeQueue,
    WatchSignals,
    ReadInput,
    WriteOutput,
    UseSocket,
    HostRoom,
}

impl Failure {
    /// An input or output error, with what was being done.
    pub(crate) fn io(doing: Doing) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { doing, error }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Ended { .. }
            | Self::Interrupted
            | Self::NotAllSaid
            | Self::NotAllWritten
            | Self::Transcript(_)
            | Self::Bans(_)
            | Self::Io { .. } => 1,
            Self::Words(_)
            | Self::Config(_)
            | Self::BadAddress { .. }
            | Self::CannotSay(_)
            | Self::NoSuchCommand { .. } => 2,
            Self::Refused { .. } | Self::LineRefused { .. } => 3,
            Self::NoAnswer { .. } => 4,
            #[cfg(target_os = "linux")]
            Self::Bench(error) => error.exit_code(),
        })
    }
}

#[cfg(target_os = "linux")]
impl From<crate::bench::BenchError> for Failure {
    fn from(error: crate::bench::BenchError) -> Self {
        Self::Bench(error)
    }
}
