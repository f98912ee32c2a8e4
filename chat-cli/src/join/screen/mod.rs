//! What the user sees: lines for people, lines for pipes, or JSON.

mod crowd;
mod palette;
mod paper;
#[cfg(feature = "line-editing")]
mod printer;
mod view;

use std::cell::{Cell, RefCell};
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex};

use chat_core::Timestamp;
use chat_core::proto::{Language, Name};

use super::event::Shown;
use super::names::{self, NamesSeen};
use super::transcript::Transcript;
use crate::clock::Clock;
use crate::json;
use crate::messages::Status;
use crate::platform::safe_text::SafeText;

pub(crate) use crowd::Notice;
#[cfg(feature = "line-editing")]
pub(crate) use palette::Palette;
use paper::Paper;
#[cfg(feature = "line-editing")]
pub(crate) use printer::LinePrinter;
use view::View;

/// What a user can choose about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// In which language the program speaks.
    pub(crate) language: Language,
    /// Whether events are JSON.
    pub(crate) json: bool,
    /// Whether the terminal rings when somebody says our name.
    pub(crate) bell: bool,
}

/// Where events go. What the room said goes to standard output; what the program itself has to say
/// goes to standard error, or above the line that is being typed.
pub(crate) struct Screen {
    language: Language,
    form: Form,
    clock: Clock,
    names: Arc<Mutex<NamesSeen>>,
    transcript: RefCell<Option<Transcript>>,
    /// Whether some line is missing from the transcript.
    transcript_broke: Cell<bool>,
}

enum Form {
    /// A terminal: everything strange is escaped, and there are colours and time stamps.
    Terminal(RefCell<View>),
    /// A pipe or file: text unchanged, one line a message.
    Pipe,
    /// A JSON object a line.
    Json,
    /// Nothing on standard output.
    Silent,
}

impl Screen {
    pub(crate) fn new(look: Look, own: Name, clock: Clock) -> Self {
        let form = match (look.json, io::stdout().is_terminal()) {
            (true, _) => Form::Json,
            (false, true) => Form::Terminal(RefCell::new(View::new(look, own))),
            (false, false) => Form::Pipe,
        };
        Self::with_form(form, look.language, clock)
    }

    /// Nothing is shown but what the program itself has to say.
    pub(crate) fn silent(language: Language, clock: Clock) -> Self {
        Self::with_form(Form::Silent, language, clock)
    }

    fn with_form(form: Form, language: Language, clock: Clock) -> Self {
        Self {
            language,
            form,
            clock,
            names: Arc::default(),
            transcript: RefCell::new(None),
            transcript_broke: Cell::new(false),
        }
    }

    /// Writes down from now on what is said.
    pub(crate) fn keep(&self, transcript: Transcript) {
        *self.transcript.borrow_mut() = Some(transcript);
    }

    /// The language of what the program says.
    #[cfg(feature = "line-editing")]
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// The clock by which [`poll_timeout`](Self::poll_timeout) goes.
    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// Who was seen in the room; the keyboard completes their names.
    #[cfg(feature = "line-editing")]
    pub(crate) fn names(&self) -> Arc<Mutex<NamesSeen>> {
        Arc::clone(&self.names)
    }

    /// Whether it is a terminal that shows lines for people.
    #[cfg(feature = "line-editing")]
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self.form, Form::Terminal(_))
    }

    /// Whether there is nothing but remarks.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self.form, Form::Silent)
    }

    /// Whether what was said is missing from the transcript.
    pub(crate) fn transcript_broke(&self) -> bool {
        self.transcript_broke.get()
    }

    /// Draws from now on above the line that is being typed.
    #[cfg(feature = "line-editing")]
    pub(crate) fn draw_above(&self, printer: LinePrinter) {
        if let Form::Terminal(view) = &self.form {
            view.borrow_mut().draw_on(Paper::Above(printer));
        }
    }

    /// Draws plainly from now on, once everything that waits is drawn.
    pub(crate) fn draw_plainly(&self) {
        if let Form::Terminal(view) = &self.form {
            view.borrow_mut().draw_on(Paper::Plain);
        }
    }

    /// Shows it. An error means that nobody reads standard output any more.
    pub(crate) fn show(&self, shown: &Shown<'_>) -> io::Result<()> {
        names::locked(&self.names).notice(shown);
        if let Shown::Said { name, text } = *shown {
            self.write_down(name, text);
        }
        if let Some(status) = shown.status() {
            self.status(&status);
        }
        let line = match &self.form {
            Form::Silent => None,
            Form::Json => Some(json::event(shown)),
            Form::Terminal(view) => return view.borrow_mut().show(self.clock.now(), shown),
            Form::Pipe => shown
                .line()
                .map(|line| SafeText::for_pipe(&line).to_string()),
        };
        let Some(line) = line else { return Ok(()) };
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    /// The user has said this.
    pub(crate) fn said(&self, name: Name, text: &str) {
        self.write_down(name, text);
    }

    fn write_down(&self, name: Name, text: &str) {
        let mut transcript = self.transcript.borrow_mut();
        let Some(open) = transcript.as_mut() else {
            return;
        };
        if let Err(failure) = open.append(name, text) {
            // Half a transcript that looks whole would be worse than none: it ends here, and the
            // exit code says so.
            *transcript = None;
            self.transcript_broke.set(true);
            drop(transcript);
            self.status(&Status::TranscriptBroken { failure: &failure });
        }
    }

    /// What the program itself has to say.
    pub(crate) fn status(&self, status: &Status<'_>) {
        let line = status.line(self.language);
        match &self.form {
            Form::Terminal(view) => view.borrow_mut().remark(&line),
            // Nothing can be done where standard error is closed.
            _ => drop(writeln!(io::stderr(), "{line}")),
        }
    }

    /// What `/names` shows.
    pub(crate) fn tell_names(&self) {
        let names: Vec<Name> = names::locked(&self.names).iter().collect();
        self.status(&Status::NamesSeen { names: &names });
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        match &self.form {
            Form::Terminal(view) => view.borrow().poll_timeout(),
            _ => None,
        }
    }

    /// Shows what was held back for a moment.
    pub(crate) fn handle_timeout(&self) -> io::Result<()> {
        match &self.form {
            Form::Terminal(view) => view.borrow_mut().handle_timeout(self.clock.now()),
            _ => Ok(()),
        }
    }
}
