//! Who says what in a transcript.

use std::collections::HashMap;

/// Speakers in one transcript, at most: each gets a file.
pub const MAX_SPEAKERS: usize = 10_000;

/// What one person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker<'a> {
    /// As it stands in the transcript, without white space around.
    pub name: &'a str,
    /// Line by line, in order, without white space around; none is empty.
    pub lines: Vec<&'a str>,
}

/// A transcript, taken apart. Every line that is not blank is in it once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Talk<'a> {
    /// In the order in which they first speak.
    pub speakers: Vec<Speaker<'a>>,
    /// The lines before anybody spoke (a heading, say): nobody said them.
    pub before: Vec<&'a str>,
}

/// Why a text is no transcript.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TalkError {
    /// No line says who speaks.
    #[error("nobody speaks in it: no line looks like `name: words`")]
    NoSpeaker,
    /// More than [`MAX_SPEAKERS`].
    #[error(
        "line {line} would begin the speech of one more than {MAX_SPEAKERS} speakers; is it a transcript? (--speaker NAME says who speaks in it)"
    )]
    TooMany {
        /// From 1.
        line: usize,
    },
}

impl<'a> Talk<'a> {
    /// Takes a text apart.
    ///
    /// A line begins a speech if it has a colon, full width or not, with a name before it: then
    /// what stands before the first colon is the name. Other lines belong to the speaker
    /// before. So do lines whose first colon is of a time (`3:30`) or an address (`http://`), or
    /// behind a Chinese comma, full stop or the like: a sentence, not a name.
    ///
    /// With `known` names, these alone begin a speech.
    pub fn parse(text: &'a str, known: &[String]) -> Result<Self, TalkError> {
        let mut talk = Self::default();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut speaking = None;
        for (number, line) in (1..).zip(text.lines()) {
            let mut words = line.trim();
            if let Some((name, speech)) = speaker(words)
                && (known.is_empty() || known.iter().any(|known| known == name))
            {
                let place = *places.entry(name).or_insert(talk.speakers.len());
                if place == MAX_SPEAKERS {
                    return Err(TalkError::TooMany { line: number });
                }
                if place == talk.speakers.len() {
                    talk.speakers.push(Speaker {
                        name,
                        lines: Vec::new(),
                    });
                }
                speaking = Some(place);
                words = speech;
            }
            if words.is_empty() {
                continue;
            }
            match speaking.and_then(|place| talk.speakers.get_mut(place)) {
                Some(speaker) => speaker.lines.push(words),
                None => talk.before.push(words),
            }
        }
        if talk.speakers.is_empty() {
            Err(TalkError::NoSpeaker)
        } else {
            Ok(talk)
        }
    }
}

/// The name and the words of a line that begins a speech.
fn speaker(line: &str) -> Option<(&str, &str)> {
    let (before, after) = line.split_once(['：', ':'])?;
    let is_full_width = line.as_bytes().get(before.len()) != Some(&b':');
    let is_digit =
        |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit());
    let is_time = is_digit(before.chars().next_back()) && is_digit(after.chars().next());
    let is_address = after.starts_with("//");
    let name = before.trim();
    let is_sentence = name.contains(['，', '。', '！', '？', '；', '…', '“', '”']);
    let is_speech = !name.is_empty() && !is_sentence && (is_full_width || !is_time && !is_address);
    is_speech.then(|| (name, after.trim()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Talk<'_> {
        Talk::parse(text, &[]).unwrap()
    }

    fn said(text: &str) -> Vec<(&str, Vec<&str>)> {
        parse(text)
            .speakers
            .into_iter()
            .map(|speaker| (speaker.name, speaker.lines))
            .collect()
    }

    #[test]
    fn the_colon_may_be_of_either_width_with_white_space_around() {
        for line in [
            "老王：   吃了么",
            "老王 : 吃了么",
            "\t老王\u{3000}：\u{3000}吃了么 \r",
            "老王:吃了么",
        ] {
            assert_eq!(said(line), [("老王", vec!["吃了么"])], "{line:?}");
        }
    }

    #[test]
    fn each_speaker_has_their_own_lines_in_order() {
        let text = "老王：吃了么\r\n\r\n小李：吃了\n\n\n老王：吃的什么: 面？\n";
        assert_eq!(
            said(text),
            [
                ("老王", vec!["吃了么", "吃的什么: 面？"]),
                ("小李", vec!["吃了"])
            ]
        );
    }

    #[test]
    fn lines_that_go_on_belong_to_the_speaker_before() {
        let text = "a: one\n  two\n\nthree\n3:30 it was\nhttp://four\n他说，明天：不\nb:\n：five\nc：http://six";
        let expected = [
            (
                "a",
                vec![
                    "one",
                    "two",
                    "three",
                    "3:30 it was",
                    "http://four",
                    "他说，明天：不",
                ],
            ),
            ("b", vec!["：five"]),
            ("c", vec!["http://six"]),
        ];
        assert_eq!(said(text), expected);
    }

    #[test]
    fn lines_before_anybody_speaks_are_kept_apart() {
        let talk = parse("A talk\n\na: b");
        assert_eq!(talk.before, ["A talk"]);
        assert_eq!(
            Talk::parse("A talk\nof nobody", &[]),
            Err(TalkError::NoSpeaker)
        );
        assert_eq!(Talk::parse("", &[]), Err(TalkError::NoSpeaker));
    }

    #[test]
    fn known_speakers_are_the_only_ones() {
        let talk = Talk::parse(
            "老王：一\n注意：二\n小李：三",
            &["老王".to_owned(), "小李".to_owned()],
        )
        .unwrap();
        let lines: Vec<_> = talk
            .speakers
            .iter()
            .map(|speaker| speaker.lines.clone())
            .collect();
        assert_eq!(lines, [vec!["一", "注意：二"], vec!["三"]]);
    }

    #[test]
    fn too_many_speakers_are_refused() {
        let line = |number| format!("s{number}: hello\n");
        let text: String = (0..MAX_SPEAKERS).map(line).collect();
        assert_eq!(parse(&text).speakers.len(), MAX_SPEAKERS);
        let text = text + &line(MAX_SPEAKERS);
        assert_eq!(
            Talk::parse(&text, &[]),
            Err(TalkError::TooMany {
                line: MAX_SPEAKERS + 1
            })
        );
    }

    #[test]
    fn every_line_of_a_chat_transcript_is_of_the_one_who_said_it() {
        let text = "bob：3:30?\n12：30\nalice：//help： no\n老王：\n";
        let expected = [
            ("bob", vec!["3:30?"]),
            ("12", vec!["30"]),
            ("alice", vec!["//help： no"]),
            ("老王", vec![]),
        ];
        assert_eq!(said(text), expected);
    }

    /// Who speaks (nobody: the line goes on), and the words.
    fn lines() -> impl Strategy<Value = Vec<(Option<char>, String)>> {
        let name = prop::option::of(prop::sample::select(vec!['a', 'b', '老']));
        prop::collection::vec((name, "[d-f]{0,3}"), 0..20)
    }

    proptest! {
        #[test]
        fn every_line_is_with_the_one_who_said_it(
            lines in lines(),
            colon in "[ \u{3000}]{0,2}[:：][ \u{3000}]{0,2}",
            end in "\r?\n(\r?\n){0,2}",
        ) {
            let mut text = String::new();
            let mut expected = HashMap::<_, Vec<_>>::new();
            let mut speaking = None;
            for (name, words) in &lines {
                if let Some(name) = name {
                    text.extend([name.to_string().as_str(), colon.as_str()]);
                    speaking = Some(name.to_string());
                    expected.entry(speaking.clone()).or_default();
                }
                text.extend([words.as_str(), end.as_str()]);
                if !words.is_empty() {
                    expected.entry(speaking.clone()).or_default().push(words.as_str());
                }
            }
            match Talk::parse(&text, &[]) {
                Err(error) => prop_assert!(speaking.is_none(), "{}", error),
                Ok(talk) => {
                    prop_assert_eq!(talk.before, expected.remove(&None).unwrap_or_default());
                    let found = talk.speakers.into_iter().map(|speaker| (Some(speaker.name.to_owned()), speaker.lines));
                    prop_assert_eq!(found.collect::<HashMap<_, _>>(), expected);
                }
            }
        }
    }
}
