//! The L/C/Q chat room without input or output: a [`Server`] and a [`Client`] that take datagrams
//! and the time and return what has to be sent. Sockets, clocks, threads and logs belong to the
//! program that embeds them.
//!
//! ```
//! use std::net::SocketAddr;
//! use chat_core::{Config, Event, Server, Timestamp};
//!
//! let mut server = Server::new(Config::default());
//! let now = Timestamp::from_millis(0);
//! let alice: SocketAddr = "192.0.2.1:5000".parse()?;
//! let bob: SocketAddr = "192.0.2.2:5000".parse()?;
//! # server.handle(now, alice, b"L alice");
//! # server.handle(now, bob, b"L bob");
//!
//! let out = server.handle(now, alice, b"C alice hello");
//! assert!(matches!(out.event(), Event::Said { .. }));
//! for transmit in out.transmits() {
//!     for to in transmit.to.iter() {
//!         // socket.send_to(transmit.payload, to)
//!         assert_eq!((transmit.payload, to), (b"alice : hello".as_slice(), bob));
//!     }
//! }
//! # Ok::<(), std::net::AddrParseError>(())
//! ```
//!
//! # The shape of every call
//!
//! A call takes `now` and what happened, and returns an [`Outgoing`]: the [`Event`] for the program
//! and the few [`Transmit`]s that it caused, in sending order, borrowed from the server. A transmit
//! is one payload for a set of [`Recipients`]; the addresses are read straight from the member
//! table, so that a broadcast copies nothing. The borrow keeps the table as it is until everything
//! is sent.
//!
//! Nothing that arrives from the network is an error or a panic: a bad datagram is an event
//! ([`Event::Dropped`], [`Event::Refused`]) and a count in [`Stats`].
//!
//! How to embed it, call by call, with whole programs on tokio, mio and a simulated network: the
//! [`guide`].
//!
//! The same calls give the same results: there is no clock, no randomness and no hash order in
//! here. The rules are those of PROTOCOL.md.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `serde` | `Serialize` and `Deserialize` for every value, `Serialize` for events: [what is a value](guide#values-to-keep-and-serde) |
//!
//! It changes nothing that a function does. The crate is `no_std` (with `alloc`) with it and
//! without.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

/// The README's code compiles and does what it says.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

mod client;
pub mod guide;
mod peer;
mod rate;
#[cfg(feature = "serde")]
mod serde_forms;
mod server;
mod time;

pub use client::{Client, ClientConfig, ClientEvent, ClientOutgoing, LostReason, SayError};
pub use peer::Peer;
pub use rate::{Bucket, Rate};
pub use server::{
    Ban, BanError, BanTarget, Config, DropReason, Event, KickError, LeaveReason, Outgoing,
    Recipients, RefusalCounts, Server, Stats, Transmit,
};
pub use time::Timestamp;

pub use chat_proto as proto;
