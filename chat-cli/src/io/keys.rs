//! The keys that do something of ours: Ctrl-C in a line with text, Ctrl-Z, and pastes.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use rustyline::{
    Cmd, ConditionalEventHandler, Event, EventContext, KeyCode, KeyEvent, Modifiers, Movement,
    RepeatCount,
};

/// The sign of the terminal that a paste follows.
const PASTE: KeyEvent = KeyEvent(KeyCode::BracketedPasteStart, Modifiers::NONE);
const SUSPEND: KeyEvent = KeyEvent(KeyCode::Char('Z'), Modifiers::CTRL);
/// The keys that [`Keys`] handles: these and Ctrl-C.
pub(super) const KEYS: [KeyEvent; 3] = [
    PASTE,
    SUSPEND,
    KeyEvent(KeyCode::Char('C'), Modifiers::CTRL),
];

/// The last keys, as far as they matter. All clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    /// True when the beginning of the typed line was pasted.
    is_pasted: Arc<AtomicBool>,
    /// True from Ctrl-Z, which ends the reading of a line.
    pub(super) is_suspended: Arc<AtomicBool>,
    /// True from Ctrl-C in an empty line, which ends as one that Enter ends, so that no row stays.
    pub(super) wants_to_leave: Arc<AtomicBool>,
}

impl Keys {
    /// Notes the line that is drawn: an empty one is typed anew.
    pub(super) fn note(&self, line: &str) {
        self.is_pasted.fetch_and(!line.is_empty(), Relaxed);
    }

    /// Returns true for a line that is text, whatever is in it. A paste that the arrow keys bring
    /// back is one, as it has several lines.
    pub(super) fn is_text(&self, line: &str) -> bool {
        self.is_pasted.load(Relaxed) || line.contains('\n')
    }
}

impl ConditionalEventHandler for Keys {
    fn handle(&self, key: &Event, _: RepeatCount, _: bool, at: &EventContext<'_>) -> Option<Cmd> {
        let key = key.get(0)?;
        // A command that was typed may get a pasted name.
        let is_in_front = *key == PASTE && at.pos() == 0;
        self.is_pasted.fetch_or(is_in_front, Relaxed);
        self.is_suspended.fetch_or(*key == SUSPEND, Relaxed);
        match *key {
            SUSPEND => Some(Cmd::AcceptLine),
            PASTE => None,
            _ if at.line().is_empty() => {
                self.wants_to_leave.store(true, Relaxed);
                Some(Cmd::AcceptLine)
            }
            _ => Some(Cmd::Kill(Movement::WholeBuffer)),
        }
    }
}
