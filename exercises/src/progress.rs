//! A progress bar on standard error, where that is a terminal.

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use crate::interrupt::{Interrupt, Interrupted};
use crate::program::{print_line, report_line};

/// A bar that is gone when this is dropped.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar for so many bytes, with a word for what is done to them. Nothing is drawn where
    /// standard error is not a terminal.
    pub fn of_bytes(total: u64, doing: &'static str) -> Self {
        let bar = ProgressBar::new(total)
            .with_message(doing)
            .with_finish(ProgressFinish::AndClear);
        let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// What the work calls after each step, with the bytes that are done: draws, and stops the work
    /// where the user wants that.
    pub fn steps(&self, interrupt: &Interrupt) -> impl Fn(u64) -> Result<(), Interrupted> + Sync {
        |bytes| {
            self.add(bytes);
            interrupt.check()
        }
    }

    /// That many bytes more are done.
    pub fn add(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// Writes a line to standard error without disturbing the bar.
    pub fn report(&self, line: &str) {
        self.0.suspend(|| report_line(line));
    }

    /// Writes a line to standard output without disturbing the bar.
    pub fn print(&self, line: &str) {
        self.0.suspend(|| print_line(line));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
