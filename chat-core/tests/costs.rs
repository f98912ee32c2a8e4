//! Costs of the room, counted: comparisons of addresses.
#![allow(clippy::unwrap_used)] // A test that cannot go on stops.

use std::cell::Cell;
use std::cmp::Ordering;

use chat_core::proto::{Id, MAX_SESSION_DATAGRAM, Name};
use chat_core::{
    Client, ClientConfig, ClientSession, Config, Event, Peer, Server, SessionConfig, Timestamp,
};

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

#[test]
fn a_datagram_of_a_session_takes_one_lookup_in_any_room() {
    let now = Timestamp::default();
    for size in [2, 400] {
        let mut config = Config::default();
        config.sessions = Some(SessionConfig::new([7; 16], Id(9)));
        let mut server = Server::new(config);
        // Each is attached and has its first datagram to send.
        let attached = (0..size).map(|member: u32| {
            let mut config = ClientConfig::default();
            config.session = Some(ClientSession::new(Id(member.into()), [0; 16]));
            let mut client = Client::new(Name::new(&format!("u{member}")).unwrap(), config);
            let mut datagram = client.login(now).payload().unwrap().to_vec();
            for _ in 0..2 {
                let outgoing = server.handle(now, Counted(member), &datagram);
                let answer = outgoing.transmits().last().unwrap().payload;
                datagram = client.handle(now, answer).payload().unwrap().to_vec();
            }
            assert!(client.is_in());
            datagram
        });
        for (member, datagram) in (0..size).zip(attached.collect::<Vec<_>>()) {
            let before = COMPARISONS.get();
            let mut outgoing = server.handle(now, Counted(member), &datagram);
            assert!(
                outgoing
                    .next_for_session(&mut [0; MAX_SESSION_DATAGRAM])
                    .is_some()
            );
            drop(outgoing);
            let taken = COMPARISONS.get() - before;
            assert!(taken <= LOOKUP, "{taken}");
        }
    }
}
