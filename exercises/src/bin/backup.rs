//! Copies the files of a folder into a backup folder.

use std::env;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use exercises::backup::{Backup, BackupError, Summary};
use exercises::tool::{self, Interrupt, Progress};
use indicatif::HumanBytes;

/// Copies the regular files directly in a folder into a backup folder, with their times and
/// permissions.
///
/// Files whose size and time are those of their backup are skipped; so a second run goes on where
/// an interrupted one ended. Folders, links, pipes and devices are left out. A file that
/// cannot be copied is reported, and the others are copied.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  backup Pictures --create\n  \
                  backup Pictures --to /media/disk/Pictures --force"
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
    /// Names every file and its result
    #[arg(long, short)]
    verbose: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tool::run(|interrupt| work(&arguments, interrupt))
}

fn work(arguments: &Arguments, interrupt: &Interrupt) -> Result<ExitCode, BackupError> {
    let to = expand_home(&arguments.to)?;
    let mut backup = Backup::open(&arguments.dir, &to, arguments.create, arguments.force)?;
    let progress = Progress::of_bytes(backup.bytes, "backing up");
    let ended = backup.run(
        &progress.steps(interrupt),
        &mut |line| progress.report(&line),
        &mut |line| {
            if arguments.verbose {
                progress.print(&line);
            }
        },
    );
    let summary = backup.summary;
    progress.print(&sentence(&summary));
    ended?;
    let is_complete = summary.not_kept + summary.failed + summary.not_reached == 0;
    Ok(if is_complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Puts the home folder in the place of a `~`, which a shell leaves alone in `--to=~/folder`.
fn expand_home(path: &Path) -> Result<PathBuf, BackupError> {
    let Ok(below) = path.strip_prefix("~") else {
        return Ok(path.to_owned());
    };
    let why = "the home folder is unknown; name the backup folder in full with --to";
    let home = env::home_dir().ok_or(BackupError::Refused(why.to_owned()))?;
    Ok(home.join(below))
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
