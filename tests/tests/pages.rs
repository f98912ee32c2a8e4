//! The pages: their commands, options, links and examples exist; the completions and the manual.

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

/// Returns the options that the help of a program, or of one of its commands, lists.
fn options(program: &Path, command: Option<&str>) -> Vec<String> {
    let mut help = Command::new(program);
    help.args(command).arg("--help");
    let output = help.output().expect("the program starts");
    let help = String::from_utf8(output.stdout).expect("the help is UTF-8");
    assert!(output.status.success(), "there is no command {command:?}");
    let words = help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let options = words.filter(|word| word.starts_with("--"));
    options.map(str::to_owned).collect()
}

const COMMANDS: [&str; 5] = ["serve", "join", "send", "completions", "man"];

fn printed(args: &[&str]) -> String {
    let mut program = chat(args);
    program.expect_exit(0);
    assert_eq!(program.stderr(), "", "{args:?} complains");
    program.stdout()
}

#[test]
fn every_command_on_a_page_has_its_options() {
    let bench = Path::new(env!("CARGO_BIN_EXE_bench"));
    let simulate = Path::new(env!("CARGO_BIN_EXE_simulate"));
    let programs = [
        ("cargo run --release -- ", chat_binary()),
        ("chat ", chat_binary()),
        ("cargo run --release -p chat-tests --bin bench -- ", bench),
        (
            "cargo run --release -p chat-tests --bin simulate -- ",
            simulate,
        ),
    ];
    for page in [
        "README.md",
        "README.zh-CN.md",
        "chat-cli/README.md",
        "chat-cli/MANUAL.md",
        "CONTRIBUTING.md",
        "BENCHMARKS.md",
    ] {
        let mut count = 0;
        let shell = blocks(page)
            .into_iter()
            .filter(|(language, _)| language == "sh");
        let text: String = shell.map(|(_, block)| block + "\n").collect();
        for line in text.split(['\n', '|', '&', '#']).map(str::trim) {
            let run = |(begin, program)| Some((program, line.strip_prefix(begin)?));
            let Some((program, arguments)) = programs.into_iter().find_map(run) else {
                continue;
            };
            count += 1;
            // Behind a second `--` are the options of another program.
            let arguments = arguments.split(" -- ").next().unwrap_or_default();
            let command = arguments.split(' ').next().unwrap_or_default();
            let command = Some(command).filter(|command| !command.starts_with('-'));
            let known = options(program, command);
            for option in arguments.split(' ').filter(|word| word.starts_with("--")) {
                assert!(
                    known.iter().any(|known| known == option),
                    "{page}: {line:?} has no option {option}"
                );
            }
        }
        assert!(count >= 3, "{page} shows {count} commands only");
    }
}

#[test]
fn the_manual_lists_the_options_that_exist() {
    let manual = read("chat-cli/MANUAL.md");
    let commands = ["serve", "join", "send"];
    let known = commands.map(|command| options(chat_binary(), Some(command)));
    let known: BTreeSet<_> = known.into_iter().flatten().collect();
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
