//! The line editor: `rustyline` in a thread of its own, which is the only one that reads the
//! terminal.

use std::cell::Cell;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use chat_core::proto::Name;
use etcetera::BaseStrategy;
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{ColorMode, CompletionType, Config, EventHandler, ExternalPrinter};

use super::completion::{LineHelper, PROMPT};
use super::keys::{KEYS, Keys};
use super::line_queue::{LineQueue, write_line};
use super::palette::Palette;
use super::resize::ResizeRepair;
use super::stdin::{self, Line};
use crate::language::Language;

/// The number of lines that the arrow keys can bring back.
const HISTORY_LINES: usize = 1_000;
/// The most lines that are said without a question.
const LINES_UNASKED: usize = 10;
/// The time in which the rest of a key that begins with Esc arrives.
const ESCAPE_MILLISECONDS: u16 = 100;
/// The terminals, by TERM, on which `rustyline` edits nothing: they show text only.
const UNABLE_TERMINALS: [&str; 3] = ["dumb", "cons25", "emacs"];

type LineEditor = rustyline::Editor<LineHelper, FileHistory>;

/// A line that clears itself: the cursor stays in its row, unless that is the uppermost one.
const WAKE_UP: &str = "\x1b[A\n";
/// The pause between two of these lines at the end, and their number.
const WAKE_INTERVAL: Duration = Duration::from_millis(20);
const WAKE_UPS: u32 = 100;

/// A line editor that owns the terminal until it is dropped, after its queue: it stops where it
/// would draw the prompt below the last line, and the terminal is as it was.
pub(crate) struct Editor {
    /// The modes of the terminal before.
    before: Termios,
    /// Receives the line that is being typed at the end.
    stopped: Receiver<String>,
}

/// Returns true where lines can be edited: at a terminal that can be read and drawn on.
fn is_possible() -> bool {
    !stdin::in_background()
        && io::stdin().is_terminal()
        && io::stdout().is_terminal()
        && !std::env::var("TERM").is_ok_and(|term| UNABLE_TERMINALS.contains(&term.as_str()))
}

impl Editor {
    /// Starts to read standard input as [`spawn_line_reader`](stdin::spawn_line_reader) does: with
    /// an editor where that is possible and there is a place for its queue, whose lines are drawn
    /// above the typed one. Tab completes `commands` and `names`.
    pub(crate) fn start(
        screen: Option<&mut Option<LineQueue>>,
        history: &str,
        commands: &'static [&'static str],
        names: impl Fn() -> Vec<Name> + Send + 'static,
        language: Language,
        take: impl Fn(Option<Line>) -> bool + Send + 'static,
    ) -> io::Result<Option<Self>> {
        let Some(screen) = screen.filter(|_| is_possible()) else {
            return stdin::spawn_line_reader(take).map(|()| None);
        };
        let before = tcgetattr(io::stdin())?;
        take_single_keys(&before)?;
        let config = Config::builder()
            .max_history_size(HISTORY_LINES)
            .map_err(io_error)?
            .completion_type(CompletionType::List)
            // A question about many candidates would stop the lines of the room until it is
            // answered.
            .completion_prompt_limit(usize::MAX)
            // So would the wait for a second Tab.
            .completion_show_all_if_ambiguous(true)
            // The helper must see every drawing; it decides about colours itself.
            .color_mode(ColorMode::Forced)
            // Without it, the Esc key would stop the lines of the room until the next key.
            .keyseq_timeout(Some(ESCAPE_MILLISECONDS))
            .build();
        let mut editor = LineEditor::with_config(config).map_err(io_error)?;
        let (end, ending) = mpsc::channel();
        let keys = Keys::default();
        editor.set_helper(Some(LineHelper {
            commands,
            names: Box::new(names),
            palette: Palette::of_standard_output(),
            keys: keys.clone(),
            is_line_complete: Cell::default(),
            is_line_erased: Cell::default(),
            is_own_drawing: Cell::default(),
            resize: ResizeRepair::default(),
            ending,
        }));
        for key in KEYS {
            editor.bind_sequence(key, EventHandler::Conditional(Box::new(keys.clone())));
        }
        let history = history_file(history);
        if let Some(file) = &history {
            let _none_yet = editor.load_history(file);
        }

        let (stop, stopped) = mpsc::channel();
        let mut printer = Printer {
            inner: editor.create_external_printer().map_err(io_error)?,
            end,
            stop,
        };
        let draw = move |line: &str| printer.inner.print(format!("{line}\n")).map_err(io_error);
        *screen = Some(LineQueue::start("screen", Some(language), draw)?);
        let reader = LineReader {
            editor,
            language,
            history,
            keys,
            before: before.clone(),
        };
        thread::Builder::new()
            .name("stdin".to_owned())
            .spawn(move || reader.read_lines(take))?;
        Ok(Some(Self { before, stopped }))
    }
}

/// The printer of the queue, which stops the editor when the queue has ended.
struct Printer<P: ExternalPrinter> {
    inner: P,
    end: Sender<Sender<String>>,
    stop: Sender<String>,
}

impl<P: ExternalPrinter> Drop for Printer<P> {
    fn drop(&mut self) {
        // In the background the terminal is another job's, and the editor waits for it.
        let wake_ups = if stdin::in_background() { 0 } else { WAKE_UPS };
        // The editor may be between two lines, where nothing wakes it.
        for _ in 0..wake_ups {
            let _gone = self.inner.print(WAKE_UP.to_owned());
            // The editor takes one line at a time: now it has taken all others.
            if self.end.send(self.stop.clone()).is_err() {
                break;
            }
            thread::sleep(WAKE_INTERVAL);
        }
    }
}

/// Makes the terminal hand over single keys, also between two lines, when the editor leaves it in
/// the modes from before. A terminal that hands over whole lines would swallow a Ctrl-D that comes
/// just then, and show typed text twice; a signal by Ctrl-Z would stop the program in these modes.
fn take_single_keys(before: &Termios) -> io::Result<()> {
    let mut between = before.clone();
    let whole_lines = LocalModes::ICANON | LocalModes::ECHO;
    between.local_modes.remove(whole_lines | LocalModes::ISIG);
    between.special_codes[SpecialCodeIndex::VMIN] = 1;
    between.special_codes[SpecialCodeIndex::VTIME] = 0;
    Ok(tcsetattr(io::stdin(), OptionalActions::Now, &between)?)
}

impl Drop for Editor {
    fn drop(&mut self) {
        if stdin::in_background() {
            return;
        }
        // The editor does not stop while it shows candidates or searches the history.
        let end = match self.stopped.recv_timeout(WAKE_INTERVAL * WAKE_UPS) {
            Ok(typed) if !typed.is_empty() => format!("{PROMPT}{typed}\n"),
            Err(RecvTimeoutError::Timeout) => "\n".to_owned(),
            _ => String::new(),
        };
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        // It has stopped in a synchronized update, and with its own way of pasting.
        let end = end + "\x1b[?2026l\x1b[?2004l";
        let mut out = io::stdout().lock();
        let _gone = out.write_all(end.as_bytes()).and_then(|()| out.flush());
    }
}

/// The reader of the typed lines, in a thread of its own.
struct LineReader {
    editor: LineEditor,
    language: Language,
    history: Option<PathBuf>,
    keys: Keys,
    /// The modes of the terminal before.
    before: Termios,
}

impl LineReader {
    fn read_lines(mut self, take: impl Fn(Option<Line>) -> bool) {
        stdin::refuse_to_be_stopped();
        loop {
            let text = match self.read_line(PROMPT) {
                Ok(text) => text,
                // The window has another size; the line is still there.
                Err(ReadlineError::Signal(_)) => continue,
                // Ctrl-C: a client and a server have this command.
                Err(ReadlineError::Interrupted) if take(Some(Ok("/quit".to_owned()))) => continue,
                // Ctrl-D.
                Err(ReadlineError::Eof) if take(None) => continue,
                // The terminal is gone, or the loop is.
                Err(_) => break,
            };
            // An empty line says nothing, but it ends a question.
            if text.is_empty() {
                if take(Some(Ok(text))) {
                    continue;
                }
                break;
            }
            let is_text = self.keys.is_text(&text);
            // A single line is brought back as it would have to be typed.
            let is_like_a_command = is_text && text.starts_with('/') && !text.contains('\n');
            let slash = if is_like_a_command { "/" } else { "" };
            self.remember(&format!("{slash}{text}"));
            let lines = text.lines().count();
            if lines > LINES_UNASKED {
                let answer = self.read_line(&match self.language {
                    Language::Chinese => format!("要发送这 {lines} 行吗？[y/N] "),
                    _ => format!("say these {lines} lines? [y/N] "),
                });
                // Anything but a yes is a no.
                if !answer.is_ok_and(|answer| yes_or_no(&answer) == Some(true)) {
                    let remark = match self.language {
                        Language::Chinese => "没有发送；按 ↑ 找回",
                        _ => "nothing was said; the up arrow brings it back",
                    };
                    let _gone = write_line(io::stdout(), remark);
                    continue;
                }
            }
            let line_feed = if is_text { "\n" } else { "" };
            let post = |line: &str| take(Some(Ok(format!("{line}{line_feed}"))));
            if !text.lines().all(post) {
                return;
            }
        }
        // Twice: the first can be answered with a question. When the loop is gone, it does not wait
        // for the end either.
        let _ = take(None) && take(None);
    }

    /// Reads a line, also across Ctrl-Z. In the background the printer draws without the editor.
    fn read_line(&mut self, prompt: &str) -> rustyline::Result<String> {
        let mut kept = String::new();
        loop {
            let read = self.editor.readline_with_initial(prompt, (&kept, ""));
            if self.keys.is_suspended.swap(false, Relaxed) {
                // As the terminal itself does.
                let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
                let _refused = kill_current_process_group(Signal::TSTP);
                stdin::waits_for_foreground();
                let _gone = take_single_keys(&self.before);
                kept = read.unwrap_or_default();
                continue;
            }
            match read {
                Ok(_) if self.keys.wants_to_leave.swap(false, Relaxed) => {
                    return Err(ReadlineError::Interrupted);
                }
                // A signal stopped the program, and it goes on in the background.
                Err(ReadlineError::Io(_)) if stdin::waits_for_foreground() => kept.clear(),
                read => return read,
            }
        }
    }

    /// Adds a line to the history and its file, at once: several clients may share the file, and
    /// one may be killed.
    fn remember(&mut self, line: &str) {
        let is_added = self.editor.add_history_entry(line).unwrap_or(false);
        if let (true, Some(file)) = (is_added, &self.history) {
            let _not_kept = self.editor.append_history(file);
        }
    }
}

/// Returns the answer in a typed line, if it is one: in any case, also between blanks.
pub(crate) fn yes_or_no(line: &str) -> Option<bool> {
    match line.trim().to_lowercase().as_str() {
        // A pasted line is text.
        _ if line.ends_with('\n') => None,
        "y" | "yes" | "是" => Some(true),
        "n" | "no" | "否" => Some(false),
        _ => None,
    }
}

/// Returns the file of a history, in the folder `chat` in the user's folder for states
/// (`$XDG_STATE_HOME`, or `~/.local/state`). Where there can be none, the lines of this session can
/// be brought back all the same.
fn history_file(name: &str) -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    let folder = state.join("chat");
    fs::create_dir_all(&folder).ok()?;
    Some(folder.join(name))
}

/// Turns an error of the editor into one of its terminal.
fn io_error(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        error => io::Error::other(error),
    }
}
