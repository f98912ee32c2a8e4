//! The unit for systemd, and the notifications of a service manager.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use chat_tests::harness::{PATIENCE, Process, RawPeer, Signal, binary, chat, chat_binary};

const UNIT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../chat-cli/contrib/chat.service"
);
/// The limit for the findings of `systemd-analyze security`, of 100: 20 is well within "OK".
const MOST_EXPOSURE: &str = "--threshold=20";

#[test]
fn the_unit_is_valid_and_hardened() {
    let folder = tempfile::tempdir().expect("a folder");
    let unit = folder.path().join("chat.service");
    let text = fs::read_to_string(UNIT).expect("the unit");
    let program = chat_binary().to_str().expect("a path of the test's own");
    assert!(text.contains("ExecStart=/usr/local/bin/chat serve "));
    fs::write(&unit, text.replace("/usr/local/bin/chat", program)).expect("a file can be written");
    let unit = unit.to_str().expect("a path of the test's own");
    for arguments in [
        &["verify", "--man=no", unit][..],
        &["security", "--offline=true", MOST_EXPOSURE, unit],
    ] {
        let Ok(output) = Command::new("systemd-analyze").args(arguments).output() else {
            println!("SKIPPED: systemd-analyze is not installed");
            return;
        };
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{arguments:?}:\n{said}");
        // `verify` warns about what it does not know without failing.
        let warns = arguments[0] == "verify" && said.contains("chat.service:");
        assert!(!warns, "{said}");
    }
}

#[test]
fn the_options_of_the_unit_are_understood() {
    let text = fs::read_to_string(UNIT).expect("the unit");
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/chat "));
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().to_str().expect("a path of the test's own");
    let line = line
        .expect("a command")
        .replace("0.0.0.0:8888", "127.0.0.1:0");
    let line = line.replace("${STATE_DIRECTORY}", state);
    let server = Process::spawn(binary::command(&line.split(' ').collect::<Vec<_>>()));
    server.wait_for_text("listening on 127.0.0.1:");
    assert!(folder.path().join("bans.json").is_file());
}

#[test]
fn sighup_ends_no_service_and_reloads_nothing() {
    let text = fs::read_to_string(UNIT).expect("the unit");
    assert!(!text.contains("\nExecReload"), "there is nothing to reload");
    let mut command = Command::new("sh");
    let line = "SYSTEMD_EXEC_PID=$$ exec \"$0\" serve --bind 127.0.0.1:0";
    command.args(["-c", line]).arg(chat_binary());
    let mut server = Process::spawn(command);
    let line = server.wait_for_match("its address", |line| line.starts_with("listening on "));
    let address = line["listening on ".len()..].parse().expect("an address");
    for _ in 0..50 {
        server.signal(Signal::SIGHUP);
        RawPeer::login(address, "alice").quit("alice");
    }
    server.signal(Signal::SIGTERM);
    server.expect_exit(0);
    // Elsewhere a terminal has hung up.
    let mut server = chat(&["serve", "--bind", "127.0.0.1:0"]);
    server.wait_for_text("listening on ");
    server.signal(Signal::SIGHUP);
    server.expect_exit(0);
}

#[test]
fn a_service_manager_hears_of_the_beginning_and_of_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    let patience = manager.set_read_timeout(Some(PATIENCE));
    patience.expect("a time-out above zero can be set");
    let mut command = binary::command(&["serve", "--bind", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", &path);
    let mut server = Process::spawn(command);
    let mut buffer = [0; 256];
    let mut hears = |word: &str| {
        let length = manager.recv(&mut buffer).expect(word);
        let said = String::from_utf8_lossy(&buffer[..length]);
        assert_eq!(said.trim_end(), word);
    };
    hears("READY=1");
    server.wait_for_text("listening on ");
    server.signal(Signal::SIGTERM);
    hears("STOPPING=1");
    server.expect_exit(0);
}
