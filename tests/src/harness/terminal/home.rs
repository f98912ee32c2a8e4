//! The surroundings of a program.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{self, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder in which a user keeps things, and settings that are the same whoever runs the tests.
/// The last clone takes the folder away.
#[derive(Clone, Debug)]
pub struct Home {
    _folder: Arc<Folder>,
    settings: Vec<(String, String)>,
}

#[derive(Debug)]
struct Folder(PathBuf);

impl Home {
    /// Makes one with nothing in it.
    ///
    /// # Panics
    /// When the system does not let a folder be made.
    #[allow(clippy::new_without_default)] // It makes a folder.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("chat-home-{}-{turn}", process::id()));
        fs::create_dir_all(&folder).expect("a folder for temporary files");
        let state = folder.join("state").to_string_lossy().into_owned();
        let home = folder.to_string_lossy().into_owned();
        let empty = Self {
            _folder: Arc::new(Folder(folder)),
            settings: Vec::new(),
        };
        empty
            .with("HOME", &home)
            .with("XDG_STATE_HOME", &state)
            .with("LC_ALL", "C.UTF-8")
    }

    /// Adds a setting to the environment of what is started.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets a command use it; `default` is the address to use where none is given.
    pub(crate) fn furnish(&self, command: &mut Command, default: SocketAddr) {
        for name in ["NO_COLOR", "COLORTERM", "LANG", "LANGUAGE", "CHAT_LANG"] {
            command.env_remove(name);
        }
        command.env("CHAT_ADDRESS", default.to_string());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}
