//! The client's loop: the keyboard or a pipe, the socket and the clock, wired to `chat-core`'s client.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use chat_core::proto::{MAX_TEXT, Name, Text};
use chat_core::{Bucket, Client, ClientConfig, Rate, Timestamp};

use super::front::Front;
use super::screen::Screen;
use crate::clock::Clock;
use crate::failure::Failure;
use crate::platform::inbox::Inbox;
use crate::platform::lines::Line;
use crate::platform::socket::{ChatSocket, Received};

/// Longer than any datagram: nothing is cut.
const RECEIVE_BUFFER: usize = 65_536;
/// How many datagrams are handled before the input and the clock are looked at again.
const BURST: usize = 64;
/// How fast lines are said: below what a room takes from one member by default, so that none is refused. No person
/// notices, and no receiver drowns.
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
    front: Front,
    pace: Bucket,
    buffer: Vec<u8>,
    /// Which line of the input is being read, for messages about it.
    line: u64,
}

impl<'i> Session<'i> {
    /// Logs in at the first of `servers` that answers.
    pub(crate) fn begin(
        servers: &[SocketAddr],
        name: Name,
        config: &ClientConfig,
        inbox: &'i Inbox<Option<Line>>,
        screen: Screen,
    ) -> Result<Self, Failure> {
        let mut failure = Failure::Usage("no address to join".into());
        for (index, &server) in servers.iter().enumerate() {
            let socket = match ChatSocket::connect(server) {
                Ok(socket) => socket,
                Err(error) => {
                    failure = Failure::io(format!("cannot reach {server}"))(error);
                    continue;
                }
            };
            let mut session = Self {
                client: Client::new(name, *config),
                clock: Clock::start(),
                inbox,
                front: Front::new(socket, server, screen),
                pace: Bucket::default(),
                buffer: vec![0; RECEIVE_BUFFER],
                line: 0,
            };
            let others_left = index + 1 < servers.len();
            match session.log_in(others_left) {
                Ok(()) => return Ok(session),
                Err(no_answer @ Failure::NoAnswer { .. }) => failure = no_answer,
                Err(other) => return Err(other),
            }
        }
        Err(failure)
    }

    /// Until the login is answered. Where other addresses are left, a hint that nobody listens here is enough to go on.
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

    /// What the user is told at the beginning.
    pub(crate) fn greet(&mut self, by_hand: bool) {
        let hint = if by_hand { "; /quit or Ctrl-D leaves" } else { "" };
        self.front.greet(self.client.name(), hint);
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
                let moments = [paced, leave_at].into_iter().flatten().filter(|_| self.client.is_in());
                self.wait_and_receive(moments.min())?;
            }
        }
        let outcome = self.front.outcome.take().unwrap_or(Ok(()));
        outcome.and_then(|()| match input {
            Input::Keyboard => Ok(()),
            Input::Filter { .. } => self.front.all_said(),
        })
    }

    /// Says the lines that wait, as fast as the pace allows. Returns when the next one may be said, where that is later.
    /// While the client is not in, the lines of a pipe wait in the queue; those of a person are refused, who would not
    /// expect them to be said at some later time.
    fn read_input(&mut self, now: Timestamp, input: Input, leave_at: &mut Option<Timestamp>) -> Option<Timestamp> {
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
                    *leave_at = Some(now.plus_millis(u64::try_from(linger.as_millis()).unwrap_or(u64::MAX)));
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
            (Line::Text(text), Input::Keyboard) if text == "/quit" => {
                self.front.react(&self.client.quit(now));
                return;
            }
            (Line::Text(text), Input::Keyboard) if text.is_empty() => return,
            (Line::Text(text), _) => match self.say(now, &text) {
                Ok(()) => return,
                Err(problem) => problem,
            },
            (Line::TooLong { bytes }, _) => format!("a line can have {MAX_TEXT} bytes at most, this one has {bytes}"),
            (Line::NotUtf8 { offset }, _) => format!("it is not UTF-8 at byte {offset}"),
        };
        self.front.not_said(self.line, &problem);
    }

    fn say(&mut self, now: Timestamp, text: &str) -> Result<(), String> {
        let text = Text::new(text).map_err(|error| error.to_string())?;
        let outgoing = self.client.say(now, text).map_err(|error| error.to_string())?;
        let _counted = self.pace.take(now, PACE, 1);
        self.front.transmit(&outgoing).map_err(|error| error.to_string())
    }

    /// Waits for something to happen, and handles it.
    fn wait_and_receive(&mut self, until: Option<Timestamp>) -> Result<(), Failure> {
        let timeout = self.clock.until_first([self.client.poll_timeout(), until]);
        self.inbox
            .wait(&self.front.socket, timeout)
            .map_err(Failure::io("cannot wait for the socket"))?;
        for _ in 0..BURST {
            let received = self
                .front
                .socket
                .receive(&mut self.buffer)
                .map_err(Failure::io("the socket broke"))?;
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
        Ok(())
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}
