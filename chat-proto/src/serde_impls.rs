//! serde for the checked strings and the dialect: every value comes in through its constructor.

use alloc::string::String;
use alloc::vec::Vec;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::dialect::{Dialect, EndWords, Prefix, Reading, Verbs};
use crate::language::Language;
use crate::name::Name;
use crate::text::{Reason, ReasonBuf, Text, TextBuf};
use crate::word::Word;

macro_rules! as_string {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    )*};
}
as_string!(Name, Word, Text<'_>, Reason<'_>, TextBuf, ReasonBuf);

macro_rules! from_string {
    ($($type:ty),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}
from_string!(Name, Word, TextBuf, ReasonBuf);

/// A dialect as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    verbs: [Word; 3],
    success: Word,
    ends: Vec<Word>,
    prefix: Prefix,
    language: Language,
    reading: Reading,
}

impl Serialize for Dialect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let verbs = self.verbs();
        let written = Written {
            verbs: [verbs.login(), verbs.chat(), verbs.quit()],
            success: self.success(),
            ends: self.ends().iter().collect(),
            prefix: self.prefix(),
            language: self.language(),
            reading: self.reading(),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Dialect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written {
            verbs: [login, chat, quit],
            success,
            ends,
            prefix,
            language,
            reading,
        } = Written::deserialize(deserializer)?;
        let verbs = Verbs::new(login, chat, quit).map_err(D::Error::custom)?;
        let ends = EndWords::new(&ends).map_err(D::Error::custom)?;
        let dialect = Self::strict().with_words(success, ends).map_err(D::Error::custom)?;
        Ok(dialect
            .with_verbs(verbs)
            .with_prefix(prefix)
            .with_language(language)
            .with_reading(reading))
    }
}
