//! Writing into the caller's buffer.

use core::fmt::{self, Write};

use crate::error::EncodeError;
use crate::limits::{FILLED_SESSION_DATAGRAM, MAX_DATAGRAM, MAX_NUMBER, MAX_SESSION_DATAGRAM};
use crate::name::Name;
use crate::session::{Header, Line, Lines, SessionMessage, line_of, name_or_tilde};

/// Collects the pieces of one datagram. It counts on when the buffer is full, so that the error can
/// name the needed size: no piece fails.
pub(crate) struct Writer<'b> {
    buffer: &'b mut [u8],
    /// The bytes written or counted.
    pub(crate) len: usize,
}

impl<'b> Writer<'b> {
    pub(crate) fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    pub(crate) fn put(mut self, piece: &str) -> Self {
        let _ = self.write_str(piece);
        self
    }

    /// Returns the datagram, or an error if it does not fit.
    pub(crate) fn finish(self) -> Result<&'b [u8], EncodeError> {
        self.finish_within(MAX_DATAGRAM)
    }

    /// Returns the datagram, or an error if it does not fit or has more than `allowed` bytes.
    pub(crate) fn finish_within(self, allowed: usize) -> Result<&'b [u8], EncodeError> {
        let (needed, available) = (self.len, self.buffer.len());
        if needed > allowed {
            return Err(EncodeError::DatagramTooLong { needed });
        }
        let buffer: &'b [u8] = self.buffer;
        buffer
            .get(..needed)
            .ok_or(EncodeError::BufferTooSmall { needed, available })
    }
}

impl Write for Writer<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let end = self.len + piece.len();
        if let Some(space) = self.buffer.get_mut(self.len..end) {
            space.copy_from_slice(piece.as_bytes());
        }
        self.len = end;
        Ok(())
    }
}

/// A `~D` datagram that grows line by line in the caller's buffer, to
/// [`FILLED_SESSION_DATAGRAM`] bytes or the buffer's end.
#[derive(Debug)]
pub struct DataWriter<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> DataWriter<'b> {
    /// Begins with the header. Fails if a number in it is out of range, or `buffer` too small.
    pub fn new(buffer: &'b mut [u8], header: &Header) -> Result<Self, EncodeError> {
        let empty = SessionMessage::Data(*header, Lines::default());
        let len = empty.encode(buffer)?.len();
        let end = buffer.len().min(FILLED_SESSION_DATAGRAM);
        let (buffer, _) = buffer.split_at_mut(end);
        Ok(Self { buffer, len })
    }

    /// Adds a line. Returns `false`, and adds nothing, if it does not fit, or would be read as
    /// another one: a text that has a line feed or is of another kind, an age beyond
    /// [`MAX_NUMBER`].
    pub fn line(&mut self, line: &Line<'_>) -> bool {
        let is_valid = match line {
            Line::Numbered(text) | Line::Ignored(text) => {
                line_of(text) == *line && !text.contains('\n')
            }
            Line::Age(seconds) => *seconds <= MAX_NUMBER,
            _ => true,
        };
        is_valid && self.put(format_args!("\n{line}"))
    }

    /// Adds a page of members, [`Line::Members`], with the first of `names`, as many as fit.
    /// Returns `false`, and adds nothing, if there are names and not one of them fits: a page
    /// without names means that there are no more.
    pub fn members(&mut self, after: Option<Name>, names: impl IntoIterator<Item = Name>) -> bool {
        let mut names = names.into_iter();
        let (after, first) = (name_or_tilde(after.as_ref()), names.next());
        let (space, first) = first.as_ref().map_or(("", ""), |name| (" ", name.as_str()));
        let is_added = self.put(format_args!("\n~m {after}{space}{first}"));
        let fitting = names.take_while(|name| is_added && self.put(format_args!(" {name}")));
        fitting.for_each(drop);
        is_added
    }

    /// Returns the datagram.
    pub fn finish(self) -> &'b [u8] {
        self.buffer.split_at(self.len).0
    }

    /// Adds all pieces, if they fit; otherwise nothing.
    fn put(&mut self, pieces: fmt::Arguments<'_>) -> bool {
        let (_, free) = self.buffer.split_at_mut(self.len);
        let mut writer = Writer::new(free);
        let _ = writer.write_fmt(pieces);
        let added = writer.finish_within(MAX_SESSION_DATAGRAM).map(<[u8]>::len);
        self.len += added.unwrap_or(0);
        added.is_ok()
    }
}
