//! What the documents claim is there.

use std::fs;
use std::path::{Path, PathBuf};

use chat_tests::harness::binary::chat_binary;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust source below a folder of the project, as one string.
fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, all);
        } else if name.ends_with(".rs") {
            all.push_str(&fs::read_to_string(&path).expect("a source file"));
        }
    }
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The tests that the last column of every table row below `heading` names exist; how many there
/// are.
fn named_tests(page: &str, heading: &str) -> usize {
    let text = read(page);
    let (_, tables) = text
        .split_once(heading)
        .expect("the section with the table");
    let mut all = String::new();
    sources(&root(), &mut all);
    let mut named = 0;
    for row in tables.lines().filter(|line| line.starts_with("| ")) {
        let cell = row.rsplit('|').nth(1).expect("a last column").trim();
        if ["held by", "shown by", "see above"].contains(&cell) {
            continue;
        }
        let tests = quoted(cell);
        assert!(!tests.is_empty(), "{page}: no test holds: {row}");
        for test in tests {
            assert!(
                all.contains(&format!("fn {test}(")),
                "{page} names the test {test}, which is not there"
            );
            named += 1;
        }
    }
    named
}

#[test]
fn every_test_that_architecture_and_security_name_exists() {
    let invariants = named_tests("ARCHITECTURE.md", "## Invariants");
    assert!(
        invariants >= 40,
        "the table of invariants is read: {invariants} tests"
    );
    let threats = named_tests("SECURITY.md", "## What an outsider");
    assert!(
        threats >= 30,
        "the tables of threats are read: {threats} tests"
    );
}

#[test]
fn every_law_of_the_simulation_stands_in_architecture() {
    let page = read("ARCHITECTURE.md");
    for law in chat_tests::sim::laws::ALL {
        assert!(
            page.contains(&format!("| In every world: {law} |")),
            "ARCHITECTURE.md does not name: {law}"
        );
    }
}

#[test]
fn every_option_that_the_readmes_show_exists() {
    let mut help = String::new();
    let commands = ["serve", "join", "send"].map(|command| (chat_binary(), Some(command)));
    let bench = (Path::new(env!("CARGO_BIN_EXE_bench")), None);
    for (program, command) in commands.into_iter().chain([bench]) {
        let output = std::process::Command::new(program)
            .args(command)
            .arg("--help")
            .output()
            .expect("chat runs");
        help.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    for (page, program) in [
        ("README.md", "cargo run --release -- "),
        ("README.md", "--bin bench -- "),
        ("BENCHMARKS.md", "--bin bench -- "),
        ("chat-cli/README.md", "chat "),
    ] {
        let text = read(page);
        let mut commands = text
            .lines()
            .filter_map(|line| line.split_once(program))
            .peekable();
        assert!(commands.peek().is_some(), "{page} shows a command");
        for (_, command) in commands {
            for option in command
                .split_whitespace()
                .filter(|word| word.starts_with("--"))
            {
                assert!(
                    help.contains(option),
                    "{page} shows {option}, which no command has"
                );
            }
        }
    }
}

#[test]
fn every_file_that_a_document_links_to_exists() {
    for page in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "PROTOCOL.md",
        "CHANGELOG.md",
        "SECURITY.md",
    ] {
        for link in read(page)
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if !link.starts_with("http") && !link.starts_with('#') {
                assert!(
                    root().join(link).exists(),
                    "{page} links to {link}, which is not there"
                );
            }
        }
    }
}
