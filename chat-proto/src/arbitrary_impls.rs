//! Values from a fuzzer's bytes: characters are drawn, those that do not fit are left out, and what
//! remains goes through the checked constructor.

use alloc::string::String;
use alloc::vec::Vec;

use arbitrary::{Arbitrary, Error, Result, Unstructured};

use crate::dialect::{Dialect, EndWords, Verbs};
use crate::limits::{MAX_END_WORDS, MAX_NAME, MAX_REASON, MAX_TEXT, MAX_WORD};
use crate::name::Name;
use crate::text::{ReasonBuf, Text, TextBuf};
use crate::word::Word;

/// Arbitrary characters that `fits` lets through one by one, up to `limit` bytes.
fn characters(
    u: &mut Unstructured<'_>,
    limit: usize,
    fits: impl Fn(&str) -> bool,
) -> Result<String> {
    let mut text = String::new();
    for character in <&str>::arbitrary(u)?.chars() {
        if text.len() + character.len_utf8() > limit {
            break;
        }
        if fits(character.encode_utf8(&mut [0; 4])) {
            text.push(character);
        }
    }
    Ok(text)
}

impl<'a> Arbitrary<'a> for Name {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let text = characters(u, MAX_NAME, |c| Name::new(c).is_ok())?;
        Name::new(&text).map_err(|_| Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for Word {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let text = characters(u, MAX_WORD, |c| Word::new(c).is_ok())?;
        Word::new(&text).map_err(|_| Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for TextBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let text = characters(u, MAX_TEXT, |c| Text::new(c).is_ok())?;
        TextBuf::new(text).map_err(|_| Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for ReasonBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let text = characters(u, MAX_REASON, |c| Text::new(c).is_ok())?;
        ReasonBuf::new(text).map_err(|_| Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for Verbs {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Verbs::new(u.arbitrary()?, u.arbitrary()?, u.arbitrary()?)
            .map_err(|_| Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for EndWords {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let count = u.int_in_range(1..=MAX_END_WORDS)?;
        let words = (0..count)
            .map(|_| u.arbitrary())
            .collect::<Result<Vec<Word>>>()?;
        EndWords::new(&words).map_err(|_| Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for Dialect {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        // Often the plain one, so that bytes of the plain grammar mean something.
        let mut dialect = Dialect::strict();
        if u.arbitrary()? {
            dialect = dialect
                .with_words(u.arbitrary()?, u.arbitrary()?)
                .map_err(|_| Error::IncorrectFormat)?;
        }
        if u.arbitrary()? {
            dialect = dialect.with_verbs(u.arbitrary()?);
        }
        Ok(dialect
            .with_prefix(u.arbitrary()?)
            .with_language(u.arbitrary()?)
            .with_reading(u.arbitrary()?))
    }
}
