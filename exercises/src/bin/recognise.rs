//! Recognises what pictures show: a server, and a client for it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::{Args, Parser};
use exercises::recognise::client::{self, AskError};
use exercises::recognise::server::{Recognise, Server};
use exercises::recognise::wire::{Reason, check_hint};
use exercises::tool::{self, Interrupt, Progress, print_line, printable, report_line};

/// Recognises what pictures show: a server, and a client for it.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  recognise serve\n  recognise ask cat.jpg --hint cat"
)]
enum Command {
    Serve(Serve),
    Ask(Question),
}

/// Answers clients until Ctrl-C or SIGTERM (exit code 130); prints a line for each answer on
/// standard error.
#[derive(Debug, Args)]
struct Serve {
    /// Address and port to listen at
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9999")]
    bind: SocketAddr,
    /// The folder that exercises/model/fetch has filled
    #[arg(long, value_name = "DIR")]
    #[arg(default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/model/files"))]
    model: PathBuf,
    /// Connections at the same time; each may hold 16 MiB
    #[arg(long, value_name = "NUMBER", default_value = "32")]
    max_clients: NonZeroUsize,
    /// Time for a client to send a question, and to take the answer
    #[arg(long, value_name = "SECONDS", default_value = "30")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

/// Sends a picture, and prints the five likeliest classes with their scores.
#[derive(Debug, Args)]
struct Question {
    /// PNG, JPEG or WebP; 16 MiB at most
    image: PathBuf,
    /// A guess at its content; the last line says whether the classes include it
    #[arg(long, value_name = "WORD", value_parser = check_hint)]
    hint: Option<String>,
    /// The server
    #[arg(long, value_name = "HOST:PORT", env = "RECOGNISE_SERVER")]
    #[arg(default_value = "127.0.0.1:9999")]
    server: String,
    /// Time to wait for everything together
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error("cannot listen at {0}; choose another with --bind")]
    Bind(SocketAddr, #[source] io::Error),
    #[cfg(feature = "recognise")]
    #[error(transparent)]
    Model(#[from] exercises::recognise::model::ModelError),
}

fn main() -> ExitCode {
    Interrupt::end_program_on_signals();
    match Command::parse() {
        Command::Serve(arguments) => tool::end(serve(&arguments)),
        Command::Ask(arguments) => tool::end(ask(&arguments)),
    }
}

fn serve(arguments: &Serve) -> Result<ExitCode, ServeError> {
    let recognise = recognise(&arguments.model)?;
    let cannot_listen = |error| ServeError::Bind(arguments.bind, error);
    let listener = TcpListener::bind(arguments.bind).map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    print_line(&format!("listening on {address}"));
    let server = Server {
        clients: arguments.max_clients.get(),
        pictures: thread::available_parallelism().map_or(1, NonZeroUsize::get),
        patience: Duration::from_secs(arguments.timeout),
        recognise,
        report: report_line,
    };
    server.serve(&listener)
}

#[cfg_attr(not(feature = "recognise"), expect(clippy::unnecessary_wraps))]
fn recognise(folder: &Path) -> Result<Box<Recognise>, ServeError> {
    #[cfg(feature = "recognise")]
    if let Some(model) = exercises::recognise::model::Model::load(folder)? {
        return Ok(Box::new(move |picture| model.recognise(picture)));
    }
    let folder = printable(&folder.to_string_lossy());
    let why = if cfg!(feature = "recognise") {
        format!("no model in \"{folder}\"; exercises/model/fetch gets it")
    } else {
        "this server was built without a model; run exercises/model/fetch and build with \
         `--features recognise`"
            .to_owned()
    };
    report_line(&format!("note: nothing will be recognised: {why}"));
    Ok(Box::new(move |_| Err(Reason::Unavailable.because(&why))))
}

fn ask(arguments: &Question) -> Result<ExitCode, AskError> {
    let hint = arguments.hint.as_deref().unwrap_or_default();
    let ask = client::question(&arguments.image, hint)?;
    let progress = Progress::of_bytes(ask.picture.len() as u64, "sending");
    let patience = Duration::from_secs(arguments.timeout);
    let answer = client::ask(&arguments.server, &ask, patience, |sent| progress.add(sent))?;
    drop(progress);
    for likely in &answer.likeliest {
        print_line(&format!("{:.3}  {}", likely.score, printable(&likely.name)));
    }
    match answer.hinted.and_then(|index| answer.likeliest.get(index)) {
        Some(likely) => {
            let name = printable(&likely.name);
            print_line(&format!("{hint:?} is among them: {name}"));
        }
        None if hint.is_empty() => {}
        None => print_line(&format!("{hint:?} is not among them")),
    }
    Ok(ExitCode::SUCCESS)
}
