//! Every input that the fuzzer's committed corpora hold, through the bodies of the fuzz targets.

use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;

use chat_tests::laws;

/// Runs `law` over every file in the corpus of `target`, in the order of their names.
fn every_file_obeys(target: &str, law: fn(&[u8])) {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&corpus)
        .unwrap_or_else(|error| panic!("{}: {error}", corpus.display()))
        .map(|entry| entry.expect("the corpus is a readable folder").path())
        .collect();
    files.sort();
    assert!(
        files.len() >= 10,
        "only {} files in {}",
        files.len(),
        corpus.display()
    );
    for file in files {
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let held = catch_unwind(|| law(&bytes)).is_ok();
        assert!(held, "{} breaks a law: see above", file.display());
    }
}

#[test]
fn the_committed_corpus_of_the_fuzzer_obeys_the_laws() {
    every_file_obeys("parse_request", |bytes| {
        laws::parse_request(bytes);
        laws::parse_reply(bytes);
        laws::parse_delivery(bytes);
    });
}

#[test]
fn the_committed_corpus_of_deliveries_obeys_the_laws() {
    every_file_obeys("parse_delivery", |bytes| {
        laws::parse_delivery(bytes);
        laws::parse_reply(bytes);
    });
}

#[test]
fn the_committed_corpus_of_request_values_survives() {
    every_file_obeys("request_value", laws::request_value);
}

#[test]
fn the_committed_corpus_of_delivery_values_survives() {
    every_file_obeys("delivery_value", |bytes| {
        laws::delivery_value(bytes);
        laws::reply_value(bytes);
    });
}

#[test]
fn every_fuzz_target_has_a_committed_corpus_that_a_test_runs() {
    let targets = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    let here = [
        include_str!("committed_corpus.rs"),
        include_str!("../../chat-core/tests/model.rs"),
        include_str!("../../chat-cli/tests/safe_text.rs"),
    ]
    .concat();
    let mut seen = 0;
    for entry in fs::read_dir(&targets).expect("the fuzz targets") {
        let path = entry.expect("an entry").path();
        let target = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        assert!(
            here.contains(&format!("\"{target}\"")) || here.contains(&format!("corpus/{target}")),
            "no test runs the corpus of {target}"
        );
        seen += 1;
    }
    assert!(seen >= 1, "no fuzz targets in {}", targets.display());
}
