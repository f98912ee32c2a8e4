//! Where a text speaks of somebody.

/// The places of `name` in `text` as a word of its own, from and to, in bytes. Letters that are
/// written in words (Latin, Cyrillic, …) must not stand beside it: `al` is not meant by `also`.
/// Chinese, Japanese and Korean are written without blanks, so there a name is found anywhere.
pub(crate) fn places(text: &str, name: &str) -> Vec<(usize, usize)> {
    let in_words = |character: Option<char>| {
        character.is_some_and(|c| c.is_alphanumeric() && !is_written_without_blanks(c))
    };
    let name_begins_in_words = in_words(name.chars().next());
    let name_ends_in_words = in_words(name.chars().next_back());
    text.match_indices(name)
        .map(|(start, found)| (start, start + found.len()))
        .filter(|&(start, end)| {
            let before = text.get(..start).and_then(|text| text.chars().next_back());
            let after = text.get(end..).and_then(|text| text.chars().next());
            let is_part_of_a_word =
                name_begins_in_words && in_words(before) || name_ends_in_words && in_words(after);
            !is_part_of_a_word
        })
        .collect()
}

fn is_written_without_blanks(character: char) -> bool {
    // Kana, ideographs, Hangul syllables, and the ideographs beyond the first plane.
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_a_word() {
        for (text, name, found) in [
            ("al, also al", "al", vec![(0, 2), (9, 11)]),
            ("你好alice", "alice", vec![(6, 11)]),
            ("老王来了吗", "老王", vec![(0, 6)]),
            ("bobby", "bob", vec![]),
            ("@bob!", "bob", vec![(1, 4)]),
            ("", "bob", vec![]),
        ] {
            assert_eq!(places(text, name), found, "{name} in {text:?}");
        }
    }
}
