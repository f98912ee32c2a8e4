//! How far it is, on a terminal; elsewhere nothing is shown.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error, gone when it is dropped.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// For so many steps.
    pub(super) fn new(steps: u64) -> Self {
        // It hides itself where standard error is no terminal.
        let bar = ProgressBar::new(steps);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg} {eta}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// What is being done now.
    pub(super) fn show(&self, what: String) {
        self.0.set_message(what);
    }

    /// One step is done.
    pub(super) fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
