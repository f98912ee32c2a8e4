//! Bans in a file: through a restart, a damaged file, a kill, and a folder that cannot be written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use chat_tests::harness::{Process, Server, Signal, chat, chat_binary};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with a file for the state of a room.
struct State {
    folder: TempDir,
    file: PathBuf,
}

impl State {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the state");
        let file = folder.path().join("state.json");
        Self { folder, file }
    }

    fn serve(&self) -> Server {
        Server::start(&["--state", self.file.to_str().expect("a UTF-8 path")])
    }

    fn read(&self) -> Value {
        let text = fs::read_to_string(&self.file).expect("the state");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn write(&self, state: impl ToString) {
        fs::write(&self.file, state.to_string()).expect("the state can be written");
    }
}

/// Starts a server that must fail with exit code 1. Returns its complaint.
fn complaint(file: &Path) -> String {
    let file = file.to_str().expect("a UTF-8 path");
    let mut process = chat(&["serve", "--bind", "127.0.0.1:0", "--state", file]);
    process.expect_exit(1);
    process.stderr()
}

fn stop(mut server: Server) {
    server.process.signal(Signal::SIGTERM);
    server.process.expect_exit(0);
}

fn is_banned(server: &Server, name: &str) -> bool {
    let stranger = server.stranger();
    stranger.send(format!("L {name}"));
    stranger.receive_text("a login") == "FAIL banned"
}

#[test]
fn a_ban_survives_a_restart_and_a_ban_taken_back_does_not() {
    let state = State::new();
    let mut first = state.serve();
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

    let written = state.read();
    assert_eq!(written["version"], 1);
    let until = written["bans"][1]["until"].clone();
    let [address, spammer, troll] = [
        json!({"address": "203.0.113.7", "until": null}),
        json!({"name": "spammer", "until": until}),
        json!({"name": "troll", "until": null}),
    ];
    assert_eq!(written["bans"], json!([address, spammer, troll]));
    let until = until.as_str().expect("a moment");
    assert!(until.len() == 20 && until.ends_with('Z'), "{until}");

    let mut second = state.serve();
    let banned = ["Troll", "spammer", "friend"].map(|name| is_banned(&second, name));
    assert_eq!(banned, [true, true, false]);
    second.operator_says("/bans");
    second.process.wait_for_line("  203.0.113.7 for good");
    stop(second);
    assert_eq!(state.read(), written, "the second server writes the same");
}

#[test]
fn a_bans_time_goes_on_while_the_server_is_down() {
    let state = State::new();
    let bans = json!([
        {"name": "past", "until": "2020-01-01T00:00:00Z"},
        {"name": "future", "until": "2999-12-31T23:59:59Z"},
    ]);
    state.write(json!({"version": 1, "bans": bans}));
    let server = state.serve();
    assert!(!is_banned(&server, "past") && is_banned(&server, "future"));
    assert_eq!(
        state.read()["bans"],
        json!([{"name": "future", "until": "2999-12-31T23:59:59Z"}])
    );
    stop(server);
}

#[test]
fn a_damaged_file_is_an_error_and_each_is_kept_aside() {
    let state = State::new();
    let kept = |number| format!("{}.damaged-{number}", state.file.display());
    let many: Vec<Value> = (0..1_025)
        .map(|number| json!({"name": format!("n{number}"), "until": null}))
        .collect();
    let many = json!({"version": 1, "bans": many}).to_string();
    let damaged = [
        r#"{"version": 1, "bans": [{"na"#,
        "",
        r#"{"version": 0, "bans": []}"#,
        r#"{"version": 1, "bans": [{"name": "a b", "until": null}]}"#,
        r#"{"version": 1, "bans": [{"name": "a", "until": "tomorrow"}]}"#,
        r#"{"version": 1, "bans": [{"name": "a"}]}"#,
        r#"{"version": 1, "bans": [{"address": "10.0.0.0/8", "until": null}]}"#,
        r#"{"version":2,"bans":[{"networks":{"first":"10.0.0.1","last":"10.0.0.9"},"until":null}]}"#,
        // One more than there can be.
        &many,
    ];
    for (number, content) in (1..).zip(damaged) {
        state.write(content);
        let stderr = complaint(&state.file);
        let told = stderr.contains("damaged") && stderr.contains(&kept(number));
        assert!(told, "{content}: {stderr}");
        assert!(!state.file.exists(), "{content} is still there");
    }
    for (number, content) in (1..).zip(damaged) {
        let kept = fs::read_to_string(kept(number)).expect("it was kept");
        assert_eq!(kept, content);
    }
    stop(state.serve());
    assert_eq!(state.read(), json!({"version": 1, "bans": []}));
    let mode = fs::metadata(&state.file).expect("the state").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600, "only its owner can read it");
}

#[test]
fn a_newer_or_unreadable_file_is_an_error_and_stays() {
    let state = State::new();
    let newer = json!({"version": 3, "bans": {"other": "shape"}});
    state.write(&newer);
    let missing = state.folder.path().join("missing/state.json");
    for (file, parts) in [
        (state.file.as_path(), ["newer", "state.json"]),
        (&missing, ["missing/state.json", "--state"]),
        (state.folder.path(), ["cannot read", ""]),
    ] {
        let stderr = complaint(file);
        let told = parts.iter().all(|part| stderr.contains(part));
        assert!(told, "{stderr}");
    }
    assert_eq!(state.read(), newer);
}

#[test]
fn a_ban_holds_though_its_write_fails_and_is_written_later() {
    let mut state = State::new();
    let home = state.folder.path().join("state");
    let moved = state.folder.path().join("moved");
    fs::create_dir(&home).expect("a folder");
    state.file = home.join("bans.json");
    let mut server = state.serve();
    fs::rename(&home, &moved).expect("a folder can be renamed");
    for (name, failed) in [
        ("troll", "(failed 1 times)"),
        ("spammer", "(failed 2 times)"),
    ] {
        server.operator_says(&format!("/ban {name}"));
        server.process.wait_for_text(failed);
        assert!(is_banned(&server, name), "the ban of {name} holds");
    }
    fs::rename(&moved, &home).expect("a folder can be renamed");
    stop(server);
    let bans = state.read()["bans"].as_array().map(Vec::len);
    assert_eq!(bans, Some(2), "the end of the server tries it again");
}

/// Starts a server from a line of the shell in which `$0` is the program and `$1` its folder.
fn serve_in_a_shell(shell: &[&str], line: &str, folder: &Path) -> Process {
    let serve = "exec \"$0\" serve --lang en --bind 127.0.0.1:0 --state \"$1/state.json\"";
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(format!("{line}; {serve}"));
    command.arg(chat_binary()).arg(folder);
    Process::spawn(command)
}

#[test]
fn bans_that_cannot_be_saved_at_the_end_exit_with_1() {
    let state = State::new();
    // The first write fits, and a later one fails halfway.
    let limit = "trap '' XFSZ; ulimit -f 1";
    let mut server = serve_in_a_shell(&["sh", "-c"], limit, state.folder.path());
    (0..40).for_each(|number| server.write_line(&format!("/ban n{number}")));
    server.write_line("/quit");
    server.expect_exit(1);
    server.wait_for_text("chat: cannot write the state file");
    let left = fs::read_dir(state.folder.path()).expect("the folder");
    assert_eq!(left.count(), 1, "nothing but the file is left behind");
    assert!(!state.read()["bans"].as_array().expect("bans").is_empty());
}

#[test]
fn a_full_disk_is_called_full() {
    let folder = tempfile::tempdir().expect("a folder");
    let unshare = ["unshare", "--map-root-user", "--mount", "sh", "-c"];
    let fill = "mount -t tmpfs -o size=4k none \"$1\" || exit 77; yes >\"$1/fill\"";
    let mut server = serve_in_a_shell(&unshare, fill, folder.path());
    let refused = server.wait_for_exit().code() == Some(77) || server.stderr().contains("unshare:");
    if refused {
        println!("SKIPPED: this machine cannot mount a small disk");
        return;
    }
    server.expect_exit(1);
    let stderr = server.stderr();
    assert!(stderr.contains("; the disk is full: make room"), "{stderr}");
}

#[test]
fn a_ban_of_a_range_survives_a_restart_until_it_is_taken_back() {
    let state = State::new();
    // As a person may have written it: any address of a network.
    let written = json!({"address": "2001:db8:0:1::7", "until": null});
    state.write(json!({"version": 1, "bans": [written]}));
    let mut first = state.serve();
    for range in ["10.0.0.0/8", "2001:db8::/32"] {
        first.operator_says(&format!("/ban {range}"));
        let banned = format!("banned {range} for good");
        first.process.wait_for_text(&banned);
    }
    stop(first);
    let written = state.read();
    assert_eq!(written["version"], 2, "older programs have no ranges");
    let range = json!({"first": "10.0.0.0", "last": "10.255.255.255"});
    assert_eq!(written["bans"][0]["networks"], range);

    let mut second = state.serve();
    second.operator_says("/bans");
    for shown in ["10.0.0.0/8", "2001:db8::/32", "2001:db8:0:1::/64"] {
        second.process.wait_for_line(&format!("  {shown} for good"));
        second.operator_says(&format!("/unban {shown}"));
        let unbanned = format!("no longer banned: {shown}");
        second.process.wait_for_line(&unbanned);
    }
    stop(second);
    assert_eq!(state.read(), json!({"version": 1, "bans": []}));
}

#[test]
fn a_server_that_is_killed_leaves_a_whole_file() {
    let state = State::new();
    let mut before = 0;
    for round in 0..10 {
        let mut server = state.serve();
        for number in 0..40 {
            server.operator_says(&format!("/ban r{round}n{number}"));
        }
        // Killed while it writes the others.
        server
            .process
            .wait_for_text(&format!("banned the name r{round}n{round} "));
        server.process.signal(Signal::SIGKILL);
        server.process.wait_for_exit();
        let bans = state.read()["bans"].as_array().expect("bans").len();
        let kept = bans >= before + round;
        assert!(kept, "round {round}: {bans} bans, {before} before");
        before = bans;
    }
    stop(state.serve());
    let left = fs::read_dir(state.folder.path()).expect("the folder");
    assert_eq!(left.count(), 1, "nothing but the file is left behind");
}
