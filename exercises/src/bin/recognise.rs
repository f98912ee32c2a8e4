//! Recognises what pictures show: a server, and a client for it.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use exercises::interrupt::Interrupt;
use exercises::program::{self, Outcome, print_line, printable, report_line};
use exercises::progress::Progress;
use exercises::recognise::client::{self, AskError};
use exercises::recognise::frame::MAX_PICTURE;
use exercises::recognise::message::{Ask, Hint, MessageError, Picture};
use exercises::recognise::recogniser::Recogniser;
use exercises::recognise::server::{Limits, serve};

/// Recognises what pictures show: a server, and a client for it.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  recognise serve\n  recognise ask cat.jpg --hint cat"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Serve),
    Ask(Question),
}

/// Answers clients until Ctrl-C or SIGTERM (exit code 130); prints a line for each answer on
/// standard error.
#[derive(Debug, Args)]
struct Serve {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9999")]
    bind: SocketAddr,
    /// The folder that exercises/model/fetch has filled
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/model/files"))]
    model: PathBuf,
    /// Connections at the same time; each may hold 16 MiB
    #[arg(long, value_name = "NUMBER", default_value = "32")]
    max_clients: NonZeroUsize,
    /// How long a client may take for a question, and for taking the answer
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

/// Sends a picture, and prints the five likeliest classes with their scores.
#[derive(Debug, Args)]
struct Question {
    /// PNG, JPEG or WebP; 16 MiB at most
    image: PathBuf,
    /// What it shows; the last line says whether that is among them
    #[arg(long, value_name = "WORD", value_parser = Hint::new)]
    hint: Option<Hint>,
    /// The server
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "RECOGNISE_SERVER",
        default_value = "127.0.0.1:9999"
    )]
    server: String,
    /// How long to wait for everything together
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot listen at {0}; choose another with --bind")]
    CannotListen(SocketAddr, #[source] io::Error),
    #[error("the server ended")]
    Stopped(#[source] io::Error),
    #[cfg(feature = "recognise")]
    #[error(transparent)]
    Model(#[from] exercises::recognise::model::ModelError),
    #[error("cannot read {0:?}")]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("{0:?} is not a regular file")]
    NotAFile(PathBuf),
    #[error("{0:?} cannot be sent")]
    NotSent(PathBuf, #[source] MessageError),
    #[error(transparent)]
    Ask(#[from] AskError),
}

fn main() -> ExitCode {
    Interrupt::end_program_on_signals();
    match Arguments::parse().command {
        Command::Serve(arguments) => program::end(run_server(&arguments)),
        Command::Ask(arguments) => program::end(run_client(&arguments)),
    }
}

fn run_server(arguments: &Serve) -> Result<Outcome, Failure> {
    let recogniser = recogniser(&arguments.model)?;
    let cannot_listen = |error| Failure::CannotListen(arguments.bind, error);
    let listener = TcpListener::bind(arguments.bind).map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    let limits = Limits {
        clients: arguments.max_clients.get(),
        pictures: thread::available_parallelism().map_or(1, NonZeroUsize::get),
        patience: Duration::from_secs(arguments.timeout),
    };
    print_line(&format!("listening on {address}"));
    serve(&listener, recogniser, limits, |event| {
        report_line(&event.to_string());
    })
    .map_err(Failure::Stopped)?;
    Ok(Outcome::Done)
}

#[cfg(feature = "recognise")]
fn recogniser(folder: &Path) -> Result<Box<dyn Recogniser>, Failure> {
    use exercises::recognise::model::{Model, ModelError};
    match Model::load(folder) {
        Ok(model) => Ok(Box::new(model)),
        Err(missing @ ModelError::Missing(_)) => Ok(unavailable(missing.to_string())),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(feature = "recognise"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "with a model there is more to go wrong"
)]
fn recogniser(_: &Path) -> Result<Box<dyn Recogniser>, Failure> {
    let why = "this server was built without a model; run exercises/model/fetch and build with `--features recognise`";
    Ok(unavailable(why.to_owned()))
}

fn unavailable(why: String) -> Box<dyn Recogniser> {
    report_line(&format!("note: nothing will be recognised: {why}"));
    Box::new(exercises::recognise::recogniser::Unavailable { why })
}

fn run_client(arguments: &Question) -> Result<Outcome, Failure> {
    let ask = Ask {
        hint: arguments.hint.clone().unwrap_or_default(),
        picture: read(&arguments.image)?,
    };
    let progress = Progress::of_bytes(ask.picture.bytes().len() as u64, "sending");
    let patience = Duration::from_secs(arguments.timeout);
    let answer = client::ask(&arguments.server, &ask, patience, |bytes| {
        progress.add(bytes);
    })?;
    progress.finish();
    for likely in &answer.likeliest {
        print_line(&format!("{:.3}  {}", likely.score, printable(&likely.name)));
    }
    let hint = ask.hint.as_str();
    match answer.hinted.and_then(|place| answer.likeliest.get(place)) {
        Some(likely) => print_line(&format!(
            "{hint:?} is among them: {}",
            printable(&likely.name)
        )),
        None if !hint.is_empty() => print_line(&format!("{hint:?} is not among them")),
        None => {}
    }
    Ok(Outcome::Done)
}

fn read(path: &Path) -> Result<Picture, Failure> {
    let unreadable = |error| Failure::Unreadable(path.to_owned(), error);
    let not_sent = |error| Failure::NotSent(path.to_owned(), error);
    let found = fs::metadata(path).map_err(unreadable)?;
    if !found.is_file() {
        return Err(Failure::NotAFile(path.to_owned()));
    }
    let length = usize::try_from(found.len()).unwrap_or(usize::MAX);
    if length > MAX_PICTURE {
        return Err(not_sent(MessageError::LargePicture(length)));
    }
    Picture::new(fs::read(path).map_err(unreadable)?).map_err(not_sent)
}
