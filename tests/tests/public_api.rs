//! The public surface of the libraries is what `tests/public-api/` says: nobody changes it without
//! seeing it.
//!
//! CONTRIBUTING.md says how a change is accepted. Needs a nightly toolchain beside the stable one:
//! rustdoc tells what is public as JSON there only. Without one these tests say SKIPPED, unless
//! `PUBLIC_API=required` is set, as it is in CI.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

const MODE: &str = "PUBLIC_API";

#[test]
fn the_public_surface_of_chat_proto_is_the_one_on_record() {
    compare("chat-proto");
}

#[test]
fn the_public_surface_of_chat_core_is_the_one_on_record() {
    compare("chat-core");
}

/// What a program configures or stores: serde reads and writes it.
const READ: [&str; 13] = [
    "Ban",
    "BanTarget",
    "ClientConfig",
    "Config",
    "Dialect",
    "EndWords",
    "Language",
    "Name",
    "Rate",
    "TextBuf",
    "Timestamp",
    "Verbs",
    "Word",
];

/// What serde does not know at all, beside the errors: results of calls, and states.
const NEITHER: [&str; 7] = [
    "Bucket",
    "Client",
    "ClientOutgoing",
    "Outgoing",
    "Recipients",
    "Server",
    "Transmit",
];

#[test]
fn serde_reads_what_is_stored_and_writes_what_is_shown() {
    let mut types = 0;
    for library in ["chat_proto", "chat_core"] {
        let record = folder("public-api").join(format!("{}.txt", library.replace('_', "-")));
        let record = fs::read_to_string(&record).expect("the public surface is on record");
        let implements = |what: &str, name: &str| {
            let head = format!(" {what} for {library}::{name}");
            record
                .lines()
                .filter_map(|line| line.split_once(&head))
                .any(|(_, rest)| !rest.starts_with(char::is_alphanumeric))
        };
        for item in record
            .lines()
            .map(|line| line.trim_start_matches("#[non_exhaustive] "))
        {
            let item = item
                .strip_prefix("pub struct ")
                .or_else(|| item.strip_prefix("pub enum "));
            let Some(path) = item.and_then(|item| item.strip_prefix(&format!("{library}::")))
            else {
                continue;
            };
            let name: String = path.chars().take_while(|c| c.is_alphanumeric()).collect();
            types += 1;
            let is_error = name.ends_with("Error") || name.ends_with("ErrorKind");
            let shown = !is_error && !NEITHER.contains(&name.as_str());
            let read = implements("serde_core::de::Deserialize<'de>", &name);
            let written = implements("serde_core::ser::Serialize", &name);
            assert_eq!(read, READ.contains(&name.as_str()), "reading {name}");
            assert_eq!(written, shown, "writing {name}");
        }
    }
    assert!(types >= 30, "the record is read: {types} types");
}

fn compare(package: &str) {
    let mode = env::var(MODE).unwrap_or_default();
    let found = match surface(package) {
        Ok(found) => found,
        Err(reason) if mode == "required" => {
            panic!("the public surface of {package} cannot be read: {reason}")
        }
        Err(reason) => {
            // Past the test runner, which shows nothing of a test that does not fail.
            let _nobody_reads = writeln!(
                io::stderr(),
                "SKIPPED: the public surface of {package} is not compared: {reason}"
            );
            return;
        }
    };
    let record = folder("public-api").join(format!("{package}.txt"));
    if mode == "accept" {
        fs::write(&record, found).expect("the record can be written");
        return;
    }
    let recorded =
        fs::read_to_string(&record).unwrap_or_else(|error| panic!("{}: {error}", record.display()));
    let gone = lines_missing(&recorded, &found);
    let new = lines_missing(&found, &recorded);
    assert!(
        gone.is_empty() && new.is_empty(),
        "the public surface of {package} is not that of {}:\n{}{}\
         if it is meant so, say it in CHANGELOG.md and accept it:\n\
         {MODE}=accept cargo test -p chat-tests --test public_api",
        record.display(),
        marked("gone", &gone),
        marked("new", &new),
    );
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A command of the nightly toolchain, without what the stable one that runs this test says to its
/// children.
fn nightly(command: &[&str]) -> Command {
    let mut nightly = Command::new("rustup");
    nightly.args(["run", "nightly"]).args(command);
    for variable in [
        "CARGO",
        "RUSTC",
        "RUSTDOC",
        "RUSTUP_TOOLCHAIN",
        "RUSTDOCFLAGS",
    ] {
        nightly.env_remove(variable);
    }
    nightly
}

/// Every public item of a library with all its features, one a line; or why that cannot be found
/// out here.
fn surface(package: &str) -> Result<String, String> {
    let version = nightly(&["rustc", "--version"]).output();
    let version = version.map_err(|error| format!("rustup does not run: {error}"))?;
    if !version.status.success() {
        return Err("there is no nightly toolchain (rustup toolchain install nightly)".into());
    }
    // A folder of its own, because another toolchain builds there.
    let target = folder("../target/public-api");
    let output = nightly(&[
        "cargo",
        "rustdoc",
        "--quiet",
        "--locked",
        "--lib",
        "--all-features",
    ])
    .args(["--package", package, "--target-dir"])
    .arg(&target)
    .args(["--", "-Z", "unstable-options", "--output-format", "json"])
    .current_dir(folder(".."))
    .output()
    .expect("rustup runs");
    assert!(
        output.status.success(),
        "rustdoc does not read {package}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let json = target
        .join("doc")
        .join(format!("{}.json", package.replace('-', "_")));
    let public = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .map_err(|error| {
            format!(
                "this nightly writes another form of JSON than the crate public-api reads: {error}"
            )
        })?;
    Ok(public.to_string())
}

fn lines_missing<'a>(text: &'a str, other: &str) -> Vec<&'a str> {
    let known: Vec<&str> = other.lines().collect();
    text.lines().filter(|line| !known.contains(line)).collect()
}

fn marked(word: &str, lines: &[&str]) -> String {
    lines
        .iter()
        .map(|line| format!("  {word}: {line}\n"))
        .collect()
}
