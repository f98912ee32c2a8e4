//! The worked runs of the README: each command does what stands below it.
#![allow(clippy::expect_used, reason = "a test that cannot go on says so and stops")]

mod common;

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A command of the README, and what it prints on both of its outputs together.
struct Step {
    command: String,
    output: String,
}

/// The steps in the `console` blocks of one section.
fn steps(section: &str) -> Vec<Step> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let begin = format!("\n## `{section}`\n");
    let (_, rest) = readme.split_once(&begin).expect("a section for each tool");
    let section = rest.split("\n## ").next().unwrap_or_default();
    let mut steps: Vec<Step> = Vec::new();
    for block in section.split("\n```console\n").skip(1) {
        for line in block.split("\n```").next().unwrap_or_default().lines() {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step {
                    command: command.to_owned(),
                    output: String::new(),
                }),
                (None, Some(step)) => step.output.extend([line, "\n"]),
                (None, None) => panic!("{line:?} is the output of nothing"),
            }
        }
    }
    assert!(!steps.is_empty(), "a section without a worked run");
    steps
}

/// Runs them one after the other in a folder, which is also the home.
fn work(section: &str, folder: &Path) {
    let tools = Path::new(env!("CARGO_BIN_EXE_split-file"))
        .parent()
        .expect("the folder of the tools");
    let path = env::join_paths(
        [tools.to_owned()]
            .into_iter()
            .chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
    );
    let path = path.expect("a list of folders");
    for Step { command, output } in steps(section) {
        let script = format!("exec 2>&1\n{command}");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &script])
            .current_dir(folder)
            .env("PATH", &path)
            .env("HOME", folder)
            .env("TZ", "UTC");
        assert_eq!(common::run(&mut shell).stdout, output, "{command}");
    }
}

#[test]
fn files_are_split_as_the_readme_shows() {
    work("split-file", tempfile::tempdir().expect("a folder").path());
}

#[test]
fn talks_are_split_as_the_readme_shows() {
    work("split-talk", tempfile::tempdir().expect("a folder").path());
}

#[test]
fn folders_are_backed_up_as_the_readme_shows() {
    work("backup", tempfile::tempdir().expect("a folder").path());
}
