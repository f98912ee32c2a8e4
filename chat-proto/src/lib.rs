//! The L/C/Q chat protocol: reads one datagram as one value, and writes it again.
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
//! A [`SessionMessage`] is a datagram of a session: a hello, an answer to one, or many requests or
//! deliveries as [`Line`]s under one [`Header`]. [`is_session_datagram`] tells it from a plain one,
//! and a [`DataWriter`] composes it line by line.
//!
//! # Promises
//!
//! * No input panics. A [strict](Dialect::strict) dialect writes each value that it reads as the
//!   same bytes; a [lenient](Dialect::lenient) one writes its canonical form, which decodes to the
//!   same value.
//! * An error names the byte of the fault, in `0..=len`, and explains the fault.
//! * Every value can be encoded, because constructors check it. (Exceptions, all of them typed
//!   errors: a buffer that is too small, request verbs so long that the longest text does not fit,
//!   and in a session a number, word or refusal that its field does not allow, or too many lines.)
//! * Decoding borrows from the datagram and allocates nothing; encoding writes into the caller's
//!   buffer.
//!
//! # Features
//!
//! * `alloc` (default): [`TextBuf`], an owned text.
//! * `serde`: `Serialize` for all plain values and for the codes of sessions, `Deserialize` for
//!   those that a program configures or stores, through their constructors.
//! * `arbitrary`: `Arbitrary` values that borrow from a fuzzer's bytes, for tests; it uses std.
//!
//! No feature changes the effect of a function. The crate itself is always `no_std`.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Only a fault in the tables of this crate reaches an `expect`, and tests check them.
#![allow(clippy::expect_used, clippy::missing_panics_doc)]

#[cfg(feature = "alloc")]
extern crate alloc;
// arbitrary's derive writes code that names std.
#[cfg(feature = "arbitrary")]
extern crate std;

/// Makes the README's code a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

mod delivery;
mod dialect;
mod encode;
mod error;
mod from_server;
mod language;
mod limits;
mod name;
mod parse;
mod refusal;
mod reply;
mod request;
mod session;
mod string_traits;
mod text;
mod word;

#[cfg(feature = "arbitrary")]
mod arbitrary_impls;
#[cfg(feature = "serde")]
mod serde_impls;

pub use delivery::Delivery;
pub use dialect::{Dialect, DialectError, EndWords, Verbs};
pub use encode::DataWriter;
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use from_server::FromServer;
pub use language::Language;
pub use limits::{
    FILLED_SESSION_DATAGRAM, MAX_DATAGRAM, MAX_END_WORDS, MAX_NAME, MAX_NUMBER, MAX_REASON,
    MAX_REFUSAL, MAX_SESSION_DATAGRAM, MAX_TEXT, MAX_WORD,
};
pub use name::{Name, NameError, is_invisible};
pub use refusal::Refusal;
pub use reply::Reply;
pub use request::{Request, Verb};
pub use session::{
    EndCode, Header, Hello, Id, Line, Lines, Names, SessionMessage, is_session_datagram,
};
#[cfg(feature = "alloc")]
pub use text::TextBuf;
pub use text::{Reason, ReasonError, Text, TextError};
pub use word::{Word, WordError};
