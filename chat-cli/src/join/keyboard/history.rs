//! The lines of earlier days, in the user's state folder.

use std::fs;
use std::path::PathBuf;

use etcetera::BaseStrategy;
use rustyline::history::FileHistory;
use rustyline::{Editor, Helper};

/// The file, where there is one. A history that cannot be read or written is no reason not to chat:
/// the lines of this session can be brought back in any case.
pub(super) struct HistoryFile(Option<PathBuf>);

impl HistoryFile {
    /// Reads it: `chat/history` in the folder for states (`$XDG_STATE_HOME`, or `~/.local/state`),
    /// which only the user can read.
    pub(super) fn open<H: Helper>(editor: &mut Editor<H, FileHistory>) -> Self {
        let Some(folder) = folder() else {
            return Self(None);
        };
        if fs::create_dir_all(&folder).is_err() {
            return Self(None);
        }
        let file = folder.join("history");
        let _none_yet = editor.load_history(&file);
        Self(Some(file))
    }

    /// Adds a line, at once: several clients may share the file, and one may be killed.
    pub(super) fn add<H: Helper>(&self, editor: &mut Editor<H, FileHistory>, line: &str) {
        let added = editor.add_history_entry(line).unwrap_or(false);
        if let (true, Some(file)) = (added, &self.0) {
            let _not_kept = editor.append_history(file);
        }
    }
}

fn folder() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    Some(state.join("chat"))
}
