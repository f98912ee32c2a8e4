//! Standard input: its lines, none of which can fill the memory, and the thread that reads them.

use std::fmt;
use std::io::{self, BufRead};
use std::thread;
use std::time::Duration;

use chat_core::proto::TextError;
use nix::sys::signal::{SigSet, Signal};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;

use crate::language::{Worded, Words, say};

/// The longest line that is passed on, in bytes without its line ending.
///
/// It is well over a datagram of the protocol, so that the layer that knows the limits of a text
/// can tell the user about a long paste.
pub const MAX_LINE: usize = 4096;

/// The pause between two looks for the foreground, and the time that a stop signal has to arrive.
const FOREGROUND_CHECK: Duration = Duration::from_millis(250);

/// One line of the input, perhaps an empty one, without its line ending. Only a line that the
/// editor knows to be pasted keeps a line feed: it is text, never a command.
pub type Line = Result<String, LineError>;

/// The reason for which a line was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineError {
    /// It has more than [`MAX_LINE`] bytes.
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// It is not UTF-8. In a guessed encoding it might say something else.
    NotUtf8 {
        /// The number of bytes before the first wrong one.
        offset: usize,
    },
}

impl Worded for LineError {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        match *self {
            Self::TooLong { len } => TextError::TooLong { len }.word(to),
            Self::NotUtf8 { offset } => say! { to, "it is not UTF-8 at byte {offset}",
            "第 {offset} 字节不是 UTF-8" },
        }
    }
}

/// Starts a thread that passes each line of standard input to `take`, and `None` once at its end,
/// until `take` returns `false`.
///
/// While standard input is the terminal of another job, the thread waits. Any other read error is
/// an end too; the part of a line before it is lost. While `take` waits, a large file stays in its
/// pipe. The thread cannot be joined, because a read of a terminal cannot be cancelled. Fails if it
/// cannot start.
pub fn spawn_line_reader(take: impl Fn(Option<Line>) -> bool + Send + 'static) -> io::Result<()> {
    let _detached = thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(move || {
            refuse_to_be_stopped();
            pass_lines(io::stdin().lock(), take);
        })?;
    Ok(())
}

/// Lets this thread go on in the background, where a read of the terminal is an error then: by
/// default it stops the whole process, as a change of the terminal's modes does.
pub(super) fn refuse_to_be_stopped() {
    let signals = SigSet::from_iter([Signal::SIGTTIN, Signal::SIGTTOU]);
    let _infallible = signals.thread_block();
}

/// Waits a moment, and as long as this job is in the background; returns false where standard input
/// is not the terminal that controls this process, or no longer.
pub(super) fn waits_for_foreground() -> bool {
    while tcgetpgrp(io::stdin()).is_ok() {
        thread::sleep(FOREGROUND_CHECK);
        if !in_background() {
            return true;
        }
    }
    false
}

/// Returns whether standard input is a terminal whose foreground belongs to another job.
///
/// A read, or a change of its modes, would then stop the whole process, where the thread does not
/// [refuse](refuse_to_be_stopped): a client that was started with `&` would not show the chat.
pub(super) fn in_background() -> bool {
    // An error means that standard input is not the terminal that controls this process.
    tcgetpgrp(io::stdin()).is_ok_and(|front| front != getpgrp())
}

fn pass_lines(mut input: impl BufRead, take: impl Fn(Option<Line>) -> bool) {
    loop {
        let (held, len) = match next_line(&mut input) {
            Ok(Some(line)) => line,
            // Those that readers make up are never of the terminal.
            Err(error) if error.raw_os_error().is_some() && waits_for_foreground() => continue,
            _ => break,
        };
        let line = if len > MAX_LINE {
            Err(LineError::TooLong { len })
        } else {
            String::from_utf8(held).map_err(|error| LineError::NotUtf8 {
                offset: error.utf8_error().valid_up_to(),
            })
        };
        if !take(Some(line)) {
            return;
        }
    }
    take(None);
}

/// Returns the beginning of the next line, of at most one byte over [`MAX_LINE`], and the length of
/// the line; `None` at the end. LF and CRLF end a line; the last needs neither.
fn next_line(input: impl BufRead) -> io::Result<Option<(Vec<u8>, usize)>> {
    let (mut held, mut len, mut last) = (Vec::new(), 0_usize, None);
    for byte in input.bytes() {
        let byte = byte?;
        if byte == b'\n' {
            if last == Some(b'\r') {
                len -= 1;
                held.truncate(len);
            }
            return Ok(Some((held, len)));
        }
        // With room for the CR behind the longest line.
        if held.len() <= MAX_LINE {
            held.push(byte);
        }
        len = len.saturating_add(1);
        last = Some(byte);
    }
    Ok((len > 0).then_some((held, len)))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::{BufReader, Read};

    use proptest::prelude::*;

    use super::*;

    /// Returns all that is passed on, `None` for the end, as long as fewer than `limit` came.
    fn passed(input: impl BufRead, limit: usize) -> Vec<Option<Line>> {
        let seen = RefCell::new(Vec::new());
        pass_lines(input, |line| {
            seen.borrow_mut().push(line);
            seen.borrow().len() < limit
        });
        seen.into_inner()
    }

    #[track_caller]
    fn expect(input: &[u8], lines: impl IntoIterator<Item = Line>) {
        let expected: Vec<_> = lines.into_iter().map(Some).chain([None]).collect();
        assert_eq!(passed(input, usize::MAX), expected);
    }

    #[allow(clippy::unnecessary_wraps)] // A line, to compare with.
    fn text(line: &str) -> Line {
        Ok(line.to_owned())
    }

    #[test]
    fn lf_and_crlf_end_a_line_and_a_lone_cr_does_not() {
        let lines = ["a", "b", "", "", "c\rd", "e\r", "last\r"].map(text);
        expect(b"a\nb\r\n\n\r\nc\rd\ne\r\r\nlast\r", lines);
        expect(b"", []);
        expect(b"\n", [text("")]);
    }

    #[test]
    fn a_line_passes_up_to_the_limit() {
        let limit = "x".repeat(MAX_LINE);
        let too_long = || Err(LineError::TooLong { len: 4097 });
        for ending in ["", "\n", "\r\n"] {
            expect(format!("{limit}{ending}").as_bytes(), [text(&limit)]);
            expect(format!("{limit}x{ending}").as_bytes(), [too_long()]);
        }
        expect(format!("{limit}\r").as_bytes(), [too_long()]);
    }

    #[test]
    fn a_huge_line_is_counted_but_not_held() {
        let input = ["y".repeat(1_000_000).as_bytes(), b"\r\nnext\n"].concat();
        let (held, len) = next_line(&mut &input[..]).unwrap().unwrap();
        assert_eq!((held.len(), len), (MAX_LINE + 1, 1_000_000));
        let too_long = Err(LineError::TooLong { len: 1_000_000 });
        expect(&input, [too_long, text("next")]);
    }

    #[test]
    fn a_line_that_is_not_utf8_has_an_offset() {
        let wrong = Err(LineError::NotUtf8 { offset: 2 });
        expect(b"ok\nab\xFFcd\nok", [text("ok"), wrong, text("ok")]);
    }

    #[test]
    fn an_interrupted_read_goes_on_and_a_failed_one_is_the_end() {
        /// An input that is interrupted, then goes on, and then fails.
        struct Flaky(u32);
        impl Read for Flaky {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                match self.0 {
                    1 => Err(io::ErrorKind::Interrupted.into()),
                    2 => Read::read(&mut &b" and half\nrest"[..], buffer),
                    _ => Err(io::ErrorKind::Other.into()),
                }
            }
        }
        let input = BufReader::new(b"half".chain(Flaky(0)));
        assert_eq!(
            passed(input, usize::MAX),
            [Some(text("half and half")), None]
        );
    }

    #[test]
    fn an_endless_input_ends_with_its_taker() {
        let endless = BufReader::new(io::repeat(b'\n'));
        assert_eq!(passed(endless, 3), vec![Some(text("")); 3]);
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_standard_library(input in "([a-c\r\n]|é){0,40}") {
            expect(input.as_bytes(), input.lines().map(text));
        }
    }
}
