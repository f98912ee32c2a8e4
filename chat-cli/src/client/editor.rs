//! The line editor: `rustyline` in a thread of its own, which is the only one that reads the
//! terminal.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use etcetera::BaseStrategy;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{ColorMode, CompletionType, Config, ExternalPrinter};

use super::completion::{LineHelper, PROMPT};
use super::notices::NamesSeen;
use super::status::Status;
use crate::io::line_queue::{LineQueue, Queued};
use crate::io::stdin::Line;
use crate::language::{Language, Worded as _};
use crate::net::inbox::Sender;

/// The number of lines that the arrow keys can bring back.
const HISTORY_LINES: usize = 1_000;
/// The terminals, by TERM, on which `rustyline` edits nothing: they show text only.
const UNABLE_TERMINALS: [&str; 3] = ["dumb", "cons25", "emacs"];

type LineEditor = rustyline::Editor<LineHelper, FileHistory>;

/// A line editor that reads the terminal until it is dropped, which leaves the terminal as it was.
pub(super) struct Editor {
    /// The modes of the terminal before.
    before: Termios,
    is_typing: Arc<AtomicBool>,
}

/// Returns true for a terminal on which lines can be edited.
pub(super) fn is_possible() -> bool {
    !std::env::var("TERM").is_ok_and(|term| UNABLE_TERMINALS.contains(&term.as_str()))
}

impl Editor {
    /// Starts the editor. The lines that are typed go to `sender`; those that go to the queue are
    /// drawn above the typed line.
    pub(super) fn start(
        names: NamesSeen,
        language: Language,
        sender: Sender<Option<Line>>,
    ) -> io::Result<(Self, LineQueue)> {
        let is_typing = Arc::new(AtomicBool::new(false));
        let started = Self {
            before: tcgetattr(io::stdin())?,
            is_typing: Arc::clone(&is_typing),
        };
        take_single_keys(&started.before)?;
        let config = Config::builder()
            .max_history_size(HISTORY_LINES)
            .map_err(io_error)?
            .completion_type(CompletionType::List)
            // A question about many candidates would stop the lines of the room until it is
            // answered.
            .completion_prompt_limit(usize::MAX)
            // The helper must see every drawing; it decides about colours itself.
            .color_mode(ColorMode::Forced)
            .build();
        let mut editor = LineEditor::with_config(config).map_err(io_error)?;
        editor.set_helper(Some(LineHelper::new(names)));
        let history = history_file();
        if let Some(file) = &history {
            let _none_yet = editor.load_history(file);
        }

        let mut printer = editor.create_external_printer().map_err(io_error)?;
        let draw = move |queued: Queued<'_>| {
            let line = match queued {
                Queued::Line(line) => line.to_owned(),
                Queued::Skipped(count) => Status::LinesSkipped { count }.in_words(language),
            };
            printer.print(line + "\n").map_err(io_error)
        };
        let queue = LineQueue::start("screen", draw)?;

        thread::Builder::new()
            .name("stdin".to_owned())
            .spawn(move || read_lines(&mut editor, history.as_deref(), &sender, &is_typing))?;
        Ok((started, queue))
    }
}

/// Makes the terminal hand over single keys, also between two lines, when the editor leaves it in
/// the modes from before. A terminal that hands over whole lines would swallow a Ctrl-D that comes
/// just then, make a signal of a Ctrl-C, and show typed text twice.
fn take_single_keys(before: &Termios) -> io::Result<()> {
    let mut between = before.clone();
    let whole_lines = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
    between.local_modes.remove(whole_lines);
    between.special_codes[SpecialCodeIndex::VMIN] = 1;
    between.special_codes[SpecialCodeIndex::VTIME] = 0;
    Ok(tcsetattr(io::stdin(), OptionalActions::Now, &between)?)
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        if self.is_typing.load(Ordering::Acquire) {
            // The editor did not end by itself: leave its line, and turn off its way of pasting.
            let mut out = io::stdout().lock();
            let _gone = out.write_all(b"\x1b[?2004l\r\n").and_then(|()| out.flush());
        }
    }
}

fn read_lines(
    editor: &mut LineEditor,
    history: Option<&Path>,
    sender: &Sender<Option<Line>>,
    is_typing: &AtomicBool,
) {
    loop {
        is_typing.store(true, Ordering::Release);
        let read = editor.readline(PROMPT);
        is_typing.store(false, Ordering::Release);
        let text = match read {
            Ok(text) => text,
            // The window has another size; the line is still there.
            Err(ReadlineError::Signal(_)) => continue,
            // Ctrl-C or Ctrl-D. A host is asked before it leaves, and can answer.
            Err(ReadlineError::Interrupted | ReadlineError::Eof) if sender.post(None) => continue,
            // The terminal is gone, or the loop.
            Err(_) => break,
        };
        if text.is_empty() {
            continue;
        }
        remember(editor, history, &text);
        // Pasted text can have several lines.
        let post = |line: &str| sender.post(Some(Ok(line.to_owned())));
        if !text.lines().all(post) {
            return;
        }
    }
    // Twice: the first can be answered with a question. When the loop is gone, it does not wait for
    // the end either.
    let _ = sender.post(None) && sender.post(None);
}

/// Adds a line to the history and its file, at once: several clients may share the file, and one
/// may be killed.
fn remember(editor: &mut LineEditor, history: Option<&Path>, line: &str) {
    let is_added = editor.add_history_entry(line).unwrap_or(false);
    if let (true, Some(file)) = (is_added, history) {
        let _not_kept = editor.append_history(file);
    }
}

/// Returns the file of the history, `chat/history` in the user's folder for states
/// (`$XDG_STATE_HOME`, or `~/.local/state`). Where there can be none, the lines of this session can
/// be brought back all the same.
fn history_file() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    let folder = state.join("chat");
    fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// Turns an error of the editor into one of its terminal.
fn io_error(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        error => io::Error::other(error),
    }
}
