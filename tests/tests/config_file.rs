//! `chat serve --config`: its options, their precedence, and mistakes.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use chat_tests::harness::net::free_address;
use chat_tests::harness::{Process, RawPeer, Signal, binary, chat};
use tempfile::TempDir;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../chat-cli/contrib/chat.toml");

fn file(folder: &TempDir, text: &str) -> PathBuf {
    let file = folder.path().join("chat.toml");
    fs::write(&file, text).expect("a file can be written");
    file
}

/// Starts a server with these options and this environment. Returns two peers for it, too.
fn serve(options: &[&str], environment: &[(&str, &str)]) -> (Process, [RawPeer; 2]) {
    let mut command = binary::command(&[&["serve"], options].concat());
    command.envs(environment.iter().copied());
    let server = Process::spawn(command);
    let line = server.wait_for_match("where it listens", |line| line.starts_with("listening on "));
    let address = line["listening on ".len()..].parse().expect("an address");
    (server, [(); 2].map(|()| RawPeer::new(address)))
}

/// Logs in and returns the answer.
fn answer(peer: &RawPeer) -> String {
    peer.send("L alice");
    peer.receive_text("a login")
}

#[test]
fn options_precede_variables_precede_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let with = "bind = '127.0.0.1:0'\nsuccess = 'file'\nend = ['bye', 'EXIT']\nmax-members = 1\n";
    let with = file(&folder, with);
    let config = ("CHAT_CONFIG", with.to_str().expect("a path"));
    let variable = ("CHAT_SUCCESS", "variable");
    for (options, environment, expected) in [
        (&["--success=option"][..], &[config, variable][..], "option"),
        (&[], &[config, variable], "variable"),
        (&[], &[config], "file"),
        (&["--bind", "127.0.0.1:0"], &[], "OK"),
    ] {
        let (_server, [peer, _]) = serve(options, environment);
        assert_eq!(answer(&peer), expected, "{options:?} {environment:?}");
    }
    let (_server, [peer, second]) = serve(&["--config", config.1], &[]);
    assert_eq!(answer(&peer), "file");
    second.send("L bob");
    second.expect("FAIL room full", "the second member of one");
    peer.send("Q alice");
    peer.expect("bye", "the first end word");
    // The address has one variable for all commands.
    let address = free_address().to_string();
    let (server, _) = serve(&[], &[config, ("CHAT_ADDRESS", &address)]);
    server.wait_for_line(&format!("listening on {address}"));
    // A flag of the file gives way to its opposite.
    file(&folder, "bind = \"127.0.0.1:0\"\njson = true\n");
    let (mut server, [peer, _]) = serve(&["--quiet"], &[config]);
    answer(&peer);
    server.signal(Signal::SIGTERM);
    server.expect_exit(0);
    assert_eq!(server.stdout(), "");
}

#[test]
fn words_chosen_anywhere_are_the_only_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file(&folder, "success = 'OK'\n");
    let bind = "--bind=127.0.0.1:0";
    for (options, environment, chosen) in [
        (&[bind][..], &[][..], false),
        (&[bind, "--success=OK"], &[], true),
        (&[bind, "--end=EXIT"], &[], true),
        (&[bind], &[("CHAT_SUCCESS", "OK")], true),
        (&[bind], &[("CHAT_END", "EXIT")], true),
        (
            &[bind],
            &[("CHAT_CONFIG", file.to_str().expect("a path"))],
            true,
        ),
        (&[bind, "--config", EXAMPLE], &[], false),
    ] {
        let (_server, [peer, _]) = serve(options, environment);
        peer.send("Q ghost");
        peer.send("L admin");
        peer.expect("EXIT", "a quit");
        let next = match chosen {
            true => "FAIL reserved",
            false => "exit",
        };
        peer.expect(next, &format!("{options:?} {environment:?}"));
    }
}

#[test]
fn a_mistake_in_a_file_has_its_line_and_a_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    for (text, said) in [
        (
            "success = \"OK\"\nsucess = \"ok\"\n",
            &["line 2", "\"sucess\", perhaps \"success\"", "serve --help"][..],
        ),
        ("qqqq = 1\n", &["line 1", "\"qqqq\"; `chat serve"]),
        (
            "prefix = \"newlin\"\n",
            &["line 1", "[possible values: newline, none] tip: a sim"],
        ),
        (
            "\n\nmax-members = \"many\"\n",
            &["line 3", "max-members", "`off`"],
        ),
        ("max-members = -1\n", &["line 1", "max-members", "`off`"]),
        (
            "no-batch = \"yes\"\n",
            &["line 1", "no-batch", "true or false"],
        ),
        (
            "operator = 1.5\n",
            &["line 1", "operator", "quotation marks"],
        ),
        ("operator = \"a:b\"\n", &["line 1", "operator"]),
        ("config = \"other.toml\"\n", &["line 1", "\"config\""]),
        ("prefix\n", &["line 1", "TOML"]),
        ("end = [1.5]\n", &["line 1", "[\"EXIT\", \"exit\"]"]),
    ] {
        let file = file(&folder, text);
        let file = file.to_str().expect("a path");
        let mut server = chat(&["serve", "--lang", "en", "--config", file]);
        server.expect_exit(2);
        let complaint = server.stderr();
        for part in [&["chat.toml"], said].concat() {
            assert!(
                complaint.contains(part),
                "{text:?}: no {part:?}:\n{complaint}"
            );
        }
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
    // The variable hides no mistake of the file, and is the language of the complaint.
    let german = file(&folder, "lang = \"de\"\n");
    let mut command = binary::command(&["serve", "--config", german.to_str().expect("a path")]);
    command.env("CHAT_LANG", "zh");
    let mut server = Process::spawn(command);
    server.expect_exit(2);
    let complaint = server.stderr();
    assert!(
        complaint.contains("第 1 行：lang 不能是这个值"),
        "{complaint}"
    );
    let mut server = chat(&["serve", "--config", "/nowhere/chat.toml"]);
    server.expect_exit(2);
    assert!(server.stderr().contains("/nowhere/chat.toml") && server.stderr().contains("--config"));
}

#[test]
fn a_flags_variable_is_true_or_false_and_nothing_else() {
    for value in ["no", "", "Yes", "maybe", "2"] {
        let mut command = binary::command(&["serve", "--bind", "127.0.0.1:0"]);
        command.env("CHAT_QUIET", value);
        let mut server = Process::spawn(command);
        if ["maybe", "2"].contains(&value) {
            server.expect_exit(2);
            server.wait_for_text(&format!("'{value}' for '--quiet': write true or false"));
        } else {
            server.wait_for_text("listening on ");
        }
    }
}

#[test]
fn a_misspelt_variable_names_the_option_that_is_meant() {
    let known = [("CHAT_MAX_MEMBERS", "7"), ("CHAT_ADDRESS", "127.0.0.1:0")];
    let unknown = [("CHAT_MAX_MEMBRS", "7"), ("CHAT_QQQQ", "7")];
    let (server, _) = serve(&[], &[known, unknown].concat());
    let stderr = server.stderr();
    let warnings: Vec<_> = stderr
        .lines()
        .filter(|line| line.starts_with("CHAT_"))
        .collect();
    let meant = "CHAT_MAX_MEMBRS: there is no such variable, perhaps CHAT_MAX_MEMBERS was meant";
    assert!(
        warnings.len() == 1 && warnings[0].starts_with(meant),
        "{stderr}"
    );
}

#[test]
fn the_example_has_every_option_with_its_default() {
    let text = fs::read_to_string(EXAMPLE).expect("the example");
    let values: toml::Table = toml::from_str(&text).expect("the example is TOML");
    // What has no default is there as a comment.
    let lines = text.lines();
    let commented = lines.filter_map(|line| line.strip_prefix("# ")?.split_once(" = "));
    let commented = commented.map(|(name, _)| name.to_owned());
    let commented = commented.filter(|name| !name.contains(' '));
    let documented: BTreeSet<String> = values.keys().cloned().chain(commented).collect();

    let mut help = chat(&["serve", "--help"]);
    help.expect_exit(0);
    let help = help.stdout();
    let options: BTreeSet<String> = help
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--"))
        .filter_map(|line| line.split([' ', '\n']).next().map(str::to_owned))
        .filter(|name| name != "config")
        .collect();
    assert_eq!(documented, options, "the example and `chat serve --help`");
    for name in options {
        let variable = format!("CHAT_{}", name.replace('-', "_").to_uppercase());
        let named = name == "bind" || help.contains(&variable);
        assert!(named, "--help does not name {variable}");
        let shown = match &values.get(&name) {
            None | Some(toml::Value::Boolean(false)) => continue,
            Some(toml::Value::Array(values)) if values.is_empty() => continue,
            Some(toml::Value::Array(values)) => values[0].as_str().expect("a text").to_owned(),
            Some(toml::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        // `lang` and `operator` have a default that is described, not shown.
        let described = ["bind", "lang", "operator"].contains(&name.as_str());
        let is_default = described || help.contains(&format!("[default: {shown}]"));
        assert!(is_default, "{name} is not {shown} by default:\n{help}");
    }
    // It is understood, and the room is as it is without it.
    let (_server, [peer, _]) = serve(&["--config", EXAMPLE, "--bind", "127.0.0.1:0"], &[]);
    assert_eq!(answer(&peer), "OK");
    peer.send("Q alice");
    peer.expect("EXIT", "the end word");
}
