//! Bans in a file: through a restart, a damaged file, a kill, and a folder that cannot be written.

use std::fs;
use std::path::{Path, PathBuf};

use chat_tests::harness::{Process, Server, Signal, chat};
use serde_json::{Value, json};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for the state")
}

fn server(file: &Path) -> Server {
    Server::start(&["--state", file.to_str().expect("a UTF-8 path")])
}

/// Starts a server that is to fail, and waits for its exit code 1.
fn fails(file: &Path) -> Process {
    let mut process = chat(&[
        "serve",
        "--bind",
        "127.0.0.1:0",
        "--state",
        file.to_str().expect("UTF-8"),
    ]);
    process.expect_exit(1);
    process
}

fn stop(mut server: Server) {
    server.process.signal(Signal::SIGTERM);
    server.process.expect_exit(0);
}

fn in_file(file: &Path) -> Value {
    let text = fs::read_to_string(file).expect("the state");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn write(file: &Path, state: &Value) {
    fs::write(file, state.to_string()).expect("the state can be written");
}

fn is_banned(server: &Server, name: &str) -> bool {
    let stranger = server.stranger();
    stranger.send(format!("L {name}"));
    stranger.receive_text("a login") == "FAIL banned"
}

#[test]
fn a_ban_survives_a_restart_and_a_ban_taken_back_does_not() {
    let folder = folder();
    let file = folder.path().join("state.json");
    let mut first = server(&file);
    for line in [
        "/ban troll",
        "/ban spammer 60",
        "/ban 203.0.113.7",
        "/ban friend",
        "/unban friend",
    ] {
        first.operator_says(line);
    }
    first
        .process
        .wait_for_line("no longer banned: the name friend");
    stop(first);

    let state = in_file(&file);
    assert_eq!(state["version"], 1);
    let until = state["bans"][1]["until"].clone();
    let [address, spammer, troll] = [
        json!({"address": "203.0.113.7", "until": null}),
        json!({"name": "spammer", "until": until}),
        json!({"name": "troll", "until": null}),
    ];
    assert_eq!(state["bans"], json!([address, spammer, troll]));
    let until = until.as_str().expect("a moment");
    assert!(
        until.len() == "2026-01-01T00:00:00Z".len() && until.ends_with('Z'),
        "{until}"
    );

    let mut second = server(&file);
    assert!(
        is_banned(&second, "Troll")
            && is_banned(&second, "spammer")
            && !is_banned(&second, "friend")
    );
    second.operator_says("/bans");
    second.process.wait_for_line("  203.0.113.7 for good");
    stop(second);
    assert_eq!(in_file(&file), state, "what is written again is the same");
}

#[test]
fn a_bans_time_goes_on_while_the_server_is_down() {
    let folder = folder();
    let file = folder.path().join("state.json");
    let bans = json!([
        {"name": "past", "until": "2020-01-01T00:00:00Z"},
        {"name": "future", "until": "2999-12-31T23:59:59Z"},
    ]);
    write(&file, &json!({"version": 1, "bans": bans}));
    let server = server(&file);
    assert!(!is_banned(&server, "past") && is_banned(&server, "future"));
    assert_eq!(
        in_file(&file)["bans"],
        json!([{"name": "future", "until": "2999-12-31T23:59:59Z"}])
    );
    stop(server);
}

#[test]
fn a_damaged_file_is_an_error_and_is_kept_aside_and_none_is_overwritten() {
    let folder = folder();
    let file = folder.path().join("state.json");
    let kept = |number: usize| PathBuf::from(format!("{}.damaged-{number}", file.display()));
    let damaged = [
        r#"{"version": 1, "bans": [{"na"#,
        "",
        r#"{"version": 0, "bans": []}"#,
        r#"{"version": 1, "bans": [{"name": "a b", "until": null}]}"#,
        r#"{"version": 1, "bans": [{"name": "a", "until": "tomorrow"}]}"#,
        r#"{"version": 1, "bans": [{"name": "a"}]}"#,
    ];
    for (index, content) in damaged.iter().enumerate() {
        fs::write(&file, content).expect("the state can be written");
        let process = fails(&file);
        let stderr = process.stderr();
        let name = kept(index + 1).display().to_string();
        assert!(
            stderr.contains("damaged") && stderr.contains(&name),
            "{content}: {stderr}"
        );
        assert!(!file.exists(), "{content} is still there");
    }
    for (index, content) in damaged.iter().enumerate() {
        assert_eq!(
            fs::read_to_string(kept(index + 1)).expect("it was kept"),
            *content
        );
    }
    stop(server(&file));
    assert_eq!(
        in_file(&file),
        json!({"version": 1, "bans": []}),
        "the next start is without bans"
    );
}

#[test]
fn more_bans_than_there_can_be_are_a_damaged_file() {
    let folder = folder();
    let file = folder.path().join("state.json");
    let bans: Vec<Value> = (0..1_025)
        .map(|number| json!({"name": format!("n{number}"), "until": null}))
        .collect();
    write(&file, &json!({"version": 1, "bans": bans}));
    let process = fails(&file);
    assert!(process.stderr().contains("1024"), "{}", process.stderr());
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let folder = folder();
    let file = folder.path().join("state.json");
    let newer = json!({"version": 2, "bans": {"other": "shape"}});
    write(&file, &newer);
    let process = fails(&file);
    assert!(process.stderr().contains("newer"), "{}", process.stderr());
    assert_eq!(in_file(&file), newer);
}

#[test]
fn a_file_that_cannot_be_had_is_an_error_at_the_start() {
    let folder = folder();
    let missing = folder.path().join("missing/state.json");
    let process = fails(&missing);
    let stderr = process.stderr();
    assert!(
        stderr.contains("missing/state.json") && stderr.contains("--state"),
        "{stderr}"
    );
    let process = fails(folder.path());
    assert!(
        process.stderr().contains("cannot read"),
        "{}",
        process.stderr()
    );
}

#[test]
fn only_its_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let folder = folder();
    let file = folder.path().join("state.json");
    stop(server(&file));
    let mode = fs::metadata(&file).expect("the state").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_write_that_fails_is_told_and_the_ban_holds_and_is_written_later() {
    let folder = folder();
    let home = folder.path().join("state");
    let moved = folder.path().join("moved");
    fs::create_dir(&home).expect("a folder");
    let file = home.join("bans.json");
    let mut server = server(&file);
    fs::rename(&home, &moved).expect("a folder can be renamed");
    for (name, failed) in [
        ("troll", "(failed 1 times)"),
        ("spammer", "(failed 2 times)"),
    ] {
        server.operator_says(&format!("/ban {name}"));
        server.process.wait_for_text(failed);
        assert!(
            is_banned(&server, name),
            "a ban holds that cannot be written"
        );
    }
    fs::rename(&moved, &home).expect("a folder can be renamed");
    stop(server);
    let names: Vec<Value> = in_file(&file)["bans"].as_array().expect("bans").clone();
    assert_eq!(
        names.len(),
        2,
        "the end of the server tries it again: {names:?}"
    );
}

#[test]
fn a_server_that_is_killed_leaves_a_whole_file() {
    let folder = folder();
    let file = folder.path().join("state.json");
    let mut before = 0;
    for round in 0..10 {
        let mut server = server(&file);
        for number in 0..40 {
            server.operator_says(&format!("/ban r{round}n{number}"));
        }
        // Killed while it writes the others.
        server
            .process
            .wait_for_text(&format!("banned the name r{round}n{round} "));
        server.process.signal(Signal::SIGKILL);
        server.process.wait_for_exit();
        let state = in_file(&file);
        let bans = state["bans"].as_array().expect("bans").len();
        assert!(
            bans >= before + round,
            "round {round}: {bans} bans, {before} before"
        );
        before = bans;
    }
    stop(server(&file));
    let left: Vec<_> = fs::read_dir(folder.path()).expect("the folder").collect();
    assert_eq!(
        left.len(),
        1,
        "nothing but the file is left behind: {left:?}"
    );
}
