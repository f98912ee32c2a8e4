//! Copies the files of a folder into a backup folder.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use exercises::backup::folders::{FolderError, Folders, expand_home};
use exercises::backup::outcome::{How, Stop};
use exercises::backup::run::{Event, Run};
use exercises::backup::summary::Summary;
use exercises::interrupt::Interrupt;
use exercises::new_files::Existing;
use exercises::program::{self, Outcome, with_causes};
use exercises::progress::Progress;

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

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Stopped(#[from] Stop),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run(|interrupt| work(&arguments, interrupt))
}

fn work(arguments: &Arguments, interrupt: &Interrupt) -> Result<Outcome, Failure> {
    let to = expand_home(&arguments.to, env::home_dir())?;
    let run = Run::prepare(Folders::open(&arguments.dir, &to, arguments.create)?)?;
    let progress = Progress::of_bytes(run.bytes(), "backing up");
    let mut summary = Summary::default();
    let ended = run.go(
        Existing::with_force(arguments.force),
        &mut summary,
        progress.steps(interrupt),
        |event| tell(event, &progress, arguments.verbose),
    );
    progress.finish();
    program::print_line(&summary.to_string());
    ended?;
    Ok(if summary.is_complete() {
        Outcome::Done
    } else {
        Outcome::Incomplete
    })
}

/// Problems on standard error; the rest on standard output, for those who want to know.
#[expect(
    clippy::unnecessary_debug_formatting,
    reason = "it is what keeps control characters in names from the terminal"
)]
fn tell(event: &Event<'_>, progress: &Progress, verbose: bool) {
    let list = |what: &str, path: &Path| {
        if verbose {
            progress.print(&format!("{what}: {path:?}"));
        }
    };
    match event {
        Event::Removed(path) => progress.report(&format!(
            "note: removed {path:?}, left by a run that was killed"
        )),
        Event::NotRemoved(why) => progress.report(&format!(
            "note: what killed runs may have left stays: {}",
            with_causes(why)
        )),
        Event::LeftOut(path) => list("left out", path),
        Event::Failed(path, problem) => {
            progress.report(&format!("error: {path:?}: {}", with_causes(problem)));
        }
        Event::Done(path, done) => {
            let what = match done.how {
                How::Copied(_) => "copied",
                How::Replaced(_) => "replaced",
                How::Unchanged => "unchanged",
            };
            list(what, path);
            if let Some(error) = &done.not_kept {
                progress.report(&format!(
                    "error: {path:?}: its backup cannot get its times or permissions: {error}"
                ));
            }
        }
    }
}
