//! Makes one file per speaker from a transcript.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use encoding_rs::{Encoding, UTF_8};
use exercises::new_file::folder_of;
use exercises::split_talk::{Error, MAX_SPEAKERS, Talk, decode, file_names, read, write};
use exercises::tool::{self, Interrupt, Progress, print_path, report_line};

/// Makes one file per speaker from a transcript (`name: words`), with that person's speeches in
/// order.
///
/// Prints the path of each file that it made. All files appear at the end, or none.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  split-talk interview.txt --into speakers\n  \
                  chat join bob --transcript room.txt; split-talk room.txt"
)]
struct Arguments {
    /// The transcript: UTF-8, or GB18030 (GBK), or what its byte order mark says; `-` reads
    /// standard input
    talk: PathBuf,
    /// The folder for the new files, made if it is not there [default: where the transcript is]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Only these begin a speech (once for each); other lines with a colon belong to the speaker
    /// before
    #[arg(long, value_name = "NAME")]
    speaker: Vec<String>,
    /// The encoding of the transcript, as the web calls it (utf-8, gb18030, big5, …)
    #[arg(long, value_parser = encoding)]
    encoding: Option<&'static Encoding>,
    /// Replaces files that are there already
    #[arg(long)]
    force: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tool::run(|interrupt| work(&arguments, interrupt))
}

fn encoding(label: &str) -> Result<&'static Encoding, &'static str> {
    Encoding::for_label(label.as_bytes()).ok_or("not the name of an encoding")
}

fn work(arguments: &Arguments, interrupt: &Interrupt) -> Result<ExitCode, Error> {
    let path = &arguments.talk;
    let bytes = read(path, interrupt)?;
    let (text, encoding) = decode(&bytes, arguments.encoding)
        .map_err(|error| Error::Unreadable(path.clone(), error))?;
    if encoding != UTF_8 && arguments.encoding.is_none() {
        report_line(&format!("note: read as {}", encoding.name()));
    }
    let talk = Talk::parse(&text, &arguments.speaker);
    match talk.speakers.len() {
        0 => return Err(Error::NoSpeaker(path.clone())),
        1..=MAX_SPEAKERS => {}
        _ => return Err(Error::TooMany(path.clone())),
    }
    let files = file_names(talk.speakers.iter().map(|speaker| speaker.name));
    let into = arguments.into.as_deref().unwrap_or_else(|| folder_of(path));
    let progress = Progress::of_bytes(text.len() as u64, "writing");
    let steps = progress.steps(interrupt);
    let made = write(&talk.speakers, &files, into, arguments.force, steps)?;
    drop(progress);
    for path in made {
        print_path(&path);
    }
    for (speaker, file) in talk.speakers.iter().zip(&files) {
        if let Some(why) = file.change {
            let (said, name) = (speaker.name, &file.name);
            report_line(&format!("note: what {said:?} said is in {name:?}: {why}"));
        }
    }
    for name in &arguments.speaker {
        if !talk.speakers.iter().any(|speaker| speaker.name == name) {
            report_line(&format!("note: {name:?} does not speak in it"));
        }
    }
    if let Some(first) = talk.before.first() {
        let lines = talk.before.len();
        report_line(&format!(
            "note: {lines} lines before the first speech are in no file (the first: {first:?})"
        ));
    }
    Ok(ExitCode::SUCCESS)
}
