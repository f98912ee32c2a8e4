//! How the values of this crate are written with serde where the derived form would not do.

use alloc::string::String;

use serde::Serializer;

/// A datagram as text: for logs. What is not UTF-8 becomes U+FFFD.
pub(crate) fn as_text<S: Serializer>(datagram: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(datagram))
}

/// A limit: its value, or `"off"`. A null would do in JSON, but TOML has none and leaves the field
/// out: what was off would come back as the default. In formats that only programs read, a plain
/// option.
pub(crate) mod limit {
    use core::fmt;
    use core::marker::PhantomData;

    use serde::de::value::{MapAccessDeserializer, U64Deserializer};
    use serde::de::{Error, IntoDeserializer, MapAccess, Unexpected, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    const OFF: &str = "off";

    // The signature that serde's `with` asks for.
    #[allow(clippy::ref_option)]
    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        limit: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match limit {
            None if serializer.is_human_readable() => serializer.serialize_str(OFF),
            Some(value) if serializer.is_human_readable() => value.serialize(serializer),
            option => option.serialize(serializer),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Limit(PhantomData))
        } else {
            Option::deserialize(deserializer)
        }
    }

    struct Limit<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Limit<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a limit or \"{OFF}\"")
        }

        fn visit_str<E: Error>(self, word: &str) -> Result<Option<T>, E> {
            if word == OFF {
                Ok(None)
            } else {
                Err(E::invalid_value(Unexpected::Str(word), &self))
            }
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Option<T>, E> {
            let number: U64Deserializer<E> = number.into_deserializer();
            T::deserialize(number).map(Some)
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Option<T>, E> {
            match u64::try_from(number) {
                Ok(number) => self.visit_u64(number),
                Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
            }
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }
}
