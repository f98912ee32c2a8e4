//! Lines of input, however long and whatever they hold.

use std::io::{self, BufRead};

/// How many bytes of a line are kept; a line that is longer cannot be said anyway.
const MOST_BYTES: usize = 4_096;

/// One line, without its end (LF or CRLF).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Its characters.
    Text(String),
    /// It is longer than anything that can be said.
    TooLong {
        /// Its length.
        bytes: u64,
    },
    /// It is not UTF-8.
    NotUtf8 {
        /// From which byte on.
        offset: usize,
    },
}

/// Reads lines and never holds more than the beginning of one in memory.
#[derive(Debug)]
pub struct LineReader<R> {
    input: R,
}

impl<R: BufRead> LineReader<R> {
    /// Reads from `input`.
    pub fn new(input: R) -> Self {
        Self { input }
    }

    /// The next line; `None` at the end of the input. A last line without a line feed is a line.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut kept = Vec::new();
        let mut bytes: u64 = 0;
        let mut ended = false;
        while !ended {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                if bytes == 0 {
                    return Ok(None);
                }
                break;
            }
            let feed = available.iter().position(|&byte| byte == b'\n');
            let piece = available.get(..feed.unwrap_or(available.len())).unwrap_or_default();
            // One more than is allowed, for a carriage return at the end.
            let room = (MOST_BYTES + 1).saturating_sub(kept.len());
            kept.extend(piece.iter().take(room));
            bytes += piece.len() as u64;
            ended = feed.is_some();
            let consumed = piece.len() + usize::from(ended);
            self.input.consume(consumed);
        }
        if ended && kept.len() as u64 == bytes && kept.last() == Some(&b'\r') {
            kept.pop();
            bytes -= 1;
        }
        if bytes > MOST_BYTES as u64 {
            return Ok(Some(Line::TooLong { bytes }));
        }
        Ok(Some(match String::from_utf8(kept) {
            Ok(text) => Line::Text(text),
            Err(error) => Line::NotUtf8 {
                offset: error.utf8_error().valid_up_to(),
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn lines(input: &[u8], buffer: usize) -> Vec<Line> {
        let mut reader = LineReader::new(BufReader::with_capacity(buffer, input));
        std::iter::from_fn(|| reader.next_line().unwrap()).collect()
    }

    fn text(text: &str) -> Line {
        Line::Text(text.into())
    }

    #[test]
    fn lines_come_one_by_one_whatever_the_buffer() {
        for buffer in [1, 2, 3, 100] {
            let found = lines("one\n\ntwo \r\n吃了么\r\r\nlast".as_bytes(), buffer);
            assert_eq!(
                found,
                [text("one"), text(""), text("two "), text("吃了么\r"), text("last")],
                "{buffer}"
            );
        }
        assert_eq!(lines(b"", 10), []);
        assert_eq!(lines(b"\n", 10), [text("")]);
    }

    #[test]
    fn an_over_long_line_is_counted_and_skipped() {
        for (length, fits) in [(4_096, true), (4_097, false), (100_000, false)] {
            let input = [vec![b'x'; length], b"\nnext\n".to_vec()].concat();
            let found = lines(&input, 64);
            let first = if fits {
                text(&"x".repeat(length))
            } else {
                Line::TooLong { bytes: length as u64 }
            };
            assert_eq!(found, [first, text("next")]);
        }
    }

    #[test]
    fn a_line_that_is_not_utf8_costs_no_other_line() {
        assert_eq!(
            lines(b"a\nb\xff\xfe\nc\n", 4),
            [text("a"), Line::NotUtf8 { offset: 1 }, text("c")]
        );
    }
}
