//! Makes the pictures of the README anew from the real program: `--write` keeps them, otherwise
//! they are compared.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use chat_tests::picture::{WIDTHS, path, take};
use clap::Parser;

/// Makes the pictures of the README anew.
#[derive(Parser)]
struct Args {
    /// Write them into the project; otherwise say which ones are out of date
    #[arg(long)]
    write: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut code = ExitCode::SUCCESS;
    for columns in WIDTHS {
        let (file, picture) = (project.join(path(columns)), take(columns));
        let problem = if args.write {
            let folder = file.parent().unwrap_or(&project);
            let written = fs::create_dir_all(folder).and_then(|()| fs::write(&file, picture));
            written.err().map(|error| error.to_string())
        } else {
            let kept = fs::read_to_string(&file).unwrap_or_default();
            (kept != picture)
                .then(|| "shows another thing than the program: write it with --write".to_owned())
        };
        if let Some(problem) = problem {
            eprintln!("screenshot: {}: {problem}", path(columns));
            code = ExitCode::FAILURE;
        }
    }
    code
}
