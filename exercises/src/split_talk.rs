//! Cuts a transcript (`name: words`, a speech a line) into one file per speaker.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use encoding_rs::{Encoding, GB18030, UTF_8};
use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use sanitise_file_name::{Options, sanitise_with_options};
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;

use crate::new_file::{NewFile, NewFileError, check_free, make_folder, publish_all};
use crate::tool::{Interrupt, Interrupted};

/// The longest transcript in bytes, as it is kept in memory.
pub const MAX_BYTES: u64 = 1 << 30;

/// The most speakers, as each gets a file.
pub const MAX_SPEAKERS: usize = 10_000;

/// The end of every file name.
const ENDING: &str = ".txt";

/// The longest safe name: file systems take 255 bytes, less the ending, `_` in front, and the
/// number of another file of the same name, ` (10000)`.
const MAX_NAME: usize = 255 - ENDING.len() - 9;

/// The reason why a transcript was not cut.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The transcript cannot be read, or is not text.
    #[error("cannot read {0:?}")]
    Unreadable(PathBuf, #[source] io::Error),
    /// The transcript is longer than [`MAX_BYTES`].
    #[error("{0:?} has more than {MAX_BYTES} bytes; cut it first")]
    TooLong(PathBuf),
    /// No line names a speaker.
    #[error("{0:?} is no transcript: no line looks like `name: words`")]
    NoSpeaker(PathBuf),
    /// The transcript has more than [`MAX_SPEAKERS`].
    #[error(
        "{0:?} has more than {MAX_SPEAKERS} speakers; if it is a transcript, \
         --speaker NAME says who speaks in it"
    )]
    TooMany(PathBuf),
    /// A file cannot be written, or the user stopped the work.
    #[error(transparent)]
    New(#[from] NewFileError),
}

/// Reads a transcript; `-` stands for standard input.
pub fn read(path: &Path, interrupt: &Interrupt) -> Result<Vec<u8>, Error> {
    let from = path.to_owned();
    let read = move || -> io::Result<Vec<u8>> {
        let input: Box<dyn Read> = match from.to_str() {
            Some("-") => Box::new(io::stdin()),
            _ => Box::new(File::open(from)?),
        };
        let mut bytes = Vec::new();
        input.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    // In a thread, as an interrupt cannot wait until a terminal or a pipe has something to read.
    let reader = thread::spawn(read);
    while !reader.is_finished() {
        interrupt.check().map_err(NewFileError::from)?;
        thread::sleep(Duration::from_millis(5));
    }
    match reader.join().unwrap_or_else(|panic| resume_unwind(panic)) {
        Ok(bytes) if bytes.len() as u64 > MAX_BYTES => Err(Error::TooLong(path.to_owned())),
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(Error::Unreadable(path.to_owned(), error)),
    }
}

/// Decodes a file, and returns its encoding too: the `given` one, else that of its byte order mark,
/// else UTF-8, else GB18030 (of which GBK and GB 2312 are parts).
pub fn decode<'a>(
    bytes: &'a [u8],
    given: Option<&'static Encoding>,
) -> io::Result<(Cow<'a, str>, &'static Encoding)> {
    let text_in = |encoding: &'static Encoding, bytes: &'a [u8]| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        Some((text, encoding))
    };
    let (marked, mark) = Encoding::for_bom(bytes).unzip();
    let encoding = given.or(marked).unwrap_or(UTF_8);
    let start = mark.filter(|_| marked == Some(encoding)).unwrap_or(0);
    if let Some(found) = text_in(encoding, bytes.get(start..).unwrap_or_default()) {
        return Ok(found);
    }
    let first = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let (line, byte) = (1 + first.matches('\n').count(), first.len());
    let why = if given.is_some() || encoding != UTF_8 {
        let name = encoding.name();
        format!("not {name}, as it should be; name another with --encoding")
    } else if marked.is_some() || is_mostly_utf_8(bytes) {
        format!(
            "line {line} is damaged: byte {byte} of the file is not UTF-8, as the rest is; \
            repair it, or name another with --encoding"
        )
    } else if let Some(found) = text_in(GB18030, bytes) {
        return Ok(found);
    } else {
        format!(
            "neither UTF-8 (wrong in line {line}, byte {byte} of the file) nor GB18030; \
            say with --encoding what it is"
        )
    };
    Err(io::Error::new(io::ErrorKind::InvalidData, why))
}

/// Tells damaged UTF-8 from text in another encoding, which hardly ever is UTF-8 by chance.
fn is_mostly_utf_8(bytes: &[u8]) -> bool {
    let (mut right, mut wrong) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid().chars();
        right += valid.filter(|character| !character.is_ascii()).count();
        wrong += usize::from(!chunk.invalid().is_empty());
    }
    right > wrong
}

/// One speaker of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker<'a> {
    /// The name, without white space around.
    pub name: &'a str,
    /// The lines, in order, without white space around; none is empty.
    pub lines: Vec<&'a str>,
}

/// A transcript. Every line that is not blank is in it once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Talk<'a> {
    /// In the order in which they first speak: [`MAX_SPEAKERS`] at most, and one more if there are
    /// more.
    pub speakers: Vec<Speaker<'a>>,
    /// The lines before the first speech: a heading, say.
    pub before: Vec<&'a str>,
}

impl<'a> Talk<'a> {
    /// Takes a text apart.
    ///
    /// A line begins a speech if it has a colon, full width or not, with a name before it: the
    /// text before the first colon is the name. Other lines belong to the speaker before. So do
    /// lines whose first colon is in a time (`3:30`) or an address (`http://`), or after a Chinese
    /// comma, full stop or the like: a sentence, not a name. A time stamp in front
    /// of the name is not part of it.
    ///
    /// With `known` names, these alone begin a speech.
    pub fn parse(text: &'a str, known: &[String]) -> Self {
        let mut talk = Self::default();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut speaking = None;
        for line in text.lines() {
            let mut words = line.trim();
            if let Some((name, speech)) = speech(without_stamp(words))
                && (known.is_empty() || known.iter().any(|known| known == name))
            {
                let place = *places.entry(name).or_insert(talk.speakers.len());
                if place == talk.speakers.len() {
                    talk.speakers.push(Speaker {
                        name,
                        lines: Vec::new(),
                    });
                }
                if place == MAX_SPEAKERS {
                    break;
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
        talk
    }
}

/// Returns the name and the words of a line that begins a speech.
fn speech(line: &str) -> Option<(&str, &str)> {
    let (before, after) = line.split_once(['：', ':'])?;
    let name = before.trim();
    let is_sentence = name.contains(['，', '。', '！', '？', '；', '…', '“', '”']);
    let is_full_width = line.as_bytes().get(before.len()) != Some(&b':');
    let is_digit = |character: char| character.is_ascii_digit();
    let is_time = before.ends_with(is_digit) && after.starts_with(is_digit);
    let is_name = is_full_width || !is_time && !after.starts_with("//");
    (is_name && !is_sentence && !name.is_empty()).then(|| (name, after.trim()))
}

/// Cuts a time stamp off the front of a line: a time, perhaps with a date, perhaps in brackets.
fn without_stamp(line: &str) -> &str {
    let inside = line.strip_prefix(['[', '(', '【', '（']);
    let bracketed = inside.and_then(|inside| inside.split_once([']', ')', '】', '）']));
    let spaces = line.match_indices(char::is_whitespace).take(3);
    let words = spaces.map(|(at, _)| line.split_at(at));
    let mut stamps = bracketed
        .into_iter()
        .chain(words)
        .filter(|(stamp, _)| is_stamp(stamp));
    stamps.next().map_or(line, |(_, rest)| rest.trim_start())
}

fn is_stamp(text: &str) -> bool {
    let mut words = text.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(time), None, _) => is_time(time),
        (Some(date), Some(time), None) => is_date(date) && is_time(time),
        _ => false,
    }
}

fn is_time(word: &str) -> bool {
    let mut fields = word.split([':', '.', ',']);
    let is_hour = fields.next().is_some_and(|hour| is_number(hour, 1));
    is_hour && word.contains(':') && fields.all(|field| is_number(field, 2))
}

fn is_date(word: &str) -> bool {
    let fields = word.split(['-', '/', '.', ',', '年', '月', '日']);
    let mut fields = fields.filter(|field| !field.is_empty());
    fields.clone().count() > 1 && fields.all(|field| is_number(field, 1))
}

fn is_number(field: &str, least: usize) -> bool {
    (least..=4).contains(&field.len()) && field.bytes().all(|byte| byte.is_ascii_digit())
}

/// The file name of one speaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// The name: it has no separators, is not `.` or `..`, and leads to nothing but a file in the
    /// folder that it is joined to.
    pub name: String,
    /// The reason why it is not the speaker's name with the ending.
    pub change: Option<&'static str>,
}

/// Makes a file name for each speaker, in order; any two differ in more than case and Unicode form.
pub fn file_names<'a>(speakers: impl IntoIterator<Item = &'a str>) -> Vec<FileName> {
    let (mut taken, mut numbers) = (HashSet::new(), HashMap::new());
    let names = speakers.into_iter().map(|speaker| {
        let safe = make_safe(speaker);
        let mut change =
            (safe != speaker).then_some("the name cannot be that of a file everywhere");
        let mut name = format!("{safe}{ENDING}");
        let number = numbers.entry(folded(&safe)).or_insert(1);
        while !taken.insert(folded(&name)) {
            *number += 1;
            name = format!("{safe} ({number}){ENDING}");
            change = Some("some file systems do not tell it from another speaker's");
        }
        FileName { name, change }
    });
    names.collect()
}

/// Replaces what some system takes for something else: separators, invisible characters, reserved
/// names.
fn make_safe(speaker: &str) -> String {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let visible = speaker.replace(|character| ignorable.contains(character), "_");
    let options = Options {
        length_limit: MAX_NAME,
        trim_more_punctuation: false,
        ..Options::DEFAULT
    };
    let safe = sanitise_with_options(&visible, &options);
    // Hidden on most systems, and perhaps a file that a program reads.
    let is_hidden = safe.starts_with('.');
    if is_hidden { format!("_{safe}") } else { safe }
}

/// Folds a name as a file system may do to compare it: small letters, one Unicode form.
fn folded(name: &str) -> String {
    let decomposed: String = name.nfd().collect();
    let folded = UniCase::unicode(decomposed).to_folded_case();
    folded.nfd().collect()
}

/// Writes the files of all speakers, or none; `force` replaces those that are there already. `step`
/// gets the bytes of each step and can stop the work.
pub fn write(
    speakers: &[Speaker<'_>],
    files: &[FileName],
    into: &Path,
    force: bool,
    step: impl Fn(u64) -> Result<(), Interrupted>,
) -> Result<Vec<PathBuf>, NewFileError> {
    make_folder(into)?;
    let paths = || files.iter().map(|file| into.join(&file.name));
    // Before anything is written: most likely all files of an earlier run are there.
    paths().try_for_each(|path| check_free(&path, force))?;
    let mut complete = Vec::with_capacity(files.len());
    for (speaker, path) in speakers.iter().zip(paths()) {
        let mut file = NewFile::begin(path, force)?;
        let text: String = speaker.lines.iter().flat_map(|line| [line, "\n"]).collect();
        file.fill(&mut text.as_bytes(), text.len() as u64, &step)?;
        complete.push(file.complete()?);
    }
    publish_all(complete)
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    fn said(text: &str) -> Vec<(&str, String)> {
        let speakers = Talk::parse(text, &[]).speakers.into_iter();
        let said = speakers.map(|speaker| (speaker.name, speaker.lines.join("|")));
        said.collect()
    }

    #[test]
    fn a_line_that_goes_on_belongs_to_the_speaker_before() {
        let lines = "3:30 it was|2:1 won: x|http://four|他说，明天：不|：five";
        let text = "a: one\n  LINES \n\nb:\nc：http://six\n12：30\na : 3:30?\n";
        let text = text.replace("LINES", &lines.replace('|', "\n"));
        let a = format!("one|{lines}|3:30?");
        let expected = [
            ("a", a.as_str()),
            ("b", ""),
            ("c", "http://six"),
            ("12", "30"),
        ];
        assert_eq!(
            said(&text),
            expected.map(|(name, lines)| (name, lines.to_owned()))
        );
    }

    #[test]
    fn a_time_stamp_is_not_part_of_the_name() {
        let stamps = "12:30|[12:31]|(1:02:03)|【12:30】|2024-05-01 10:00:00|5/1 9:30|\
                      [2024年5月1日  10:00]|[01/05/2024, 10:00:00.123]|00:01:02,500\t";
        for stamp in stamps.split('|') {
            let text = format!("甲：你好\n{stamp} 小明：{stamp} 吃了\n");
            let words = format!("{stamp} 吃了");
            assert_eq!(said(&text), [("甲", "你好".to_owned()), ("小明", words)]);
        }
        let text = "a: b\n12:30 went home\n[c] 12:30\n1:1 d: e";
        assert_eq!(
            said(text),
            [("a", "b|12:30 went home|[c] 12:30|1:1 d: e".to_owned())]
        );
    }

    fn named<'a>(speakers: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let files = file_names(speakers).into_iter();
        files.map(|file| file.name).collect()
    }

    #[test]
    fn names_that_look_alike_to_a_file_system_get_numbers() {
        let names = "Anna|anna|anna (2)|Émile|E\u{301}mile|Straße|STRASSE|/|\\";
        let expected =
            "Anna|anna (2)|anna (2) (2)|Émile|E\u{301}mile (2)|Straße|STRASSE (2)|_|_ (2)";
        let found = named(names.split('|')).join("|");
        assert_eq!(found.replace(ENDING, ""), expected);
    }

    fn speakers() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec(prop_oneof![".{0,300}", "[./\\\\aA \u{301}]{0,4}"], 1..8)
    }

    proptest! {
        #[test]
        fn no_name_leaves_the_folder_and_none_is_used_twice(speakers in speakers()) {
            let mut seen = HashSet::new();
            for name in named(speakers.iter().map(String::as_str)) {
                let parts: Vec<_> = Path::new(&name).components().collect();
                prop_assert_eq!(parts, [Component::Normal(name.as_ref())]);
                prop_assert!(!name.contains(['/', '\\', '\0', ':']) && name.len() <= 255);
                prop_assert!(!name.chars().any(char::is_control), "{:?}", name);
                prop_assert!(seen.insert(folded(&name)), "{:?} twice", name);
            }
        }
    }
}
