//! Costs of the room at different sizes: `cargo bench -p chat-core`.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};

use chat_core::{Config, Server, Timestamp};
use divan::{AllocProfiler, Bencher};

/// Shows allocations beside the times: a line allocates nothing.
#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const SIZES: [u32; 6] = [2, 10, 100, 1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

/// A room whose calls come a second apart, so that no rate is used up.
struct Room {
    server: Server<SocketAddr>,
    now: u64,
}

impl Room {
    fn new(size: u32) -> Self {
        let mut config = Config::default();
        config.max_members = None;
        let server = Server::new(config);
        let mut room = Self { server, now: 0 };
        for member in 0..size {
            room.login(member);
        }
        room
    }

    /// Handles a member's datagram and returns the number of transmits.
    fn handle(&mut self, member: u32, datagram: &[u8]) -> usize {
        self.now += 1_000;
        let now = Timestamp::from_millis(self.now);
        let from = (Ipv4Addr::from_bits(0x0a00_0000 + member), 5000).into();
        let outgoing = self.server.handle(now, from, datagram);
        outgoing.transmits().count()
    }

    fn login(&mut self, member: u32) -> usize {
        self.handle(member, format!("L user{member}").as_bytes())
    }

    fn leave(&mut self, member: u32) -> usize {
        self.handle(member, format!("Q user{member}").as_bytes())
    }
}

/// One line, without looking at its recipients.
#[divan::bench(args = SIZES)]
fn handle_chat(bencher: Bencher<'_, '_>, size: u32) {
    let mut room = Room::new(size);
    let line = format!("C user{} hello, how are you doing?", size / 2);
    bencher.bench_local(|| room.handle(size / 2, black_box(line.as_bytes())));
}

/// One line, and the address of each recipient.
#[divan::bench(args = SIZES)]
fn handle_chat_and_walk_recipients(bencher: Bencher<'_, '_>, size: u32) {
    let mut room = Room::new(size);
    let from = (Ipv4Addr::from_bits(0x0a00_0000 + size / 2), 5000).into();
    let line = format!("C user{} hello, how are you doing?", size / 2);
    let recipients = divan::counter::ItemsCount::new(size - 1);
    bencher.counter(recipients).bench_local(|| {
        room.now += 1_000;
        let now = Timestamp::from_millis(room.now);
        let outgoing = room.server.handle(now, from, line.as_bytes());
        for to in outgoing.transmits().flat_map(|transmit| transmit.to.iter()) {
            black_box(to);
        }
    });
}

/// A new member comes and goes.
#[divan::bench(args = SIZES)]
fn login_and_leave(bencher: Bencher<'_, '_>, size: u32) {
    let mut room = Room::new(size);
    bencher.bench_local(|| room.login(size) + room.leave(size));
}

/// The member in the middle of the table goes, the last one takes its place, and it comes back.
#[divan::bench(args = SIZES)]
fn leave_and_login(bencher: Bencher<'_, '_>, size: u32) {
    let mut room = Room::new(size);
    bencher.bench_local(|| room.leave(size / 2) + room.login(size / 2));
}
