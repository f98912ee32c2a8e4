//! Measures what a chat server costs and how fast it is, beside the least that the system allows.
//!
//! Everything is measured in rounds. In each round every server gets the same lines, a part of them
//! at a time and one server after the other while the others sleep, and ratios are taken within a
//! round: a disturbance that lasts longer than a part disturbs all of them alike.

mod crowd;
mod drive;
mod peer;
mod report;
mod rounds;

use std::env;
use std::error::Error;
use std::fmt::Display;
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use chat_core::proto::MAX_TEXT;
use chat_tests::harness::chat_binary;
use clap::builder::RangedU64ValueParser;
use clap::{Parser, value_parser};

/// Every error is a sentence for the user, with a remedy where there is one.
type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// Set by SIGINT and SIGTERM.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// Measures what a chat server costs and how fast it is, beside the least that the system allows
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Args {
    /// Sizes of the rooms, which are driven in turn
    #[arg(long, value_name = "N[,N…]", value_delimiter = ',')]
    #[arg(default_value = "10,100,1000", value_parser = number(2..=60_000))]
    members: Vec<usize>,
    /// In the same rounds: a yardstick that sends in batches, another with a call for each
    /// listener, and this server with sessions for members
    #[arg(long, value_name = "WHAT[,WHAT]", value_delimiter = ',')]
    #[arg(default_value = "forwarder,naive")]
    #[arg(value_parser = [peer::FORWARDER, peer::NAIVE, peer::SESSIONS, "none"])]
    vs: Vec<String>,
    /// Number of rounds
    #[arg(long, value_name = "N", default_value = "9", value_parser = number(1..=1000))]
    rounds: usize,
    /// Lines said in a round [default: as many as make 200000 datagrams for the listeners]
    #[arg(long, value_name = "N", value_parser = number(1..=1_000_000_000))]
    lines: Option<usize>,
    /// Bytes of text in a line
    #[arg(long, value_name = "BYTES", default_value = "40")]
    #[arg(value_parser = number(drive::STAMP as u64..=MAX_TEXT as u64))]
    size: usize,
    /// Lines on their way at once: the next is said when all listeners have got an earlier one
    #[arg(long, value_name = "LINES", default_value = "8", value_parser = number(1..=1000))]
    window: usize,
    /// Lines said in a second instead, come what may
    #[arg(long, value_name = "LINES", conflicts_with = "window")]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Members that speak [default: all]
    #[arg(long, value_name = "N", value_parser = number(1..=60_000))]
    speakers: Option<usize>,
    /// Measure instead sessions behind networks with a round trip of 50 ms that lose this many of
    /// 100 datagrams
    #[arg(long, value_name = "PERCENT[,PERCENT]", value_delimiter = ',')]
    #[arg(value_parser = value_parser!(u8).range(..100), conflicts_with_all = ["server", "vs"])]
    loss: Vec<u8>,
    /// A server to drive beside the one of this build; may be given several times
    #[arg(long, value_name = "HOST:PORT", value_parser = ipv4)]
    server: Vec<SocketAddr>,
    /// Its process on this machine, for its CPU time; the first is that of the first --server
    #[arg(long, requires = "server", value_parser = value_parser!(i32).range(1..))]
    pid: Vec<i32>,
    /// Options of `chat serve` for the server of this build
    #[arg(last = true, value_name = "SERVE OPTIONS")]
    serve_options: Vec<String>,
    /// The driver's core and the servers', where they are held to them.
    #[arg(skip)]
    cores: Option<[usize; 2]>,
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((first, rest)) if first == peer::COMMAND => peer::run(rest),
        _ => measure(Args::parse()),
    };
    if let Err(error) = done {
        eprintln!("bench: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn measure(mut args: Args) -> Result<()> {
    if args.pid.len() > args.server.len() {
        return Err("there are more --pid than --server: give one for each".into());
    }
    // Built by Cargo where it is not fresh.
    if chat_binary().iter().any(|folder| folder == "debug") {
        eprintln!("warning: the figures of a debug build mean little; use `cargo run --release`");
    }
    ctrlc::set_handler(|| STOPPED.store(true, Ordering::Relaxed))
        .map_err(cannot("watch for signals"))?;
    if args.loss.is_empty() {
        args.cores = peer::take_cores();
    } else {
        args.vs.clear();
    }
    rounds::run(&args)
}

/// Returns an error once a signal has asked for the end.
fn go_on() -> Result<()> {
    if STOPPED.load(Ordering::Relaxed) {
        return Err("interrupted; nothing that was started is left".into());
    }
    Ok(())
}

/// Returns a function that puts the deed in front of an error.
fn cannot<E: Display>(deed: &str) -> impl Fn(E) -> Box<dyn Error> {
    move |error| format!("cannot {deed}: {error}").into()
}

/// Returns a reader of a number within these bounds.
fn number(bounds: RangeInclusive<u64>) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(bounds)
}

/// Resolves an address to its first IPv4 one, because the members' sockets are IPv4.
fn ipv4(text: &str) -> Result<SocketAddr, String> {
    let mut found = text.to_socket_addrs().map_err(|error| error.to_string())?;
    let found = found.find(SocketAddr::is_ipv4);
    found.ok_or_else(|| "it has no IPv4 address".into())
}
