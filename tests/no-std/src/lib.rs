//! The room in a program without std. `cargo build --manifest-path tests/no-std/Cargo.toml` is the
//! test.
//!
//! The panic handler is the proof: a program can have only one, and std has its own. A crate that
//! needs std ends the build with `found duplicate lang item panic_impl`.
#![no_std]

use core::net::{Ipv4Addr, SocketAddr};
use core::panic::PanicInfo;

use chat_core::{Config, Server, Timestamp};
use chat_proto::Dialect;
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

/// Takes a datagram into a room and counts the bytes that the room sends for it.
pub fn chat_room(datagram: &[u8]) -> usize {
    let mut server = Server::new(Config::new(Dialect::lenient()));
    let from = SocketAddr::from((Ipv4Addr::LOCALHOST, 8888));
    let outgoing = server.handle(Timestamp::from_millis(0), from, datagram);
    let transmits = outgoing.transmits();
    transmits
        .map(|transmit| transmit.payload.len() * transmit.to.len())
        .sum()
}
