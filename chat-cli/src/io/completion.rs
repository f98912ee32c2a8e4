//! The helper of the line editor: completes names and commands, and draws the prompt.

use std::borrow::Cow;
use std::cell::Cell;

use chat_core::proto::Name;
use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::resize::ResizeRepair;
use crate::client::input::COMMANDS;
use crate::client::notices::NamesSeen;
use crate::client::terminal::{BOLD, DIM, Palette};
use crate::clock::time_of_day;

/// The text in front of the typed line: as wide as a time stamp and [`MARK`], so that the typed
/// line begins in the column of other lines.
pub(super) const PROMPT: &str = "      > ";
/// The mark in front of one's own lines.
const MARK: &str = "> ";

/// The helper of the line editor.
pub(super) struct LineHelper {
    names: NamesSeen,
    palette: Palette,
    is_line_complete: Cell<bool>,
    resize: ResizeRepair,
}

impl LineHelper {
    pub(super) fn new(names: NamesSeen) -> Self {
        Self {
            names,
            palette: Palette::of_standard_output(),
            is_line_complete: Cell::new(false),
            resize: ResizeRepair::default(),
        }
    }
}

/// Returns the prompt, in whose place a complete line has its time.
fn drawn_prompt(palette: Palette, is_line_complete: bool) -> String {
    let mark = palette.paint(BOLD, MARK);
    if is_line_complete {
        format!("{} {mark}", palette.paint(DIM, &time_of_day()))
    } else {
        PROMPT.replace(MARK, &mark)
    }
}

/// Returns the start of the last word of `line` and the candidates for it: commands at the start
/// of the line, names anywhere.
fn candidates(line: &str, names: &[Name]) -> (usize, Vec<String>) {
    let start = line
        .char_indices()
        .rfind(|(_, character)| character.is_whitespace() || *character == '@')
        .map_or(0, |(index, character)| index + character.len_utf8());
    let word = line.get(start..).unwrap_or_default();
    let found = if start == 0 && word.starts_with('/') {
        let commands = COMMANDS.iter().filter(|command| command.starts_with(word));
        commands.map(ToString::to_string).collect()
    } else {
        let wanted = word.to_lowercase();
        let names = names.iter().map(Name::as_str);
        let found = names.filter(|name| name.to_lowercase().starts_with(&wanted));
        found.map(str::to_owned).collect()
    };
    (start, found)
}

impl Completer for LineHelper {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..cursor).unwrap_or_default();
        Ok(candidates(before, &self.names.all()))
    }
}

impl Highlighter for LineHelper {
    /// Repairs the screen: this call comes before the editor draws the line, and after it has noted
    /// how to clear the old one.
    fn highlight<'l>(&self, line: &'l str, cursor: usize) -> Cow<'l, str> {
        self.resize.before_drawing(PROMPT, line, cursor);
        Cow::Borrowed(line)
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(
        &'s self,
        prompt: &'p str,
        is_ours: bool,
    ) -> Cow<'b, str> {
        // The editor has prompts of its own, such as that of the search.
        if is_ours {
            Cow::Owned(drawn_prompt(self.palette, self.is_line_complete.get()))
        } else {
            Cow::Borrowed(prompt)
        }
    }

    /// Returns true, for every key: [`ResizeRepair`] must see each drawing.
    fn highlight_char(&self, line: &str, _: usize, kind: CmdKind) -> bool {
        let is_complete = kind == CmdKind::ForcedRefresh && !line.is_empty();
        self.is_line_complete.set(is_complete);
        true
    }
}

impl Hinter for LineHelper {
    type Hint = String;
}

impl Validator for LineHelper {}

impl Helper for LineHelper {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_completes_names_and_commands() {
        for (line, start, found) in [
            ("hello a", 6, vec!["Alice", "alan"]),
            ("@bo", 1, vec!["bob"]),
            ("你好 老", 7, vec!["老王"]),
            ("/n", 0, vec!["/names"]),
            ("say /n", 4, vec![]),
        ] {
            let names = ["Alice", "alan", "bob", "老王"].map(|name| Name::new(name).unwrap());
            let found = found.into_iter().map(str::to_owned).collect();
            assert_eq!(candidates(line, &names), (start, found), "{line}");
        }
    }

    #[test]
    fn a_complete_line_has_its_time_in_place_of_the_prompt() {
        let plain = Palette::default();
        assert_eq!(drawn_prompt(plain, false), PROMPT);
        let complete = drawn_prompt(plain, true);
        let (time, mark) = complete.split_once(' ').expect("a time and the mark");
        assert_eq!((time.len(), time.find(':'), mark), (5, Some(2), MARK));
        assert_eq!(complete.len(), PROMPT.len());
    }
}
