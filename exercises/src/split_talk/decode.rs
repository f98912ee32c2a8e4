//! From bytes to text, whichever encoding the transcript is in.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};

/// The text of a file, and how it was encoded.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// Without a byte order mark.
    pub text: Cow<'a, str>,
    /// What it was taken for.
    pub encoding: &'static Encoding,
}

/// Why bytes are no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is UTF-8 for the most part, but not all of it is.
    #[error("line {line} is damaged: byte {offset} of the file is not UTF-8, as the rest is")]
    Damaged {
        /// From 1.
        line: usize,
        /// Bytes before the first that is wrong.
        offset: usize,
    },
    /// It is none of the encodings that are tried.
    #[error(
        "neither UTF-8 (wrong in line {line}, byte {offset} of the file) nor GB18030; say with --encoding what it is"
    )]
    Unknown {
        /// Where it is not UTF-8: from 1.
        line: usize,
        /// Bytes before the first that is wrong.
        offset: usize,
    },
    /// It is not in the encoding that it was said to be in.
    #[error("not {encoding}, as it should be")]
    NotAsSaid {
        /// The encoding's name.
        encoding: &'static str,
    },
}

/// Decodes a file. Without a word on its encoding that is what its byte order mark says, else
/// UTF-8, else GB18030 (of which GBK and GB 2312 are parts).
pub fn decode<'a>(
    bytes: &'a [u8],
    said: Option<&'static Encoding>,
) -> Result<Decoded<'a>, DecodeError> {
    let whole = |encoding: &'static Encoding, bytes: &'a [u8]| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        Some(Decoded { text, encoding })
    };
    let (marked, rest) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (Some(encoding), bytes.get(mark..).unwrap_or_default()),
        None => (None, bytes),
    };
    if let Some(encoding) = said
        .filter(|said| marked != Some(said))
        .or(marked.filter(|marked| *marked != UTF_8))
    {
        let not_as_said = DecodeError::NotAsSaid {
            encoding: encoding.name(),
        };
        let bytes = if marked == Some(encoding) {
            rest
        } else {
            bytes
        };
        return whole(encoding, bytes).ok_or(not_as_said);
    }
    if let Some(decoded) = whole(UTF_8, rest) {
        return Ok(decoded);
    }
    let wrong = Wrong::of(rest);
    let (line, offset) = (wrong.line, wrong.offset + (bytes.len() - rest.len()));
    if marked.is_some() || wrong.is_mostly_utf_8 {
        return Err(DecodeError::Damaged { line, offset });
    }
    whole(GB18030, bytes).ok_or(DecodeError::Unknown { line, offset })
}

/// Where bytes are not UTF-8.
struct Wrong {
    line: usize,
    offset: usize,
    /// Text in another encoding hardly ever has characters that are right by chance: then this is
    /// UTF-8 with some damage, which must not be read as something else.
    is_mostly_utf_8: bool,
}

impl Wrong {
    fn of(bytes: &[u8]) -> Self {
        let first = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let (mut right, mut wrong) = (0, 0);
        for chunk in bytes.utf8_chunks() {
            right += chunk
                .valid()
                .chars()
                .filter(|character| !character.is_ascii())
                .count();
            wrong += usize::from(!chunk.invalid().is_empty());
        }
        Self {
            line: 1 + first.matches('\n').count(),
            offset: first.len(),
            is_mostly_utf_8: right > wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{BIG5, UTF_16LE};

    use super::*;

    const TALK: &str = "老王：吃了么？\n小李：还没呢，今天太忙了。𠮷\n";

    fn read(bytes: &[u8]) -> (String, &'static str) {
        let decoded = decode(bytes, None).unwrap();
        (decoded.text.into_owned(), decoded.encoding.name())
    }

    #[test]
    fn utf_8_is_read_with_and_without_its_mark() {
        assert_eq!(read(TALK.as_bytes()), (TALK.to_owned(), "UTF-8"));
        let marked = [b"\xef\xbb\xbf", TALK.as_bytes()].concat();
        assert_eq!(read(&marked), (TALK.to_owned(), "UTF-8"));
        assert_eq!(read(b""), (String::new(), "UTF-8"));
    }

    #[test]
    fn gb18030_is_recognised_with_characters_of_two_and_four_bytes() {
        let (bytes, _, _) = GB18030.encode(TALK);
        assert_eq!(read(&bytes), (TALK.to_owned(), "gb18030"));
        // The mark of GB18030, written by some editors, is not known as one: it is a character that
        // is not seen.
        assert_eq!(read(b"a: \xc4\xe3"), ("a: 你".to_owned(), "gb18030"));
    }

    #[test]
    fn utf_16_is_read_by_its_mark() {
        let bytes: Vec<_> = "\u{feff}老王：吃"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(read(&bytes), ("老王：吃".to_owned(), "UTF-16LE"));
    }

    #[test]
    fn damaged_utf_8_is_not_taken_for_something_else() {
        let mut bytes = TALK.as_bytes().to_vec();
        let place = TALK.find('还').unwrap();
        bytes[place] = 0xff;
        let error = decode(&bytes, None).unwrap_err();
        assert_eq!(
            error,
            DecodeError::Damaged {
                line: 2,
                offset: place
            }
        );
        let marked = b"\xef\xbb\xbfa: \xc4\xe3";
        assert_eq!(
            decode(marked, None).unwrap_err(),
            DecodeError::Damaged { line: 1, offset: 6 }
        );
    }

    #[test]
    fn what_is_neither_is_refused_with_its_place() {
        let error = decode(b"a: b\nc: \xff\xff", None).unwrap_err();
        assert_eq!(error, DecodeError::Unknown { line: 2, offset: 8 });
    }

    #[test]
    fn an_encoding_that_is_said_is_the_one() {
        let (bytes, _, _) = BIG5.encode("老王：吃了麼");
        assert_eq!(decode(&bytes, Some(BIG5)).unwrap().text, "老王：吃了麼");
        let error = decode(b"abc", Some(UTF_16LE)).unwrap_err();
        assert_eq!(
            error,
            DecodeError::NotAsSaid {
                encoding: "UTF-16LE"
            }
        );
        let error = decode(b"\xc4\xe3", Some(UTF_8)).unwrap_err();
        assert_eq!(error, DecodeError::NotAsSaid { encoding: "UTF-8" });
    }
}
