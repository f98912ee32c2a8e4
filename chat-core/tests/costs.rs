//! What the room costs, counted: how often addresses are compared.

use std::cell::Cell;
use std::cmp::Ordering;

use chat_core::{Config, Event, Peer, Server, Timestamp};

thread_local! {
    static COMPARISONS: Cell<u64> = const { Cell::new(0) };
}

/// An address that counts how often one is compared with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted(u32);

impl Ord for Counted {
    fn cmp(&self, other: &Self) -> Ordering {
        COMPARISONS.set(COMPARISONS.get() + 1);
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Counted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Peer for Counted {
    type Network = u32;

    fn network(&self) -> u32 {
        self.0
    }

    fn is_private(&self) -> bool {
        false
    }
}

fn request(verb: &str, member: u32) -> Vec<u8> {
    let tail = if verb == "C" { " hi" } else { "" };
    format!("{verb} u{member}{tail}").into_bytes()
}

fn room(size: u32) -> Server<Counted> {
    let mut config = Config::default();
    config.max_members = None;
    let mut server = Server::new(config);
    for member in 0..size {
        let datagram = request("L", member);
        let login = server.handle(Timestamp::default(), Counted(member), &datagram);
        assert!(
            matches!(login.event(), Event::Joined { .. }),
            "{:?}",
            login.event()
        );
    }
    server
}

/// How many comparisons a line takes, with a look at all who get it.
fn comparisons_of_a_line(server: &mut Server<Counted>, speaker: u32) -> u64 {
    let datagram = request("C", speaker);
    let before = COMPARISONS.get();
    let line = server.handle(Timestamp::default(), Counted(speaker), &datagram);
    assert!(
        matches!(line.event(), Event::Said { .. }),
        "{:?}",
        line.event()
    );
    let recipients: usize = line
        .transmits()
        .map(|transmit| transmit.to.iter().count())
        .sum();
    assert!(recipients > 0);
    COMPARISONS.get() - before
}

/// An ordered map of so many keys has nodes of 5 to 11 keys: at most 6 levels below 10,000.
const MOST_PER_LOOKUP: u64 = 6 * 11;

#[test]
fn a_line_takes_one_lookup_in_a_room_of_any_size() {
    for size in [2, 100, 10_000] {
        let mut server = room(size);
        for speaker in [0, size / 2, size - 1] {
            let comparisons = comparisons_of_a_line(&mut server, speaker);
            assert!(
                comparisons <= MOST_PER_LOOKUP,
                "{comparisons} comparisons in a room of {size}"
            );
        }
    }
}

#[test]
fn to_leave_takes_a_few_lookups_in_a_room_of_any_size() {
    for size in [2, 100, 10_000] {
        let mut server = room(size);
        for member in [0, size / 2, size - 1] {
            let before = COMPARISONS.get();
            let datagram = request("Q", member);
            let left = server.handle(Timestamp::default(), Counted(member), &datagram);
            assert!(
                matches!(left.event(), Event::Left { .. }),
                "{:?}",
                left.event()
            );
            let comparisons = COMPARISONS.get() - before;
            assert!(
                comparisons <= 3 * MOST_PER_LOOKUP,
                "{comparisons} comparisons in a room of {size}: found, taken out, and the last one moved"
            );
            let datagram = request("L", member);
            let back = server.handle(Timestamp::default(), Counted(member), &datagram);
            assert!(
                matches!(back.event(), Event::Joined { .. }),
                "{:?}",
                back.event()
            );
        }
    }
}
