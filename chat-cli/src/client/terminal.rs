//! Lines for a person at a terminal: colours, mentions and time stamps.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use anstyle::{Ansi256Color, Style};
use chat_core::Timestamp;
use chat_core::proto::Name;
use textwrap::core::display_width;

use super::notices::{Notice, NoticeBatcher, folded};
use super::output::Place;
use crate::clock::time_of_day;
use crate::io::line_queue::{LineQueue, write_line};
use crate::io::palette::{BOLD, DIM, Palette};
use crate::io::safe_text::SafeText;
use crate::io::wrap::{list_indent, wrapped};
use crate::language::{Language, Worded as _};

/// The character that makes a terminal ring.
const BELL: &str = "\x07";
/// The colours of names, among the 256 that terminals have by number: each has a contrast of at
/// least 3 to black and to white (WCAG 2, the bound for large text).
const NAME_COLOURS: [u8; 14] = [27, 28, 29, 30, 32, 63, 64, 94, 97, 131, 163, 165, 166, 197];

const OWN_NAME: Style = Style::new().bold().underline();
const MENTION: Style = Style::new().bold().invert();
const REMARK: Style = Style::new().italic();

/// A terminal on which the lines of the room are drawn.
pub(super) struct Terminal {
    language: Language,
    own_name: Name,
    rings_at_mentions: bool,
    palette: Palette,
    notices: NoticeBatcher,
    /// The way above the line that is being typed. Without it, lines go to standard output, and
    /// remarks to standard error.
    pub(super) queue: Option<LineQueue>,
}

impl Terminal {
    pub(super) fn new(language: Language, own_name: Name, rings_at_mentions: bool) -> Self {
        Self {
            language,
            own_name,
            rings_at_mentions,
            palette: Palette::of_standard_output(),
            notices: NoticeBatcher::default(),
            queue: None,
        }
    }

    /// Draws a member's line.
    pub(super) fn draw_said(&mut self, name: Name, text: &str, place: Place) -> io::Result<()> {
        // The speaker has joined before.
        self.draw_waiting_notices()?;
        let shown_name = SafeText::for_terminal(name.as_str());
        let text = SafeText::for_terminal(text);
        // Some servers send one's own lines back.
        if name == self.own_name {
            let shown_name = self.palette.paint(OWN_NAME, shown_name.as_str());
            let mark = match (place.may_be_twice, self.language) {
                (false, _) => "",
                (_, Language::Chinese) => "（可能重复）",
                _ => " (perhaps said twice)",
            };
            return self.draw(
                place.age,
                &format!("{shown_name} : "),
                &format!("{text}{mark}"),
            );
        }
        let mentions = mentions(text.as_str(), self.own_name.as_str());
        let rings = self.rings_at_mentions && !mentions.is_empty();
        let bell = if rings { BELL } else { "" };
        let shown_name = self.palette.name(shown_name.as_str());
        let text = self.palette.marked(text.as_str(), &mentions);
        if place.history {
            let line = format!("{shown_name} : {text}");
            return self.draw(place.age, "", &self.palette.paint(DIM, &line));
        }
        self.draw(place.age, &format!("{bell}{shown_name} : "), &text)
    }

    /// Draws a line of the user that has no place in the room yet.
    pub(super) fn draw_pending(&mut self, name: Name, text: &str) -> io::Result<()> {
        let pending = match self.language {
            Language::Chinese => "（还在路上）",
            _ => "(on its way)",
        };
        let text = SafeText::for_terminal(&format!("{name} : {text} {pending}"));
        self.draw(Duration::ZERO, "", &self.palette.paint(DIM, text.as_str()))
    }

    /// Draws that a member joined or left, unless that has to wait.
    pub(super) fn draw_notice(&mut self, now: Timestamp, notice: Notice) -> io::Result<()> {
        match self.notices.add(now, notice) {
            Some(notice) => self.draw_now(&notice),
            None => Ok(()),
        }
    }

    /// Draws text that is no line of a member.
    pub(super) fn draw_text(&mut self, text: &str) -> io::Result<()> {
        self.draw_waiting_notices()?;
        self.draw(Duration::ZERO, "", SafeText::for_terminal(text).as_str())
    }

    /// Draws a remark of the program.
    pub(super) fn draw_remark(&self, remark: &SafeText) {
        let line = self.palette.paint(REMARK, remark.as_str());
        // Where the terminal is gone, the end of the input ends the program.
        let _gone = self.write(&line, list_indent(remark.as_str()), io::stderr());
    }

    /// Draws the notices that have waited long enough, and returns the moment for the next ones.
    pub(super) fn draw_due_notices(&mut self, now: Timestamp) -> io::Result<Option<Timestamp>> {
        match self.notices.poll_timeout() {
            Some(due) if due <= now => self.draw_waiting_notices().map(|()| None),
            due => Ok(due),
        }
    }

    fn draw_waiting_notices(&mut self) -> io::Result<()> {
        let notices = self.notices.take();
        notices.iter().try_for_each(|notice| self.draw_now(notice))
    }

    fn draw_now(&self, notice: &Notice) -> io::Result<()> {
        let text = SafeText::for_terminal(&notice.in_words(self.language));
        self.draw(Duration::ZERO, "", &self.palette.paint(DIM, text.as_str()))
    }

    /// Draws a line that happened so long ago; its further rows begin below the text.
    fn draw(&self, age: Duration, speaker: &str, text: &str) -> io::Result<()> {
        let time = self.palette.paint(DIM, &time_of_day(age));
        let before = format!("{time} {speaker}");
        let indent = display_width(&before);
        self.write(&(before + text), indent, io::stdout())
    }

    fn write(&self, line: &str, indent: usize, plainly_to: impl Write + AsFd) -> io::Result<()> {
        let Some(queue) = &self.queue else {
            let rows = wrapped(&plainly_to, line, indent);
            return write_line(plainly_to, &rows);
        };
        queue.push(wrapped(io::stdout(), line, indent));
        Ok(())
    }
}

impl Palette {
    /// Paints the name of a member, in the same colour in every room and on every day.
    fn name(self, name: &str) -> String {
        let hash = stable_hash(name) % NAME_COLOURS.len() as u64;
        let index = usize::try_from(hash).unwrap_or_default();
        let colour = NAME_COLOURS.get(index).copied().map(Ansi256Color);
        self.paint(BOLD.fg_color(colour.map(Into::into)), name)
    }

    /// Paints these parts of the text, given by their bytes and in order.
    fn marked(self, text: &str, parts: &[(usize, usize)]) -> String {
        let mut marked = String::with_capacity(text.len());
        let mut end = 0;
        for &(start, stop) in parts {
            marked.push_str(text.get(end..start).unwrap_or_default());
            let name = text.get(start..stop).unwrap_or_default();
            marked.push_str(&self.paint(MENTION, name));
            end = stop;
        }
        marked.push_str(text.get(end..).unwrap_or_default());
        marked
    }
}

/// Computes FNV-1a: the same on every machine and in every version, which the standard library
/// does not promise of its hash.
fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Returns the places of `name` in `text`, from byte to byte. Case makes no difference. `also` does
/// not mention `al`, but Chinese, Japanese and Korean are written without spaces: there a name is
/// found anywhere.
fn mentions(text: &str, name: &str) -> Vec<(usize, usize)> {
    let is_letter = |c: char| c.is_alphanumeric() && !is_written_without_spaces(c);
    // The place of each byte of the folded text: none inside a character, which can become longer.
    let (mut folded_text, mut places) = (String::with_capacity(text.len()), Vec::new());
    for (index, character) in text.char_indices() {
        folded_text.push_str(&folded(character.encode_utf8(&mut [0; 4])));
        places.push(Some(index));
        places.resize(folded_text.len(), None);
    }
    places.push(Some(text.len()));
    let place = |index: usize| places.get(index).copied().flatten();
    let name = &folded(name);
    let found = folded_text.match_indices(name);
    let found = found.filter_map(|(start, _)| Some((place(start)?, place(start + name.len())?)));
    let is_word = |&(start, end): &(usize, usize)| {
        let before = text.get(..start).unwrap_or_default();
        let after = text.get(end..).unwrap_or_default();
        let begins_inside = name.starts_with(is_letter) && before.ends_with(is_letter);
        let ends_inside = name.ends_with(is_letter) && after.starts_with(is_letter);
        !begins_inside && !ends_inside
    };
    found.filter(is_word).collect()
}

fn is_written_without_spaces(character: char) -> bool {
    // Kana, ideographs, Hangul syllables, and the ideographs beyond the first plane.
    matches!(character,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Returns the brightness of a colour of the 6 × 6 × 6 cube by the formula of WCAG 2.
    fn luminance(colour: u8) -> f64 {
        let cube = colour - 16;
        let channel = |level: u8| {
            let value = f64::from([0u8, 95, 135, 175, 215, 255][usize::from(level)]) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(cube / 36) + 0.7152 * channel(cube / 6 % 6) + 0.0722 * channel(cube % 6)
    }

    #[test]
    fn every_name_can_be_read_on_black_and_on_white() {
        for colour in NAME_COLOURS {
            let light = luminance(colour);
            let (on_black, on_white) = ((light + 0.05) / 0.05, 1.05 / (light + 0.05));
            assert!(on_black >= 3.0, "{colour}: {on_black:.2}");
            assert!(on_white >= 3.0, "{colour}: {on_white:.2}");
        }
    }

    #[test]
    fn a_name_keeps_its_colour() {
        // The values that the authors of the hash publish.
        assert_eq!(stable_hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(stable_hash("foobar"), 0x8594_4171_f739_67e8);
        let palette = Palette { has_colours: true };
        let names = ('a'..='z').flat_map(|a| ('A'..='Z').map(move |b| format!("{a}{b}")));
        let colours: BTreeSet<String> = names
            .map(|name| palette.name(&name).replace(&name, ""))
            .collect();
        assert_eq!(
            colours.len(),
            NAME_COLOURS.len(),
            "some colour is never used"
        );
    }

    #[test]
    fn text_without_colours_is_unchanged() {
        let parts = [(2, 5)];
        let plain = Palette::default();
        assert_eq!(plain.name("x"), "x");
        assert_eq!(plain.marked("a bob b", &parts), "a bob b");
        let marked = Palette { has_colours: true }.marked("a bob b", &parts);
        assert_eq!(marked, "a \u{1b}[1m\u{1b}[7mbob\u{1b}[0m b");
    }

    #[test]
    fn a_name_is_found_as_a_word() {
        for (text, name, found) in [
            ("al, also al", "al", vec![(0, 2), (9, 11)]),
            ("你好alice", "alice", vec![(6, 11)]),
            ("老王来了吗", "老王", vec![(0, 6)]),
            ("bobby", "bob", vec![]),
            ("@bob!", "bob", vec![(1, 4)]),
            ("", "bob", vec![]),
            ("ALICE and Alice", "alice", vec![(0, 5), (10, 15)]),
            ("Malice", "alice", vec![]),
            ("вова, ВОВА!", "Вова", vec![(0, 8), (10, 18)]),
            ("Straße? STRASSE", "strasse", vec![(0, 7), (9, 16)]),
            ("ΣΑΣ", "σας", vec![(0, 6)]),
            ("ß", "s", vec![]),
        ] {
            assert_eq!(mentions(text, name), found, "{name} in {text:?}");
        }
    }
}
