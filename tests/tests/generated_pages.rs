//! Completions and manual pages, which are made from the definition of the command line.

use std::process::Command;

use chat_tests::harness::{Process, chat};

const COMMANDS: [&str; 5] = ["serve", "join", "send", "completions", "man"];

fn printed(args: &[&str]) -> String {
    let mut program = chat(args);
    program.expect_exit(0);
    assert_eq!(program.stderr(), "", "{args:?} complains");
    program.stdout()
}

#[test]
fn a_bash_completes_commands_and_options() {
    let complete = r#"source /dev/stdin; COMP_WORDS=("${@}"); COMP_CWORD=$(($# - 1)); _chat chat "${@: -1}" "${@: -2:1}"; echo "${COMPREPLY[*]}""#;
    for (typed, offered) in [
        (&["chat", "jo"][..], "join"),
        (&["chat", "serve", "--line"], "--line-rate"),
        (&["chat", "join", "--tran"], "--transcript"),
    ] {
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-c", complete, "bash"])
            .args(typed);
        let mut bash = Process::spawn(bash);
        bash.write(printed(&["completions", "bash"]));
        bash.close_stdin();
        bash.expect_exit(0);
        let output = bash.stdout();
        assert!(
            output.split_whitespace().any(|word| word == offered),
            "{typed:?} offers {output:?}"
        );
    }
}

#[test]
fn every_shell_gets_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = printed(&["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
    }
}

#[test]
fn the_manual_has_a_page_for_the_program_and_for_each_command() {
    let page = printed(&["man"]);
    assert!(page.contains(".TH chat 1"), "{page}");
    for command in COMMANDS {
        assert!(
            page.contains(command),
            "the page of the program leaves out {command}"
        );
        let page = printed(&["man", command]);
        // The page holds what the help does: every option.
        let help = printed(&[command, "--help"]);
        for option in help
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("--"))
        {
            let option = option
                .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
                .next()
                .unwrap_or_default();
            let written = option.replace('-', r"\-");
            if !option.is_empty() && help.contains(&format!("      --{option}")) {
                assert!(
                    page.contains(&written),
                    "the page of {command} leaves out --{option}"
                );
            }
        }
    }
}

#[test]
fn a_page_for_no_command_is_wrong_usage() {
    let mut program = chat(&["man", "dance"]);
    program.expect_exit(2);
    assert!(
        program.stderr().contains("chat --help"),
        "{}",
        program.stderr()
    );
}
