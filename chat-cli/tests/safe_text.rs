//! The laws of text from strangers, over random bytes, every character there is, and the fuzzer's
//! committed corpus.
#![allow(unreachable_pub)] // The fuzz crate includes the law.

#[path = "laws/safe_text.rs"]
mod law;

use std::fs;
use std::path::Path;

use law::safe_text;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_bytes_are_made_safe(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        safe_text(&bytes);
    }

    #[test]
    fn text_cut_within_a_character_is_made_safe(
        text in "\\PC{1,40}", cut in any::<prop::sample::Index>(),
    ) {
        safe_text(&text.as_bytes()[..cut.index(text.len())]);
    }
}

#[test]
fn every_character_of_unicode_is_made_safe() {
    // The planes that hold assigned characters.
    let planes = ('\0'..='\u{3ffff}').chain('\u{e0000}'..='\u{e1fff}');
    let all: Vec<char> = planes.collect();
    for some in all.chunks(4_096) {
        safe_text(some.iter().collect::<String>().as_bytes());
    }
}

#[test]
fn the_fuzzers_corpus_is_made_safe() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/safe_text");
    let files: Vec<_> = fs::read_dir(corpus).expect("a committed corpus").collect();
    assert!(files.len() >= 10, "only {} files", files.len());
    for file in files {
        let path = file.expect("a file of the corpus").path();
        safe_text(&fs::read(path).expect("a file of the corpus"));
    }
}
