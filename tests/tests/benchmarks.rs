//! BENCHMARKS.md shows what was measured: its tables and its chart are those of
//! `benchmarks/fan-out.json`.

use std::fs;
use std::path::Path;

use chat_tests::benchmarks::{between_markers, chart, read, tables};

fn load(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_tables_and_the_chart_are_those_of_the_measurement() {
    let reports = read(&load("benchmarks/fan-out.json")).expect("a measurement");
    let document = load("BENCHMARKS.md");
    let expected = between_markers(&document, &tables(&reports)).expect("markers");
    assert!(
        document == expected,
        "other tables than measured: run `cargo run -p chat-tests --bin chart`"
    );
    assert!(
        load("benchmarks/fan-out.svg") == chart(&reports),
        "another chart than measured: run `cargo run -p chat-tests --bin chart`"
    );
}

#[test]
fn what_is_no_measurement_is_refused() {
    for (json, says) in [
        ("", "no measurement"),
        ("{}", "missing field"),
        ("[1]", "chat bench"),
        (r#"{"members":1}"#, "servers"),
    ] {
        let error = read(json).expect_err(json);
        assert!(error.contains(says), "{json}: {error}");
    }
    assert!(between_markers("no markers", "").is_err());
}
