//! Traits of the checked strings.

/// Implements the traits for a string that owns its characters: [`Name`](crate::Name),
/// [`Word`](crate::Word), [`TextBuf`](crate::TextBuf).
macro_rules! owned_string_traits {
    ($type:ident, $error:ty) => {
        impl core::str::FromStr for $type {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $type {
            type Error = $error;

            fn try_from(text: &str) -> Result<Self, $error> {
                Self::new(text)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = alloc::string::String::deserialize(deserializer)?;
                Self::new(&*text).map_err(serde::de::Error::custom)
            }
        }

        $crate::string_traits::shown_string_traits!($type);
    };
}

/// Implements the traits for a string that borrows its characters: [`Text`](crate::Text),
/// [`Reason`](crate::Reason).
macro_rules! borrowed_string_traits {
    ($type:ident, $error:ty) => {
        impl<'a> TryFrom<&'a str> for $type<'a> {
            type Error = $error;

            fn try_from(text: &'a str) -> Result<Self, $error> {
                Self::new(text)
            }
        }

        $crate::string_traits::shown_string_traits!($type<'_>);
    };
}

macro_rules! shown_string_traits {
    ($type:ty) => {
        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

pub(crate) use {borrowed_string_traits, owned_string_traits, shown_string_traits};
