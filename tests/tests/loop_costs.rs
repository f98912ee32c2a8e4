//! The costs of the server's real loop, from its socket through the rules and back: allocations
//! and send calls.

use std::net::SocketAddr;

use allocation_counter::measure;
use chat_cli::net::inbox::{Inbox, inbox};
use chat_cli::net::socket::ChatSocket;
use chat_cli::server::event_log::{EventLog, Losses};
use chat_cli::server::room::{Order, Room};
use chat_core::{Config, Stats};
use chat_tests::harness::Crowd;

const MEMBERS: usize = 1_000;

/// A room with all its members.
struct Full {
    room: Room,
    crowd: Crowd,
    inbox: Inbox<Order>,
}

impl Full {
    fn new() -> Self {
        let socket = ChatSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let crowd = Crowd::new(socket.local_addr().expect("a bound socket has an address"));
        let (inbox, _) = inbox(1).expect("an inbox");
        let room = Room::new(socket, Config::default(), EventLog::off());
        let mut full = Self { room, crowd, inbox };
        for member in 0..MEMBERS {
            full.crowd
                .send(member, format!("L {}", Crowd::name(member)));
            full.work_until(|stats| stats.logins > member as u64);
        }
        full.crowd.discard_all();
        full
    }

    fn work_until(&mut self, done: impl Fn(&Stats) -> bool) {
        while !done(self.room.stats()) {
            self.room.turn(&self.inbox).expect("the socket works");
        }
    }

    /// Forwards lines that as many members have sent at once. Returns the numbers of allocations
    /// and of send calls.
    fn forward(&mut self, lines: usize) -> (u64, u64) {
        for member in 0..lines {
            self.crowd
                .send(member, format!("C {} hello", Crowd::name(member)));
        }
        let before = self.room.stats().clone();
        let calls = self.room.socket().send_calls();
        let used = measure(|| {
            self.work_until(|stats| stats.messages == before.messages + lines as u64);
        });
        let sent = self.room.stats().datagrams_out - before.datagrams_out;
        assert_eq!(
            sent,
            (lines * (MEMBERS - 1)) as u64,
            "everybody else is sent every line"
        );
        let losses = Losses {
            send_failed: 0,
            kernel_dropped: self.room.socket().dropped_by_kernel().map(|_| 0),
        };
        assert_eq!(self.room.losses(), losses, "nothing is lost on the way");
        self.crowd.discard_all();
        (used.count_total, self.room.socket().send_calls() - calls)
    }
}

#[test]
fn a_line_to_1000_members_takes_16_calls_and_no_allocation() {
    let mut full = Full::new();
    for lines in [1, 100, 200] {
        let (allocations, calls) = full.forward(lines);
        assert_eq!(allocations, 0, "{lines} lines");
        if cfg!(target_os = "linux") {
            assert_eq!(calls, 16 * lines as u64, "999 recipients, 64 a call");
        }
    }
    let look = measure(|| {
        full.room.socket().dropped_by_kernel();
    });
    assert_eq!(look.count_total, 0, "a look at the kernel's drops");
    let to_one = full.room.socket().send_calls();
    full.crowd.send(0, "Q nobody-of-that-name");
    full.work_until(|stats| stats.datagrams_in > (MEMBERS + 301) as u64);
    assert_eq!(
        full.room.socket().send_calls() - to_one,
        1,
        "an answer to one is one call"
    );
    full.crowd.expect_times("EXIT", 1);
}
