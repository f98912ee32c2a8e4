//! Names that look alike: PROTOCOL.md, "Names that look alike".

use alloc::string::String;
use alloc::vec::Vec;

use chat_proto::Name;
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_security::confusable_detection;

/// The number of skeletons of a name.
const VARIANTS: usize = 3;
/// Combining marks that may stand on one character (UTS #39, section 5.4).
const MAX_MARKS: usize = 4;

/// The hashed skeletons of a name; two names that share one are confusable.
///
/// A collision of hashes only refuses a name that would be free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Skeletons(pub(super) [u64; VARIANTS]);

impl Skeletons {
    pub(super) fn of(name: &Name) -> Self {
        Self(variants(name.as_str()).map(|skeleton| hash(skeleton.as_bytes())))
    }

    pub(super) fn confusable_with(self, other: Self) -> bool {
        self.0.iter().any(|skeleton| other.0.contains(skeleton))
    }
}

/// The reserved names.
#[derive(Debug)]
pub(super) struct Reserved(Vec<String>);

impl Reserved {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a Name>) -> Self {
        let skeletons = names.flat_map(|name| without_marks(name.as_str()));
        Self(skeletons.collect())
    }

    /// Returns `true` when `name` is, contains, or is confusable with, a reserved name.
    pub(super) fn covers(&self, name: &Name) -> bool {
        let skeletons = without_marks(name.as_str());
        let is_part = |reserved: &String| skeletons.iter().any(|name| name.contains(reserved));
        self.0.iter().any(is_part)
    }
}

/// Returns `true` when combining marks may cover something outside the name: one in front, more
/// than four on one character, or twice the same in a row.
pub(super) fn has_stray_marks(name: &Name) -> bool {
    let mut marks = None;
    let mut previous = None;
    for character in name.as_str().nfd() {
        marks = match marks {
            _ if !is_mark(character) => Some(0),
            Some(marks) if marks < MAX_MARKS && previous != Some(character) => Some(marks + 1),
            _ => return true,
        };
        previous = Some(character);
    }
    false
}

/// Returns the skeletons of `text` as it is written, in small letters and in capitals.
///
/// Three, because case and skeleton do not commute: the Cyrillic `В` looks like `B`, and its small
/// form does not look like `b`; `I` looks like `l` and is the same name as `i`; `AL1CE` looks like
/// `ALICE`.
fn variants(text: &str) -> [String; VARIANTS] {
    let written: String = text.nfkc().collect();
    let capitals: String = written.chars().flat_map(char::to_uppercase).collect();
    let folded = fold(&written);
    [written, folded, capitals].map(|text| skeleton(&text))
}

/// Returns the skeleton of `text` (UTS #39, section 4), regardless of case. Computed twice, because
/// folded characters can have another skeleton: `M` is its own, and that of `m` is `rn`.
fn skeleton(text: &str) -> String {
    let first: String = confusable_detection::skeleton(text).collect();
    confusable_detection::skeleton(&fold(&first)).collect()
}

fn fold(text: &str) -> String {
    UniCase::unicode(text).to_folded_case()
}

fn without_marks(text: &str) -> [String; VARIANTS] {
    variants(text).map(|skeleton| skeleton.nfd().filter(|&c| !is_mark(c)).collect())
}

fn is_mark(character: char) -> bool {
    matches!(
        character.general_category(),
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
    )
}

/// Hashes with FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn alike(one: &str, other: &str) -> bool {
        Skeletons::of(&name(one)).confusable_with(Skeletons::of(&name(other)))
    }

    #[test]
    fn case_width_and_confusables_make_no_other_name() {
        for disguise in
            "alice ALICE aLiCe ａｌｉｃｅ 𝐚lice ⓐlice аlice AIice a1ice αlice".split(' ')
        {
            assert!(alike("alice", disguise), "{disguise}");
        }
        for (one, other) in [
            ("Bob", "Вob"),
            ("vera", "νera"),
            ("nick", "ոick"),
            ("mary", "rnary"),
            ("Mary", "rnary"),
            ("MARY", "mary"),
            ("é", "e\u{301}"),
            ("Straße", "STRASSE"),
            ("ΣΑΣ", "σας"),
            ("Вова", "вова"),
            ("工", "\u{2f2f}"),
            ("理", "\u{f9e4}"),
            ("h0t", "hot"),
        ] {
            assert!(alike(one, other), "{one} and {other}");
            assert!(alike(other, one), "{other} and {one}");
        }
    }

    #[test]
    fn names_that_look_different_are_different() {
        let names = [
            "alice", "alicia", "bob", "bobby", "小明", "小红", "老王", "老张", "jose", "josé",
            "user1", "user2", "user11", "e", "é", "п", "и", "あ", "い",
        ];
        for (index, one) in names.iter().enumerate() {
            for other in names.iter().skip(index + 1) {
                assert!(!alike(one, other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn reserved_names_are_found_in_every_disguise() {
        let words = ["Boss", "admin", "管理员", "管理員"].map(name);
        let reserved = Reserved::new(words.iter());
        let bosses = "Boss boss BOSS2 xboss B0SS";
        let admins =
            "admin Admin ADMIN ａｄｍｉｎ аdmіn ådmin adrnin ADM1N adm\u{131}n Administrator";
        let chinese = "小管理员 管理员2 管\u{f9e4}员 管理員 管理员\u{301}";
        let disguises = [bosses, admins, chinese].map(|words| words.split(' '));
        for disguise in disguises.into_iter().flatten() {
            assert!(reserved.covers(&name(disguise)), "{disguise}");
        }
        for free in ["bos", "adm", "管理", "alice", "admn"] {
            assert!(!reserved.covers(&name(free)), "{free}");
        }
    }

    #[test]
    fn stray_combining_marks_are_found() {
        for bad in [
            "\u{301}a",
            "a\u{301}\u{301}",
            "a\u{300}\u{301}\u{302}\u{303}\u{304}",
            "á\u{300}\u{302}\u{303}\u{304}",
            "\u{20dd}",
        ] {
            assert!(has_stray_marks(&name(bad)), "{}", bad.escape_unicode());
        }
        for good in "é e\u{301} Nguyễn ที่นี่ हिन्दी a\u{300}\u{301}\u{302}\u{303} 小明".split(' ')
        {
            assert!(!has_stray_marks(&name(good)), "{good}");
        }
    }
}
