//! The client's loop: the keyboard or a pipe, the socket and the clock, wired to `chat-core`'s
//! client.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use chat_core::proto::{Name, Text, TextError};
use chat_core::{Bucket, Client, ClientConfig, Rate, Timestamp};

use super::command::Typed;
use super::front::Front;
use super::screen::Screen;
use crate::address::Addresses;
use crate::clock::Clock;
use crate::failure::{Doing, Failure};
use crate::messages::{Problem, Status};
use crate::platform::inbox::Inbox;
use crate::platform::lines::Line;
use crate::platform::socket::{ChatSocket, Received};

/// Longer than any datagram: nothing is cut.
const RECEIVE_BUFFER: usize = 65_536;
/// How many datagrams are handled before the input and the clock are looked at again.
const BURST: usize = 64;
/// How fast lines are said: below what a room takes from one member by default, so that none is
/// refused. No person notices, and no receiver drowns.
const PACE: Rate = Rate {
    per_second: at_least_one(100),
    burst: at_least_one(20),
};

/// Where lines come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input {
    /// A person: `/quit` leaves, empty lines are ignored.
    Keyboard,
    /// A pipe: every line is said; after its end the session stays for `linger`.
    Filter { linger: Duration },
}

/// One member of one room.
pub(crate) struct Session<'i> {
    client: Client,
    clock: Clock,
    inbox: &'i Inbox<Option<Line>>,
    front: Front<'i>,
    pace: Bucket,
    buffer: Vec<u8>,
    /// Which line of the input is being read, for messages about it.
    line: u64,
}

impl<'i> Session<'i> {
    /// Logs in at the first of `servers` that answers.
    pub(crate) fn begin(
        servers: &Addresses,
        name: Name,
        config: &ClientConfig,
        inbox: &'i Inbox<Option<Line>>,
        screen: &'i Screen,
    ) -> Result<Self, Failure> {
        let mut others = servers.others.iter();
        let mut server = servers.first;
        loop {
            let others_left = !others.as_slice().is_empty();
            let begun = Self::begin_at(server, name, config, inbox, screen, others_left);
            match (begun, others.next()) {
                // Nobody is there: perhaps at the next address.
                (Err(Failure::NoAnswer { .. } | Failure::Io { .. }), Some(&next)) => server = next,
                (begun, _) => return begun,
            }
        }
    }

    fn begin_at(
        server: SocketAddr,
        name: Name,
        config: &ClientConfig,
        inbox: &'i Inbox<Option<Line>>,
        screen: &'i Screen,
        others_left: bool,
    ) -> Result<Self, Failure> {
        let socket = ChatSocket::connect(server).map_err(Failure::io(Doing::Reach(server)))?;
        let mut session = Self {
            client: Client::new(name, *config),
            clock: screen.clock(),
            inbox,
            front: Front::new(socket, server, name, screen),
            pace: Bucket::default(),
            buffer: vec![0; RECEIVE_BUFFER],
            line: 0,
        };
        session.log_in(others_left)?;
        Ok(session)
    }

    /// Until the login is answered. Where other addresses are left, a hint that nobody listens here
    /// is enough to go on.
    fn log_in(&mut self, others_left: bool) -> Result<(), Failure> {
        self.front.react(&self.client.login(self.clock.now()));
        loop {
            if let Some(outcome) = self.front.outcome.take() {
                return outcome;
            }
            if self.client.is_in() {
                return Ok(());
            }
            if self.inbox.stop_switch().is_stopped() {
                return Err(Failure::Interrupted);
            }
            if self.front.nobody_listens && others_left {
                return Err(self.front.no_answer());
            }
            self.wait_and_receive(None)?;
        }
    }

    /// Says what comes in and shows what the room says, until one side ends it.
    pub(crate) fn talk(&mut self, input: Input) -> Result<(), Failure> {
        let mut leave_at: Option<Timestamp> = None;
        while self.front.outcome.is_none() {
            let now = self.clock.now();
            let asked_to_leave = self.inbox.stop_switch().is_stopped() || self.front.unread;
            if asked_to_leave || leave_at.is_some_and(|moment| moment <= now) {
                self.front.react(&self.client.quit(now));
            }
            let paced = if leave_at.is_none() {
                self.read_input(now, input, &mut leave_at)
            } else {
                None
            };
            if self.front.outcome.is_none() {
                // A client that is leaving, or logging in again, waits for its own deadline only.
                let moments = [paced, leave_at]
                    .into_iter()
                    .flatten()
                    .filter(|_| self.client.is_in());
                self.wait_and_receive(moments.min())?;
            }
        }
        let outcome = self.front.outcome.take().unwrap_or(Ok(()));
        outcome.and_then(|()| self.front.all_done(matches!(input, Input::Filter { .. })))
    }

    /// Says the lines that wait, as fast as the pace allows. Returns when the next one may be said,
    /// where that is later. While the client is not in, the lines of a pipe wait in the queue;
    /// those of a person are refused, who would not expect them to be said at some later time.
    fn read_input(
        &mut self,
        now: Timestamp,
        input: Input,
        leave_at: &mut Option<Timestamp>,
    ) -> Option<Timestamp> {
        while self.client.is_in() || (matches!(input, Input::Keyboard) && !self.client.is_done()) {
            let ready = self.pace.ready_at(now, PACE, 1);
            if ready > now {
                return Some(ready);
            }
            match self.inbox.next()? {
                Some(line) => self.take(now, line, input),
                None => {
                    let linger = match input {
                        Input::Keyboard => Duration::ZERO,
                        Input::Filter { linger } => linger,
                    };
                    *leave_at = Some(now.plus(linger));
                    return None;
                }
            }
        }
        None
    }

    /// One line of the input.
    fn take(&mut self, now: Timestamp, line: Line, input: Input) {
        self.line += 1;
        let problem = match (line, input) {
            (Line::Text(text), Input::Keyboard) => match self.obey(now, Typed::from(text.as_str()))
            {
                Ok(()) => return,
                Err(problem) => problem,
            },
            (Line::Text(text), Input::Filter { .. }) => match self.say(now, &text) {
                Ok(()) => return,
                Err(problem) => problem,
            },
            (Line::TooLong { bytes }, _) => Problem::Text(TextError::TooLong {
                len: usize::try_from(bytes).unwrap_or(usize::MAX),
            }),
            (Line::NotUtf8 { offset }, _) => Problem::NotUtf8 { offset },
        };
        let line = matches!(input, Input::Filter { .. }).then_some(self.line);
        self.front.not_said(line, problem);
    }

    /// What a person typed.
    fn obey(&mut self, now: Timestamp, typed: Typed<'_>) -> Result<(), Problem> {
        match typed {
            Typed::Empty => Ok(()),
            Typed::Say(text) => self.say(now, text),
            Typed::Help => {
                self.front.screen.status(&Status::Help);
                Ok(())
            }
            Typed::Names => {
                self.front.screen.tell_names();
                Ok(())
            }
            Typed::Quit => {
                self.front.react(&self.client.quit(now));
                Ok(())
            }
            Typed::Unknown(command) => Err(Problem::NoCommand(command.to_owned())),
        }
    }

    fn say(&mut self, now: Timestamp, text: &str) -> Result<(), Problem> {
        let text = Text::new(text).map_err(Problem::Text)?;
        let outgoing = self.client.say(now, text).map_err(Problem::NotNow)?;
        let _counted = self.pace.take(now, PACE, 1);
        self.front.transmit(&outgoing).map_err(Problem::NotSent)?;
        self.front.screen.said(self.client.name(), text.as_str());
        Ok(())
    }

    /// Waits for something to happen, and handles it.
    fn wait_and_receive(&mut self, until: Option<Timestamp>) -> Result<(), Failure> {
        let timeout = self.clock.until_first([
            self.client.poll_timeout(),
            self.front.screen.poll_timeout(),
            until,
        ]);
        self.inbox
            .wait(&self.front.socket, timeout)
            .map_err(Failure::io(Doing::UseSocket))?;
        for _ in 0..BURST {
            let received = self
                .front
                .socket
                .receive(&mut self.buffer)
                .map_err(Failure::io(Doing::UseSocket))?;
            let now = self.clock.now();
            match received {
                Received::Datagram { len, .. } => {
                    let datagram = self.buffer.get(..len).unwrap_or_default();
                    self.front.react(&self.client.handle(now, datagram));
                }
                Received::PeerUnreachable => {
                    self.front.nobody_listens = true;
                    self.front.react(&self.client.handle_unreachable(now));
                }
                Received::Nothing => break,
            }
            if self.client.is_done() {
                break;
            }
        }
        let now = self.clock.now();
        while self.client.poll_timeout().is_some_and(|due| due <= now) {
            self.front.react(&self.client.handle_timeout(now));
        }
        self.front.show_held();
        Ok(())
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}
