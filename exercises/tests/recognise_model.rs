//! `recognise` with the real model and real pictures, which `exercises/model/fetch --pictures`
//! gets.
#![cfg(feature = "recognise")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so and stops"
)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{Run, Server, model_files, run};

fn serve(model: &Path) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recognise"));
    Server::start(
        command
            .args(["serve", "--bind", "127.0.0.1:0", "--model"])
            .arg(model),
    )
}

fn ask(server: &Server, picture: &Path, hint: &str) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recognise"));
    run(command
        .arg("ask")
        .arg(picture)
        .args(["--hint", hint, "--server", &server.address]))
}

/// Names and scores, as they were printed, without the line about the hint.
fn scores(asked: &Run) -> Vec<(String, f64)> {
    let line = |line: &str| {
        let (score, name) = line.split_once("  ")?;
        Some((name.to_owned(), score.parse().ok()?))
    };
    asked.stdout.lines().map_while(line).collect()
}

#[test]
fn pictures_are_recognised() {
    let Some(files) = model_files() else { return };
    let server = serve(&files);
    for (picture, hint, is_among, expected) in [
        (
            "coffee.png",
            "espresso",
            "\"espresso\" is among them: espresso",
            &[("espresso", 0.95)][..],
        ),
        (
            "chelsea.png",
            "cat",
            "\"cat\" is among them: tiger cat",
            &[
                ("tiger cat", 0.39),
                ("Egyptian cat", 0.36),
                ("tabby, tabby cat", 0.17),
            ],
        ),
        (
            "flower.jpg",
            "tulip",
            "\"tulip\" is not among them",
            &[("daisy", 0.32)],
        ),
    ] {
        let asked = ask(&server, &files.join("pictures").join(picture), hint).success();
        let scores = scores(&asked);
        assert_eq!(scores.len(), 5, "{asked:?}");
        assert!(
            scores.is_sorted_by(|one, other| one.1 >= other.1),
            "{scores:?}"
        );
        for ((name, score), (expected_name, expected)) in scores.iter().zip(expected) {
            assert_eq!(name, expected_name, "{picture}: {scores:?}");
            assert!(
                (score - expected).abs() <= 0.02,
                "{picture}: {name} {score}, not {expected}"
            );
        }
        assert_eq!(asked.stdout.lines().last(), Some(is_among), "{picture}");
    }
}

#[test]
fn the_hint_does_not_change_the_scores() {
    let Some(files) = model_files() else { return };
    let server = serve(&files);
    let picture = files.join("pictures/chelsea.png");
    let without = ask(&server, &picture, "").success();
    assert_eq!(without.stdout.lines().count(), 5, "{}", without.stdout);
    for hint in ["cat", "dog", "tabby"] {
        assert_eq!(
            scores(&ask(&server, &picture, hint).success()),
            scores(&without),
            "{hint}"
        );
    }
}

#[test]
fn what_is_no_picture_is_refused_and_the_server_goes_on() {
    let Some(files) = model_files() else { return };
    let server = serve(&files);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.png");
    let whole = fs::read(files.join("pictures/coffee.png")).unwrap();
    for bytes in [
        &b"hello"[..],
        &whole[..1000],
        &[&whole[..500], &[0; 500][..]].concat(),
    ] {
        fs::write(&path, bytes).unwrap();
        let asked = ask(&server, &path, "").failure(1);
        assert!(asked.stderr.contains("not a picture"), "{}", asked.stderr);
    }
    // A few bytes that say they are more pixels than any memory: width and height begin at byte 16,
    // their checksum is at 29.
    let mut bomb = whole;
    bomb[16..24].fill(0x7f);
    let checksum = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
    fs::write(&path, bomb).unwrap();
    let asked = ask(&server, &path, "").failure(1);
    assert!(
        asked.stderr.contains("too large: more pixels than"),
        "{}",
        asked.stderr
    );

    ask(&server, &files.join("pictures/coffee.png"), "cup").success();
}

/// The checksum of PNG (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

#[test]
fn a_damaged_model_is_told_at_the_start() {
    let Some(files) = model_files() else { return };
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recognise"));
        run(command
            .args(["serve", "--bind", "127.0.0.1:0", "--model"])
            .arg(folder.path()))
        .failure(1)
    };
    fs::write(folder.path().join("efficientnet-lite0.onnx"), "no network").unwrap();
    fs::copy(files.join("classes.txt"), folder.path().join("classes.txt")).unwrap();
    assert!(start().stderr.contains("is no model that can be used"));
    fs::copy(
        files.join("efficientnet-lite0.onnx"),
        folder.path().join("efficientnet-lite0.onnx"),
    )
    .unwrap();
    fs::write(folder.path().join("classes.txt"), "one\ntwo\n").unwrap();
    let refused = start();
    assert!(
        refused.stderr.contains("1000 scores for 2 classes"),
        "{}",
        refused.stderr
    );
}
