//! Cuts a large file into equal parts, and puts them together again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use exercises::checksum::Checksum;
use exercises::interrupt::Interrupt;
use exercises::new_files::{Existing, folder_of};
use exercises::program::{self, Outcome, report_line};
use exercises::progress::Progress;
use exercises::split_file::cut::{self, CutError};
use exercises::split_file::join::{self, JoinError, PartSet};
use exercises::split_file::plan::PartCount;

/// Cuts a large file into equal parts, and puts them together again.
///
/// Prints the path of each file that it made. All parts appear at the end, or none.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  split-file holiday.mp4 --parts 3 --into parts\n  split-file --join parts/holiday.mp4.part-1-of-3 --into ."
)]
struct Arguments {
    /// The file to cut; with --join one of its parts (or all), or its name where its parts are
    #[arg(required = true)]
    file: Vec<PathBuf>,
    /// How many parts; they differ by one byte at most
    #[arg(long, value_name = "NUMBER", default_value = "2")]
    parts: PartCount,
    /// Puts the parts together again
    #[arg(long, conflicts_with = "parts")]
    join: bool,
    /// The folder for what is made, which is made too if it is not there [default: where FILE is]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Reads everything again at the end and compares checksums
    #[arg(long)]
    verify: bool,
    /// Replaces files that are there already
    #[arg(long)]
    force: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("one file is cut at a time; --join puts parts together")]
    SeveralFiles,
    #[error(transparent)]
    Cut(#[from] CutError),
    #[error(transparent)]
    Join(#[from] JoinError),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run(|interrupt| work(&arguments, interrupt))
}

fn work(arguments: &Arguments, interrupt: &Interrupt) -> Result<Outcome, Failure> {
    let Some((first, others)) = arguments.file.split_first() else {
        return Ok(Outcome::Done);
    };
    if arguments.join {
        join(arguments, first, others, interrupt)?;
    } else if others.is_empty() {
        cut(arguments, first, interrupt)?;
    } else {
        return Err(Failure::SeveralFiles);
    }
    Ok(Outcome::Done)
}

fn cut(arguments: &Arguments, file: &Path, interrupt: &Interrupt) -> Result<(), Failure> {
    let order = cut::Order {
        file: file.to_owned(),
        parts: arguments.parts,
        into: folder(arguments, folder_of(file)),
        existing: Existing::with_force(arguments.force),
        verify: arguments.verify,
    };
    // What cannot be read now, the work will tell.
    let length = fs::metadata(file).map_or(0, |found| found.len());
    let progress = progress(arguments, length, "cutting");
    let parts = cut::cut(&order, progress.steps(interrupt))?;
    progress.finish();
    for path in parts.paths {
        program::print_path(&path);
    }
    tell_checksum(parts.checksum);
    Ok(())
}

fn join(
    arguments: &Arguments,
    first: &Path,
    others: &[PathBuf],
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let parts = PartSet::find(first, others)?;
    let order = join::Order {
        into: folder(arguments, parts.folder()),
        parts,
        existing: Existing::with_force(arguments.force),
        verify: arguments.verify,
    };
    let progress = progress(arguments, order.parts.length(), "joining");
    let whole = join::join(&order, progress.steps(interrupt))?;
    progress.finish();
    program::print_path(&whole.path);
    tell_checksum(whole.checksum);
    Ok(())
}

/// To verify, everything is read twice more.
fn progress(arguments: &Arguments, length: u64, doing: &'static str) -> Progress {
    let times = if arguments.verify { 3 } else { 1 };
    Progress::of_bytes(length.saturating_mul(times), doing)
}

/// Where what is made goes to.
fn folder(arguments: &Arguments, default: &Path) -> PathBuf {
    arguments.into.as_deref().unwrap_or(default).to_owned()
}

fn tell_checksum(checksum: Option<Checksum>) {
    if let Some(checksum) = checksum {
        report_line(&format!("verified: sha256 {checksum}"));
    }
}
