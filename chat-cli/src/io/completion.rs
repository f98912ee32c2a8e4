//! The helper of the line editor: completes names and commands, and draws the prompt.

use std::borrow::Cow;
use std::cell::Cell;
use std::iter;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, Sender};
use std::thread;
use std::time::Duration;

use chat_core::proto::Name;
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::keys::Keys;
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
    pub(super) commands: &'static [&'static str],
    pub(super) names: Box<dyn Fn() -> Vec<Name> + Send>,
    pub(super) palette: Palette,
    pub(super) keys: Keys,
    pub(super) is_line_complete: Cell<bool>,
    /// True for the last drawing of a line that is not said.
    pub(super) is_line_erased: Cell<bool>,
    /// True from the announcement of a drawing that is not due to a printed line.
    pub(super) is_own_drawing: Cell<bool>,
    pub(super) resize: ResizeRepair,
    /// Receives the way for the typed line, at which the editor stops.
    pub(super) ending: Receiver<Sender<String>>,
}

/// The characters behind which an empty word can be completed, as behind a blank.
const OPENING: &str = "@(（\"'“‘「『";

/// Returns the prompt, in whose place a complete line has its time.
fn drawn_prompt(palette: Palette, is_line_complete: bool) -> String {
    let mark = palette.paint(BOLD, MARK);
    if is_line_complete {
        format!(
            "{} {mark}",
            palette.paint(DIM, &time_of_day(Duration::ZERO))
        )
    } else {
        PROMPT.replace(MARK, &mark)
    }
}

/// Returns the start of the last word of `line` and the candidates for it: commands at the start
/// of the line, names anywhere, also behind punctuation.
fn candidates(line: &str, commands: &[&str], names: &[Name]) -> (usize, Vec<String>) {
    let space = line.rfind(char::is_whitespace).unwrap_or_default();
    let marks = line.char_indices().skip_while(|(index, _)| *index < space);
    let marks = marks.filter(|(_, character)| !character.is_alphanumeric());
    let starts = marks.map(|(index, mark)| index + mark.len_utf8());
    // Behind other punctuation an empty word is more likely the end of the sentence.
    let may_begin = |last: char| last.is_whitespace() || OPENING.contains(last);
    let has_word = |start: &usize| *start < line.len() || line.chars().last().is_none_or(may_begin);
    // A name can hold punctuation: the longest word that begins one counts.
    let mut found = iter::once(0).chain(starts).filter(has_word).map(|start| {
        let word = line.get(start..).unwrap_or_default().to_lowercase();
        let commands = commands.iter().copied();
        let commands = commands.filter(|_| start == 0 && word.starts_with('/'));
        let known = commands.chain(names.iter().map(Name::as_str));
        let found = known.filter(|known| known.to_lowercase().starts_with(&word));
        (start, found.map(str::to_owned).collect())
    });
    let found = found.find(|(_, found): &(_, Vec<_>)| !found.is_empty());
    found.unwrap_or_default()
}

impl Completer for LineHelper {
    type Candidate = Pair;

    /// Completes a word, and adds what follows a name or a command.
    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (before, after) = line.split_at_checked(cursor).unwrap_or_default();
        let (start, found) = candidates(before, self.commands, &(self.names)());
        let end = match start {
            _ if after.starts_with([' ', ':']) => "",
            0 if !before.starts_with('/') => ": ",
            _ => " ",
        };
        let pair = |display: String| Pair {
            replacement: format!("{display}{end}"),
            display,
        };
        Ok((start, found.into_iter().map(pair).collect()))
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
        // So that the editor's line feed ends in the row that is free now.
        let row_above = self.is_line_erased.get().then_some("\x1b[A");
        Cow::Borrowed(row_above.unwrap_or(line))
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        // There are others: a question, and the editor's own, such as that of the search.
        if prompt != PROMPT {
            self.is_line_erased.set(false);
            Cow::Borrowed(prompt)
        } else if self.is_line_erased.get() {
            Cow::Borrowed("")
        } else {
            Cow::Owned(drawn_prompt(self.palette, self.is_line_complete.get()))
        }
    }

    /// Returns true, for every key: [`ResizeRepair`] must see each drawing. The last drawing of a
    /// command or an empty line shows nothing, so that only what is said stays on the screen.
    fn highlight_char(&self, line: &str, cursor: usize, kind: CmdKind) -> bool {
        self.keys.note(line);
        let is_last = kind == CmdKind::ForcedRefresh && !self.keys.is_suspended.load(Relaxed);
        let is_command = line.starts_with('/') && !line.starts_with("//");
        let is_said = !line.is_empty() && !is_command || self.keys.is_text(line);
        self.is_line_complete.set(is_last && is_said);
        // With the cursor elsewhere the editor draws once more.
        let is_at_end = cursor == line.len();
        self.is_line_erased.set(is_last && !is_said && is_at_end);
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
            ("(bo", 1, vec!["bob"]),
            ("你好，老", 9, vec!["老王"]),
            ("（“Al", 6, vec!["Alice", "alan"]),
            ("ask x(", 4, vec!["x(y)"]),
            ("你好 老", 7, vec!["老王"]),
            ("/ban 10.", 0, vec![]),
            ("你好，", 0, vec![]),
            ("hi @", 4, vec!["Alice", "alan", "bob", "x(y)", "老王"]),
            ("/n", 0, vec!["/names"]),
            ("say /n", 0, vec![]),
        ] {
            let names = ["Alice", "alan", "bob", "x(y)", "老王"];
            let names = names.map(|name| Name::new(name).unwrap());
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
