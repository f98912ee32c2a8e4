//! What a message carries beside names: borrowed from a datagram, or owned.

use crate::text::{Reason, Text};

mod sealed {
    pub trait Sealed {}
}

/// A checked string inside a message: [`Text`] and [`Reason`], or their owned forms. Sealed, so
/// that everything which reaches an encoder has been through a checked constructor.
pub trait Content: sealed::Sealed {
    /// The characters.
    fn as_str(&self) -> &str;

    /// The characters as UTF-8 bytes.
    fn as_bytes(&self) -> &[u8];
}

macro_rules! content {
    ($($type:ty),*) => {$(
        impl sealed::Sealed for $type {}
        impl Content for $type {
            fn as_str(&self) -> &str {
                self.as_ref()
            }

            fn as_bytes(&self) -> &[u8] {
                self.as_bytes()
            }
        }
    )*};
}
content!(Text<'_>, Reason<'_>);
#[cfg(feature = "alloc")]
content!(crate::text::TextBuf, crate::text::ReasonBuf);
