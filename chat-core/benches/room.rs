//! What the room costs at different sizes: `cargo bench -p chat-core`.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};

use chat_core::{Config, Server, Timestamp};
use divan::{AllocProfiler, Bencher};

/// Counts what is allocated, so that it shows beside the times: a chat line allocates nothing.
#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const SIZES: [u32; 6] = [2, 10, 100, 1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

fn address(member: u32) -> SocketAddr {
    (Ipv4Addr::from_bits(0x0a00_0000 + member), 5000).into()
}

/// A room of this size; every call comes a second after the one before, so that no rate is met.
struct Room {
    server: Server<SocketAddr>,
    now: u64,
    size: u32,
}

impl Room {
    fn new(size: u32) -> Self {
        let mut config = Config::default();
        config.max_members = None;
        let mut room = Self {
            server: Server::new(config),
            now: 0,
            size,
        };
        for member in 0..size {
            room.login(member);
        }
        room
    }

    fn tick(&mut self) -> Timestamp {
        self.now += 1_000;
        Timestamp::from_millis(self.now)
    }

    fn login(&mut self, member: u32) -> usize {
        let now = self.tick();
        let request = format!("L user{member}");
        self.server
            .handle(now, address(member), request.as_bytes())
            .transmits()
            .count()
    }

    fn leave(&mut self, member: u32) -> usize {
        let now = self.tick();
        let request = format!("Q user{member}");
        self.server
            .handle(now, address(member), request.as_bytes())
            .transmits()
            .count()
    }
}

/// One line, without a look at who gets it.
#[divan::bench(args = SIZES)]
fn handle_chat(bencher: Bencher<'_, '_>, size: u32) {
    let mut room = Room::new(size);
    let speaker = size / 2;
    let line = format!("C user{speaker} hello, how are you doing?");
    bencher.bench_local(|| {
        let now = room.tick();
        room.server
            .handle(now, address(speaker), black_box(line.as_bytes()))
            .transmits()
            .count()
    });
}

/// One line, and a look at the address of everyone who gets it.
#[divan::bench(args = SIZES)]
fn handle_chat_and_walk_recipients(bencher: Bencher<'_, '_>, size: u32) {
    let mut room = Room::new(size);
    let speaker = size / 2;
    let line = format!("C user{speaker} hello, how are you doing?");
    bencher
        .counter(divan::counter::ItemsCount::new(size - 1))
        .bench_local(|| {
            let now = room.tick();
            let outgoing = room.server.handle(now, address(speaker), line.as_bytes());
            for transmit in outgoing.transmits() {
                for to in transmit.to.iter() {
                    black_box(to);
                }
            }
        });
}

/// One more member comes and goes.
#[divan::bench(args = SIZES)]
fn login_and_leave(bencher: Bencher<'_, '_>, size: u32) {
    let mut room = Room::new(size);
    let newcomer = room.size;
    bencher.bench_local(|| room.login(newcomer) + room.leave(newcomer));
}

/// The member in the middle of the table goes and comes back: the last one takes its place.
#[divan::bench(args = SIZES)]
fn leave_and_login(bencher: Bencher<'_, '_>, size: u32) {
    let mut room = Room::new(size);
    let member = size / 2;
    bencher.bench_local(|| room.leave(member) + room.login(member));
}
