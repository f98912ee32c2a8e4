//! Where lines come from when a person types them.
//!
//! At a terminal that can be drawn on there is a line editor (feature `line-editing`); everywhere
//! else lines are read as they come.

#[cfg(feature = "line-editing")]
mod completion;
#[cfg(feature = "line-editing")]
mod editor;
#[cfg(feature = "line-editing")]
mod history;
#[cfg(feature = "line-editing")]
mod prompt;
#[cfg(feature = "line-editing")]
mod widening;

use std::io::{self, IsTerminal};

use super::screen::Screen;
use crate::failure::{Doing, Failure};
use crate::platform::console;
use crate::platform::inbox::Mailer;
use crate::platform::lines::Line;

/// The keyboard while it is read. Dropping it leaves the terminal as it was.
pub(crate) struct Keyboard<'s> {
    screen: &'s Screen,
    #[cfg(feature = "line-editing")]
    editor: Option<editor::Editor>,
}

impl<'s> Keyboard<'s> {
    /// Starts to read standard input.
    pub(crate) fn start(screen: &'s Screen, mailer: Mailer<Option<Line>>) -> Result<Self, Failure> {
        let read_plainly = |mailer| {
            // In the background a read from the terminal would stop the whole program.
            if console::in_background() {
                return Ok(());
            }
            console::spawn_line_reader(mailer, |line| line).map_err(Failure::io(Doing::ReadInput))
        };
        #[cfg(feature = "line-editing")]
        {
            // Decided first: an editor works on a terminal only, and the one that it draws on must
            // be the one it reads.
            let can_be_edited =
                screen.is_terminal() && io::stdin().is_terminal() && !console::in_background();
            let editor = if can_be_edited && editor::is_able() {
                Some(editor::Editor::start(screen, mailer).map_err(Failure::io(Doing::ReadInput))?)
            } else {
                read_plainly(mailer)?;
                None
            };
            Ok(Self { screen, editor })
        }
        #[cfg(not(feature = "line-editing"))]
        {
            read_plainly(mailer)?;
            Ok(Self { screen })
        }
    }
}

impl Drop for Keyboard<'_> {
    fn drop(&mut self) {
        // What waits is drawn while the editor is still there to draw it.
        self.screen.draw_plainly();
        #[cfg(feature = "line-editing")]
        drop(self.editor.take());
    }
}

/// Whether a person types: standard input is a terminal.
pub(crate) fn is_a_person() -> bool {
    io::stdin().is_terminal()
}
