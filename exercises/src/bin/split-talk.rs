//! Makes one file per speaker from a transcript.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use encoding_rs::{Encoding, UTF_8};
use exercises::interrupt::{Interrupt, Interrupted};
use exercises::new_files::{
    Existing, NewFile, NewFileError, check_free, folder_of, make_folder, publish_all,
};
use exercises::program::{self, Outcome, report_line};
use exercises::progress::Progress;
use exercises::split_talk::decode::{DecodeError, decode};
use exercises::split_talk::file_names::{Change, FileName, file_names};
use exercises::split_talk::speech::{Speaker, Talk, TalkError};

/// The longest transcript, in bytes. It is kept in memory.
const LONGEST: u64 = 1 << 30;

/// Makes one file per speaker from a transcript (`name: words`), with what that person said, in
/// order.
///
/// Prints the path of each file that it made. All files appear at the end, or none.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  split-talk interview.txt --into speakers\n  chat join bob --transcript room.txt; split-talk room.txt"
)]
struct Arguments {
    /// The transcript: UTF-8, or GB18030 (GBK), or what its byte order mark says
    talk: PathBuf,
    /// The folder for the files, which is made too if it is not there [default: where the
    /// transcript is]
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

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot read {path:?}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{0:?} has more than {LONGEST} bytes; cut it first")]
    TooLong(PathBuf),
    #[error("cannot read {path:?}")]
    NoText { path: PathBuf, source: DecodeError },
    #[error("{path:?} is no transcript")]
    NoTalk { path: PathBuf, source: TalkError },
    #[error(transparent)]
    New(#[from] NewFileError),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run(|interrupt| work(&arguments, interrupt))
}

fn encoding(label: &str) -> Result<&'static Encoding, &'static str> {
    Encoding::for_label(label.as_bytes()).ok_or("not the name of an encoding")
}

fn work(arguments: &Arguments, interrupt: &Interrupt) -> Result<Outcome, Failure> {
    let path = &arguments.talk;
    let bytes = read(path)?;
    let decoded = decode(&bytes, arguments.encoding).map_err(|source| Failure::NoText {
        path: path.clone(),
        source,
    })?;
    if decoded.encoding != UTF_8 && arguments.encoding.is_none() {
        report_line(&format!("note: read as {}", decoded.encoding.name()));
    }
    let talk =
        Talk::parse(&decoded.text, &arguments.speaker).map_err(|source| Failure::NoTalk {
            path: path.clone(),
            source,
        })?;
    let files = file_names(talk.speakers.iter().map(|speaker| speaker.name));
    let into = arguments.into.as_deref().unwrap_or_else(|| folder_of(path));
    write_all(
        &talk.speakers,
        &files,
        into,
        Existing::with_force(arguments.force),
        interrupt,
    )?;
    tell(&talk, &files, &arguments.speaker);
    Ok(Outcome::Done)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |source| Failure::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::TooLong(path.to_owned()));
    }
    Ok(bytes)
}

fn write_all(
    speakers: &[Speaker<'_>],
    files: &[FileName],
    into: &Path,
    existing: Existing,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    make_folder(into)?;
    // Before anything is written: most likely all files of an earlier run are there.
    for file in files {
        check_free(&into.join(&file.name), existing)?;
    }
    let bytes = |speaker: &Speaker<'_>| {
        speaker
            .lines
            .iter()
            .map(|line| line.len() as u64 + 1)
            .sum::<u64>()
    };
    let progress = Progress::of_bytes(speakers.iter().map(bytes).sum(), "writing");
    let step = progress.steps(interrupt);
    let mut complete = Vec::with_capacity(files.len());
    for (speaker, file) in speakers.iter().zip(files) {
        let mut new = NewFile::begin(into.join(&file.name), existing)?;
        let text: String = speaker.lines.iter().flat_map(|line| [line, "\n"]).collect();
        if let Err(error) = new.file().write_all(text.as_bytes()) {
            return Err(NewFileError::from_io(new.path(), error).into());
        }
        complete.push(new.complete()?);
        step(bytes(speaker))?;
    }
    let published = publish_all(complete)?;
    progress.finish();
    for path in published {
        program::print_path(&path);
    }
    Ok(())
}

/// What a user has to know beyond the names of the files.
fn tell(talk: &Talk<'_>, files: &[FileName], known: &[String]) {
    for (speaker, file) in talk.speakers.iter().zip(files) {
        let why = match file.change {
            None => continue,
            Some(Change::MadeSafe) => "the name cannot be that of a file everywhere",
            Some(Change::Numbered) => "some file systems do not tell it from another speaker's",
        };
        report_line(&format!(
            "note: what {:?} said is in {:?}: {why}",
            speaker.name, file.name
        ));
    }
    for name in known
        .iter()
        .filter(|known| !talk.speakers.iter().any(|speaker| speaker.name == **known))
    {
        report_line(&format!("note: {name:?} does not speak in it"));
    }
    if let Some(first) = talk.before.first() {
        let lines = talk.before.len();
        report_line(&format!(
            "note: {lines} lines before anybody speaks are in no file (the first: {first:?})"
        ));
    }
}
