//! The laws of what is shown of strangers' words, over random bytes, random text and every
//! character there is.

use chat_tests::laws;
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_bytes_are_made_safe_as_promised(bytes in vec(any::<u8>(), 0..200)) {
        laws::safe_text(&bytes);
    }

    #[test]
    fn any_text_is_made_safe_as_promised(text in vec(any::<char>(), 0..60)) {
        laws::safe_text(text.into_iter().collect::<String>().as_bytes());
    }

    #[test]
    fn text_that_is_cut_within_a_character_is_made_safe_as_promised(text in "\\PC{1,40}", cut in any::<prop::sample::Index>()) {
        laws::safe_text(&text.as_bytes()[..cut.index(text.len())]);
    }
}

/// The planes that Unicode has characters in; the others hold nothing but what is not assigned, and
/// private use.
#[test]
fn every_character_of_unicode_is_made_safe_as_promised() {
    let all: Vec<char> = ('\0'..='\u{3ffff}')
        .chain('\u{e0000}'..='\u{e1fff}')
        .collect();
    for some in all.chunks(4_096) {
        laws::safe_text(some.iter().collect::<String>().as_bytes());
    }
}
