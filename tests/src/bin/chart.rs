//! Writes the tables of BENCHMARKS.md and its chart anew, from `benchmarks/fan-out.json`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use chat_tests::benchmarks::{between_markers, chart, read, tables};

fn main() -> ExitCode {
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chart: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<(), String> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let load = |path: &str| {
        fs::read_to_string(project.join(path))
            .map_err(|error| format!("cannot read {path}: {error}"))
    };
    let save = |path: &str, text: String| {
        fs::write(project.join(path), text).map_err(|error| format!("cannot write {path}: {error}"))
    };
    let reports = read(&load("benchmarks/fan-out.json")?)?;
    let document = between_markers(&load("BENCHMARKS.md")?, &tables(&reports))?;
    save("BENCHMARKS.md", document)?;
    save("benchmarks/fan-out.svg", chart(&reports))
}
