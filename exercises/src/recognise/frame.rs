//! Where a message begins and ends in a stream of bytes.
//!
//! A frame is a length (4 bytes, the highest first), a type (1 byte) and the payload; the length
//! counts type and payload. TCP glues frames together and cuts them as it likes, so the reader
//! takes bytes in any pieces.

/// The largest picture, in bytes.
pub const MAX_PICTURE: usize = 16 << 20;

/// The longest hint, in bytes.
pub const MAX_HINT: usize = 256;

/// What is in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A picture and a hint, from the client.
    Ask,
    /// What the server recognises.
    Answer,
    /// Why it does not.
    Refusal,
}

impl Kind {
    /// The type byte.
    pub fn byte(self) -> u8 {
        match self {
            Self::Ask => 1,
            Self::Answer => 2,
            Self::Refusal => 3,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Ask, Self::Answer, Self::Refusal]
            .into_iter()
            .find(|kind| kind.byte() == byte)
    }

    /// The longest payload, in bytes.
    pub fn longest(self) -> usize {
        match self {
            // The hint's length, the hint, the picture.
            Self::Ask => 2 + MAX_HINT + MAX_PICTURE,
            Self::Answer => 16 << 10,
            Self::Refusal => 4 << 10,
        }
    }
}

/// A whole frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What is in it.
    pub kind: Kind,
    /// At most [`Kind::longest`] bytes.
    pub payload: Vec<u8>,
}

/// Why bytes are no frame. After one, nobody knows where the next frame would begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The type is not one of those that this end of the connection may get.
    #[error("type {0} is none that is expected here")]
    UnexpectedKind(u8),
    /// There is not even a type.
    #[error("a frame of no bytes")]
    Empty,
    /// Longer than frames of this type can be.
    #[error("{length} bytes are more than the {longest} that a frame of this type has at most")]
    TooLong {
        /// Bytes in the payload, as announced.
        length: usize,
        /// Bytes at most.
        longest: usize,
    },
}

impl Frame {
    /// The frame as bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FrameError> {
        let longest = self.kind.longest();
        let length = self.payload.len();
        let announced = u32::try_from(length + 1).ok().filter(|_| length <= longest);
        let announced = announced.ok_or(FrameError::TooLong { length, longest })?;
        let mut bytes = Vec::with_capacity(HEADER + length);
        bytes.extend(announced.to_be_bytes());
        bytes.push(self.kind.byte());
        bytes.extend_from_slice(&self.payload);
        Ok(bytes)
    }
}

/// Bytes before the payload.
const HEADER: usize = 5;

/// Takes bytes in any pieces and gives frames. Memory grows with what has come, not with what was
/// announced.
#[derive(Debug)]
pub struct FrameReader {
    accepted: &'static [Kind],
    header: Vec<u8>,
    payload: Vec<u8>,
}

impl FrameReader {
    /// One that takes these types.
    pub fn new(accepted: &'static [Kind]) -> Self {
        Self {
            accepted,
            header: Vec::with_capacity(HEADER),
            payload: Vec::new(),
        }
    }

    /// Whether a frame has begun and not ended.
    pub fn is_inside(&self) -> bool {
        !self.header.is_empty()
    }

    /// Takes bytes up to the end of the first frame in them, and returns that frame; `None` when
    /// all bytes were taken and it did not end. To be called again with what is left.
    pub fn read(&mut self, bytes: &mut &[u8]) -> Result<Option<Frame>, FrameError> {
        while let Some(missing) = HEADER
            .checked_sub(self.header.len())
            .filter(|missing| *missing > 0)
        {
            if bytes.is_empty() {
                return Ok(None);
            }
            self.header.extend_from_slice(take(bytes, missing));
            // A length that no frame has is refused without its type.
            if let Some((length, kind)) = self.announced() {
                self.check(length, kind)?;
            }
        }
        let Some((length, Some(kind))) = self.announced() else {
            return Ok(None);
        };
        let kind = self.check(length, Some(kind))?;
        let piece = take(bytes, length - self.payload.len());
        if piece.len() > self.payload.capacity() - self.payload.len() {
            // Twice as much at a time, but never more than the frame will have.
            let more = piece.len().max(self.payload.len());
            self.payload
                .reserve_exact(more.min(length - self.payload.len()));
        }
        self.payload.extend_from_slice(piece);
        if self.payload.len() < length {
            return Ok(None);
        }
        self.header.clear();
        let payload = std::mem::take(&mut self.payload);
        Ok(kind.map(|kind| Frame { kind, payload }))
    }

    /// The bytes of the payload, and the type, as far as they have come.
    fn announced(&self) -> Option<(usize, Option<u8>)> {
        let (length, rest) = self.header.split_first_chunk::<4>()?;
        // On a machine of 16 bits this would be cut: then it is too long in any case.
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        Some((length.wrapping_sub(1), rest.first().copied()))
    }

    fn check(&self, length: usize, kind: Option<u8>) -> Result<Option<Kind>, FrameError> {
        if length == usize::MAX {
            return Err(FrameError::Empty);
        }
        // The length first, as it comes first: the error is the same however the bytes are cut.
        let longest = self
            .accepted
            .iter()
            .map(|kind| kind.longest())
            .max()
            .unwrap_or(0);
        if length > longest {
            return Err(FrameError::TooLong { length, longest });
        }
        let Some(byte) = kind else { return Ok(None) };
        let kind = Kind::from_byte(byte).filter(|kind| self.accepted.contains(kind));
        let kind = kind.ok_or(FrameError::UnexpectedKind(byte))?;
        let longest = kind.longest();
        if length > longest {
            return Err(FrameError::TooLong { length, longest });
        }
        Ok(Some(kind))
    }
}

/// The first bytes of a slice, at most so many, which are then gone from it.
fn take<'a>(bytes: &mut &'a [u8], most: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at_checked(most).unwrap_or((bytes, &[]));
    *bytes = rest;
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: &[Kind] = &[Kind::Ask, Kind::Answer, Kind::Refusal];

    /// Every frame in bytes that come in these pieces.
    fn read(pieces: &[&[u8]]) -> Result<Vec<Frame>, FrameError> {
        let mut reader = FrameReader::new(ALL);
        let mut frames = Vec::new();
        for mut piece in pieces.iter().copied() {
            while let Some(frame) = reader.read(&mut piece)? {
                frames.push(frame);
            }
            assert!(piece.is_empty());
        }
        Ok(frames)
    }

    fn frames() -> impl Strategy<Value = Vec<Frame>> {
        let payload = prop::collection::vec(any::<u8>(), 0..40);
        let frame = (prop::sample::select(ALL), payload)
            .prop_map(|(kind, payload)| Frame { kind, payload });
        prop::collection::vec(frame, 0..5)
    }

    #[test]
    fn a_frame_is_a_length_a_type_and_the_payload() {
        let frame = Frame {
            kind: Kind::Refusal,
            payload: b"no".to_vec(),
        };
        assert_eq!(frame.to_bytes().unwrap(), b"\0\0\0\x03\x03no");
        assert_eq!(read(&[b"\0\0\0\x03\x03no"]).unwrap(), [frame]);
    }

    proptest! {
        #[test]
        fn frames_are_the_same_however_they_are_cut_and_glued(frames in frames(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10)) {
            let bytes: Vec<_> = frames.iter().flat_map(|frame| frame.to_bytes().unwrap()).collect();
            let single: Vec<_> = bytes.chunks(1).collect();
            prop_assert_eq!(&read(&single).unwrap(), &frames, "byte by byte");
            prop_assert_eq!(&read(&[&bytes]).unwrap(), &frames, "in one piece");

            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
            prop_assert_eq!(&read(&pieces).unwrap(), &frames, "in pieces");
        }

        #[test]
        fn any_bytes_are_frames_or_an_error_and_nothing_that_was_announced_is_allocated(
            bytes in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut reader = FrameReader::new(ALL);
            let mut rest = bytes.as_slice();
            while let Ok(Some(_)) = reader.read(&mut rest) {}
            prop_assert!(reader.payload.capacity() <= 2 * bytes.len() + 8, "{} bytes for {}", reader.payload.capacity(), bytes.len());
        }
    }

    #[test]
    fn frames_are_the_same_at_every_two_cuts() {
        let frames = [
            (Kind::Ask, &b"picture"[..]),
            (Kind::Refusal, b""),
            (Kind::Answer, b"5"),
        ]
        .map(|(kind, payload)| Frame {
            kind,
            payload: payload.to_vec(),
        });
        let bytes: Vec<_> = frames
            .iter()
            .flat_map(|frame| frame.to_bytes().unwrap())
            .collect();
        for second in 0..=bytes.len() {
            for first in 0..=second {
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(
                    read(&pieces).unwrap(),
                    frames,
                    "cut at {first} and {second}"
                );
            }
        }
    }

    #[test]
    fn a_long_frame_takes_no_more_memory_than_its_length() {
        let longest = Kind::Ask.longest();
        let payload = vec![7; longest];
        let frame = Frame {
            kind: Kind::Ask,
            payload,
        };
        let bytes = frame.to_bytes().unwrap();
        let mut reader = FrameReader::new(ALL);
        for mut piece in bytes.chunks(60_000) {
            if let Some(read) = reader.read(&mut piece).unwrap() {
                assert!(read == frame, "another frame");
            }
            assert!(
                reader.payload.capacity() <= longest,
                "{}",
                reader.payload.capacity()
            );
        }
        assert!(!reader.is_inside());
    }

    #[test]
    fn what_is_too_long_is_refused_by_its_length_alone() {
        let too_long = FrameError::TooLong {
            length: 0xffff_fffe,
            longest: Kind::Ask.longest(),
        };
        assert_eq!(read(&[b"\xff\xff\xff", b"\xff"]), Err(too_long));
        let longest = u32::try_from(Kind::Ask.longest() + 1)
            .unwrap()
            .to_be_bytes();
        assert_eq!(read(&[&longest, b"\x01"]), Ok(vec![]));
        let longer = (u32::from_be_bytes(longest) + 1).to_be_bytes();
        assert!(matches!(read(&[&longer]), Err(FrameError::TooLong { .. })));
    }

    #[test]
    fn each_type_has_its_own_limit() {
        for kind in ALL {
            let payload = vec![0; kind.longest()];
            let mut frame = Frame {
                kind: *kind,
                payload,
            };
            assert_eq!(
                read(&[&frame.to_bytes().unwrap()]).unwrap(),
                [frame.clone()]
            );
            frame.payload.push(0);
            assert!(matches!(frame.to_bytes(), Err(FrameError::TooLong { .. })));
        }
        let refusal = u32::try_from(Kind::Refusal.longest() + 2)
            .unwrap()
            .to_be_bytes();
        assert!(matches!(
            read(&[&refusal, b"\x03"]),
            Err(FrameError::TooLong { .. })
        ));
    }

    #[test]
    fn garbage_is_refused_at_its_first_wrong_byte() {
        assert_eq!(read(&[b"\0\0\0\0"]), Err(FrameError::Empty));
        assert_eq!(
            read(&[b"\0\0\0\x01\x09"]),
            Err(FrameError::UnexpectedKind(9))
        );
        // A browser: its length is that of nothing here.
        assert!(matches!(
            read(&[b"GET / HTTP/1.1\r\n"]),
            Err(FrameError::TooLong { .. })
        ));
        let mut server = FrameReader::new(&[Kind::Ask]);
        assert_eq!(
            server.read(&mut &b"\0\0\0\x01\x02"[..]),
            Err(FrameError::UnexpectedKind(2))
        );
    }
}
