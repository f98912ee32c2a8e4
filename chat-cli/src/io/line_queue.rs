//! A bounded queue of lines to a slow reader: the server's log, or the client's screen.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use super::wrap::wrapped;
use crate::language::Language;

/// The most lines that wait to be written.
const MAX_LINES: usize = 16_384;

/// The longest wait for the reader at the end.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

/// Lines on their way to a reader that may be slow, as a terminal after Ctrl-S or a full pipe.
///
/// Dropping it waits until all lines are written, but at most 2 seconds.
#[derive(Debug)]
pub struct LineQueue {
    /// `None` only while it is dropped.
    lines: Option<SyncSender<String>>,
    skipped: Arc<AtomicU64>,
    /// Disconnected once the thread has ended.
    running: Receiver<()>,
}

impl LineQueue {
    /// Starts the thread `name`, which calls `write` with each line in order, and soon after lines
    /// were skipped with their number, if it has a language for that.
    ///
    /// An error of `write` loses that line and nothing more. Fails if the thread cannot be started.
    pub fn start(
        name: &str,
        language: Option<Language>,
        mut write: impl FnMut(&str) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (lines, queue) = mpsc::sync_channel::<String>(MAX_LINES);
        let (end, running) = mpsc::channel();
        let skipped = Arc::new(AtomicU64::new(0));
        let total = Arc::clone(&skipped);
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let _end = end;
                let mut reported = 0;
                for line in queue {
                    // A reader that is gone is the caller's to notice.
                    let _lost = write(&line);
                    let count = total.load(Ordering::Relaxed) - reported;
                    let remark = match language.filter(|_| count > 0) {
                        None => continue,
                        Some(Language::Chinese) => format!("有 {count} 行没有显示：终端当时不接收"),
                        Some(_) => {
                            format!("{count} lines are not shown here: the terminal took none")
                        }
                    };
                    reported += count;
                    let _lost = write(&remark);
                }
            })?;
        Ok(Self {
            lines: Some(lines),
            skipped,
            running,
        })
    }

    /// Queues a line, or counts it as skipped where 16,384 wait. Never waits.
    pub fn push(&self, line: String) {
        let lines = self.lines.as_ref();
        if lines.is_none_or(|lines| lines.try_send(line).is_err()) {
            self.skipped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns how many lines were skipped so far.
    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }
}

impl Drop for LineQueue {
    fn drop(&mut self) {
        self.lines = None;
        let _ended_or_too_slow = self.running.recv_timeout(FLUSH_PATIENCE);
    }
}

/// Writes a line in one piece and at once: other programs may write to the same place.
pub(crate) fn write_line(mut to: impl Write, line: &str) -> io::Result<()> {
    to.write_all(format!("{line}\n").as_bytes())?;
    to.flush()
}

/// Writes a remark to standard error, or loses it: `eprintln!` would panic.
pub(crate) fn write_remark(remark: &str) {
    let _lost = write_line(io::stderr(), &wrapped(io::stderr(), remark, 2));
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Sender;

    use super::*;

    /// Starts a queue whose items go to the receiver as text. Each then waits until the sender
    /// sends or is gone.
    fn start() -> (LineQueue, Sender<()>, Receiver<String>) {
        let ((go_on, wait), (show, shown)) = (mpsc::channel(), mpsc::channel());
        let write = move |line: &str| {
            show.send(line.to_owned()).unwrap();
            let _ = wait.recv();
            Err(io::ErrorKind::BrokenPipe.into())
        };
        let queue = LineQueue::start("test", Some(Language::English), write);
        (queue.unwrap(), go_on, shown)
    }

    #[test]
    fn lines_are_written_in_order_despite_errors() {
        let (queue, go_on, shown) = start();
        drop(go_on);
        (0..1_000).for_each(|line| queue.push(line.to_string()));
        assert_eq!(queue.skipped(), 0);
        drop(queue);
        assert!(shown.iter().eq((0..1_000).map(|line| line.to_string())));
    }

    #[test]
    fn a_full_queue_counts_lines_and_reports_them_once() {
        let (queue, go_on, shown) = start();
        queue.push("first".to_owned());
        assert_eq!(shown.recv().unwrap(), "first");
        (0..MAX_LINES + 1_000).for_each(|line| queue.push(line.to_string()));
        assert_eq!(queue.skipped(), 1_000);
        drop(go_on);
        drop(queue);
        let remark = "1000 lines are not shown here: the terminal took none";
        assert_eq!(shown.recv().unwrap(), remark);
        assert!(shown.iter().eq((0..MAX_LINES).map(|line| line.to_string())));
    }

    #[test]
    fn dropping_ends_although_the_reader_blocks() {
        let (queue, _go_on, shown) = start();
        queue.push("stuck".to_owned());
        queue.push("next".to_owned());
        drop(queue);
        assert!(shown.try_iter().eq(["stuck"]), "the reader still blocks");
    }
}
