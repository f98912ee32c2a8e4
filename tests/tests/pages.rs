//! The commands, options and links on the pages exist; completions and manual pages are whole.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chat_tests::harness::binary::chat_binary;
use chat_tests::harness::{Process, chat};

const PAGES: [&str; 16] = [
    "README.md",
    "README.zh-CN.md",
    "ARCHITECTURE.md",
    "BENCHMARKS.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "PROTOCOL.md",
    "SECURITY.md",
    "chat-cli/README.md",
    "chat-cli/MANUAL.md",
    "chat-cli/EVENTS.md",
    "chat-cli/METRICS.md",
    "chat-core/README.md",
    "chat-proto/README.md",
    "chat-proto/tests/vectors/README.md",
    "exercises/README.md",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the fenced blocks of a page, each behind its language.
fn blocks(page: &str) -> Vec<(String, String)> {
    let text = read(page);
    let fenced = text.split("\n```").skip(1).step_by(2);
    let parts = fenced.filter_map(|block| block.split_once('\n'));
    parts
        .map(|(language, block)| (language.to_owned(), block.to_owned()))
        .collect()
}

fn printed(args: &[&str]) -> String {
    let mut program = chat(args);
    program.expect_exit(0);
    assert_eq!(program.stderr(), "", "{args:?} complains");
    program.stdout()
}

#[test]
fn the_programs_understand_every_command_on_a_page() {
    let programs = [
        ("chat ", chat_binary()),
        ("bench -- ", Path::new(env!("CARGO_BIN_EXE_bench"))),
        ("simulate -- ", Path::new(env!("CARGO_BIN_EXE_simulate"))),
    ];
    for page in [
        "README.md",
        "README.zh-CN.md",
        "chat-cli/README.md",
        "chat-cli/MANUAL.md",
        "CONTRIBUTING.md",
        "BENCHMARKS.md",
    ] {
        let shell = blocks(page)
            .into_iter()
            .filter(|(language, _)| language == "sh");
        let text: String = shell.map(|(_, block)| block + "\n").collect();
        let text = text.replace("cargo run --release -- ", "chat ");
        let text = text.replace("cargo run --release -p chat-tests --bin ", "");
        let mut count = 0;
        for line in text.split(['\n', '|', '&', '#', '>']).map(str::trim) {
            let run = |(begin, program)| Some((program, line.strip_prefix(begin)?));
            let Some((program, arguments)) = programs.into_iter().find_map(run) else {
                continue;
            };
            count += 1;
            // Behind a second `--` are the options of another program.
            let arguments = arguments.split(" -- ").next().unwrap_or_default();
            let mut command = Command::new(program);
            // A program parses all that stands before this, and then does nothing else.
            command.args(arguments.split(' ')).arg("--help");
            let output = command.output().expect("the program starts");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{page}: {line:?}:\n{said}");
        }
        assert!(count >= 3, "{page} shows {count} commands only");
    }
}

/// Returns the options that the help of a command lists.
fn options(command: &str) -> Vec<String> {
    let help = printed(&[command, "--help"]);
    let words = help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let options = words.filter(|word| word.starts_with("--"));
    options.map(str::to_owned).collect()
}

#[test]
fn the_manual_lists_the_options_that_exist() {
    let manual = read("chat-cli/MANUAL.md");
    let commands = ["serve", "join", "send"];
    let known: BTreeSet<_> = commands.into_iter().flat_map(options).collect();
    let rows = manual.lines().filter_map(|line| line.strip_prefix("| `--"));
    let words = rows.filter_map(|row| row.split([' ', '`']).next());
    let listed: BTreeSet<_> = words.map(|word| format!("--{word}")).collect();
    let not_listed: Vec<_> = known.difference(&listed).collect();
    assert_eq!(not_listed, ["--help"]);
    assert_eq!(listed.difference(&known).count(), 0, "{listed:?}");
}

#[test]
fn both_readmes_show_the_same_code() {
    assert_eq!(blocks("README.md"), blocks("README.zh-CN.md"));
}

/// Returns the anchors of a page's headings.
fn anchors(page: &Path) -> Vec<String> {
    let page = read(page);
    let headings = page.lines().filter_map(|line| line.strip_prefix('#'));
    headings
        .map(|heading| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|c| c.is_alphanumeric() || " -".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn every_link_on_a_page_leads_to_a_file_and_a_heading() {
    for page in PAGES {
        let text = read(page);
        let links = text.split("](").skip(1);
        for link in links.filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => root().join(page),
                _ => root().join(page).with_file_name("").join(file),
            };
            assert!(
                target.exists(),
                "{page} links to {link}, which is not there"
            );
            assert!(
                anchor.is_empty() || anchors(&target).iter().any(|heading| heading == anchor),
                "{page} links to {link}, a heading that is not there"
            );
        }
    }
}

#[test]
fn bash_completes_commands_and_options() {
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
fn each_command_has_a_manual_page_with_its_options() {
    let program = printed(&["man"]);
    for command in ["serve", "join", "send", "completions", "man"] {
        assert!(program.contains(command), "the page leaves out {command}");
        let page = printed(&["man", command]);
        for option in options(command) {
            let written = option.replace('-', r"\-");
            assert!(page.contains(&written), "man {command} leaves out {option}");
        }
    }
}
