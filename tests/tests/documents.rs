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
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, all);
        } else if name.ends_with(".rs") {
            all.push_str(&fs::read_to_string(&path).expect("a source file"));
        }
    }
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_test_that_architecture_names_exists() {
    let page = read("ARCHITECTURE.md");
    let (_, table) = page.split_once("## Invariants").expect("a section on the invariants");
    let mut all = String::new();
    sources(&root(), &mut all);
    let mut named = 0;
    for row in table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| invariant"))
    {
        let tests = quoted(row.rsplit('|').nth(1).expect("a last column"));
        assert!(!tests.is_empty(), "no test holds: {row}");
        for test in tests {
            assert!(
                all.contains(&format!("fn {test}(")),
                "ARCHITECTURE.md names the test {test}, which is not there"
            );
            named += 1;
        }
    }
    assert!(named >= 15, "the table of invariants is read: {named} tests");
}

#[test]
fn every_option_that_the_readme_shows_exists() {
    let mut help = String::new();
    for command in ["serve", "join", "send"] {
        let output = std::process::Command::new(chat_binary())
            .args([command, "--help"])
            .output()
            .expect("chat runs");
        help.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    for command in read("README.md")
        .lines()
        .filter_map(|line| line.split_once("cargo run --release -- "))
    {
        for option in command.1.split_whitespace().filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "README.md shows {option}, which no command has");
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
    ] {
        for link in read(page).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.starts_with("http") && !link.starts_with('#') {
                assert!(root().join(link).exists(), "{page} links to {link}, which is not there");
            }
        }
    }
}
