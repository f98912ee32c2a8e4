//! Lines that are drawn above the one that is being typed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::Duration;

/// How many lines may wait for the terminal.
const QUEUED_LINES: usize = 16_384;
/// How long the end of the program waits for them.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

/// Lines on their way to a thread that draws them. The terminal can keep it waiting (while the user
/// searches the history, or has stopped the output with Ctrl-S); the room goes on meanwhile.
pub(crate) struct LinePrinter {
    lines: Option<SyncSender<String>>,
    left_out: Arc<AtomicU64>,
    done: Receiver<()>,
}

impl LinePrinter {
    /// Starts the thread. `print` draws one line, without its line feed; `left_out` words how many
    /// were not drawn.
    pub(crate) fn start(
        mut print: impl FnMut(String) -> io::Result<()> + Send + 'static,
        words: impl Fn(u64) -> String + Send + 'static,
    ) -> io::Result<Self> {
        let (lines, queue) = mpsc::sync_channel::<String>(QUEUED_LINES);
        let (finish, done) = mpsc::channel();
        let left_out = Arc::new(AtomicU64::new(0));
        let missed = Arc::clone(&left_out);
        thread::Builder::new()
            .name("screen".to_owned())
            .spawn(move || {
                for line in queue {
                    // When the terminal is gone, the end of its input says so too.
                    let _gone = print(line);
                    match missed.swap(0, Ordering::Relaxed) {
                        0 => {}
                        count => drop(print(words(count))),
                    }
                }
                let _nobody_waits = finish.send(());
            })?;
        Ok(Self {
            lines: Some(lines),
            left_out,
            done,
        })
    }

    pub(super) fn print(&self, line: &str) -> io::Result<()> {
        let Some(lines) = &self.lines else {
            return Ok(());
        };
        match lines.try_send(line.to_owned()) {
            Ok(()) => Ok(()),
            // Drawn later as a number.
            Err(TrySendError::Full(_)) => {
                self.left_out.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(TrySendError::Disconnected(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Drop for LinePrinter {
    /// Waits until everything is drawn, but not for a terminal that does not take it.
    fn drop(&mut self) {
        self.lines = None;
        let _too_slow = self.done.recv_timeout(FLUSH_PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_takes_nothing_costs_lines_and_the_user_is_told_how_many() {
        let (go_on, wait) = mpsc::channel::<()>();
        let (show, shown) = mpsc::channel();
        let mut first = true;
        let print = move |line: String| {
            if std::mem::take(&mut first) {
                wait.recv().unwrap();
            }
            show.send(line).unwrap();
            Ok(())
        };
        let printer = LinePrinter::start(print, |count| format!("{count} left out")).unwrap();
        let total = QUEUED_LINES + 1_000;
        for line in 0..total {
            printer.print(&line.to_string()).unwrap();
        }
        go_on.send(()).unwrap();
        drop(printer);
        let shown: Vec<String> = shown.iter().collect();
        let missing: usize = shown
            .iter()
            .filter_map(|line| line.strip_suffix(" left out"))
            .map(|count| count.parse::<usize>().unwrap())
            .sum();
        let drawn = shown
            .iter()
            .filter(|line| !line.contains("left out"))
            .count();
        assert!(missing >= 999, "{missing}");
        assert_eq!(drawn + missing, total);
    }
}
