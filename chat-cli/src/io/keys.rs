//! The keys that do something of ours: Ctrl-C in a line with text, Ctrl-Z, and pastes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustyline::{
    Cmd, ConditionalEventHandler, Event, EventContext, KeyCode, KeyEvent, Modifiers, Movement,
    RepeatCount,
};

/// The sign of the terminal that a paste follows.
const PASTE: KeyEvent = KeyEvent(KeyCode::BracketedPasteStart, Modifiers::NONE);
const SUSPEND: KeyEvent = KeyEvent(KeyCode::Char('Z'), Modifiers::CTRL);
const CLEAR: KeyEvent = KeyEvent(KeyCode::Char('C'), Modifiers::CTRL);
/// The keys that [`Keys`] handles.
pub(super) const KEYS: [KeyEvent; 3] = [PASTE, SUSPEND, CLEAR];

/// The last keys, as far as they matter. All clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    /// True when the beginning of the typed line was pasted.
    is_pasted: Arc<AtomicBool>,
    /// True from Ctrl-Z, which ends the reading of a line.
    is_suspended: Arc<AtomicBool>,
}

impl Keys {
    /// Notes the line that is drawn: an empty one is typed anew.
    pub(super) fn note(&self, line: &str) {
        self.is_pasted
            .fetch_and(!line.is_empty(), Ordering::Relaxed);
    }

    /// Returns true for a line that is text, whatever is in it. A paste that the arrow keys bring
    /// back is one, as it has several lines.
    pub(super) fn is_text(&self, line: &str) -> bool {
        self.is_pasted.load(Ordering::Relaxed) || line.contains('\n')
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.is_suspended.load(Ordering::Relaxed)
    }

    /// Returns true once after Ctrl-Z.
    pub(super) fn takes_suspension(&self) -> bool {
        self.is_suspended.swap(false, Ordering::Relaxed)
    }
}

impl ConditionalEventHandler for Keys {
    fn handle(&self, key: &Event, _: RepeatCount, _: bool, at: &EventContext<'_>) -> Option<Cmd> {
        match *key.get(0)? {
            PASTE => {
                // A command that was typed may get a pasted name.
                self.is_pasted.fetch_or(at.pos() == 0, Ordering::Relaxed);
                None
            }
            SUSPEND => {
                self.is_suspended.store(true, Ordering::Relaxed);
                Some(Cmd::AcceptLine)
            }
            _ => (!at.line().is_empty()).then_some(Cmd::Kill(Movement::WholeBuffer)),
        }
    }
}
