//! The server's loop: from the socket through the rules of `chat-core` and back to the socket.

use std::io;
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::Duration;

use chat_core::proto::{MAX_SESSION_DATAGRAM, Name};
use chat_core::{Config, Outgoing, Server, Stats, Timestamp};

use super::ban_file::{BanFile, BanFileError};
use super::console::{Command, Mistake};
use super::event_log::{Counts, Entry, EventLog, Losses};
use super::origin::Origin;
use crate::clock::Clock;
use crate::net::inbox::{Inbox, Sender};
use crate::net::kernel_drops::DropWatch;
use crate::net::socket::{ChatSocket, Received};
use crate::random::is_one_of;

/// Datagrams, and then orders, that one turn handles before it looks at everything else again.
const BURST: usize = 64;
/// Turns in a row that may receive nothing because of reports about unreachable members. Reports
/// can be forged, so datagrams go first after that.
const MAX_REPORT_TURNS: usize = 8;
/// The time before the end in which sessions get what was said last.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// The longest wait of another thread for an answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);
/// One byte more than any datagram of a client: a longer one is then seen to be too long.
const RECEIVE_BUFFER: usize = MAX_SESSION_DATAGRAM + 1;

/// A request of another thread to the loop.
#[derive(Clone, Debug)]
pub enum Order {
    /// A line of the operator's console.
    Console(Result<Command, Mistake>),
    /// A question for the counts, with the way back.
    Snapshot(SyncSender<Snapshot>),
    /// A question for the members' names, with the way back.
    Names(SyncSender<Vec<Name>>),
}

/// Asks the room from another thread; it answers between two bursts of datagrams.
pub(super) fn ask<T>(room: &Sender<Order>, question: fn(SyncSender<T>) -> Order) -> Option<T> {
    let (reply, answer) = mpsc::sync_channel(1);
    let is_posted = room.post(question(reply));
    is_posted.then(|| answer.recv_timeout(ANSWER_PATIENCE).ok())?
}

/// The counts of a room at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The counts since its beginning.
    pub counts: Counts,
    /// The number of bans that hold.
    pub bans: usize,
}

/// A room on a socket.
#[derive(Debug)]
pub struct Room {
    pub(super) server: Server<Origin>,
    pub(super) out: Outlet,
    pub(super) clock: Clock,
    pub(super) ban_file: Option<BanFile>,
    drop_watch: DropWatch,
    /// Turns in a row that received nothing because of reports.
    report_turns: usize,
    /// True when the last turn left datagrams or orders: the next one does not sleep.
    more_to_do: bool,
    buffer: [u8; RECEIVE_BUFFER],
}

/// The way out: every datagram leaves and every event is written here.
#[derive(Debug)]
pub(super) struct Outlet {
    socket: ChatSocket,
    pub(super) log: EventLog,
    /// Datagrams that could not be sent.
    send_failures: u64,
    /// Datagrams of 100 that are lost on purpose, in each direction.
    pub(super) lose: u8,
}

impl Room {
    /// Opens an empty room on this socket.
    pub fn new(socket: ChatSocket, config: Config, log: EventLog) -> Self {
        let clock = Clock::start();
        Self {
            server: Server::new(config),
            out: Outlet {
                socket,
                log,
                send_failures: 0,
                lose: 0,
            },
            clock,
            ban_file: None,
            drop_watch: DropWatch::new(clock.now()),
            report_turns: 0,
            more_to_do: false,
            buffer: [0; RECEIVE_BUFFER],
        }
    }

    /// Works until the inbox is stopped, and then closes the room. The inner error says that its
    /// last bans are not in their file.
    ///
    /// # Errors
    ///
    /// The socket itself is broken.
    pub(super) fn run(mut self, inbox: &Inbox<Order>) -> io::Result<Result<(), BanFileError>> {
        while !inbox.is_stopped() {
            self.turn(inbox)?;
        }
        // A write that failed is tried once more.
        let saved = match &self.ban_file {
            Some(file) if file.is_unsaved => self.save_bans(),
            _ => Ok(()),
        };
        // What was said last may still be on its way to sessions.
        let end = self.clock.now().plus(LAST_WORDS);
        while self.server.stats().sessions > 0 && self.clock.now() < end {
            self.handle_timeouts(self.clock.now());
            self.receive()?;
            thread::sleep(Duration::from_millis(10));
        }
        self.out.deliver(self.server.shutdown(self.clock.now()));
        self.out.log.stopped(self.counts());
        Ok(saved)
    }

    /// Sleeps until there is work, and does a turn of it, in this order.
    pub fn turn(&mut self, inbox: &Inbox<Order>) -> io::Result<()> {
        if !self.more_to_do {
            let now = self.clock.now();
            let due = [self.server.poll_timeout(), self.out.poll_timeout(now)];
            inbox.wait(&self.out.socket, self.clock.until_first(due))?;
        }
        let now = self.clock.now();

        // Priority 1: deadlines. A member that is overdue must not hear another line.
        self.handle_timeouts(now);

        // Priority 2: members that are reported unreachable. The next datagram may be a login for
        // the name of such a member.
        for peer in self.out.socket.take_collected() {
            let outgoing = self.server.handle_unreachable(now, Origin::Udp(peer));
            self.out.deliver(outgoing);
        }

        // Priority 3: datagrams, because they are lost where they wait too long.
        self.more_to_do = self.receive()?;

        // Priority 4: orders. They wait in the inbox, and those who give them wait too.
        for order in (0..BURST).map_while(|_| inbox.next()) {
            self.more_to_do = true;
            self.take(order, inbox);
        }
        Ok(())
    }

    /// Returns the socket of the room.
    pub fn socket(&self) -> &ChatSocket {
        &self.out.socket
    }

    /// Returns the counts of the rules.
    pub fn stats(&self) -> &Stats {
        self.server.stats()
    }

    /// Returns the losses on this machine so far.
    pub fn losses(&self) -> Losses {
        Losses {
            send_failed: self.out.send_failures,
            kernel_dropped: self.out.socket.dropped_by_kernel(),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            stats: self.server.stats().clone(),
            losses: self.losses(),
        }
    }

    /// Does everything that is due.
    pub(super) fn handle_timeouts(&mut self, now: Timestamp) {
        while self.server.poll_timeout().is_some_and(|due| due <= now) {
            self.out.deliver(self.server.handle_timeout(now));
        }
    }

    /// Handles a burst of datagrams. Returns false when the socket has no more.
    fn receive(&mut self) -> io::Result<bool> {
        let mut received_at = None;
        let mut is_cut_short = false;
        let mut may_have_more = true;
        for _ in 0..BURST {
            // On loopback a question to a dead member is reported at once: its name has to be free
            // before the next datagram.
            if self.out.socket.has_collected() && self.report_turns < MAX_REPORT_TURNS {
                is_cut_short = true;
                break;
            }
            match self.out.socket.receive(&mut self.buffer)? {
                Received::Datagram { .. } if is_one_of(self.out.lose) => {}
                Received::Datagram { len, from } => {
                    let now = self.clock.now();
                    received_at = Some(now);
                    let datagram = self.buffer.get(..len).unwrap_or_default();
                    let outgoing = self.server.handle(now, Origin::Udp(from), datagram);
                    self.out.deliver(outgoing);
                }
                Received::PeerUnreachable => {}
                Received::Nothing => {
                    may_have_more = false;
                    break;
                }
            }
        }
        match received_at {
            None if is_cut_short => self.report_turns += 1,
            _ => self.report_turns = 0,
        }
        // The kernel drops nothing where nothing comes, and an idle room must not wake for this.
        if let Some(now) = received_at {
            let count = || self.out.socket.dropped_by_kernel();
            if let Some(growth) = self.drop_watch.look(now, count) {
                self.out.log.write(&Entry::KernelDropped(growth));
            }
        }
        Ok(may_have_more)
    }

    fn take(&mut self, order: Order, inbox: &Inbox<Order>) {
        match order {
            Order::Console(command) => {
                if self.obey(command).is_break() {
                    inbox.stop_handle().stop();
                }
            }
            Order::Snapshot(reply) => {
                // An error says that the thread that asked has given up.
                let _late = reply.try_send(Snapshot {
                    counts: self.counts(),
                    bans: self.server.bans(self.clock.now()).count(),
                });
            }
            Order::Names(reply) => {
                let names = self.server.members().map(|(name, _)| name).collect();
                let _late = reply.try_send(names);
            }
        }
    }
}

impl Outlet {
    /// Sends and logs what a call caused. A datagram that cannot be sent is lost and counted, and
    /// costs no other recipient anything.
    pub(super) fn deliver(&mut self, mut outgoing: Outgoing<'_, Origin>) {
        for transmit in outgoing.transmits() {
            self.send(transmit.payload, transmit.to.iter());
        }
        let mut buffer = [0; MAX_SESSION_DATAGRAM];
        while let Some((payload, to)) = outgoing.next_for_session(&mut buffer) {
            self.send(payload, [to]);
        }
        self.log.outgoing(&outgoing);
    }

    fn send(&mut self, payload: &[u8], to: impl IntoIterator<Item = Origin>) {
        let to = to.into_iter().filter(|_| !is_one_of(self.lose));
        let to = to.map(|Origin::Udp(address)| address);
        let lost = |address, error: io::Error| {
            self.send_failures += 1;
            let (peer, error) = (Origin::Udp(address), error.to_string());
            self.log.write(&Entry::SendFailed { peer, error });
        };
        self.socket.send_to_each(payload, to, lost);
    }

    /// Returns when the outlet wants a turn: at once, where reports wait that the kernel no longer
    /// knows of.
    fn poll_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        self.socket.has_collected().then_some(now)
    }
}
