//! Cuts a large file into equal parts, and puts them together again.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use exercises::new_file::folder_of;
use exercises::split_file::{Error, MAX_PARTS, Options, cut, find_parts, join};
use exercises::tool::{self, Interrupt, Progress, print_path, report_line};

/// Cuts a large file into equal parts, and puts them together again.
///
/// Prints the path of each file that it made. All parts appear at the end, or none.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  split-file holiday.mp4 --parts 3 --into parts\n  \
                  split-file --join parts/holiday.mp4.part-1-of-3 --into ."
)]
struct Arguments {
    /// The file to cut; with --join one of its parts, all of them, or its path beside them
    #[arg(required = true)]
    file: Vec<PathBuf>,
    /// Number of parts; they differ by one byte at most
    #[arg(long, value_name = "NUMBER", default_value = "2")]
    #[arg(value_parser = RangedU64ValueParser::<u16>::new().range(1..=u64::from(MAX_PARTS)))]
    parts: u16,
    /// Puts the parts together again
    #[arg(long, conflicts_with = "parts")]
    join: bool,
    /// The folder for the new files, made if it is not there [default: where FILE is]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Reads everything again at the end and compares checksums
    #[arg(long)]
    verify: bool,
    /// Replaces files that are there already
    #[arg(long)]
    force: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tool::run(|interrupt| work(&arguments, interrupt))
}

fn work(arguments: &Arguments, interrupt: &Interrupt) -> Result<ExitCode, Error> {
    let Some((first, others)) = arguments.file.split_first() else {
        return Ok(ExitCode::SUCCESS);
    };
    let into = arguments
        .into
        .as_deref()
        .unwrap_or_else(|| folder_of(first));
    let options = Options {
        into: into.to_owned(),
        force: arguments.force,
        verify: arguments.verify,
    };
    let progress = |files: &[PathBuf], doing| {
        // An unreadable file is reported by the work itself.
        let length = |file: &PathBuf| fs::metadata(file).map_or(0, |found| found.len());
        let total = files.iter().map(length).fold(0, u64::saturating_add);
        let times = if options.verify { 3 } else { 1 };
        Progress::of_bytes(total.saturating_mul(times), doing)
    };
    let made = if arguments.join {
        let (whole, parts) = find_parts(first, others)?;
        let progress = progress(&parts, "joining");
        join(&whole, &parts, &options, progress.steps(interrupt))?
    } else if others.is_empty() {
        let progress = progress(&arguments.file, "cutting");
        cut(first, arguments.parts, &options, progress.steps(interrupt))?
    } else {
        return Err(Error::SeveralFiles);
    };
    for path in made.paths {
        print_path(&path);
    }
    if let Some(checksum) = made.checksum {
        report_line(&format!("verified: sha256 {checksum}"));
    }
    Ok(ExitCode::SUCCESS)
}
