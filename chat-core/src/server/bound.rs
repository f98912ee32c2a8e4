//! How much memory a server can take.

use core::num::NonZeroU32;

use chat_proto::Name;

use super::config::Config;
use super::look_alike::Looks;
use super::members::Member;
use super::place::Place;
use super::silent::Entry;
use crate::peer::Peer;
use crate::rate::Bucket;
use crate::time::Timestamp;

/// The scratch buffers of a call, and what else is there once.
const BASE: u64 = 16 << 10;
/// What each reserved name may take: its two forms, which can be longer than the name.
const RESERVED: u64 = 1 << 10;

impl Config {
    /// How many bytes of heap a server with these limits takes at most, between two calls, whatever
    /// arrives; `None`: as many as there are members, where [`max_members`](Self::max_members)
    /// is off.
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use chat_core::Config;
    ///
    /// let bound = Config::default().memory_bound::<SocketAddr>();
    /// assert!(bound.is_some_and(|bytes| bytes < 32 << 20));
    /// ```
    pub fn memory_bound<A: Peer>(&self) -> Option<u64> {
        let members = u64::from(self.max_members?.get());
        let member = slot::<A>()
            + slot::<Member>()
            + slot::<Entry>()                  // silent members
            + entry::<(A, Place)>()            // by address
            + 3 * entry::<(u64, Place)>()      // by the looks of its name
            + entry::<(A::Network, u32)>()     // per network
            + entry::<(Timestamp, A)>(); // idle deadlines
        let network =
            entry::<(A::Network, Bucket, Timestamp)>() + entry::<(Timestamp, A::Network)>();
        let networks = self
            .network_logins
            .map_or(0, |_| u64::from(NonZeroU32::get(self.tracked_networks)));
        let reserved = (self.reserved.len() as u64 + 1) * RESERVED;
        let ban = entry::<(A::Network, A, Option<Timestamp>)>().max(entry::<(
            Name,
            Looks,
            Option<Timestamp>,
        )>());
        let bans = u64::from(self.max_bans.get()) * ban;
        Some(BASE + reserved + bans + (members + 4) * member + (networks + 11) * network)
    }
}

/// A place in a vector, which doubles when it is full.
const fn slot<T>() -> u64 {
    2 * size_of::<T>() as u64
}

/// An entry of an ordered map: its nodes are at least 5 elevenths full, and have links to each
/// other.
const fn entry<T>() -> u64 {
    3 * size_of::<T>() as u64 + 48
}
