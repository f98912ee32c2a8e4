//! Standard input.

use std::io::{self, BufRead};
use std::thread;

use super::inbox::Mailer;
use super::lines::{Line, LineReader};

/// Starts a thread that posts every line of standard input and then `None`, once, at its end.
///
/// A read error is an end too: nothing more will come. `wrap` makes the loop's own message of a
/// line. While the queue of the mailer is full the thread does not read, so a large file that is
/// piped in stays in the pipe. It ends when the loop is gone; it cannot be joined, because a read
/// of a terminal cannot be called off.
///
/// The error is that of starting a thread.
pub fn spawn_line_reader<T: Send + 'static>(
    mailer: Mailer<T>,
    wrap: impl Fn(Option<Line>) -> T + Send + 'static,
) -> io::Result<()> {
    let read = move || post_lines(io::stdin().lock(), &mailer, wrap);
    thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(read)
        .map(drop)
}

fn post_lines<T>(input: impl BufRead, mailer: &Mailer<T>, wrap: impl Fn(Option<Line>) -> T) {
    let mut reader = LineReader::new(input);
    while let Ok(Some(line)) = reader.next_line() {
        if !mailer.post(wrap(Some(line))) {
            return;
        }
    }
    // When the loop is gone nobody waits for the end either.
    let _ = mailer.post(wrap(None));
}

/// Whether standard input is a terminal that another job is in front of.
///
/// A process that reads then is stopped by SIGTTIN, as a whole: a client started with `&` would
/// hang instead of showing the chat. Where there is no job control the answer is no.
#[cfg(unix)]
pub fn in_background() -> bool {
    // An error means that standard input is no terminal, or not the one that controls this process:
    // nothing to stop it then.
    rustix::termios::tcgetpgrp(io::stdin()).is_ok_and(|front| front != rustix::process::getpgrp())
}

/// Whether standard input is a terminal that another job is in front of: never, where there is no
/// job control.
#[cfg(not(unix))]
pub fn in_background() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::super::inbox::inbox;
    use super::*;

    #[test]
    fn lines_arrive_in_order_and_the_end_comes_once() {
        let (inbox, mailer) = inbox(2).unwrap();
        // More lines than the queue has places: the thread waits for the loop.
        let thread = thread::spawn(move || post_lines(&b"a\n\nb\nc\nd"[..], &mailer, |line| line));
        let mut seen = Vec::new();
        while !seen.contains(&None) {
            seen.extend(inbox.next());
        }
        thread.join().unwrap();
        seen.extend(inbox.next());
        let text = |line: &str| Some(Line::Text(line.to_owned()));
        assert_eq!(
            seen,
            [text("a"), text(""), text("b"), text("c"), text("d"), None]
        );
    }

    #[test]
    fn a_read_error_is_the_end() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::Other.into())
            }
        }
        let (inbox, mailer) = inbox(4).unwrap();
        post_lines(BufReader::new(Broken), &mailer, |line| line.is_none());
        assert_eq!((inbox.next(), inbox.next()), (Some(true), None));
    }

    #[test]
    fn it_ends_when_the_loop_is_gone() {
        let (inbox, mailer) = inbox(1).unwrap();
        drop(inbox);
        // An endless input: only the loop's end can end this.
        post_lines(BufReader::new(io::repeat(b'\n')), &mailer, |line| line);
    }
}
