//! The keys that do something of ours: Ctrl-C in a line with text, and pastes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustyline::{
    Cmd, ConditionalEventHandler, Event, EventContext, KeyCode, KeyEvent, Modifiers, Movement,
    RepeatCount,
};

/// The sign of the terminal that a paste follows.
const PASTE: KeyEvent = KeyEvent(KeyCode::BracketedPasteStart, Modifiers::NONE);
/// The keys that [`Pasted`] handles: that sign and Ctrl-C.
pub(super) const KEYS: [KeyEvent; 2] = [PASTE, KeyEvent(KeyCode::Char('C'), Modifiers::CTRL)];

/// True when the beginning of the typed line was pasted. All clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Pasted(Arc<AtomicBool>);

impl Pasted {
    /// Notes the line that is drawn: an empty one is typed anew.
    pub(super) fn note(&self, line: &str) {
        self.0.fetch_and(!line.is_empty(), Ordering::Relaxed);
    }

    /// Returns true for a line that is text, whatever is in it. A paste that the arrow keys bring
    /// back is one, as it has several lines.
    pub(super) fn is_text(&self, line: &str) -> bool {
        self.0.load(Ordering::Relaxed) || line.contains('\n')
    }
}

impl ConditionalEventHandler for Pasted {
    fn handle(&self, key: &Event, _: RepeatCount, _: bool, at: &EventContext<'_>) -> Option<Cmd> {
        let is_paste = key.get(0) == Some(&PASTE);
        // A command that was typed may get a pasted name.
        let is_in_front = is_paste && at.pos() == 0;
        self.0.fetch_or(is_in_front, Ordering::Relaxed);
        let clears = !is_paste && !at.line().is_empty();
        clears.then_some(Cmd::Kill(Movement::WholeBuffer))
    }
}
