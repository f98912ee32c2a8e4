//! Costs of the room, counted: comparisons of addresses.

use std::cell::Cell;
use std::cmp::Ordering;

use chat_core::{Config, Event, Peer, Server, Timestamp};

/// The most comparisons of one lookup: an ordered map of 10,000 keys has at most 6 levels of nodes
/// with at most 11 keys.
const LOOKUP: u64 = 6 * 11;

thread_local! {
    static COMPARISONS: Cell<u64> = const { Cell::new(0) };
}

/// An address that counts its comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

    fn may_be_forged(&self) -> bool {
        true
    }
}

/// Sends a member's request, looks at every recipient, and counts the comparisons.
fn comparisons(server: &mut Server<Counted>, verb: &str, member: u32) -> u64 {
    let datagram = format!("{verb} u{member}");
    let before = COMPARISONS.get();
    let outgoing = server.handle(Timestamp::default(), Counted(member), datagram.as_bytes());
    let event = outgoing.event();
    let is_refused = matches!(event, Event::Refused { .. } | Event::Dropped { .. });
    assert!(!is_refused, "{event:?}");
    let recipients = outgoing.transmits().flat_map(|transmit| transmit.to.iter());
    assert!(recipients.count() > 0);
    COMPARISONS.get() - before
}

/// Calls `check` with rooms of several sizes, and with members from all parts of the table.
fn in_rooms(check: impl Fn(&mut Server<Counted>, u32)) {
    for size in [2, 100, 10_000] {
        let mut config = Config::default();
        config.max_members = None;
        let mut server = Server::new(config);
        for member in 0..size {
            let login = format!("L u{member}");
            let _sent = server.handle(Timestamp::default(), Counted(member), login.as_bytes());
        }
        assert_eq!(server.members().count(), size as usize);
        for member in [0, size / 2, size - 1] {
            check(&mut server, member);
        }
    }
}

#[test]
fn a_line_takes_one_lookup_in_a_room_of_any_size() {
    in_rooms(|server, member| {
        let first = comparisons(server, "C", member);
        assert!(first <= 2 * LOOKUP, "{first}: found, and no longer silent");
        let line = comparisons(server, "C", member);
        assert!(line <= LOOKUP, "{line}");
    });
}

#[test]
fn a_leave_takes_a_few_lookups_in_a_room_of_any_size() {
    in_rooms(|server, member| {
        let quit = comparisons(server, "Q", member);
        let most = 3 * LOOKUP;
        assert!(quit <= most, "{quit}: found, removed, the last one moved");
        comparisons(server, "L", member);
    });
}
