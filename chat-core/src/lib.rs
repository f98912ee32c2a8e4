//! The L/C/Q chat room without input or output: a [`Server`] and a [`Client`] that take datagrams
//! and the time and return the datagrams to send. Sockets, clocks, threads and logs belong to the
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
//! A call takes `now` and what happened. It returns an [`Outgoing`]: the [`Event`] for the program,
//! and the few [`Transmit`]s that it caused, in sending order. A transmit is one payload for a set
//! of [`Recipients`], whose addresses are read from the member table: a broadcast copies nothing.
//! The outgoing borrows the server, so the table cannot change before everything is sent.
//!
//! Nothing that arrives from the network is an error or a panic: a bad datagram is an event
//! ([`Event::Dropped`], [`Event::Refused`]) and a count in [`Stats`]. There is no clock, no
//! randomness and no hash order in this crate: the same calls give the same results.
//!
//! The rules are those of PROTOCOL.md. The [`guide`] shows how to embed a room, with whole
//! programs. The feature `serde` adds `Serialize` for events and [`Stats`], and `Deserialize` too
//! for values that a program configures or stores. The crate is always `no_std`, with `alloc`.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
// An `expect` names an invariant of this crate, and a panic there is a bug in it. Nothing that
// comes from outside (datagrams, names, addresses, times) leads to one.
#![allow(clippy::expect_used, clippy::missing_panics_doc)]

extern crate alloc;

/// Tests the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

mod client;
mod link;
mod log;
mod peer;
mod rate;
mod server;
mod time;

pub use client::{
    Client, ClientConfig, ClientEvent, ClientOutgoing, ClientSession, LostReason, SayError,
    SessionEntry,
};
pub use log::LogLimits;
pub use peer::Peer;
pub use rate::{Bucket, Rate};
pub use server::{
    Ban, BanError, BanTarget, Config, DropReason, Event, KickError, LeaveReason, Outgoing,
    Recipients, RefusalCounts, Server, SessionConfig, Stats, Transmit,
};
pub use time::Timestamp;

pub use chat_proto as proto;

#[doc = concat!(
    include_str!("guide.md"),
    "\n## On tokio: one task owns the room\n```no_run\n", include_str!("../examples/tokio.rs"),
    "```\n## On mio: one thread and a waker\n```no_run\n", include_str!("../examples/mio.rs"),
    "```\n## A simulated network and clock\n```\n", include_str!("../examples/in_memory.rs"), "```",
)]
pub mod guide {}
