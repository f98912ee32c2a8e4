//! The server's loop: from the socket to `chat-core` and back to the socket.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use chat_core::proto::{Text, TextError};
use chat_core::{Config, Event, Outgoing, Server, Stats};

use crate::clock::Clock;
use crate::platform::inbox::Inbox;
use crate::platform::lines::Line;
use crate::platform::socket::{ChatSocket, Received, Sent};

/// How many datagrams are handled before the console and the clock are looked at again.
const BURST: usize = 64;
/// How often the reports of unreachable members are asked for before datagrams are received again.
const REPORT_ROUNDS: usize = 8;
/// One byte more than any request: a longer datagram is then seen to be too long.
const RECEIVE_BUFFER: usize = chat_core::proto::MAX_DATAGRAM + 1;

/// What a room tells whoever runs it.
pub(crate) trait RoomLog {
    /// Something happened.
    fn event(&mut self, event: &Event<'_, SocketAddr>);
    /// A datagram could not be sent; nothing else is affected.
    fn lost(&mut self, to: SocketAddr, error: &io::Error);
    /// A line of the console cannot be said.
    fn bad_line(&mut self, why: &str);
    /// The room is closed; what was counted, and how many datagrams could not be sent.
    fn stopped(&mut self, stats: &Stats, lost: u64);
}

/// A room on a socket.
pub(crate) struct Room<L> {
    socket: ChatSocket,
    server: Server<SocketAddr>,
    clock: Clock,
    log: L,
    lost: u64,
}

impl<L: RoomLog> Room<L> {
    pub(crate) fn new(socket: ChatSocket, config: Config, log: L) -> Self {
        Self {
            socket,
            server: Server::new(config),
            clock: Clock::start(),
            log,
            lost: 0,
        }
    }

    /// Works until the inbox's switch says stop, then closes the room. It ends early only when the socket itself
    /// breaks.
    pub(crate) fn run(mut self, inbox: &Inbox<Option<Line>>) -> io::Result<()> {
        let mut buffer = [0; RECEIVE_BUFFER];
        while !inbox.stop_switch().is_stopped() {
            let all_done = self.catch_up();
            let sleep = if all_done {
                self.clock.until_first([self.server.poll_timeout()])
            } else {
                Some(Duration::ZERO)
            };
            inbox.wait(&self.socket, sleep)?;
            self.receive(&mut buffer)?;
            while let Some(line) = inbox.next() {
                self.console(line);
            }
        }
        let Self {
            socket,
            server,
            log,
            lost,
            ..
        } = &mut self;
        deliver(socket, log, lost, &server.shutdown());
        log.stopped(server.stats(), *lost);
        Ok(())
    }

    /// What is due by the clock, and what the kernel reported. False when there are more reports.
    fn catch_up(&mut self) -> bool {
        let Self {
            socket,
            server,
            clock,
            log,
            lost,
        } = self;
        let now = clock.now();
        while server.poll_timeout().is_some_and(|due| due <= now) {
            deliver(socket, log, lost, &server.handle_timeout(now));
        }
        // A question to a dead address is reported at once on loopback: go on while there is something, but not for
        // ever, because reports can be forged.
        for _ in 0..REPORT_ROUNDS {
            let unreachable = socket.take_unreachable();
            if unreachable.is_empty() {
                return true;
            }
            for peer in unreachable {
                deliver(socket, log, lost, &server.handle_unreachable(now, peer));
            }
        }
        false
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let Self {
            socket,
            server,
            clock,
            log,
            lost,
        } = self;
        for _ in 0..BURST {
            match socket.receive(buffer)? {
                Received::Datagram { len, from } => {
                    let datagram = buffer.get(..len).unwrap_or_default();
                    deliver(socket, log, lost, &server.handle(clock.now(), from, datagram));
                }
                // Somebody else's dead address; `catch_up` asks who.
                Received::PeerUnreachable | Received::Nothing => break,
            }
        }
        Ok(())
    }

    /// A line of the console, or its end.
    fn console(&mut self, line: Option<Line>) {
        let Self {
            socket,
            server,
            log,
            lost,
            ..
        } = self;
        match line {
            None => {}
            Some(Line::Text(text)) if text.is_empty() => {}
            Some(Line::Text(text)) => match Text::new(&text) {
                Ok(text) => deliver(socket, log, lost, &server.announce(text)),
                Err(error) => log.bad_line(&error.to_string()),
            },
            Some(Line::TooLong { bytes }) => {
                let len = usize::try_from(bytes).unwrap_or(usize::MAX);
                log.bad_line(&TextError::TooLong { len }.to_string());
            }
            Some(Line::NotUtf8 { offset }) => log.bad_line(&format!("not UTF-8 at byte {offset}")),
        }
    }
}

/// Sends what a call caused. The borrowed `outgoing` keeps the membership as it is until everything is sent.
fn deliver<L: RoomLog>(socket: &ChatSocket, log: &mut L, lost: &mut u64, outgoing: &Outgoing<'_, SocketAddr>) {
    for transmit in outgoing.transmits() {
        for to in transmit.to.iter() {
            if let Sent::Lost(error) = socket.send_to(transmit.payload, to) {
                *lost += 1;
                log.lost(to, &error);
            }
        }
    }
    log.event(&outgoing.event());
}
