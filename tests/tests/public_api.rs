//! The public surface of the libraries is on record in `tests/public-api/`; CONTRIBUTING.md says
//! how a change is accepted.
//!
//! Needs a nightly toolchain beside the stable one: only there rustdoc writes JSON. Without one
//! these tests say SKIPPED, unless `PUBLIC_API=required` is set, as it is in CI.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

const MODE: &str = "PUBLIC_API";

#[test]
fn the_public_surface_of_each_library_is_the_one_on_record() {
    let mode = env::var(MODE).unwrap_or_default();
    let mut changes = String::new();
    for package in ["chat-proto", "chat-core"] {
        let record = folder("public-api").join(format!("{package}.txt"));
        let found = match surface(package) {
            Ok(found) => found,
            Err(reason) => {
                assert_ne!(mode, "required", "{package}: {reason}");
                // Past the test runner, which shows nothing of a test that passes.
                let _closed = writeln!(io::stderr(), "SKIPPED: {package}: {reason}");
                return;
            }
        };
        if mode == "accept" {
            fs::write(&record, found).expect("the record can be written");
            continue;
        }
        let recorded = fs::read_to_string(&record).expect("the public surface is on record");
        changes += &missing("gone", &recorded, &found);
        changes += &missing("new", &found, &recorded);
    }
    assert!(
        changes.is_empty(),
        "the public surface changed:\n{changes}describe an intended change in CHANGELOG.md and \
         accept it:\n{MODE}=accept cargo test -p chat-tests --test public_api"
    );
}

/// Returns the lines of a text that another one has not.
fn missing(word: &str, text: &str, other: &str) -> String {
    let known: Vec<&str> = other.lines().collect();
    let missing = text.lines().filter(|line| !known.contains(line));
    missing.map(|line| format!("  {word}: {line}\n")).collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Lists every public item of a library with all its features, one a line.
///
/// # Errors
/// The reason why that is impossible here.
fn surface(package: &str) -> Result<String, String> {
    // A folder of its own, because another toolchain builds there.
    let target = folder("../target/public-api");
    let mut rustdoc = Command::new("rustup");
    rustdoc
        .args("run nightly cargo rustdoc --quiet --locked --lib --all-features".split(' '))
        .args(["--package", package, "--target-dir"])
        .arg(&target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .current_dir(folder(".."));
    // The stable toolchain that runs this test set these for itself.
    for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        rustdoc.env_remove(variable);
    }
    let output = rustdoc.env_remove("RUSTDOCFLAGS").output();
    let output = output.map_err(|error| format!("rustup: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let json = format!("doc/{}.json", package.replace('-', "_"));
    let public = public_api::Builder::from_rustdoc_json(target.join(json))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build();
    let public = public.map_err(|error| format!("another form of JSON: {error}"))?;
    Ok(public.to_string())
}
