//! Which class a hint means.

use super::message::{Answer, Hint, LIKELIEST, Likely};

/// The answer to a hint: the likeliest of all classes, and which of them the hint is. The hint
/// changes neither their scores nor their order.
pub fn answer(mut all: Vec<Likely>, hint: &Hint) -> Answer {
    all.sort_by(|one, other| other.score.total_cmp(&one.score));
    all.truncate(LIKELIEST);
    let hinted = all.iter().position(|likely| is_meant(hint, &likely.name));
    Answer {
        likeliest: all,
        hinted,
    }
}

/// Whether a hint means a class: it is one of its names (there are commas between), or a whole word
/// of one. Capital letters are as small ones.
fn is_meant(hint: &Hint, names: &str) -> bool {
    let hint = hint.as_str().to_lowercase();
    !hint.is_empty()
        && names.to_lowercase().split(',').any(|name| {
            let name = name.trim();
            name == hint || name.split([' ', '-']).any(|word| word == hint)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Likely> {
        let names = [
            "tench, Tinca tinca",
            "tabby, tabby cat",
            "tiger cat",
            "catamaran",
            "Crock Pot",
            "man-eating shark",
            "hen",
        ];
        let scores = [0.05, 0.3, 0.4, 0.1, 0.08, 0.06, 0.01];
        let likely = |(name, score): (&str, f32)| Likely {
            name: name.to_owned(),
            score,
        };
        names.into_iter().zip(scores).map(likely).collect()
    }

    #[test]
    fn an_answer_has_the_likeliest_first_whatever_the_hint() {
        let expected = [
            "tiger cat",
            "tabby, tabby cat",
            "catamaran",
            "Crock Pot",
            "man-eating shark",
        ];
        for hint in ["", "cat", "hen", "catamaran"] {
            let answer = answer(all(), &Hint::new(hint).unwrap());
            let names: Vec<_> = answer
                .likeliest
                .iter()
                .map(|likely| likely.name.as_str())
                .collect();
            assert_eq!(names, expected, "{hint:?}");
            assert_eq!(answer.likeliest.first().unwrap().score.to_string(), "0.4");
        }
    }

    #[test]
    fn a_hint_is_a_name_or_a_word_of_one() {
        for (hint, place) in [
            ("cat", Some(0)),
            ("CAT", Some(0)),
            ("Tabby Cat", Some(1)),
            ("tabby", Some(1)),
            ("crock pot", Some(3)),
            ("shark", Some(4)),
            ("man", Some(4)),
            ("cata", None),
            ("", None),
            ("hen", None),
            ("tabby, tabby cat", None),
        ] {
            assert_eq!(
                answer(all(), &Hint::new(hint).unwrap()).hinted,
                place,
                "{hint:?}"
            );
        }
    }
}
