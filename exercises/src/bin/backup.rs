//! Copies the files of a folder into a backup folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use exercises::backup::source::{Source, SourceError};
use exercises::backup::target::{Target, TargetError, with_home};
use exercises::backup::{Stopped, Tally, Told, back_up};
use exercises::interrupt::Interrupt;
use exercises::new_files::Existing;
use exercises::program::{self, Outcome};
use exercises::progress::Progress;

/// Copies the regular files directly inside a folder into a backup folder: not its folders, not what links lead to.
///
/// Times and permissions are kept. What is backed up already is skipped, so that a run that was interrupted goes on with the next.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  backup ~/letters --create\n  backup ~/letters --to /media/stick/letters --force"
)]
struct Arguments {
    /// The folder to back up
    dir: PathBuf,
    /// The backup folder, which has to be there
    #[arg(long, value_name = "FOLDER", default_value = "~/备份")]
    to: PathBuf,
    /// Makes the backup folder if it is not there
    #[arg(long)]
    create: bool,
    /// Replaces backups that differ from their files
    #[arg(long)]
    force: bool,
    /// Prints the path of each copy
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("the backup stopped, and the next run goes on")]
    Stopped(#[from] Stopped),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run(|interrupt| work(&arguments, interrupt))
}

fn work(arguments: &Arguments, interrupt: &Interrupt) -> Result<Outcome, Failure> {
    let source = Source::list(&arguments.dir)?;
    let target = Target::open(&with_home(&arguments.to)?, source.path(), arguments.create)?;
    let leftovers = target.remove_leftovers()?;
    if leftovers > 0 {
        eprintln!("note: removed {leftovers} unfinished copies of a run that was killed");
    }
    let progress = Progress::of_bytes(source.length(), "copying");
    let tell = |told: Told<'_>| match told {
        Told::Copied(path) if arguments.verbose => program::print_path(path),
        Told::Copied(_) => {}
        Told::Failed(path, error) => progress.report(&failed(path, error)),
    };
    let existing = Existing::with_force(arguments.force);
    let tally = back_up(&source, &target, existing, progress.steps(interrupt), tell)?;
    progress.finish();
    program::print_line(&summary(&tally));
    Ok(if tally.failed == 0 {
        Outcome::Done
    } else {
        Outcome::Incomplete
    })
}

#[expect(
    clippy::unnecessary_debug_formatting,
    reason = "a name reaches the terminal without its control characters"
)]
fn failed(path: &Path, error: &dyn std::error::Error) -> String {
    format!("not backed up: {path:?} {}", program::with_causes(error))
}

fn summary(tally: &Tally) -> String {
    let Tally {
        copied,
        bytes,
        unchanged,
        left_out,
        failed,
    } = tally;
    let bytes = indicatif::HumanBytes(*bytes);
    format!("{copied} copied ({bytes}), {unchanged} unchanged, {left_out} not regular files, {failed} failed")
}
