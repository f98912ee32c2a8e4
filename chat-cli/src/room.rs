//! The server's loop: from the socket to `chat-core` and back to the socket.

mod ban_file;
mod board;
mod command;
mod drop_watch;
mod operator;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chat_core::{Config, Event, Outgoing, Server, Stats, Timestamp};
use serde::Serialize;

use crate::clock::Clock;
use crate::platform::inbox::Inbox;
use crate::platform::socket::{ChatSocket, Received};

pub use ban_file::{BanFile, BanFileError};
pub use board::{Board, Snapshot};
pub use command::{Answer, BanEntry, Banned, Command, Input, MemberEntry, Mistake};
use drop_watch::DropWatch;

/// How many datagrams are handled before the console and the clock are looked at again.
const BURST: usize = 64;
/// How many turns in a row may receive nothing because of reports of unreachable members; then
/// datagrams go first.
const REPORT_TURNS: usize = 8;
/// One byte more than any request: a longer datagram is then seen to be too long.
const RECEIVE_BUFFER: usize = chat_core::proto::MAX_DATAGRAM + 1;

/// What a room tells whoever runs it.
pub trait RoomLog {
    /// Something happened.
    fn event(&mut self, event: &Event<'_, SocketAddr>);
    /// A datagram could not be sent; nothing else is affected.
    fn lost(&mut self, to: SocketAddr, error: &io::Error);
    /// So many datagrams more were dropped by the kernel since this was said last, and so many in
    /// all: the room did not read them in time. It is looked at now and then, while datagrams
    /// come.
    fn kernel_dropped(&mut self, new: u64, total: u64);
    /// What the operator asked for, or why it was not done.
    fn answer(&mut self, answer: &Answer<'_>);
    /// The room is closed; what was counted.
    fn stopped(&mut self, stats: &Stats, losses: Losses);
}

/// What the room's rules know nothing of: datagrams that were lost on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Losses {
    /// How many could not be sent.
    #[serde(rename = "send_failed")]
    pub not_sent: u64,
    /// How many the kernel dropped because they were not received in time; `None`: not known.
    pub kernel_dropped: Option<u64>,
}

/// A room on a socket.
#[derive(Debug)]
pub struct Room<L> {
    socket: ChatSocket,
    server: Server<SocketAddr>,
    clock: Clock,
    log: L,
    lost: u64,
    /// Where the bans are kept.
    ban_file: Option<BanFile>,
    /// Where another thread reads what was counted.
    board: Option<Board>,
    drop_watch: DropWatch,
    /// How many turns in a row received nothing because of a report.
    report_turns: usize,
    /// The last turn may have left datagrams, so that there is no need to ask for them.
    more: bool,
    buffer: [u8; RECEIVE_BUFFER],
}

impl<L: RoomLog> Room<L> {
    /// A room with nobody in it.
    pub fn new(socket: ChatSocket, config: Config, log: L) -> Self {
        let clock = Clock::start();
        Self {
            socket,
            server: Server::new(config),
            clock,
            log,
            lost: 0,
            ban_file: None,
            board: None,
            drop_watch: DropWatch::new(clock.now()),
            report_turns: 0,
            more: false,
            buffer: [0; RECEIVE_BUFFER],
        }
    }

    /// Keeps the bans in this file from now on, and begins with those that are in it. It is written
    /// at once: who runs the room learns now and not at the first ban when that cannot be done.
    pub fn keep_bans_in(&mut self, path: PathBuf) -> Result<(), BanFileError> {
        let (file, bans) = BanFile::open(path)?;
        if let Err(error) = self.restore(&bans) {
            return Err(file.damaged(error.to_string()));
        }
        let file = self.ban_file.insert(file);
        let now = operator::bans(&self.server, self.clock.now());
        file.write(&now).map_err(|error| BanFileError::Unwritable {
            file: file.path().to_owned(),
            error,
        })
    }

    /// Writes what was counted on this board, whenever [`Command::Count`] asks for it.
    pub fn count_on(&mut self, board: Board) {
        self.board = Some(board);
    }

    /// Works until the inbox's switch says stop, then closes the room. It ends early only when the
    /// socket itself breaks.
    pub fn run(mut self, inbox: &Inbox<Option<Input>>) -> io::Result<()> {
        while !inbox.stop_switch().is_stopped() {
            self.turn(inbox)?;
        }
        if self.ban_file.as_ref().is_some_and(BanFile::is_behind) {
            self.keep_bans();
        }
        deliver(
            &self.socket,
            &mut self.log,
            &mut self.lost,
            &self.server.shutdown(self.clock.now()),
        );
        let losses = self.losses();
        self.log.stopped(self.server.stats(), losses);
        Ok(())
    }

    /// Sleeps until something is there, and handles what is: the clock and the reports about
    /// members first, then some datagrams, then the console. [`run`](Self::run) does nothing
    /// else.
    pub fn turn(&mut self, inbox: &Inbox<Option<Input>>) -> io::Result<()> {
        if !self.more {
            // What the kernel still knows ends the sleep at once; what was taken from it does not.
            let sleep = if self.socket.has_collected() {
                Some(Duration::ZERO)
            } else {
                self.clock.until_first([self.server.poll_timeout()])
            };
            inbox.wait(&self.socket, sleep)?;
        }
        self.catch_up();
        self.receive()?;
        // Nothing is asked by an empty line, or by the end of the input.
        while let Some(asked) = inbox.next() {
            if asked.is_some_and(|input| self.obey(input).is_break()) {
                inbox.stop_switch().stop();
            }
        }
        Ok(())
    }

    fn losses(&self) -> Losses {
        Losses {
            not_sent: self.lost,
            kernel_dropped: self.socket.dropped_by_kernel(),
        }
    }

    /// The socket that the room uses.
    pub fn socket(&self) -> &ChatSocket {
        &self.socket
    }

    /// What the room has counted so far.
    pub fn stats(&self) -> &Stats {
        self.server.stats()
    }

    /// What is due by the clock, and what the kernel reported.
    fn catch_up(&mut self) {
        let now = self.clock.now();
        self.do_what_is_due(now);
        for peer in self.socket.take_collected() {
            let outgoing = self.server.handle_unreachable(now, peer);
            deliver(&self.socket, &mut self.log, &mut self.lost, &outgoing);
        }
    }

    fn do_what_is_due(&mut self, now: Timestamp) {
        while self.server.poll_timeout().is_some_and(|due| due <= now) {
            let outgoing = self.server.handle_timeout(now);
            deliver(&self.socket, &mut self.log, &mut self.lost, &outgoing);
        }
    }

    fn receive(&mut self) -> io::Result<()> {
        let Self {
            socket,
            server,
            clock,
            log,
            lost,
            drop_watch,
            report_turns,
            more,
            buffer,
            ..
        } = self;
        *more = true;
        let mut received_at = None;
        let mut cut_short = false;
        for _ in 0..BURST {
            // Somebody's address is dead. `catch_up` asks who before the next datagram, which may
            // want that name: on loopback a question to a dead address is reported at
            // once. But not for ever, because reports can be forged.
            if socket.has_collected() && *report_turns < REPORT_TURNS {
                cut_short = true;
                break;
            }
            match socket.receive(buffer)? {
                Received::Datagram { len, from } => {
                    let now = clock.now();
                    received_at = Some(now);
                    let datagram = buffer.get(..len).unwrap_or_default();
                    deliver(socket, log, lost, &server.handle(now, from, datagram));
                }
                Received::PeerUnreachable => {}
                Received::Nothing => {
                    *more = false;
                    break;
                }
            }
        }
        *report_turns = if cut_short && received_at.is_none() {
            *report_turns + 1
        } else {
            0
        };
        let growth =
            received_at.and_then(|now| drop_watch.look(now, || socket.dropped_by_kernel()));
        if let Some(growth) = growth {
            log.kernel_dropped(growth.new, growth.total);
        }
        Ok(())
    }
}

/// Sends what a call caused. The borrowed `outgoing` keeps the membership as it is until everything
/// is sent.
fn deliver<L: RoomLog>(
    socket: &ChatSocket,
    log: &mut L,
    lost: &mut u64,
    outgoing: &Outgoing<'_, SocketAddr>,
) {
    for transmit in outgoing.transmits() {
        socket.send_to_each(transmit.payload, transmit.to.iter(), |to, error| {
            *lost += 1;
            log.lost(to, &error);
        });
    }
    log.event(&outgoing.event());
}
