//! The line editor: `rustyline` in a thread of its own, which is the only one that reads the
//! terminal.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{ColorMode, CompletionType, Config, ExternalPrinter};

use super::completion::LineHelper;
use super::history::HistoryFile;
use super::prompt::PROMPT;
use crate::join::command::Typed;
use crate::join::screen::{LinePrinter, Screen};
use crate::messages::Status;
use crate::platform::inbox::Mailer;
use crate::platform::lines::Line;

/// How many lines the arrow keys can bring back.
const HISTORY_LINES: usize = 1_000;

type LineEditor = rustyline::Editor<LineHelper, FileHistory>;

/// A line editor that reads the terminal until it is dropped, which leaves the terminal as it was.
pub(super) struct Editor {
    /// How the terminal was.
    before: Termios,
    /// Whether a line is being typed.
    typing: Arc<AtomicBool>,
}

/// Whether this terminal can be drawn on: not a dumb one.
pub(super) fn is_able() -> bool {
    // The program that `rustyline` would not edit on is one that shows nothing but text.
    !std::env::var("TERM").is_ok_and(|term| ["dumb", "cons25", "emacs"].contains(&term.as_str()))
}

impl Editor {
    pub(super) fn start(screen: &Screen, mailer: Mailer<Option<Line>>) -> io::Result<Self> {
        let typing = Arc::new(AtomicBool::new(false));
        let started = Self {
            before: tcgetattr(io::stdin())?,
            typing: Arc::clone(&typing),
        };
        keep_keys(&started.before)?;
        let config = Config::builder()
            .max_history_size(HISTORY_LINES)
            .map_err(other)?
            .completion_type(CompletionType::List)
            // A question about many candidates would hold up what the room says until it is
            // answered.
            .completion_prompt_limit(usize::MAX)
            // The helper is asked how to draw the line in any case; whether it uses colours is its
            // own choice.
            .color_mode(ColorMode::Forced)
            .build();
        let mut editor = LineEditor::with_config(config).map_err(other)?;
        editor.set_helper(Some(LineHelper::new(screen.names())));
        let history = HistoryFile::open(&mut editor);

        let mut printer = editor.create_external_printer().map_err(other)?;
        let print = move |line: String| printer.print(format!("{line}\n")).map_err(other);
        let language = screen.language();
        let left_out = move |count| Status::LinesLeftOut { count }.line(language).to_string();
        screen.draw_above(LinePrinter::start(print, left_out)?);

        thread::Builder::new()
            .name("stdin".to_owned())
            .spawn(move || read_lines(&mut editor, &history, &mailer, &typing))?;
        Ok(started)
    }
}

/// The editor takes the keys one by one only while it reads a line, and leaves the terminal in
/// between as it was before. A terminal that hands over whole lines would turn a Ctrl-D that comes
/// just then into nothing at all, and show what is typed twice.
fn keep_keys(before: &Termios) -> io::Result<()> {
    let mut between = before.clone();
    between
        .local_modes
        .remove(LocalModes::ICANON | LocalModes::ECHO);
    between.special_codes[SpecialCodeIndex::VMIN] = 1;
    between.special_codes[SpecialCodeIndex::VTIME] = 0;
    Ok(tcsetattr(io::stdin(), OptionalActions::Now, &between)?)
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        if self.typing.load(Ordering::Acquire) {
            // The editor did not end by itself: leave its line, and tell the terminal to paste as
            // ever.
            let mut out = io::stdout().lock();
            let _gone = out.write_all(b"\x1b[?2004l\r\n").and_then(|()| out.flush());
        }
    }
}

fn read_lines(
    editor: &mut LineEditor,
    history: &HistoryFile,
    mailer: &Mailer<Option<Line>>,
    typing: &AtomicBool,
) {
    loop {
        typing.store(true, Ordering::Release);
        let read = editor.readline(PROMPT);
        typing.store(false, Ordering::Release);
        let text = match read {
            Ok(text) => text,
            // The terminal has another size; the line is still there.
            #[cfg(unix)]
            Err(ReadlineError::Signal(_)) => continue,
            // Ctrl-D, Ctrl-C, or the terminal is gone.
            Err(_) => break,
        };
        if !text.is_empty() {
            history.add(editor, &text);
        }
        // What is pasted can have several lines: each is one.
        let leaves = text.lines().any(|line| Typed::from(line) == Typed::Quit);
        let posted = if text.is_empty() {
            true
        } else {
            text.lines()
                .all(|line| mailer.post(Some(Line::Text(line.to_owned()))))
        };
        // After a quit no new line is begun, so that the terminal is left clean.
        if leaves || !posted {
            return;
        }
    }
    // When the loop is gone nobody waits for the end either.
    let _ = mailer.post(None);
}

/// The editor's errors are those of the terminal.
pub(super) fn other(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        error => io::Error::other(error),
    }
}
