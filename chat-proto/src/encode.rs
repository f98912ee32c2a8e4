//! Writing into the caller's buffer.

use crate::error::EncodeError;
use crate::limits::MAX_DATAGRAM;

/// Collects the pieces of one datagram. It counts on when the buffer is full, so that the error can
/// name the needed size.
pub(crate) struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> Writer<'b> {
    pub(crate) fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    pub(crate) fn put(mut self, piece: &str) -> Self {
        let end = self.len + piece.len();
        if let Some(space) = self.buffer.get_mut(self.len..end) {
            space.copy_from_slice(piece.as_bytes());
        }
        self.len = end;
        self
    }

    /// Returns the datagram, or an error if it does not fit.
    pub(crate) fn finish(self) -> Result<&'b [u8], EncodeError> {
        let (needed, available) = (self.len, self.buffer.len());
        if needed > MAX_DATAGRAM {
            return Err(EncodeError::DatagramTooLong { needed });
        }
        let buffer: &'b [u8] = self.buffer;
        buffer
            .get(..needed)
            .ok_or(EncodeError::BufferTooSmall { needed, available })
    }
}
