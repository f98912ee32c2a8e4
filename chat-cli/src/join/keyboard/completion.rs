//! What Tab completes, and how the typed line is drawn.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::prompt::Prompt;
use super::widening::Widening;
use crate::join::command::COMMANDS;
use crate::join::names::{self, NamesSeen};
use crate::join::screen::Palette;

/// The editor's helper.
pub(super) struct LineHelper {
    names: Arc<Mutex<NamesSeen>>,
    prompt: Prompt,
    widening: Widening,
}

impl LineHelper {
    pub(super) fn new(names: Arc<Mutex<NamesSeen>>) -> Self {
        Self {
            names,
            prompt: Prompt::new(Palette::of_standard_output()),
            widening: Widening::default(),
        }
    }
}

/// Where the word at the end of `line` begins, and what it can become: a command at the start of
/// the line, a name anywhere.
fn candidates(line: &str, names: impl Iterator<Item = String>) -> (usize, Vec<String>) {
    let start = line
        .char_indices()
        .rev()
        .find(|(_, character)| character.is_whitespace() || *character == '@')
        .map_or(0, |(index, character)| index + character.len_utf8());
    let word = line.get(start..).unwrap_or_default();
    let found = if start == 0 && word.starts_with('/') {
        COMMANDS
            .map(str::to_owned)
            .into_iter()
            .filter(|command| command.starts_with(word))
            .collect()
    } else {
        let wanted = word.to_lowercase();
        names
            .filter(|name| name.to_lowercase().starts_with(&wanted))
            .collect()
    };
    (start, found)
}

impl Completer for LineHelper {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..pos).unwrap_or_default();
        let names = names::locked(&self.names);
        Ok(candidates(
            before,
            names.iter().map(|name| name.as_str().to_owned()),
        ))
    }
}

impl Highlighter for LineHelper {
    /// Called before the line is drawn, and after the editor has noted how to take away the old
    /// one.
    fn highlight<'l>(&self, line: &'l str, pos: usize) -> Cow<'l, str> {
        self.widening.before_drawing(line, pos);
        Cow::Borrowed(line)
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(
        &'s self,
        prompt: &'p str,
        is_ours: bool,
    ) -> Cow<'b, str> {
        // The editor has others, to look for an older line.
        if is_ours {
            Cow::Owned(self.prompt.draw())
        } else {
            Cow::Borrowed(prompt)
        }
    }

    /// Draw it anew for every key: that is how [`Widening`] knows what is on the screen.
    fn highlight_char(&self, line: &str, _: usize, kind: CmdKind) -> bool {
        self.prompt
            .set_complete(kind == CmdKind::ForcedRefresh && !line.is_empty());
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

    fn completed(line: &str) -> (usize, Vec<String>) {
        let names = ["Alice", "alan", "bob", "老王"];
        candidates(line, names.into_iter().map(str::to_owned))
    }

    #[test]
    fn names_and_commands_are_completed() {
        assert_eq!(
            completed("hello a"),
            (6, vec!["Alice".to_owned(), "alan".to_owned()])
        );
        assert_eq!(completed("@bo"), (1, vec!["bob".to_owned()]));
        assert_eq!(completed("你好 老"), (7, vec!["老王".to_owned()]));
        assert_eq!(completed("/n"), (0, vec!["/names".to_owned()]));
        assert_eq!(completed("say /n"), (4, vec![]));
    }
}
