//! The room in a program without std. `cargo build --manifest-path tests/no-std/Cargo.toml` is the
//! test.
//!
//! The panic handler below is the proof: std has one of its own, and a program can have one only.
//! As soon as any crate that this one reaches is built on std, the build ends with `found duplicate
//! lang item panic_impl`.
#![no_std]

use core::net::{Ipv4Addr, SocketAddr};
use core::panic::PanicInfo;

use chat_core::{Config, Server, Timestamp};
use chat_proto::{Dialect, MAX_DATAGRAM, Request};
use linked_list_allocator::LockedHeap;

/// Gives out nothing until a real program hands it memory: this one is built, never run.
#[global_allocator]
static HEAP: LockedHeap = LockedHeap::empty();

#[panic_handler]
fn stop(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// Reads a request and writes it again; says how long it is.
pub fn chat_round_trip(datagram: &[u8]) -> Option<usize> {
    let dialect = Dialect::lenient();
    let request = Request::decode(datagram, &dialect).ok()?;
    let mut buffer = [0; MAX_DATAGRAM];
    request.encode(&dialect, &mut buffer).ok().map(<[u8]>::len)
}

/// Takes a datagram into a room; says how many bytes the room sends for it.
pub fn chat_room(datagram: &[u8]) -> usize {
    let mut server = Server::new(Config::new(Dialect::lenient()));
    let from = SocketAddr::from((Ipv4Addr::LOCALHOST, 8888));
    let outgoing = server.handle(Timestamp::from_millis(0), from, datagram);
    outgoing
        .transmits()
        .map(|transmit| transmit.payload.len() * transmit.to.len())
        .sum()
}
