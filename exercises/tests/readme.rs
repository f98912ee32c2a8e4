//! The worked runs of the README: each command does what stands below it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

/// Returns the commands in the `console` blocks of one section, with what each prints.
fn steps(section: &str) -> Vec<(&'static str, &'static str)> {
    let begin = format!("\n## `{section}`\n");
    let (_, rest) = include_str!("../README.md").split_once(&begin).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let blocks = section.split("\n```console").skip(1);
    let blocks = blocks.map(|block| block.split("\n```").next().unwrap());
    let steps: Vec<_> = blocks.flat_map(common::steps).collect();
    assert!(!steps.is_empty(), "a section without a worked run");
    steps
}

/// Runs the steps of a section one after the other in a new folder.
fn work(section: &str) {
    let folder = tempfile::tempdir().unwrap();
    for (command, output) in steps(section) {
        let printed = common::sh(folder.path(), &format!("{command}; true"));
        assert_eq!(printed, output, "{command}");
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
    // Processors add up in different orders: the last digit may be another.
    let rounded = |line: &str| match line.split_once("  ") {
        Some((score, name)) => format!("{:.0}  {name}", score.parse::<f64>().unwrap() * 50.0),
        None => line.to_owned(),
    };
    let folder = tempfile::tempdir().unwrap();
    for (command, output) in steps("recognise") {
        let script = format!("get_model; serve; cd pictures; {command}");
        let printed = common::sh(folder.path(), &script);
        if common::is_left_out(&printed) {
            return;
        }
        let [printed, output] = [&printed, output].map(|text| text.lines().map(rounded));
        assert!(printed.eq(output), "{command}");
    }
}
