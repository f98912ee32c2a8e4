//! The L/C/Q chat protocol: one datagram in, one value out, and back again.
//!
//! A client sends a [`Request`] (`L name`, `C name text`, `Q name`); a server answers with a
//! [`Reply`] (`OK`, `FAIL reason`, `EXIT`) and sends every other member a [`Delivery`] (`name :
//! text`, `* name joined`, `* name left`). PROTOCOL.md in the repository is the specification; the
//! comments here name its sections.
//!
//! ```
//! use chat_proto::{Dialect, Request};
//!
//! let dialect = Dialect::strict();
//! let request = Request::decode(b"C alice hello, world", &dialect)?;
//! let Request::Chat { name, text } = &request else { panic!("a chat line") };
//! assert_eq!((name.as_str(), text.as_str()), ("alice", "hello, world"));
//!
//! let mut buffer = [0; chat_proto::MAX_DATAGRAM];
//! assert_eq!(request.encode(&dialect, &mut buffer)?, b"C alice hello, world");
//!
//! let error = Request::decode(b"C alice\x1b[2J hi", &dialect).unwrap_err();
//! assert_eq!(error.to_string(), "at byte 7: a name cannot hold the character U+001B");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Promises
//!
//! * No input panics. Whatever decodes encodes to the same bytes again in a
//!   [strict](Dialect::strict) dialect; in a [lenient](Dialect::lenient) one it encodes to its
//!   canonical form, which decodes to the same value.
//! * An error names the byte where the input went wrong, in `0..=len`, and says why.
//! * A value that can be constructed can be encoded: the constructors are the only doors. (Two
//!   exceptions, both typed errors: a buffer that is too small, and request verbs so long that the
//!   longest text no longer fits.)
//! * Decoding borrows from the datagram and allocates nothing; encoding writes into the caller's
//!   buffer.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `alloc` (default) | owned forms: [`TextBuf`], [`RequestBuf`], [`DeliveryBuf`], [`ReplyBuf`] |
//! | `serde` | `Serialize` and `Deserialize`, through the checked constructors |
//! | `proptest` | [`strategy`]: strategies for every type, valid and nearly valid |
//! | `arbitrary` | `arbitrary::Arbitrary` for every owned type |
//! | `simd` | nothing to see: text that is not ASCII is checked with vector instructions where the processor has them |
//!
//! With `serde`, every value comes in as it went out, and only through its constructor:
//!
//! | type | is written as |
//! |---|---|
//! | [`Name`], [`Word`], [`TextBuf`], [`ReasonBuf`] | a string |
//! | [`Language`], [`Prefix`], [`Reading`], [`Refusal`], [`Verb`] | a word in `snake_case`: `"english"`, `"name_taken"` |
//! | [`Verbs`], [`EndWords`] | a list of words: login, chat, quit; the end words in their order |
//! | [`Dialect`] | `{"verbs": …, "success": …, "ends": …, "prefix": …, "language": …, "reading": …}`, all of them |
//! | [`RequestBuf`], [`DeliveryBuf`], [`ReplyBuf`] | `{"chat": {"name": "bob", "text": "hi"}}`, `"success"` |
//!
//! [`Text`] and [`Reason`] borrow: they are written like their owned forms and read as these.
//! Errors are not values: they are for the program that made the call, and have words for its user.
//!
//! None of them changes what a function does. The crate is `no_std` in every combination;
//! `proptest`, `simd` and `arbitrary` bring dependencies that use std.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
// The way of a good line through the parser is inlined by hand: a rule's result is 64 bytes, and to
// hand it up through memory costs more than the rule (BENCHMARKS.md).
#![allow(clippy::inline_always)]

#[cfg(feature = "alloc")]
extern crate alloc;
// The code that arbitrary's derive writes names std; the crate stays `no_std` otherwise.
#[cfg(feature = "arbitrary")]
extern crate std;

/// The README's code compiles and does what it says.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

mod content;
mod delivery;
mod dialect;
mod encode;
mod error;
mod grammar;
mod inline;
mod language;
mod limits;
mod name;
mod refusal;
mod reply;
mod request;
mod scan;
mod text;
mod utf8;
mod word;

#[cfg(feature = "arbitrary")]
mod arbitrary_impls;
#[cfg(feature = "serde")]
mod serde_impls;
#[cfg(feature = "proptest")]
pub mod strategy;

pub use content::Content;
pub use delivery::Delivery;
pub use dialect::{Dialect, DialectError, EndWords, Prefix, Reading, Verbs};
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use language::Language;
pub use limits::{
    MAX_DATAGRAM, MAX_END_WORDS, MAX_NAME, MAX_REASON, MAX_REFUSAL, MAX_TEXT, MAX_WORD,
};
pub use name::{Name, NameError};
pub use refusal::Refusal;
pub use reply::Reply;
pub use request::{Request, Verb};
pub use text::{Reason, ReasonError, Text, TextError};
pub use word::{Word, WordError};

#[cfg(feature = "alloc")]
pub use {
    delivery::DeliveryBuf,
    reply::ReplyBuf,
    request::RequestBuf,
    text::{ReasonBuf, TextBuf},
};
