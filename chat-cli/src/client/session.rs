//! One member of one room: logs in, says what comes in, and shows what the room says.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::thread;
use std::time::Duration;

use chat_core::proto::{Name, Text};
use chat_core::{Bucket, Client, ClientConfig, ClientEvent, ClientOutgoing, Rate, Timestamp};

use super::conversation::{Conversation, login_refused, safe, session_refused};
use super::input::Typed;
use super::notices::folded;
use super::output::{Event, Form, Output};
use super::status::{Problem, Status};
use crate::address::Addresses;
use crate::clock::Clock;
use crate::failure::{Failure, Operation, Silence};
use crate::io::editor::yes_or_no;
use crate::io::stdin::Line;
use crate::net::inbox::Inbox;
use crate::net::socket::{ChatSocket, Received};
use crate::server::Host;

/// The size of the buffer for a datagram: longer than any, so that none is cut.
const RECEIVE_BUFFER: usize = 65_536;
/// The number of datagrams that are handled before the input and the clock are looked at again.
const BURST: usize = 64;
/// The number of datagrams before the answer to the login that are kept to be shown.
const EARLY_DATAGRAMS: usize = 64;
/// Those datagrams, with the moments at which they came.
type Early = Vec<(Timestamp, Vec<u8>)>;
/// The time without an answer to the login after which a person sees that the program waits.
const NOTICEABLE: Duration = Duration::from_millis(300);
/// The time after which a login is given up, though the server has answered its first datagram.
const LONGEST_LOGIN: Duration = Duration::from_secs(30);
/// The number of times that a login is sent again, after a pause each, while its name is taken:
/// perhaps by a client of the same user that crashed, which the server is about to remove. A
/// session is removed when it has not answered for ten seconds.
const TAKEN_REPEATS: u32 = 4;
const TAKEN_PAUSE: Duration = Duration::from_millis(250);
const TAKEN_SESSION_REPEATS: u32 = 12;
const TAKEN_SESSION_PAUSE: Duration = Duration::from_secs(1);
/// The rate of lines to a room without sessions: below its limit by default, so that none is
/// refused. A person does not notice it, and it does not flood a receiver.
const PACE: Rate = Rate {
    per_second: NonZeroU32::new(100).expect("100 is not zero"),
    burst: NonZeroU32::new(20).expect("20 is not zero"),
};

/// The number of a session's lines on their way to the server before later ones wait.
const MAX_PENDING: u64 = 128;

/// The source of lines; by default a pipe.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Input<'h> {
    /// True for a person, who can give commands. Every line of a pipe is sent.
    pub(super) is_typed: bool,
    /// The time that the session stays after the end of the input.
    pub(super) linger: Duration,
    /// The room, where this program hosts it.
    pub(super) host: Option<&'h Host>,
}

/// A client and the socket to its server.
struct Connection<'i> {
    server: SocketAddr,
    socket: ChatSocket,
    client: Client,
    clock: Clock,
    inbox: &'i Inbox<Option<Line>>,
    buffer: Vec<u8>,
    /// True after the network reported that no program receives at the server's address, until
    /// the server answers.
    is_unreachable: bool,
}

impl<'i> Connection<'i> {
    /// Logs in, and returns the datagrams that came before the answer too. Where other addresses
    /// are left to try, the report that no program receives at this one is enough to give up.
    fn log_in(
        server: SocketAddr,
        client: Client,
        inbox: &'i Inbox<Option<Line>>,
        others_are_left: bool,
        output: &Output,
    ) -> Result<(Self, Early), Failure> {
        let mut early = Vec::new();
        let mut attempt = Self {
            server,
            socket: ChatSocket::connect(server).map_err(Failure::io(Operation::Reach(server)))?,
            client,
            clock: output.clock,
            inbox,
            buffer: vec![0; RECEIVE_BUFFER],
            is_unreachable: false,
        };
        let now = attempt.clock.now();
        // A login that is lost is repeated.
        let _lost = send(&attempt.socket, &attempt.client.login(now));
        let is_seen = matches!(output.form, Form::Terminal(_));
        let give_up_at = now.plus(LONGEST_LOGIN);
        let mut remark_at = is_seen.then(|| now.plus(NOTICEABLE));
        while !attempt.client.is_in() {
            let now = attempt.clock.now();
            let was_unreachable = attempt.is_unreachable;
            if remark_at.take_if(|moment| *moment <= now).is_some() && !was_unreachable {
                output.remark(&Status::LoggingIn);
            }
            if attempt.inbox.is_stopped() {
                return Err(Failure::Interrupted);
            }
            let mut refused = None;
            attempt.wait(
                [remark_at, Some(give_up_at)],
                |now, outgoing| match outgoing.event() {
                    ClientEvent::Early { datagram } if early.len() < EARLY_DATAGRAMS => {
                        early.push((now, datagram.to_vec()));
                    }
                    ClientEvent::Refused { answer, repeated } => {
                        refused = Some(login_refused(answer, repeated, false));
                    }
                    ClientEvent::SessionRefused(refusal) => {
                        refused = Some(session_refused(refusal));
                    }
                    _ => {}
                },
            )?;
            refused.map_or(Ok(()), Err)?;
            let is_over = attempt.client.is_done() || attempt.clock.now() >= give_up_at;
            if is_over || attempt.is_unreachable && others_are_left {
                return Err(attempt.no_answer(early.last().map(|(_, datagram)| datagram)));
            }
            if attempt.is_unreachable && !was_unreachable {
                output.remark(&Status::NobodyThere { server });
            }
        }
        Ok((attempt, early))
    }

    /// Returns the failure of a server that did not answer.
    fn no_answer(&self, last_datagram: Option<&Vec<u8>>) -> Failure {
        let silence = match last_datagram {
            Some(datagram) => Silence::Unexpected(safe(datagram)),
            None if self.is_unreachable => Silence::Unreachable,
            None => Silence::Nothing,
        };
        let server = self.server;
        Failure::NoAnswer { server, silence }
    }

    /// Waits for something to happen, until the first of the moments at most, and handles the
    /// events that follow.
    fn wait(
        &mut self,
        moments: impl IntoIterator<Item = Option<Timestamp>>,
        mut handle: impl FnMut(Timestamp, &ClientOutgoing<'_>),
    ) -> Result<(), Failure> {
        let own = [self.client.poll_timeout()];
        let timeout = self.clock.until_first(moments.into_iter().chain(own));
        let waited = self.inbox.wait(&self.socket, timeout);
        waited.map_err(Failure::io(Operation::UseSocket))?;
        let was_in = self.client.is_in();
        for _ in 0..BURST {
            let received = self.socket.receive(&mut self.buffer);
            let received = received.map_err(Failure::io(Operation::UseSocket))?;
            let now = self.clock.now();
            let outgoing = match received {
                Received::Datagram { len, .. } => {
                    let datagram = self.buffer.get(..len).unwrap_or_default();
                    self.client.handle(now, datagram)
                }
                Received::PeerUnreachable => {
                    self.is_unreachable = true;
                    self.client.handle_unreachable(now)
                }
                Received::Nothing => break,
            };
            let _lost = send(&self.socket, &outgoing);
            handle(now, &outgoing);
            let is_back = outgoing.missed().is_none() || outgoing.doubtful() > 0;
            // The caller acts on a login or the end before anything else is handled.
            if is_back || self.client.is_in() != was_in || self.client.is_done() {
                break;
            }
        }
        let now = self.clock.now();
        while self.client.poll_timeout().is_some_and(|due| due <= now) {
            let outgoing = self.client.handle_timeout(now);
            let _lost = send(&self.socket, &outgoing);
            handle(now, &outgoing);
        }
        if self.client.is_in() {
            self.is_unreachable = false;
        }
        Ok(())
    }
}

/// Returns true for the end of the input, and for a typed wish to leave.
fn is_quit(line: Option<&Line>) -> bool {
    match line {
        Some(Ok(text)) => Typed::from(text.as_str()) == Typed::Quit,
        Some(Err(_)) => false,
        None => true,
    }
}

/// Sends the datagram of a call, if it has one. An error says that the system did not take it.
fn send(socket: &ChatSocket, outgoing: &ClientOutgoing<'_>) -> io::Result<()> {
    let payload = outgoing.payload();
    payload.map_or(Ok(()), |payload| socket.send(payload))
}

/// One member of one room.
pub(super) struct Session<'i> {
    connection: Connection<'i>,
    conversation: Conversation,
    input: Input<'i>,
    pace: Bucket,
    /// The lines that a person typed or pasted faster than they may be said.
    waiting: VecDeque<Option<Line>>,
    /// The number of the last line of the input that was read.
    line: u64,
    /// The moment to leave, when the input has ended.
    leave_at: Option<Timestamp>,
    /// True from the question to a host who wants to leave others until the next line.
    is_asked: bool,
}

impl<'i> Session<'i> {
    /// Logs in at the first of `servers` that answers.
    pub(super) fn log_in(
        servers: &Addresses,
        name: Name,
        config: &ClientConfig,
        inbox: &'i Inbox<Option<Line>>,
        input: Input<'i>,
        output: Output,
    ) -> Result<Self, Failure> {
        let mut others = servers.others.iter();
        let mut server = servers.first;
        let mut repeats = 0;
        let (connection, early) = loop {
            let others_are_left = !others.as_slice().is_empty();
            let client = Client::new(name, *config);
            match Connection::log_in(server, client, inbox, others_are_left, &output) {
                Err(Failure::NoAnswer { .. } | Failure::Io { .. })
                    if let Some(&next) = others.next() =>
                {
                    server = next;
                }
                // Other reasons do not pass, and some servers do not survive a second login.
                Err(failure) => {
                    let (most, pause) = match failure.name_taken() {
                        Some(true) => (TAKEN_SESSION_REPEATS, TAKEN_SESSION_PAUSE),
                        Some(false) => (TAKEN_REPEATS, TAKEN_PAUSE),
                        None => return Err(failure),
                    };
                    if repeats == most {
                        return Err(failure);
                    }
                    if repeats == 0 && pause == TAKEN_SESSION_PAUSE {
                        output.remark(&Status::NameTaken);
                    }
                    repeats += 1;
                    thread::sleep(pause);
                }
                Ok(logged_in) => break logged_in,
            }
        };
        let has_session = connection.client.has_session();
        let mut session = Self {
            connection,
            conversation: Conversation::new(name, has_session, output),
            input,
            pace: Bucket::default(),
            waiting: VecDeque::new(),
            line: 0,
            leave_at: None,
            is_asked: false,
        };
        session.greet(name, &early);
        Ok(session)
    }

    /// Shows that the client is in the room, and the datagrams that came before.
    fn greet(&mut self, name: Name, early: &Early) {
        let (server, now) = (self.connection.server, self.connection.clock.now());
        let is_typed = self.input.is_typed;
        let conversation = &mut self.conversation;
        if !conversation.output.is_silent() {
            conversation.output.remark(&Status::InRoom {
                server,
                name,
                is_typed,
            });
        }
        conversation.output.show(now, &Event::In { name, server });
        for (now, datagram) in early {
            conversation.show_early(*now, datagram);
        }
    }

    /// Returns the output, to change the way in which lines are drawn.
    pub(super) fn output(&mut self) -> &mut Output {
        &mut self.conversation.output
    }

    /// Says what comes in and shows what the room says, until one side ends it.
    pub(super) fn talk(&mut self) -> Result<(), Failure> {
        loop {
            let now = self.connection.clock.now();
            let next_notice_at = self.conversation.output.show_due(now);
            let pending = self.connection.client.pending();
            self.conversation.settle(pending);
            let next_pending_at = self.conversation.show_pending(now);
            let is_time_to_leave = self.leave_at().is_some_and(|moment| moment <= now);
            self.leave_at.take_if(|_| is_time_to_leave);
            let is_stopped = self.connection.inbox.is_stopped();
            if is_time_to_leave || is_stopped || self.conversation.output.is_closed {
                self.quit(now);
            }
            let next_line_at = self.read_input(now);
            if let Some(outcome) = self.conversation.outcome.take() {
                return outcome.and_then(|()| self.result());
            }
            let leave_at = self.leave_at();
            let moments = [next_notice_at, next_pending_at, next_line_at, leave_at];
            let handle =
                |now, outgoing: &ClientOutgoing<'_>| self.conversation.handle(now, outgoing);
            self.connection.wait(moments, handle)?;
            if let Some(after) = self.conversation.next_page.take() {
                self.ask_names(Some(after));
            }
            let is_sender = self.conversation.output.is_silent();
            if is_sender && self.conversation.is_session_lost() {
                return Err(self.connection.no_answer(None));
            }
        }
    }

    /// Returns the moment to leave, when the input has ended and all that a session has said is in
    /// the room.
    fn leave_at(&self) -> Option<Timestamp> {
        let has_said_all = self.connection.client.pending() == 0;
        self.leave_at.filter(|_| has_said_all)
    }

    fn quit(&mut self, now: Timestamp) {
        self.waiting.clear();
        let outgoing = self.connection.client.quit(now);
        // The client does not wait long for the answer to a quit that is lost.
        let _lost = send(&self.connection.socket, &outgoing);
        self.conversation.handle(now, &outgoing);
    }

    /// Asks the server for the members behind this name.
    fn ask_names(&mut self, after: Option<Name>) {
        let now = self.connection.clock.now();
        let outgoing = self.connection.client.ask_names(now, after);
        // A session asks again.
        let _lost = send(&self.connection.socket, &outgoing);
    }

    /// Says the lines that wait, as fast as the pace allows, and returns the moment for the next
    /// one. A session's lines wait until the server has taken earlier ones. While a plain client is
    /// not in, the lines of a pipe wait; those of a person, who would not expect them to be sent
    /// later, are refused.
    fn read_input(&mut self, now: Timestamp) -> Option<Timestamp> {
        while self.leave_at.is_none() && self.takes_lines() {
            let is_paced = self.input.is_typed || !self.conversation.has_session();
            let ready_at = self.pace.ready_at(now, PACE, 1);
            let ready_at = Some(ready_at).filter(|&ready_at| is_paced && ready_at > now);
            if ready_at.is_some() || self.must_wait() {
                self.look_ahead();
                return ready_at;
            }
            let waiting = self.waiting.pop_front();
            match waiting.or_else(|| self.connection.inbox.next())? {
                Some(line) => self.take(now, line),
                None if self.may_leave() => self.leave_at = Some(now.plus(self.input.linger)),
                None => {}
            }
        }
        None
    }

    /// Takes over what a person has typed, so that the editor goes on meanwhile. A wish to leave
    /// drops the rest of a paste.
    fn look_ahead(&mut self) {
        while self.input.is_typed
            && let Some(line) = self.connection.inbox.next()
        {
            if is_quit(line.as_ref()) {
                let is_pasted = |line: &Line| line.as_ref().is_ok_and(|text| text.ends_with('\n'));
                self.waiting
                    .retain(|line| !line.as_ref().is_some_and(is_pasted));
            }
            self.waiting.push_back(line);
        }
    }

    fn takes_lines(&self) -> bool {
        let client = &self.connection.client;
        client.is_in() || self.input.is_typed && !client.is_done()
    }

    /// Returns true while many lines of a session are on their way. A wish to leave does not wait.
    fn must_wait(&self) -> bool {
        self.connection.client.pending() >= MAX_PENDING
            && !self.waiting.iter().any(|line| is_quit(line.as_ref()))
    }

    fn take(&mut self, now: Timestamp, line: Line) {
        self.line += 1;
        let taken = match line {
            Ok(text) if self.input.is_typed => self.obey(now, &text),
            Ok(text) => self.say(now, &text),
            Err(error) => Err(Problem::Line(error)),
        };
        if let Err(problem) = taken {
            let line = (!self.input.is_typed).then_some(self.line);
            let remark = Status::NotSaid { line, problem };
            self.conversation.misses_lines = true;
            self.conversation.output.remark(&remark);
        }
    }

    /// Returns true when the user's wish to leave is to be done. A host who would close the room to
    /// others is asked first, where the answer can be typed, and leaves at the second wish.
    fn may_leave(&mut self) -> bool {
        let output = &self.conversation.output;
        let is_edited = matches!(&output.form, Form::Terminal(it) if it.queue.is_some());
        let can_ask = is_edited && !self.is_asked && self.connection.client.is_in();
        let others = self.input.host.filter(|_| can_ask).map_or(0, Host::others);
        self.is_asked = others > 0;
        if self.is_asked {
            output.remark(&Status::MayLeave { others });
        }
        !self.is_asked
    }

    fn obey(&mut self, now: Timestamp, line: &str) -> Result<(), Problem> {
        let typed = Typed::from(line);
        let answer = yes_or_no(line).filter(|_| self.is_asked);
        self.is_asked &= typed == Typed::Quit;
        match typed {
            Typed::Text(_) if answer == Some(true) => self.quit(now),
            Typed::Text(_) if answer.is_some() => {}
            Typed::Text(text) => return self.say(now, text),
            Typed::Help => self.conversation.output.help(),
            Typed::Names if self.conversation.has_session() => self.ask_names(None),
            Typed::Names => {
                let output = &self.conversation.output;
                output.remark(&Status::NamesSeen(&output.names.all()));
            }
            Typed::Ignore { name, hides } => {
                let output = &mut self.conversation.output;
                let is_other = |ignored: &String| folded(ignored) != folded(name);
                output.ignored.retain(is_other);
                let added = Some(name).filter(|name| hides && !name.is_empty());
                output.ignored.extend(added.map(str::to_owned));
                output.remark(&Status::Ignored(&output.ignored));
            }
            Typed::Quit if self.may_leave() => self.quit(now),
            Typed::Empty | Typed::Quit => {}
            Typed::Unknown(command) => return Err(Problem::NoCommand(command.to_owned())),
        }
        Ok(())
    }

    fn say(&mut self, now: Timestamp, text: &str) -> Result<(), Problem> {
        let text = Text::new(text).map_err(Problem::Text)?;
        let client = &mut self.connection.client;
        let name = client.name();
        let outgoing = client.say(now, text).map_err(Problem::NotNow)?;
        let _counted = self.pace.take(now, PACE, 1);
        send(&self.connection.socket, &outgoing).map_err(Problem::NotSent)?;
        self.conversation.output.write_down(name, text.as_str());
        self.conversation.said(now, text.as_str());
        Ok(())
    }

    /// Returns the result of a conversation that ended in order: a failure, where some line is
    /// known to be lost. A person has seen which of the own lines were.
    fn result(&self) -> Result<(), Failure> {
        let output = &self.conversation.output;
        let is_silent = output.is_silent();
        let misses_lines = self.conversation.misses_lines && !self.input.is_typed;
        match self.conversation.refused.clone() {
            // The answer to the only line of `chat send`.
            Some(answer) if misses_lines && is_silent => Err(Failure::LineRefused { answer }),
            None if is_silent && self.connection.is_unreachable => {
                Err(self.connection.no_answer(None))
            }
            _ if misses_lines => Err(Failure::NotAllSaid),
            _ if output.is_broken => Err(Failure::NotAllShown),
            _ if output.is_transcript_broken => Err(Failure::NotAllWritten),
            _ => Ok(()),
        }
    }
}
