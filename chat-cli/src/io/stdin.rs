//! Standard input: its lines, none of which can fill the memory, and the thread that reads them.

use std::fmt;
use std::io::{self, BufRead};
use std::thread;

use chat_core::proto::TextError;

use crate::language::{Worded, Words, say};

/// The longest line that is passed on, in bytes without its line ending.
///
/// It is well over a datagram of the protocol, so that the layer that knows the limits of a text
/// can tell the user about a long paste.
pub const MAX_LINE: usize = 4096;

/// One line of the input, perhaps an empty one, without its line ending.
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
/// A read error is an end too. While `take` waits, a large file stays in its pipe. The thread
/// cannot be joined, because a read of a terminal cannot be cancelled. Fails if it cannot start.
pub fn spawn_line_reader(take: impl Fn(Option<Line>) -> bool + Send + 'static) -> io::Result<()> {
    let _detached = thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(move || pass_lines(io::stdin().lock(), take))?;
    Ok(())
}

/// Returns whether standard input is a terminal whose foreground belongs to another job.
///
/// A read would then stop the whole process by SIGTTIN: a client that was started with `&` would
/// hang and not show the chat.
pub fn in_background() -> bool {
    // An error means that standard input is not the terminal that controls this process.
    rustix::termios::tcgetpgrp(io::stdin()).is_ok_and(|front| front != rustix::process::getpgrp())
}

fn pass_lines(input: impl BufRead, take: impl Fn(Option<Line>) -> bool) {
    let mut reader = LineReader::new(input);
    while let Ok(Some(line)) = reader.next_line() {
        if !take(Some(line)) {
            return;
        }
    }
    take(None);
}

/// A reader that is cut into [`Line`]s, of which it holds one at a time, up to [`MAX_LINE`] bytes.
#[derive(Debug)]
struct LineReader<R> {
    reader: R,
    /// The beginning of the current line: up to one byte over [`MAX_LINE`], for the CR of a CRLF.
    held: Vec<u8>,
    /// The bytes of the current line so far, both held and skipped.
    length: usize,
    /// The byte read last, which tells CRLF from LF where it was skipped.
    last: Option<u8>,
}

impl<R: BufRead> LineReader<R> {
    fn new(reader: R) -> Self {
        Self {
            reader,
            held: Vec::new(),
            length: 0,
            last: None,
        }
    }

    /// Returns the next line, or `None` at the end. LF and CRLF end a line; the last needs neither.
    ///
    /// An error is the reader's own. The part of a line before it is kept, so the call may be
    /// repeated; an interrupted read is repeated here.
    fn next_line(&mut self) -> io::Result<Option<Line>> {
        loop {
            let chunk = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            if chunk.is_empty() {
                return Ok((self.length > 0).then(|| self.finish()));
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let (part, _) = chunk.split_at(end.unwrap_or(chunk.len()));

            let room = (MAX_LINE + 1).saturating_sub(self.held.len());
            self.held.extend(part.iter().take(room));
            self.length = self.length.saturating_add(part.len());
            self.last = part.last().copied().or(self.last);

            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                self.strip_carriage_return();
                return Ok(Some(self.finish()));
            }
        }
    }

    fn strip_carriage_return(&mut self) {
        if self.last == Some(b'\r') {
            if self.held.len() == self.length {
                self.held.pop();
            }
            self.length -= 1;
        }
    }

    fn finish(&mut self) -> Line {
        let held = std::mem::take(&mut self.held);
        let len = std::mem::take(&mut self.length);
        self.last = None;
        if len > MAX_LINE {
            return Err(LineError::TooLong { len });
        }
        String::from_utf8(held).map_err(|error| LineError::NotUtf8 {
            offset: error.utf8_error().valid_up_to(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::{BufReader, Read};

    use proptest::prelude::*;

    use super::*;

    /// Reads all lines through a buffer of `chunk` bytes, so that they are cut at every place.
    fn lines(input: &[u8], chunk: usize) -> Vec<Line> {
        let mut reader = LineReader::new(BufReader::with_capacity(chunk, input));
        std::iter::from_fn(|| reader.next_line().unwrap()).collect()
    }

    #[allow(clippy::unnecessary_wraps)] // A line, to compare with.
    fn text(line: &str) -> Line {
        Ok(line.to_owned())
    }

    /// An input that is interrupted, then fails, and then goes on.
    struct Flaky(u32);
    impl Read for Flaky {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => Err(io::ErrorKind::Interrupted.into()),
                2 => Err(io::ErrorKind::Other.into()),
                3 => Read::read(&mut &b" and half\n"[..], buffer),
                _ => Ok(0),
            }
        }
    }

    #[test]
    fn lf_and_crlf_end_a_line_and_a_lone_cr_does_not() {
        let expected = ["a", "b", "", "", "c\rd", "e\r", "last\r"].map(text);
        for chunk in 1..9 {
            let input = b"a\nb\r\n\n\r\nc\rd\ne\r\r\nlast\r";
            assert_eq!(lines(input, chunk), expected);
            assert_eq!(lines(b"", chunk), []);
            assert_eq!(lines(b"\n", chunk), [text("")]);
        }
    }

    #[test]
    fn a_line_passes_up_to_the_limit() {
        let limit = "x".repeat(MAX_LINE);
        let too_long = [Err(LineError::TooLong { len: 4097 })];
        for chunk in [1, 7, 4096, 8192] {
            for ending in ["", "\n", "\r\n"] {
                let longest = format!("{limit}{ending}");
                assert_eq!(lines(longest.as_bytes(), chunk), [text(&limit)]);
                let longer = format!("{limit}x{ending}");
                assert_eq!(lines(longer.as_bytes(), chunk), too_long);
            }
            let with_cr = format!("{limit}\r");
            assert_eq!(lines(with_cr.as_bytes(), chunk), too_long);
        }
    }

    #[test]
    fn a_huge_line_is_counted_but_not_held() {
        let input = ["y".repeat(1_000_000).as_bytes(), b"\r\nnext\n"].concat();
        let bytes = 1_000_000;
        assert_eq!(
            lines(&input, 8192),
            [Err(LineError::TooLong { len: bytes }), text("next")]
        );

        let mut reader = LineReader::new(BufReader::new(input[..1_000_000].chain(Flaky(0))));
        assert!(reader.next_line().is_err());
        assert!(reader.held.capacity() <= 2 * (MAX_LINE + 1));
    }

    #[test]
    fn a_line_that_is_not_utf8_has_an_offset() {
        let expected = [
            text("ok"),
            Err(LineError::NotUtf8 { offset: 2 }),
            text("ok"),
        ];
        assert_eq!(lines(b"ok\nab\xFFcd\nok", 3), expected);
    }

    #[test]
    fn a_failed_read_keeps_the_part_before_it() {
        let mut reader = LineReader::new(BufReader::new(b"half".chain(Flaky(0))));
        assert!(reader.next_line().is_err());
        assert_eq!(reader.next_line().unwrap(), Some(text("half and half")));
    }

    /// Returns all that is passed on, `None` for the end, as long as fewer than `limit` came.
    fn passed(input: impl BufRead, limit: usize) -> Vec<Option<Line>> {
        let seen = RefCell::new(Vec::new());
        pass_lines(input, |line| {
            seen.borrow_mut().push(line);
            seen.borrow().len() < limit
        });
        seen.into_inner()
    }

    #[test]
    fn lines_arrive_in_order_and_the_end_comes_once() {
        let expected = ["a", "", "b", "c", "d"].map(|line| Some(text(line)));
        let expected = [&expected[..], &[None]].concat();
        assert_eq!(passed(&b"a\n\nb\nc\nd"[..], usize::MAX), expected);
    }

    #[test]
    fn a_read_error_is_the_end() {
        assert_eq!(passed(BufReader::new(Flaky(1)), usize::MAX), [None]);
    }

    #[test]
    fn an_endless_input_ends_with_its_taker() {
        let endless = BufReader::new(io::repeat(b'\n'));
        assert_eq!(passed(endless, 3), vec![Some(text("")); 3]);
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_standard_library(
            input in "([a-c\r\n]|é){0,40}", chunk in 1usize..6,
        ) {
            let expected: Vec<Line> = input.lines().map(text).collect();
            prop_assert_eq!(lines(input.as_bytes(), chunk), expected);
        }
    }
}
