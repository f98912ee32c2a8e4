//! serde for verbs, end words and dialects: a constructor checks every value that is read.

use alloc::vec::Vec;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::dialect::{Dialect, EndWords, Verbs};
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

// With `remote = "Self"` serde derives functions instead of traits, so that a constructor can check
// a dialect that was read.
impl Serialize for Dialect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Dialect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Self::deserialize(deserializer)?;
        let (success, ends) = (read.success(), *read.ends());
        read.with_words(success, ends).map_err(D::Error::custom)
    }
}
