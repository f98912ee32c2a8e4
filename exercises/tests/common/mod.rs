//! The helpers that the tests of all tools share.
#![allow(dead_code, unused_macros, reason = "each test file uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Defines `middle SIGNAL FOLDER COMMAND`, which signals a command when it has begun a large file;
/// `small_disk SCRIPT`, for which `to` is a disk of 64 KiB; `unprivileged COMMAND`; `get_model`,
/// which links the files of `exercises/model/fetch --pictures`; and `serve`, which starts a
/// `recognise serve` (by another program, perhaps) that ends with the script.
const PRELUDE: &str = r#"exec 2>&1
middle() {
    signal=$1 begun="find $2 -name .partial-* -size +1M"; shift 2; "$@" &
    timeout 60 sh -fc "until $begun 2>/dev/null | grep -q .; do sleep 0.01; done"
    kill -s $signal $!; { wait $!; } 2>/dev/null
}
small_disk() {
    mounted='unshare --user --map-root-user --mount sh -c'
    mount='mount -t tmpfs -o size=64k none to'
    if $mounted "$mount"; then $mounted "$mount; $1"; else echo LEFT OUT; fi
}
get_model() {
    if [ -e "$MODEL/pictures/flower.jpg" ]; then ln -sf "$MODEL"/* .; return; fi
    [ "$RECOGNISE_MODEL" = required ] || echo LEFT OUT
    echo 'exercises/model/fetch --pictures gets the model and the pictures'; exit 1
}
unprivileged() {
    if [ "$(id -u)" = 0 ]; then setpriv --bounding-set=-all --inh-caps=-all "$@"; else "$@"; fi
}
serve() {
    rm -f address; "$@" recognise serve --bind 127.0.0.1:0 --model . > address 2> log &
    trap "kill $! 2> /dev/null" EXIT
    until grep -qs :. address; do kill -0 $! || exit; sleep 0.01; done
    export RECOGNISE_SERVER=$(sed 's/listening on //' address)
    tcp=/dev/tcp/${RECOGNISE_SERVER/://}
}
"#;

/// Runs a shell script with the tools in a folder; returns what it prints on both outputs, and its
/// exit code if that is not 0.
pub(crate) fn sh(folder: &Path, script: &str) -> String {
    let tools = Path::new(env!("CARGO_BIN_EXE_split-file")).parent();
    let path = format!("{}:{}", tools.unwrap().display(), env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("{PRELUDE}{script}")]);
    shell.current_dir(folder).stdin(Stdio::null());
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/model/files");
    shell.envs([("PATH", path.as_str()), ("HOME", "home"), ("MODEL", model)]);
    let output = shell
        .envs([("LC_ALL", "C"), ("TZ", "UTC")])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    match output.status.code().unwrap() {
        0 => printed.trim_end().to_owned(),
        code => format!("{printed}exit code {code}"),
    }
}

/// Returns the commands of a transcript (each after `$ `), with the lines that each prints.
pub(crate) fn steps(transcript: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut steps = transcript.trim_end().split("\n$ ");
    assert_eq!(steps.next(), Some(""), "it begins with a command");
    steps.map(|step| step.split_once('\n').unwrap_or((step, "")))
}

/// Runs the commands of a transcript in a new folder, which has two empty ones in it. Each prints
/// the lines below it, and its exit code if that is not 0. A `\` joins two lines.
#[track_caller]
pub(crate) fn transcript(text: &str) {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(sh(folder.path(), "mkdir from to"), "");
    for (command, expected) in steps(&text.replace("\\\n", "")) {
        let printed = sh(folder.path(), command);
        if is_left_out(&printed) {
            return;
        }
        assert_eq!(printed, expected, "{command}");
    }
}

/// Makes tests of transcripts.
macro_rules! transcripts {
    ($($(#[$attribute:meta])* fn $name:ident() $transcript:literal)*) => {
        $($(#[$attribute])* fn $name() { $crate::common::transcript($transcript); })*
    };
}

/// Reports, past the capture of its output, a test that cannot test here.
pub(crate) fn is_left_out(printed: &str) -> bool {
    let is_left_out = printed.contains("LEFT OUT");
    if is_left_out {
        let _ = writeln!(io::stderr(), "{printed}");
    }
    is_left_out
}
