//! The options of `chat bench`, and of the processes that it starts.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use chat_core::proto::MAX_TEXT;
use clap::{Subcommand, ValueEnum};

use crate::args::{ServeArgs, ServerArgs};

use super::stamp;

/// How many datagrams the listeners of one round get when nothing else is said: some half a second
/// of one core.
const COPIES_A_ROUND: u32 = 200_000;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  chat bench --vs forwarder,naive       beside the limit and beside plain sends\n  chat bench --server 127.0.0.1:8888 --pid 4711\n                                        any server that speaks L/C/Q, with its CPU time\n  chat bench --members 100 --rate 2000  so many lines a second, come what may\n  chat bench -- --prefix newline        options of `chat serve` stand behind --"
)]
pub(crate) struct BenchArgs {
    /// How many members there are; rooms of several sizes are driven in turn
    #[arg(long, value_name = "N[,N…]", value_delimiter = ',', default_value = "10,100,1000",
          value_parser = clap::value_parser!(u32).range(2..=60_000))]
    pub(super) members: Vec<u32>,
    /// What to compare with, in turn in every round
    #[arg(long, value_enum, value_name = "WHAT[,WHAT]", value_delimiter = ',')]
    pub(super) vs: Vec<Yardstick>,
    /// How many rounds
    #[arg(long, value_name = "N", default_value = "9")]
    pub(super) rounds: NonZeroU32,
    /// How many lines are said in a round [default: as many as make 200000 datagrams for the
    /// listeners]
    #[arg(long, value_name = "N")]
    lines: Option<NonZeroU32>,
    /// End a round after so many seconds, whatever the number of lines
    #[arg(long, value_name = "SECONDS", conflicts_with = "lines")]
    seconds: Option<NonZeroU32>,
    /// How many bytes of text a line has
    #[arg(long, value_name = "BYTES", default_value = "40",
          value_parser = clap::value_parser!(u16).range(stamp::LEN as i64..=MAX_TEXT as i64))]
    size: u16,
    /// How many lines are on their way at once: the next is said when all listeners have got an
    /// earlier one
    #[arg(long, value_name = "LINES", default_value = "8", value_parser = clap::value_parser!(u32).range(1..=1000))]
    window: u32,
    /// Say so many lines a second instead, whether or not earlier ones have arrived
    #[arg(long, value_name = "LINES", conflicts_with = "window")]
    rate: Option<NonZeroU32>,
    /// Measure the server at this address instead of one of our own
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) server: Option<String>,
    /// The process of that server on this machine, for its CPU time
    #[arg(long, requires = "server")]
    pub(super) pid: Option<NonZeroU32>,
    #[command(flatten)]
    pub(super) spoken: ServerArgs,
    /// Print a JSON object per number of members
    #[arg(long)]
    pub(super) json: bool,
    /// Options of `chat serve` for the server that is measured
    #[arg(last = true, value_name = "SERVE OPTIONS", conflicts_with = "server")]
    pub(super) serve_options: Vec<String>,
}

/// What a server can be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Yardstick {
    /// Passes every datagram on with batched sends and knows nothing of chat: the limit
    Forwarder,
    /// Does the same with a system call for each listener
    Naive,
}

/// What is said in a round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// After so many lines nothing more is said.
    pub(super) lines: u32,
    /// Nor after so long.
    pub(super) time: Option<Duration>,
    /// How many bytes of text.
    pub(super) size: usize,
    pub(super) pace: Pace,
    /// Whether the driver has a core of its own, on which it need not sleep.
    pub(super) busy: bool,
}

/// When the next line is said.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// When fewer than so many have still to arrive.
    Window(u32),
    /// So many a second, come what may.
    Rate(NonZeroU32),
}

impl BenchArgs {
    pub(super) fn load(&self, members: u32, busy: bool) -> Load {
        let by_default = || {
            COPIES_A_ROUND
                .div_ceil(members.saturating_sub(1).max(1))
                .max(1)
        };
        let lines = match (self.lines, self.seconds) {
            (Some(lines), _) => lines.get(),
            (None, Some(_)) => u32::MAX,
            (None, None) => by_default(),
        };
        Load {
            lines,
            time: self
                .seconds
                .map(|seconds| Duration::from_secs(seconds.get().into())),
            size: self.size.into(),
            pace: self.rate.map_or(Pace::Window(self.window), Pace::Rate),
            busy,
        }
    }
}

impl Load {
    /// One of so many parts of it, from 0.
    pub(super) fn part(self, part: u32, parts: NonZeroU32) -> Self {
        let until = |part: u32| {
            let lines = u64::from(self.lines) * u64::from(part) / u64::from(parts.get());
            u32::try_from(lines).unwrap_or(u32::MAX)
        };
        Self {
            lines: until(part + 1).saturating_sub(until(part)),
            time: self.time.map(|time| time / parts.get()),
            ..self
        }
    }

    /// The same, but a tenth as long: what is not measured, so that what is measured finds
    /// everything warm.
    pub(super) fn warm_up(self) -> Self {
        Self {
            lines: self.lines.div_ceil(10),
            time: self.time.map(|time| time / 10),
            ..self
        }
    }
}

/// A process that `chat bench` starts: not for people.
#[derive(Debug, clap::Args)]
pub(crate) struct PeerArgs {
    /// Whose end is ours
    #[arg(long)]
    pub(super) parent: u32,
    #[command(subcommand)]
    pub(super) role: Role,
}

/// On which address of this machine, at any port.
#[derive(Debug, clap::Args)]
pub(super) struct At {
    pub(super) ip: IpAddr,
}

#[derive(Debug, Subcommand)]
pub(super) enum Role {
    Serve(Box<ServeArgs>),
    Forward(At),
    Naive(At),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_load_are_the_load() {
        let load = |lines| Load {
            lines,
            time: None,
            size: 40,
            pace: Pace::Window(8),
            busy: false,
        };
        let parts = NonZeroU32::new(8).unwrap();
        for lines in [1, 7, 8, 9, 1000, u32::MAX] {
            let all: u64 = (0..8)
                .map(|part| u64::from(load(lines).part(part, parts).lines))
                .sum();
            assert_eq!(all, u64::from(lines));
        }
    }
}
