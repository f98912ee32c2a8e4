//! The worked runs of the README: each command does what stands below it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so and stops"
)]

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
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))
        .expect("the README");
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

/// Returns the output of a command of the README, run in a folder that is also the home.
fn printed(command: &str, folder: &Path, server: &str) -> String {
    let tools = Path::new(env!("CARGO_BIN_EXE_split-file"))
        .parent()
        .expect("the folder of the tools");
    let others = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(
        [tools.to_owned()]
            .into_iter()
            .chain(env::split_paths(&others)),
    );
    let script = format!("exec 2>&1\n{command}");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(folder);
    shell
        .env("PATH", path.expect("a list of folders"))
        .env("HOME", folder)
        .env("TZ", "UTC")
        .env("RECOGNISE_SERVER", server);
    common::run(&mut shell).stdout
}

/// Runs the steps of a section one after the other in a new folder.
fn work(section: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    for Step { command, output } in steps(section) {
        assert_eq!(printed(&command, folder.path(), ""), output, "{command}");
    }
}

#[test]
fn files_are_split_as_the_readme_shows() {
    work("split-file");
}

#[test]
fn talks_are_split_as_the_readme_shows() {
    work("split-talk");
}

#[test]
fn folders_are_backed_up_as_the_readme_shows() {
    work("backup");
}

#[cfg(feature = "recognise")]
#[test]
fn pictures_are_recognised_as_the_readme_shows() {
    let Some(files) = common::model_files() else {
        return;
    };
    let mut serve = Command::new(env!("CARGO_BIN_EXE_recognise"));
    let server = common::Server::start(
        serve
            .args(["serve", "--bind", "127.0.0.1:0", "--model"])
            .arg(&files),
    );
    // Processors add up in different orders: the last digit may be another.
    let rounded = |text: &str| {
        let line = |line: &str| match line
            .split_once("  ")
            .and_then(|(score, name)| Some((score.parse::<f64>().ok()?, name)))
        {
            Some((score, name)) => format!("{:.0}  {name}", score * 50.0),
            None => line.to_owned(),
        };
        text.lines().map(line).collect::<Vec<_>>()
    };
    for Step { command, output } in steps("recognise") {
        let printed = printed(&command, &files.join("pictures"), &server.address);
        assert_eq!(rounded(&printed), rounded(&output), "{command}");
    }
}
