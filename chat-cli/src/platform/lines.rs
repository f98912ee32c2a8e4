//! Lines from a reader, none of which can fill the memory.

use std::io::{self, BufRead};

/// The longest line that is handed over, in bytes without its line ending. Well over what fits into
/// a datagram of the protocol, so that whoever pastes a long text hears how long it was from the
/// layer that knows the limits.
pub const MAX_LINE: usize = 4096;

/// One line of the input, without its line ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A line of UTF-8 text; perhaps empty.
    Text(String),
    /// A line of more than [`MAX_LINE`] bytes, which was skipped.
    TooLong {
        /// Its length in bytes.
        bytes: u64,
    },
    /// A line that is not UTF-8. Guessing at another encoding would send something that nobody
    /// typed.
    NotUtf8 {
        /// How many of its bytes come before the first one that is wrong.
        offset: usize,
    },
}

/// Cuts what it reads into [`Line`]s and never holds more than one of them, nor more than
/// [`MAX_LINE`] bytes of it.
#[derive(Debug)]
pub struct LineReader<R> {
    reader: R,
    /// The beginning of the present line: one byte more than [`MAX_LINE`] at most, for the CR of a
    /// CRLF.
    held: Vec<u8>,
    /// How many bytes of the present line were read, whether held or skipped.
    length: u64,
    /// The byte before the one that is read next, which tells CRLF from LF where it was skipped.
    last: Option<u8>,
}

impl<R: BufRead> LineReader<R> {
    /// Reads lines from `reader`.
    pub fn new(reader: R) -> LineReader<R> {
        LineReader {
            reader,
            held: Vec::new(),
            length: 0,
            last: None,
        }
    }

    /// The next line, or `None` at the end of the input. LF and CRLF end a line; the last one needs
    /// neither.
    ///
    /// An error is the reader's own (an interrupted read is repeated). What was read of a line
    /// before it is kept, so the call may be repeated.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
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
            self.length = self.length.saturating_add(part.len() as u64);
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
            if self.held.len() as u64 == self.length {
                self.held.pop();
            }
            self.length -= 1;
        }
    }

    fn finish(&mut self) -> Line {
        let held = std::mem::take(&mut self.held);
        let length = std::mem::take(&mut self.length);
        self.last = None;
        if length > MAX_LINE as u64 {
            return Line::TooLong { bytes: length };
        }
        match String::from_utf8(held) {
            Ok(text) => Line::Text(text),
            Err(error) => Line::NotUtf8 {
                offset: error.utf8_error().valid_up_to(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    /// Reads everything through a buffer of `chunk` bytes, so that lines are cut at every possible
    /// place.
    fn lines(input: &[u8], chunk: usize) -> Vec<Line> {
        let mut reader = LineReader::new(BufReader::with_capacity(chunk, input));
        std::iter::from_fn(|| reader.next_line().unwrap()).collect()
    }

    fn text(line: &str) -> Line {
        Line::Text(line.to_owned())
    }

    #[test]
    fn lf_and_crlf_end_a_line_and_a_lone_cr_does_not() {
        for chunk in 1..9 {
            assert_eq!(
                lines(b"a\nb\r\n\n\r\nc\rd\ne\r\r\nlast\r", chunk),
                [
                    text("a"),
                    text("b"),
                    text(""),
                    text(""),
                    text("c\rd"),
                    text("e\r"),
                    text("last\r")
                ],
            );
            assert_eq!(lines(b"", chunk), []);
            assert_eq!(lines(b"\n", chunk), [text("")]);
        }
    }

    #[test]
    fn a_line_of_the_limit_passes_and_one_byte_more_does_not() {
        let limit = "x".repeat(MAX_LINE);
        for chunk in [1, 7, 4096, 8192] {
            for ending in ["", "\n", "\r\n"] {
                assert_eq!(
                    lines(format!("{limit}{ending}").as_bytes(), chunk),
                    [text(&limit)]
                );
                let bytes = MAX_LINE as u64 + 1;
                assert_eq!(
                    lines(format!("{limit}x{ending}").as_bytes(), chunk),
                    [Line::TooLong { bytes }]
                );
            }
            // The CR is part of a line that ends otherwise.
            let bytes = MAX_LINE as u64 + 1;
            assert_eq!(
                lines(format!("{limit}\r").as_bytes(), chunk),
                [Line::TooLong { bytes }]
            );
        }
    }

    #[test]
    fn a_huge_line_is_counted_but_not_held() {
        let long = vec![b'y'; 1_000_000];
        let mut input = long.clone();
        input.extend(b"\r\nnext\n");
        let mut reader = LineReader::new(BufReader::new(&*input));
        assert_eq!(
            reader.next_line().unwrap(),
            Some(Line::TooLong { bytes: 1_000_000 })
        );
        assert_eq!(reader.next_line().unwrap(), Some(text("next")));

        let mut reader = LineReader::new(BufReader::new(io::Read::chain(&*long, Failing)));
        assert!(reader.next_line().is_err());
        assert!(
            reader.held.capacity() <= 2 * (MAX_LINE + 1),
            "{}",
            reader.held.capacity()
        );
    }

    #[test]
    fn a_line_that_is_not_utf8_says_where() {
        assert_eq!(
            lines(b"ok\nab\xFFcd\nok", 3),
            [text("ok"), Line::NotUtf8 { offset: 2 }, text("ok")]
        );
    }

    #[test]
    fn an_interrupted_read_is_repeated_and_an_error_keeps_what_was_read() {
        let mut reader = LineReader::new(BufReader::new(io::Read::chain(&b"half"[..], Flaky(0))));
        assert!(reader.next_line().is_err());
        assert_eq!(reader.next_line().unwrap(), Some(text("half and half")));
    }

    struct Failing;
    impl io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }

    /// Interrupted, then broken, then text.
    struct Flaky(u32);
    impl io::Read for Flaky {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => Err(io::ErrorKind::Interrupted.into()),
                2 => Err(io::ErrorKind::Other.into()),
                3 => io::Read::read(&mut &b" and half\n"[..], buffer),
                _ => Ok(0),
            }
        }
    }

    proptest! {
        #[test]
        fn the_lines_are_those_of_the_standard_library(
            input in "([a-c\r\n]|é){0,40}", chunk in 1usize..6,
        ) {
            let expected: Vec<Line> = input.lines().map(text).collect();
            prop_assert_eq!(lines(input.as_bytes(), chunk), expected);
        }
    }
}
