//! serde for words and dialects: every value comes in through its constructor.

use alloc::vec::Vec;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::dialect::{Dialect, EndWords, Verbs};
use crate::language::Language;
use crate::word::Word;

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

impl Serialize for EndWords {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for EndWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words: Vec<Word> = Deserialize::deserialize(deserializer)?;
        Self::new(&words).map_err(D::Error::custom)
    }
}

/// The form of a dialect in a file.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Dialect", default, deny_unknown_fields)]
struct Table {
    verbs: Verbs,
    success: Word,
    ends: EndWords,
    leading_newline: bool,
    language: Language,
    lenient_reading: bool,
}

impl Default for Table {
    fn default() -> Self {
        Self::from(&Dialect::default())
    }
}

impl From<&Dialect> for Table {
    fn from(dialect: &Dialect) -> Self {
        Self {
            verbs: *dialect.verbs(),
            success: dialect.success(),
            ends: *dialect.ends(),
            leading_newline: dialect.leading_newline(),
            language: dialect.language(),
            lenient_reading: dialect.lenient_reading(),
        }
    }
}

impl Serialize for Dialect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Table::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Dialect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = Table::deserialize(deserializer)?;
        let dialect = Self::strict().with_words(table.success, table.ends);
        Ok(dialect
            .map_err(D::Error::custom)?
            .with_verbs(table.verbs)
            .with_leading_newline(table.leading_newline)
            .with_language(table.language)
            .with_lenient_reading(table.lenient_reading))
    }
}
