//! Which names look the same: PROTOCOL.md, "Names that look alike".

use alloc::string::String;
use alloc::vec::Vec;

use chat_proto::Name;
use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// In how many ways a name is looked at.
const FORMS: usize = 3;
/// How many combining marks may stand on one character (UTS #39, section 5.4).
const MAX_MARKS: usize = 4;

/// What a name looks like: two names that share one of these look alike.
///
/// Three, because case and the confusable skeleton (UTS #39) do not commute: as it is written (the
/// Cyrillic `В` looks like `B`, and its small form does not look like `b`), in small letters (`I`
/// looks like `l`, and is the same name as `i`), and in capitals (`AL1CE` looks like `ALICE`).
/// Hashes, because what has the look of 32 bytes can be long: who makes two names collide is
/// refused a name, nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Looks([u64; FORMS]);

impl Looks {
    pub(super) fn of(name: &Name) -> Self {
        Self(forms(name.as_str()).map(|form| hash(form.as_bytes())))
    }

    /// Whether two names look alike.
    pub(super) fn is_like(self, other: Self) -> bool {
        self.keys()
            .any(|key| other.keys().any(|other| other == key))
    }

    /// Each form once.
    pub(super) fn keys(self) -> impl Iterator<Item = u64> {
        let [first, second, third] = self.0;
        let second = (second != first).then_some(second);
        let third = (third != first && Some(third) != second).then_some(third);
        [Some(first), second, third].into_iter().flatten()
    }
}

/// The names that nobody may have, and what looks like them.
#[derive(Debug)]
pub(super) struct Reserved(Vec<String>);

impl Reserved {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a Name>) -> Self {
        Self(names.flat_map(|name| bare(name.as_str())).collect())
    }

    /// Whether `name` looks like one of them, or like something that contains one.
    pub(super) fn covers(&self, name: &Name) -> bool {
        let forms = bare(name.as_str());
        self.0
            .iter()
            .any(|reserved| forms.iter().any(|form| form.contains(reserved.as_str())))
    }
}

/// Whether combining marks stand where they cover what is not the name's: in front, or in a heap.
pub(super) fn has_stray_marks(name: &Name) -> bool {
    let mut on_this = None;
    let mut previous = None;
    for character in name.as_str().nfd() {
        if is_mark(character) {
            let Some(marks) = on_this.as_mut() else {
                return true;
            };
            *marks += 1;
            if *marks > MAX_MARKS || previous == Some(character) {
                return true;
            }
        } else {
            on_this = Some(0);
        }
        previous = Some(character);
    }
    false
}

/// As it is written, in small letters, and in capitals.
fn forms(text: &str) -> [String; FORMS] {
    let written: String = text.nfkc().collect();
    let capitals: String = written.chars().flat_map(char::to_uppercase).collect();
    [look(&written), look(&fold(&written)), look(&capitals)]
}

/// The skeleton without regard to case. Twice, because folding makes characters that look like
/// others again: `M` is its own skeleton, and `m` looks like `rn`.
fn look(text: &str) -> String {
    let capital: String = skeleton(text).collect();
    let folded = fold(&capital);
    skeleton(&folded).collect()
}

fn fold(text: &str) -> String {
    UniCase::unicode(text).to_folded_case()
}

/// The forms without combining marks.
fn bare(text: &str) -> [String; FORMS] {
    forms(text).map(|form| {
        form.nfd()
            .filter(|&character| !is_mark(character))
            .collect()
    })
}

fn is_mark(character: char) -> bool {
    matches!(
        CodePointMapData::<GeneralCategory>::new().get(character),
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
    )
}

/// FNV-1a.
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
        Looks::of(&name(one)).is_like(Looks::of(&name(other)))
    }

    #[test]
    fn case_width_composition_and_confusables_make_no_other_name() {
        for disguise in [
            "alice",
            "ALICE",
            "aLiCe",
            "ａｌｉｃｅ",
            "𝐚lice",
            "ⓐlice",
            "аlice",
            "AIice",
            "a1ice",
            "αlice",
        ] {
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
    fn reserved_names_are_recognised_in_every_disguise_and_company() {
        let words = ["Boss", "admin", "管理员", "管理員"].map(name);
        let reserved = Reserved::new(words.iter());
        for disguise in [
            "Boss",
            "boss",
            "BOSS2",
            "xboss",
            "B0SS",
            "admin",
            "Admin",
            "ADMIN",
            "ａｄｍｉｎ",
            "аdmіn",
            "ådmin",
            "adrnin",
            "ADM1N",
            "adm\u{131}n",
            "小管理员",
            "管理员2",
            "管\u{f9e4}员",
            "管理員",
            "管理员\u{301}",
            "Administrator",
        ] {
            assert!(reserved.covers(&name(disguise)), "{disguise}");
        }
        for free in ["bos", "adm", "管理", "alice", "admn"] {
            assert!(!reserved.covers(&name(free)), "{free}");
        }
    }

    #[test]
    fn combining_marks_are_bounded_and_do_not_stand_first() {
        for bad in [
            "\u{301}a",
            "a\u{301}\u{301}",
            "a\u{300}\u{301}\u{302}\u{303}\u{304}",
            "á\u{300}\u{302}\u{303}\u{304}",
            "\u{20dd}",
        ] {
            assert!(has_stray_marks(&name(bad)), "{}", bad.escape_unicode());
        }
        for good in [
            "é",
            "e\u{301}",
            "Nguyễn",
            "ที่นี่",
            "हिन्दी",
            "a\u{300}\u{301}\u{302}\u{303}",
            "小明",
        ] {
            assert!(!has_stray_marks(&name(good)), "{good}");
        }
    }
}
