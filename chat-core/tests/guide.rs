//! The guide names every call and every event: its tables are compared with the sources.

// The functions that the tests share panic to say what broke, as the tests themselves do.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const GUIDE: &str = include_str!("../src/guide/guide.md");

/// Every line of the sources of this crate, file after file.
fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|end| end == "rs") {
            all.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// The lines of every item that begins with one of `heads` at the start of a line, down to its
/// closing brace.
fn bodies(heads: &[&str]) -> Vec<String> {
    let mut all = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let mut lines = all.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if heads.iter().any(|head| line.starts_with(head)) {
            found.extend(
                lines
                    .by_ref()
                    .take_while(|line| *line != "}")
                    .map(str::to_owned),
            );
        }
    }
    assert!(!found.is_empty(), "none of {heads:?} is found");
    found
}

/// The word that `text` begins with.
fn word(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    text.get(..end).unwrap()
}

fn public_methods(heads: &[&str]) -> BTreeSet<String> {
    bodies(heads)
        .iter()
        .filter_map(|line| line.strip_prefix("    pub "))
        .filter_map(|line| {
            line.strip_prefix("fn ")
                .or_else(|| line.strip_prefix("const fn "))
        })
        .map(|line| word(line).to_owned())
        .collect()
}

fn variants(head: &str) -> BTreeSet<String> {
    bodies(&[head])
        .iter()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(|line| word(line).to_owned())
        .collect()
}

/// What the first column of the guide's tables names of this type; no row is empty, and none is
/// there twice.
fn rows(of: &str) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    for line in GUIDE.lines() {
        if let Some(rest) = line.strip_prefix(&format!("| [`{of}::")) {
            let name = word(rest);
            assert!(
                line.contains(&format!("(crate::{of}::{name}) | ")),
                "a row links to what it names: {line}"
            );
            assert!(
                line.split('|')
                    .all(|cell| cell.is_empty() || !cell.trim().is_empty()),
                "an empty cell: {line}"
            );
            assert!(rows.insert(name.to_owned()), "two rows for {of}::{name}");
        }
    }
    rows
}

#[test]
fn the_guide_has_a_row_for_every_call_of_the_server() {
    assert_eq!(
        rows("Server"),
        public_methods(&["impl<A: Peer> Server<A> {"])
    );
}

#[test]
fn the_guide_has_a_row_for_every_call_of_the_client() {
    assert_eq!(rows("Client"), public_methods(&["impl Client {"]));
}

#[test]
fn the_guide_has_a_row_for_every_event() {
    assert_eq!(rows("Event"), variants("pub enum Event<"));
    assert_eq!(rows("ClientEvent"), variants("pub enum ClientEvent<"));
}
