//! The laws of text from strangers, over random bytes, every character there is, and the fuzzer's
//! committed corpus.
#![allow(unreachable_pub)] // The fuzz crate includes the law.

#[path = "laws/safe_text.rs"]
mod law;

use std::fs;
use std::path::Path;

use chat_cli::io::safe_text::SafeText;
use law::safe_text;
use proptest::prelude::*;

/// Returns a strategy for emoji of one or several joined pictographs.
fn emoji() -> impl Strategy<Value = String> {
    let element = "[👩💻❤🏳🌈👨🦰⚕☺🔥♂]\u{fe0f}?[🏻🏿]?";
    prop::collection::vec(element, 1..5).prop_map(|elements| elements.join("\u{200d}"))
}

proptest! {
    #[test]
    fn joined_pictographs_are_shown_and_half_of_them_is_not(
        emoji in emoji(), after in "([a好 ][a \u{200d}\u{fe0f}]?|\u{200d})?",
    ) {
        let text = format!("{emoji}{after}");
        safe_text(text.as_bytes());
        let stays = SafeText::for_terminal(&text).as_str() == text;
        prop_assert_eq!(stays, !after.contains(['\u{200d}', '\u{fe0f}']));
    }

    #[test]
    fn any_mixture_of_parts_of_sequences_is_made_safe(
        text in "[a1#ب\u{64e}क\u{94d}\u{17b4}\u{301}👩❤🏴🏽🇩 \t\n\u{200c}\u{200d}\u{fe00}\u{fe0e}\u{fe0f}\u{20e3}\u{600}\u{e0067}\u{e007f}]{0,12}",
    ) {
        safe_text(text.as_bytes());
    }

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
    // With all that can go on in a sequence; without ideographs, Hangul and what is unassigned.
    let is_many = |c: &char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{f8ff}');
    let some = all
        .iter()
        .filter(|&c| !is_many(c) && !('\u{12000}'..'\u{1d000}').contains(c));
    let text =
        |c: &char| format!("{c}\u{fe0f}{c}\u{200d}{c}\u{200c}{c}\u{fe0f}\u{20e3}{c}\u{e0067}");
    let texts: Vec<String> = some.take_while(|&&c| c < '\u{20000}').map(text).collect();
    for some in texts.chunks(1_024) {
        safe_text(some.concat().as_bytes());
    }
}

#[test]
fn sequences_are_shown_at_terminals_and_in_pipes() {
    for text in [
        "",
        r"hello, C:\new",
        "naïve e\u{301}",
        "日本語 한국어",
        "שלום سلام",
        "a\u{a0}b\u{3000}c",
        "😀🎃 🇩🇪 ❤️ ☺\u{fe0e} ©️ 1️⃣ #️⃣",
        "👩\u{200d}💻 👨\u{200d}👩\u{200d}👧\u{200d}👦 🏳️\u{200d}🌈 👩🏽\u{200d}⚕️ 👨\u{200d}🦰 ❤️\u{200d}🔥",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
        "🏴\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
        // Persian, Hindi, Sinhala; with a vowel sign that several scripts share.
        "می\u{200c}خواهم مَ\u{200c}ن क\u{94d}\u{200d}ष ශ\u{dca}\u{200d}රී",
    ] {
        assert_eq!(SafeText::for_terminal(text).as_str(), text);
        assert_eq!(SafeText::for_pipe(text).as_str(), text);
    }
}

#[test]
fn parts_of_sequences_and_all_that_acts_are_escaped() {
    for (text, shown) in [
        (
            "\u{1b}[2J\0\u{7f}\u{9b}31m",
            r"\u{1b}[2J\u{0}\u{7f}\u{9b}31m",
        ),
        ("a\r\nb\u{2028}\u{2029}", r"a\r\nb\u{2028}\u{2029}"),
        (
            "\u{202e}gnp\u{2066}\u{2069}",
            r"\u{202e}gnp\u{2066}\u{2069}",
        ),
        (
            "a\u{200b}b\u{feff}\u{ad}\u{34f}",
            r"a\u{200b}b\u{feff}\u{ad}\u{34f}",
        ),
        ("\u{2800}\u{3164}\u{1d159}", r"\u{2800}\u{3164}\u{1d159}"),
        ("\u{fe0f}", r"\u{fe0f}"),
        ("👩\u{200d}", r"👩\u{200d}"),
        ("\u{200d}👩", r"\u{200d}👩"),
        ("👩\u{200d}\u{200d}👩", r"👩\u{200d}\u{200d}👩"),
        ("👩 \u{fe0f}\u{20e3}", "👩 \\u{fe0f}\u{20e3}"),
        ("a\u{200d}b a\u{200c}b", r"a\u{200d}b a\u{200c}b"),
        (
            "می\u{200c} \u{200c}م ب\u{200c}क",
            r"می\u{200c} \u{200c}م ب\u{200c}क",
        ),
        (
            "a\u{64e}\u{200c}ب a\u{301}\u{200d}\u{301}",
            "a\u{64e}\\u{200c}ب a\u{301}\\u{200d}\u{301}",
        ),
        ("🏴\u{e0075}\u{e007f}", r"🏴\u{e0075}\u{e007f}"),
        ("👩\u{e0067}", r"👩\u{e0067}"),
    ] {
        assert_eq!(SafeText::for_terminal(text).as_str(), shown);
        assert_eq!(SafeText::for_pipe(text).as_str(), shown);
    }
    for (text, shown, piped) in [
        ("\ta\tb", "    a    b", "\ta\tb"),
        (
            "侮\u{fe00} a\u{fe0f}",
            r"侮\u{fe00} a\u{fe0f}",
            "侮\u{fe00} a\u{fe0f}",
        ),
    ] {
        assert_eq!(SafeText::for_terminal(text).as_str(), shown);
        assert_eq!(SafeText::for_pipe(text).as_str(), piped);
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
