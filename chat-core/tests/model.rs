//! The room against the naive model, and the laws of the client and of sessions: over random bytes
//! and over the fuzzer's committed corpora.

// The fuzz crate includes these modules and makes their items public.
#![allow(
    unreachable_pub,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "laws/client.rs"]
mod client;
mod naive;
#[path = "laws/schedules.rs"]
mod schedules;
#[path = "laws/server.rs"]
mod server;
#[path = "laws/session/mod.rs"]
mod session;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use client::client_model;
use server::server_model;
use session::session_pair;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn the_room_does_what_the_naive_model_does(bytes in vec(any::<u8>(), 0..800)) {
        server_model(&bytes);
    }

    #[test]
    fn the_client_keeps_its_laws(bytes in vec(any::<u8>(), 0..600)) {
        client_model(&bytes);
    }
}

proptest! {
    // Each lets its network be calm for minutes.
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn sessions_keep_their_laws(bytes in vec(any::<u8>(), 0..600)) {
        session_pair(&bytes);
    }
}

#[test]
fn the_fuzzers_rooms_do_what_the_naive_model_does() {
    over_the_corpus_of("server_model", server_model);
}

#[test]
fn the_fuzzers_clients_keep_their_laws() {
    over_the_corpus_of("client_model", client_model);
}

#[test]
fn the_fuzzers_sessions_keep_their_laws() {
    over_the_corpus_of("session_pair", session_pair);
}

fn over_the_corpus_of(target: &str, law: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let files = fs::read_dir(corpus.join(target)).expect("a committed corpus");
    let paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    assert!(paths.len() >= 10, "only {} files", paths.len());
    for path in paths {
        let bytes = fs::read(&path).expect("a file of the corpus");
        let keeps = catch_unwind(|| law(&bytes)).is_ok();
        assert!(keeps, "{} breaks a law: see above", path.display());
    }
}
