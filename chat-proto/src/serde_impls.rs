//! serde for the checked strings, the words and the dialect: every value comes in through its
//! constructor.

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

/// The verbs for login, chat and quit, in this order.
impl Serialize for Verbs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.login(), self.chat(), self.quit()].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Verbs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let [login, chat, quit] = Deserialize::deserialize(deserializer)?;
        Self::new(login, chat, quit).map_err(D::Error::custom)
    }
}

/// The list of the words.
impl Serialize for EndWords {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().collect::<Vec<_>>())
    }
}

impl<'de> Deserialize<'de> for EndWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&Vec::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A dialect as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Dialect", deny_unknown_fields)]
struct Written {
    verbs: Verbs,
    success: Word,
    ends: EndWords,
    prefix: Prefix,
    language: Language,
    reading: Reading,
}

impl Serialize for Dialect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            verbs: *self.verbs(),
            success: self.success(),
            ends: *self.ends(),
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
            verbs,
            success,
            ends,
            prefix,
            language,
            reading,
        } = Written::deserialize(deserializer)?;
        let dialect = Self::strict()
            .with_words(success, ends)
            .map_err(D::Error::custom)?;
        Ok(dialect
            .with_verbs(verbs)
            .with_prefix(prefix)
            .with_language(language)
            .with_reading(reading))
    }
}
