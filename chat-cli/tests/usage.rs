//! The command line as a user meets it: wrong usage and help.
#![allow(clippy::expect_used)] // A test that cannot run its program stops.

use std::process::{Command, Output};

fn chat(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chat"))
        .args(args)
        .output()
        .expect("the binary runs")
}

#[test]
fn wrong_usage_exits_with_2_and_names_the_mistake() {
    for (args, expected) in [
        (&["join"][..], "NAME"),
        (
            &["join", "two words"],
            "a name cannot hold the character U+0020",
        ),
        (&["join", "bob", "--server", "127.0.0.1:99999"], "HOST:PORT"),
        (&["join", "bob", "--verbs", "L,C"], "three words"),
        (&["join", "bob", "--verbs", "L,C,L"], "used for two things"),
        (&["send", "bob"], "TEXT"),
        (&["send", "bob", "a\u{1b}b"], "U+001B"),
        (&["serve", "--success", "FAIL"], "FAIL"),
        (&["serve", "--end", "OK"], "used for two things"),
        (
            &["serve", "--end", "1,2,3,4,5,6,7,8,9"],
            "8 end words at most",
        ),
        (&["serve", "--max-members", "0"], "off"),
        (&["serve", "--quiet", "--json"], "--json"),
        (&["dance"], "dance"),
    ] {
        let output = chat(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
        assert!(
            stderr.contains(expected),
            "{args:?} should mention {expected:?}: {stderr}"
        );
        assert!(
            output.stdout.is_empty(),
            "{args:?}: standard output stays empty"
        );
    }
}

#[test]
fn help_shows_an_example_and_every_fixed_option() {
    let help = |args: &[&str]| String::from_utf8(chat(args).stdout).expect("help is UTF-8");
    assert!(help(&["--help"]).contains("chat join alice"));
    for option in [
        "--bind",
        "--success",
        "--end",
        "--prefix",
        "--lang",
        "--operator",
        "--quiet",
        "--json",
    ] {
        assert!(help(&["serve", "--help"]).contains(option), "{option}");
    }
    for option in ["--server", "--verbs", "--linger", "--json", "--keep-alive"] {
        assert!(help(&["join", "--help"]).contains(option), "{option}");
    }
}

#[test]
fn the_former_option_no_batch_is_accepted_and_hidden() {
    for command in ["serve", "join"] {
        let help = String::from_utf8(chat(&[command, "--help"]).stdout).expect("help is UTF-8");
        assert!(!help.contains("batch"), "{help}");
    }
    // Each complains of what comes behind the option, not of the option.
    for (args, expected) in [
        (&["serve", "--no-batch", "--success", "FAIL"][..], "FAIL"),
        (&["join", "bob", "--no-batch", "--server", "x:y"], "x:y"),
    ] {
        let output = chat(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(expected), "{args:?}: {stderr}");
    }
}
