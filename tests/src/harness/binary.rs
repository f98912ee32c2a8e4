//! Builds the binary under test, once per process.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use super::{Process, own_socket};

/// Returns the path of the `chat` binary, built with the profile and in the target directory of the
/// running test.
///
/// # Panics
/// When the build fails, with Cargo's message.
pub fn chat_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(build)
}

/// Creates a `chat` command line with an environment that no setting of the user's can change.
pub fn command<S: AsRef<OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(chat_binary());
    command.args(args).env("LC_ALL", "C.UTF-8");
    // Every option has a variable.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CHAT_")) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs `chat` with these arguments.
pub fn chat<S: AsRef<OsStr>>(args: &[S]) -> Process {
    Process::spawn(command(args))
}

fn build() -> PathBuf {
    // A ready binary can be given instead, for instance an installed one.
    if let Some(path) = env::var_os("CHAT_BINARY") {
        return PathBuf::from(path);
    }
    // A test is TARGET/FOLDER/deps/NAME-HASH, a program TARGET/FOLDER/NAME.
    let test = env::current_exe().expect("a running test knows its own path");
    let folders = test.ancestors().skip(1);
    let mut folders = folders.filter(|folder| !folder.ends_with("deps"));
    let folder = folders.next().expect("a test lies in a folder");
    let target = folders.next().expect("a test lies below TARGET/FOLDER");
    // The folder gives the profile. Debug assertions would not: a release build of this crate has
    // them, too.
    let profile = match folder.file_name().and_then(OsStr::to_str) {
        Some("debug") => "dev",
        other => other.unwrap_or("release"),
    };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.current_dir(workspace);
    build.args(["build", "--workspace", "--bin", "chat"]);
    build
        .args(["--profile", profile, "--target-dir"])
        .arg(target);
    build.stdout(Stdio::piped()).stderr(Stdio::piped());
    let built = own_socket::start(&mut build).and_then(Child::wait_with_output);
    let built = built.expect("cargo can be started, to build the binary under test");
    assert!(
        built.status.success(),
        "the binary under test does not build, so nothing could be tested:\n{}",
        String::from_utf8_lossy(&built.stderr)
    );
    folder.join("chat")
}
