//! The pages of the project: their links, options and tests; the completions and the manual.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chat_tests::harness::{Process, chat};

const COMMANDS: [&str; 5] = ["serve", "join", "send", "completions", "man"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn printed(args: &[&str]) -> String {
    let mut program = chat(args);
    program.expect_exit(0);
    assert_eq!(program.stderr(), "", "{args:?} complains");
    program.stdout()
}

/// Adds every Rust source below a folder.
fn add_sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            add_sources(&path, all);
        } else if name.ends_with(".rs") {
            all.push_str(&fs::read_to_string(&path).expect("a source file"));
        }
    }
}

#[test]
fn every_test_that_architecture_and_security_name_exists() {
    let mut sources = String::new();
    add_sources(&root(), &mut sources);
    for (page, heading) in [
        ("ARCHITECTURE.md", "## Invariants"),
        ("SECURITY.md", "## What an outsider"),
    ] {
        let text = read(page);
        let (_, tables) = text.split_once(heading).expect("the tables");
        let rows = tables.lines().filter(|line| line.starts_with("| "));
        let cells = rows.filter_map(|row| row.rsplit('|').nth(1));
        let named: Vec<&str> = cells
            .flat_map(|cell| cell.split('`').skip(1).step_by(2))
            .collect();
        assert!(named.len() >= 30, "{page}: {} tests are read", named.len());
        for test in named {
            let exists = sources.contains(&format!("fn {test}("));
            assert!(exists, "{page} names the test {test}, which is not there");
        }
    }
}

#[test]
fn every_file_that_a_page_links_to_exists() {
    let pages = fs::read_dir(root()).expect("the project").flatten();
    let pages = pages.map(|entry| entry.path());
    for page in pages.filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text = read(&page);
        let links = text.split("](").skip(1);
        for link in links.filter_map(|rest| rest.split([')', '#']).next()) {
            let exists = link.starts_with("http") || root().join(link).exists();
            assert!(exists, "{} links to {link}", page.display());
        }
    }
}

#[test]
fn every_option_that_a_page_shows_exists() {
    let mut help = String::new();
    for command in COMMANDS {
        help += &printed(&[command, "--help"]);
    }
    let bench = Command::new(env!("CARGO_BIN_EXE_bench"))
        .arg("--help")
        .output();
    help += &String::from_utf8_lossy(&bench.expect("bench runs").stdout);
    for (page, program) in [
        ("README.md", "cargo run --release -- "),
        ("README.md", "--bin bench -- "),
        ("BENCHMARKS.md", "--bin bench -- "),
        ("chat-cli/README.md", "chat "),
    ] {
        let text = read(page);
        let commands = text.lines().filter_map(|line| line.split_once(program));
        let words = commands.flat_map(|(_, command)| command.split_whitespace());
        for option in words.filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "{page} shows {option}");
        }
    }
}

#[test]
fn a_bash_completes_commands_and_options() {
    let complete = r#"source /dev/stdin; COMP_WORDS=("${@}"); COMP_CWORD=$(($# - 1));
        _chat chat "${@: -1}" "${@: -2:1}"; echo "${COMPREPLY[*]}""#;
    for (typed, offered) in [
        (&["chat", "jo"][..], "join"),
        (&["chat", "serve", "--line"], "--line-rate"),
        (&["chat", "join", "--tran"], "--transcript"),
    ] {
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-c", complete, "bash"]);
        bash.args(typed);
        let mut bash = Process::spawn(bash);
        bash.write(printed(&["completions", "bash"]));
        bash.close_stdin();
        bash.expect_exit(0);
        let output = bash.stdout();
        let offers = output.split_whitespace().any(|word| word == offered);
        assert!(offers, "{typed:?} offers {output:?}");
    }
}

#[test]
fn the_manual_has_a_page_for_the_program_and_for_each_command() {
    let program = printed(&["man"]);
    for command in COMMANDS {
        assert!(program.contains(command), "the page leaves out {command}");
        let page = printed(&["man", command]);
        let help = printed(&[command, "--help"]);
        let long = help.lines().filter_map(|line| line.split_once("  --"));
        for (_, option) in long {
            let name = option.split([' ', '[', '<']).next().unwrap_or_default();
            let written = name.replace('-', r"\-");
            assert!(page.contains(&written), "man {command} leaves out --{name}");
        }
    }
}
