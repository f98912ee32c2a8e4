//! Copies the files of a folder into a backup folder.

use std::env;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use exercises::backup::{Backup, BackupError, Line, Summary, expand_home};
use exercises::new_file::Existing;
use exercises::tool::{self, Interrupt, Outcome, Progress};
use indicatif::HumanBytes;

/// Copies the regular files directly in a folder into a backup folder, with their times and
/// permissions.
///
/// Files whose size and time are those of their backup are skipped; so a run that was interrupted
/// goes on when it is started again. Folders, links, pipes and devices are left out. A file that
/// cannot be copied is reported, and the others are copied.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  backup Pictures --create\n  backup Pictures --to /media/disk/Pictures --force"
)]
struct Arguments {
    /// The folder with the files
    dir: PathBuf,
    /// The backup folder
    #[arg(long, value_name = "FOLDER", default_value = "~/备份")]
    to: PathBuf,
    /// Makes the backup folder if it is not there
    #[arg(long)]
    create: bool,
    /// Replaces backups that differ from their files
    #[arg(long)]
    force: bool,
    /// Names every file, and what was done with it
    #[arg(long, short)]
    verbose: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tool::run(|interrupt| work(&arguments, interrupt))
}

fn work(arguments: &Arguments, interrupt: &Interrupt) -> Result<Outcome, BackupError> {
    let to = expand_home(&arguments.to, env::home_dir())?;
    let existing = Existing::with_force(arguments.force);
    let mut backup = Backup::open(&arguments.dir, &to, arguments.create, existing)?;
    let progress = Progress::of_bytes(backup.bytes, "backing up");
    let ended = backup.run(&progress.steps(interrupt), &mut |line| match line {
        Line::Report(line) => progress.report(&line),
        Line::Detail(line) if arguments.verbose => progress.print(&line),
        Line::Detail(_) => (),
    });
    progress.finish();
    let summary = backup.summary;
    tool::print_line(&sentence(&summary));
    ended?;
    let missing = summary.not_kept + summary.failed + summary.not_reached;
    Ok(match missing {
        0 => Outcome::Done,
        _ => Outcome::Incomplete,
    })
}

fn sentence(summary: &Summary) -> String {
    let mut sentence = format!("{} copied ({})", summary.copied, HumanBytes(summary.bytes));
    for (count, result) in [
        (summary.replaced, "of them replaced"),
        (summary.unchanged, "unchanged"),
        (summary.not_kept, "without their times or permissions"),
        (summary.left_out, "not regular files left out"),
        (summary.failed, "failed"),
        (summary.not_reached, "not reached"),
    ] {
        if count > 0 || result == "unchanged" {
            let _ = write!(sentence, ", {count} {result}");
        }
    }
    sentence
}
