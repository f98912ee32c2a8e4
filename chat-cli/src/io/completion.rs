//! The helper of the line editor: completes names and commands, and draws the prompt.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::mpsc::{Receiver, Sender};
use std::thread;

use chat_core::proto::Name;
use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::palette::{BOLD, DIM, Palette};
use super::resize::ResizeRepair;
use crate::clock::time_of_day;

/// The text in front of the typed line: as wide as a time stamp and [`MARK`], so that the typed
/// line begins in the column of other lines.
pub(super) const PROMPT: &str = "      > ";
/// The mark in front of one's own lines.
const MARK: &str = "> ";

/// The helper of the line editor.
pub(super) struct LineHelper {
    commands: &'static [&'static str],
    names: Box<dyn Fn() -> Vec<Name> + Send>,
    palette: Palette,
    is_line_complete: Cell<bool>,
    /// True from the announcement of a drawing that is not due to a printed line.
    is_own_drawing: Cell<bool>,
    resize: ResizeRepair,
    /// Receives the way for the typed line, at which the editor stops.
    ending: Receiver<Sender<String>>,
}

impl LineHelper {
    pub(super) fn new(
        commands: &'static [&'static str],
        names: Box<dyn Fn() -> Vec<Name> + Send>,
        ending: Receiver<Sender<String>>,
    ) -> Self {
        Self {
            commands,
            names,
            palette: Palette::of_standard_output(),
            is_line_complete: Cell::new(false),
            is_own_drawing: Cell::new(false),
            resize: ResizeRepair::default(),
            ending,
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
fn candidates(line: &str, commands: &[&str], names: &[Name]) -> (usize, Vec<String>) {
    let start = line
        .char_indices()
        .rfind(|(_, character)| character.is_whitespace() || *character == '@')
        .map_or(0, |(index, character)| index + character.len_utf8());
    let word = line.get(start..).unwrap_or_default();
    let found = if start == 0 && word.starts_with('/') {
        let commands = commands.iter().filter(|command| command.starts_with(word));
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
        Ok(candidates(before, self.commands, &(self.names)()))
    }
}

impl Highlighter for LineHelper {
    /// Repairs the screen: this call comes before the editor draws the line, and after it has noted
    /// how to clear the old one.
    fn highlight<'l>(&self, line: &'l str, cursor: usize) -> Cow<'l, str> {
        // Before a drawing of the editor's own, a last printed line may still be on its way.
        if !self.is_own_drawing.take()
            && let Ok(stop) = self.ending.try_recv()
        {
            let _given_up = stop.send(line.to_owned());
            loop {
                thread::park();
            }
        }
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
        self.is_own_drawing.set(true);
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
            let found = (start, found);
            assert_eq!(
                candidates(line, &["/help", "/names"], &names),
                found,
                "{line}"
            );
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
