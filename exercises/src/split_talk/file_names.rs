//! File names for speakers. The names come from a file, so anything may stand in them.

use std::collections::HashSet;

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use sanitise_file_name::{Options, sanitise_with_options};
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;

/// What stands behind the name.
const ENDING: &str = ".txt";

/// The longest file name, in bytes of UTF-8: what file systems take.
const LONGEST: usize = 255;

/// Room for what is added to a name: `_` in front, and the number of another file of the same name,
/// ` (10000)`.
const ADDED: usize = 9;

/// The file name of one speaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// Has no separators, is not `.` or `..`, and leads to nothing but a file in the folder that
    /// it is joined to.
    pub name: String,
    /// Why it is not the speaker's name with the ending.
    pub change: Option<Change>,
}

/// Why a file is not named as its speaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The speaker's name cannot be that of a file everywhere.
    MadeSafe,
    /// A file system that does not tell capital letters or Unicode forms apart has a file of that
    /// name already.
    Numbered,
}

/// A file name for each speaker, in order; no two are the same, nor differ in nothing but case or
/// Unicode form.
pub fn file_names<'a>(speakers: impl IntoIterator<Item = &'a str>) -> Vec<FileName> {
    let mut taken = HashSet::new();
    let mut names = Vec::new();
    for speaker in speakers {
        let safe = make_safe(speaker);
        let mut change = (safe != speaker).then_some(Change::MadeSafe);
        let mut name = safe.clone() + ENDING;
        let mut number = 2;
        while !taken.insert(folded(&name)) {
            name = format!("{safe} ({number}){ENDING}");
            number += 1;
            change = Some(Change::Numbered);
        }
        names.push(FileName { name, change });
    }
    names
}

/// A name without what some system takes for something else: separators, control characters,
/// reserved names.
fn make_safe(speaker: &str) -> String {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let visible: String = speaker
        .chars()
        .map(|character| {
            if ignorable.contains(character) {
                '_'
            } else {
                character
            }
        })
        .collect();
    // The names of devices that the library does not know.
    let visible = match visible
        .split_once('.')
        .unwrap_or((&visible, ""))
        .0
        .trim()
        .to_uppercase()
        .as_str()
    {
        "CONIN$" | "CONOUT$" | "CLOCK$" | "COM¹" | "COM²" | "COM³" | "LPT¹" | "LPT²" | "LPT³"
        | "COM0" | "LPT0" => {
            format!("_{visible}")
        }
        _ => visible,
    };
    let options = Options {
        length_limit: LONGEST - ENDING.len() - ADDED,
        trim_more_punctuation: false,
        ..Options::DEFAULT
    };
    let safe = sanitise_with_options(&visible, &options);
    // Hidden on most systems, and perhaps a file that a program reads.
    if safe.starts_with('.') {
        format!("_{safe}")
    } else {
        safe
    }
}

/// What a file system may make of a name to see whether it has it: small letters, one Unicode form.
fn folded(name: &str) -> String {
    let decomposed: String = name.nfd().collect();
    UniCase::unicode(decomposed)
        .to_folded_case()
        .nfd()
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    fn named(speakers: &[&str]) -> Vec<String> {
        file_names(speakers.iter().copied())
            .into_iter()
            .map(|file| file.name)
            .collect()
    }

    #[test]
    fn ordinary_names_stay() {
        for name in ["老王", "Old Wang", "O'Neill", "x-1_y", "Émile", "a.b", "😀"] {
            let expected = FileName {
                name: format!("{name}.txt"),
                change: None,
            };
            assert_eq!(file_names([name]), [expected], "{name}");
        }
    }

    #[test]
    fn names_that_are_not_safe_are_changed_and_that_is_said() {
        for (name, expected) in [
            (".", "_.txt"),
            ("..", "_.txt"),
            ("../../etc/passwd", "_._etc_passwd.txt"),
            ("/etc/passwd", "_etc_passwd.txt"),
            ("a\\b", "a_b.txt"),
            ("CON", "CON_.txt"),
            ("nul.x", "nul_.x.txt"),
            ("com¹", "_com¹.txt"),
            ("a\0b\u{1b}[2J", "a_b_[2J.txt"),
            ("a\u{202e}txt", "a_txt.txt"),
            ("a\u{200b}", "a_.txt"),
            (".hidden", "_.hidden.txt"),
            ("a<b>c\"d|e?f*", "a_b_c_d_e_f_.txt"),
        ] {
            let expected = FileName {
                name: expected.to_owned(),
                change: Some(Change::MadeSafe),
            };
            assert_eq!(file_names([name]), [expected], "{name:?}");
        }
    }

    #[test]
    fn names_that_a_file_system_may_not_tell_apart_get_numbers() {
        assert_eq!(
            named(&[
                "Anna",
                "anna",
                "ANNA",
                "anna (2)",
                "Émile",
                "E\u{301}mile",
                "Straße",
                "STRASSE",
                "/",
                "\\"
            ]),
            [
                "Anna.txt",
                "anna (2).txt",
                "ANNA (3).txt",
                "anna (2) (2).txt",
                "Émile.txt",
                "E\u{301}mile (2).txt",
                "Straße.txt",
                "STRASSE (2).txt",
                "_.txt",
                "_ (2).txt",
            ]
        );
    }

    #[test]
    fn long_names_are_cut_and_stay_different() {
        let long = "长".repeat(100);
        let names = named(&[&format!("{long}甲"), &format!("{long}乙")]);
        assert_ne!(names[0], names[1]);
        for name in names {
            assert!(name.len() <= LONGEST, "{} bytes", name.len());
            assert!(name.len() > 200, "{} bytes", name.len());
        }
    }

    proptest! {
        #[test]
        fn no_name_leaves_the_folder_and_none_is_used_twice(
            speakers in prop::collection::vec(prop_oneof![".{0,300}", "[./\\\\aA \u{301}]{0,4}"], 1..8)
        ) {
            let names = named(&speakers.iter().map(String::as_str).collect::<Vec<_>>());
            let mut seen = HashSet::new();
            for name in &names {
                let components: Vec<_> = Path::new(name).components().collect();
                prop_assert!(matches!(components[..], [Component::Normal(only)] if only.to_str() == Some(name)), "{:?}", name);
                prop_assert!(!name.contains(['/', '\\', '\0', ':']) && name.len() <= LONGEST, "{:?}", name);
                prop_assert!(!name.chars().any(char::is_control), "{:?}", name);
                prop_assert!(seen.insert(folded(name)), "{:?} twice", name);
            }
        }
    }
}
