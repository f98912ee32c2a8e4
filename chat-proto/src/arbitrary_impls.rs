//! Values from a fuzzer's bytes. Strings borrow: each is the longest valid beginning of the text
//! that the fuzzer gives.

use std::vec::Vec;

use arbitrary::{Arbitrary, Error, Result, Unstructured};

use crate::dialect::{Dialect, EndWords, Verbs};
use crate::limits::{MAX_END_WORDS, MAX_NAME, MAX_REASON, MAX_TEXT, MAX_WORD};
use crate::name::Name;
use crate::text::{Reason, Text};
use crate::word::Word;

/// Returns the first value that `new` makes of a beginning of the fuzzer's text, from `limit` bytes
/// downwards.
fn longest<'a, T, E>(
    u: &mut Unstructured<'a>,
    limit: usize,
    new: impl Fn(&'a str) -> Result<T, E>,
) -> Result<T> {
    let text: &'a str = u.arbitrary()?;
    let beginnings = (0..=limit).rev().filter_map(|end| text.get(..end));
    let mut values = beginnings.filter_map(|beginning| new(beginning).ok());
    values.next().ok_or(Error::IncorrectFormat)
}

impl<'a> Arbitrary<'a> for Name {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        longest(u, MAX_NAME, Name::new)
    }
}

impl<'a> Arbitrary<'a> for Word {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        longest(u, MAX_WORD, Word::new)
    }
}

impl<'a> Arbitrary<'a> for Text<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        longest(u, MAX_TEXT, Text::new)
    }
}

impl<'a> Arbitrary<'a> for Reason<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        longest(u, MAX_REASON, Reason::new)
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
            .collect::<Result<Vec<_>>>()?;
        EndWords::new(&words).map_err(|_| Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for Dialect {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        // Often the plain dialect, so that bytes of the plain grammar are valid.
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
            .with_leading_newline(u.arbitrary()?)
            .with_language(u.arbitrary()?)
            .with_lenient_reading(u.arbitrary()?))
    }
}
