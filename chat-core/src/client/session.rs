//! A client's session: hello, attachment, and what goes out and comes in (PROTOCOL.md,
//! "Sessions: rules of the client"). The client's state changes in `mod.rs`.

use core::hash::Hasher;
use core::time::Duration;

use chat_proto::{
    DataWriter, Delivery, Dialect, Header, Hello, Id, Line, Lines, MAX_NUMBER,
    MAX_SESSION_DATAGRAM, Name, Request, SessionMessage,
};
use siphasher::sip::SipHasher24;

use super::event;
use super::event::{ClientEvent, ClientOutgoing, LostReason, SayError};
use crate::link::{Link, STALLED};
use crate::log::{Log, LogLimits};
use crate::time::Timestamp;

/// The pause before the second hello to a server that knows sessions; it doubles up to the longest.
const HELLO_PAUSES: [Duration; 2] = [Duration::from_millis(400), Duration::from_secs(2)];
/// Challenges that are answered at once, in one exchange.
const PROMPT_ANSWERS: u32 = 2;
/// The time after which an attachment counts as lasting.
const LASTING: Duration = Duration::from_secs(10);
/// The pauses before a hello, where attachments do not last.
const UNKNOWN_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(8)];
/// The pause before a hello, where a name is taken or a room is full.
const REFUSED_PAUSE: Duration = Duration::from_secs(3);
/// The time without a datagram of its own after which a client asks.
const IDLE: Duration = Duration::from_secs(20);
/// The longest attachment: its time and its datagrams.
const LONGEST_ATTACHMENT: (Duration, u64) = (Duration::from_hours(1), 1 << 20);
/// The highest number at which a start line may go on. Nothing counts so far, and what follows can
/// still be counted.
const HIGHEST: u64 = MAX_NUMBER / 2;
/// More bytes than a quit has, which has a place of its own among the lines that wait.
const QUIT_BYTES: u32 = 64;

/// The options of a client's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientSession {
    /// The identity of the session, for as long as the client runs: 64 random bits, never in two
    /// programs at once.
    pub token: Id,
    /// The source of the names of its exchanges: 128 random bits.
    pub seed: [u8; 16],
    /// The bounds of the lines that wait for the server. Default: 1,024 lines and 256 KiB.
    pub pending: LogLimits,
}

impl ClientSession {
    /// Creates the default options with these random bits.
    pub fn new(token: Id, seed: [u8; 16]) -> Self {
        Self {
            token,
            seed,
            pending: LogLimits::USUAL,
        }
    }
}

/// An entry of the room's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionEntry<'a> {
    /// Its number in the log.
    pub number: u64,
    /// Whole seconds from its happening to its sending.
    pub age_seconds: u64,
    /// Its line, which [`delivery`](Self::delivery) reads; show one that is none without a speaker.
    /// A stranger's text, to be made safe before it is shown.
    pub text: &'a str,
}

/// The first that a server has shown of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Nothing,
    /// A datagram of a plain server. A challenge may still follow.
    Plain,
    /// The answer of a plain server that the login succeeded.
    Accepted,
    /// A challenge: the server has sessions.
    Challenge,
}

/// The exchange that opens an attachment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    attempt: Id,
    /// The next hello. `None`: the client decides, because the server may be a plain one.
    due: Option<Timestamp>,
    /// The pause after that hello.
    pause: Duration,
    /// The last cookie given, and the one of the last hello.
    given: Option<Id>,
    cookie: Option<Id>,
    challenges: u32,
}

#[derive(Debug)]
pub(super) struct Session {
    config: ClientSession,
    pub(super) seen: Seen,
    /// The source of the names of exchanges: each takes the token once more.
    attempts: SipHasher24,
    /// The exchange that is open or waits for its first hello.
    pub(super) exchange: Option<Exchange>,
    /// The present attachment, and its beginning.
    attachment: Option<(Id, Timestamp)>,
    /// The pause before the next hello, if the present attachment does not last.
    unknown_pause: Duration,
    log: Option<Id>,
    link: Link,
    /// Requests that the server has not acknowledged.
    pub(super) pending: Log,
    /// The number behind the last request that was ever sent.
    sent_end: u64,
    last_sent: Timestamp,
    last_heard: Timestamp,
    /// The question for names that has no answer.
    wanted: Option<Line<'static>>,
}

impl Session {
    pub(super) fn new(config: ClientSession) -> Self {
        let LogLimits { entries, bytes } = config.pending;
        Self {
            config,
            seen: Seen::Nothing,
            attempts: SipHasher24::new_with_key(&config.seed),
            exchange: None,
            attachment: None,
            unknown_pause: UNKNOWN_PAUSES[0],
            log: None,
            link: Link::new(),
            pending: Log::new(LogLimits {
                entries: entries.saturating_add(1),
                bytes: bytes.saturating_add(QUIT_BYTES),
            }),
            sent_end: 1,
            last_sent: Timestamp::default(),
            last_heard: Timestamp::default(),
            wanted: None,
        }
    }

    /// Says hello at `due`, unless a hello is due already; in a new exchange, unless one is open.
    pub(super) fn say_hello(&mut self, due: Timestamp) {
        let exchange = self.exchange.get_or_insert_with(|| {
            self.attempts.write_u64(self.config.token.0);
            Exchange {
                attempt: Id(self.attempts.finish()),
                due: None,
                pause: HELLO_PAUSES[0],
                given: None,
                cookie: None,
                challenges: 0,
            }
        });
        exchange.due.get_or_insert(due);
    }

    /// Says hello for a login, and adds any other request to those that wait for the server. A quit
    /// always has space.
    pub(super) fn say(
        &mut self,
        now: Timestamp,
        request: &Request<'_>,
        scratch: &mut [u8],
    ) -> Result<(), SayError> {
        if let Request::Login { .. } = request {
            self.say_hello(now);
            return Ok(());
        }
        let text = request.encode(&Dialect::strict(), scratch);
        let text = str::from_utf8(text.map_err(SayError::Encode)?).unwrap_or_default();
        let LogLimits { entries, bytes } = self.config.pending;
        let (count, held) = self.pending.size();
        let has_space = count < entries.get() as usize && held + text.len() <= bytes.get() as usize;
        if !has_space && !matches!(request, Request::Quit { .. }) {
            return Err(SayError::Full);
        }
        self.pending.append(now, text);
        Ok(())
    }

    /// Asks for the members' names behind `after`.
    pub(super) fn ask_names(&mut self, now: Timestamp, after: Option<Name>) {
        self.wanted = Some(Line::Names(after));
        self.link.ask(now);
    }

    /// Returns `true` once the server is known to have sessions.
    pub(super) fn is_known(&self) -> bool {
        self.seen == Seen::Challenge
    }

    /// Takes a datagram of a session. The event is `Lost` where the server does not know the
    /// attachment.
    pub(super) fn handle<'a>(
        &mut self,
        now: Timestamp,
        datagram: &'a [u8],
    ) -> Option<ClientOutgoing<'a>> {
        let is_open = |attempt| self.exchange.is_some_and(|open| open.attempt == attempt);
        let is_here = |sid| self.attachment.is_some_and(|(here, _)| here == sid);
        match SessionMessage::decode(datagram).ok()? {
            SessionMessage::Challenge { attempt, cookie } if is_open(attempt) => {
                self.seen = Seen::Challenge;
                let exchange = self.exchange.as_mut()?;
                exchange.given = Some(cookie);
                exchange.challenges += 1;
                if exchange.challenges <= PROMPT_ANSWERS {
                    exchange.due = Some(now);
                }
                None
            }
            SessionMessage::Refused { attempt, refusal } if is_open(attempt) => {
                self.exchange = None;
                self.say_hello(now.plus(REFUSED_PAUSE));
                Some(event(ClientEvent::SessionRefused(refusal)))
            }
            SessionMessage::Unknown(sid) if is_here(sid) => {
                let (_, since) = self.attachment.take()?;
                if now.since(since) >= LASTING {
                    self.unknown_pause = Duration::ZERO;
                }
                let pause = self.unknown_pause;
                let [shortest, longest] = UNKNOWN_PAUSES;
                self.unknown_pause = (pause * 2).clamp(shortest, longest);
                self.say_hello(now.plus(pause));
                Some(event(ClientEvent::Lost(LostReason::NotLoggedIn)))
            }
            SessionMessage::End { sid, code, text } if is_here(sid) => {
                Some(event(ClientEvent::SessionEnded { code, text }))
            }
            SessionMessage::Data(header, lines) => {
                let is_here = is_here(header.sid);
                self.data(now, &header, lines, is_here)
            }
            _ => None,
        }
    }

    fn data<'a>(
        &mut self,
        now: Timestamp,
        header: &Header,
        lines: Lines<'a>,
        is_here: bool,
    ) -> Option<ClientOutgoing<'a>> {
        let start = match lines.iter().next() {
            Some(Line::Start { log, same_place }) => Some((log, same_place)),
            _ => None,
        };
        let cookie = self.exchange.and_then(|exchange| exchange.cookie);
        let is_opened = cookie == Some(header.sid) && header.echo == 0;
        let mut out = event(ClientEvent::Heard);
        match start {
            Some(_) if header.first.max(header.ack) > HIGHEST => return None,
            Some((log, _)) if is_here && self.log != Some(log) => return None,
            _ if is_here => {}
            // Another program has sent some of the requests that were taken.
            Some(_) if is_opened && self.sent_end > 1 && header.ack > self.sent_end => {
                return Some(event(ClientEvent::TokenInUse));
            }
            Some((log, same_place)) if is_opened => {
                let is_same = self.log.is_some_and(|known| known == log || same_place);
                out.is_new_log = self.log.replace(log).is_some() && !is_same;
                out.doubtful = self.attach(now, header, is_same);
            }
            _ => return None,
        }
        let is_new = self.link.receive(now, header, self.pending.next()).ok()?;
        self.pending.drop_before(self.link.cursor);
        if is_new {
            self.last_heard = now;
        }
        if start.is_some() {
            out.missed = header.first.saturating_sub(self.link.expected);
            self.link.expected += out.missed;
        }
        let begin = self.link.expected;
        let (mut number, mut at_once) = (header.first, false);
        for line in lines.iter() {
            match line {
                Line::Ask | Line::Start { .. } => at_once = true,
                // An older datagram may have the page of an earlier question.
                Line::Members { after, names }
                    if is_new && self.wanted == Some(Line::Names(after)) =>
                {
                    out.names = Some((after, names));
                    self.wanted = None;
                }
                Line::Numbered(_) => {
                    self.link.take(number);
                    number += 1;
                }
                _ => {}
            }
        }
        if is_new && (number > header.first || at_once) {
            self.link.answer(now, at_once);
        }
        if self.wanted.is_some() {
            self.link.ask_again(now);
        }
        (out.first, out.lines) = (header.first, Some(lines));
        out.new = begin..self.link.expected;
        Some(out)
    }

    /// Begins an attachment. Returns the number of pending lines that may be said twice.
    fn attach(&mut self, now: Timestamp, header: &Header, is_same_log: bool) -> u64 {
        let is_forgotten = header.ack < self.pending.first() || header.ack == 1 || !is_same_log;
        // What was never sent cannot have been taken: a token that has sent nothing yet numbers
        // from where the server is.
        self.pending.drop_before(header.ack.min(self.sent_end));
        let said = self.sent_end.saturating_sub(self.pending.first());
        self.pending.renumber(header.ack);
        self.sent_end = header.ack + said;
        self.exchange = None;
        self.attachment = Some((header.sid, now));
        self.link.attach(header.ack);
        self.link.ask(now);
        if !is_same_log {
            self.link.expected = header.first;
        }
        if is_forgotten { said } else { 0 }
    }

    /// Returns the moment at which the session has something to send.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        let hello = self.exchange.and_then(|exchange| exchange.due);
        let idle = self.attachment.map(|_| self.last_sent.plus(IDLE));
        let link = idle.and_then(|_| self.link.poll_timeout(&self.pending));
        let [lost, old] = self.renewals();
        [hello, idle, link, lost, old].into_iter().flatten().min()
    }

    /// Returns the moments at which the attachment counts as lost, and as old, while no exchange
    /// is open.
    fn renewals(&self) -> [Option<Timestamp>; 2] {
        let (None, Some((_, since))) = (self.exchange, self.attachment) else {
            return [None; 2];
        };
        let (longest, datagrams) = LONGEST_ATTACHMENT;
        let is_worn = self.link.sent >= datagrams;
        let old = if is_worn { since } else { since.plus(longest) };
        let unanswered = self.link.unanswered_since();
        let lost = unanswered.map(|since| since.max(self.last_heard).plus(STALLED));
        [lost, Some(old)]
    }

    /// Begins an exchange if the attachment is lost or old. Returns `true` if it is lost.
    pub(super) fn renew(&mut self, now: Timestamp) -> bool {
        let [is_lost, is_old] = self.renewals().map(|due| due.is_some_and(|due| due <= now));
        if is_lost || is_old {
            self.say_hello(now);
        }
        is_lost
    }

    /// Writes the datagram that is due, if there is one.
    pub(super) fn write<'b>(
        &mut self,
        now: Timestamp,
        name: Name,
        buffer: &'b mut [u8; MAX_SESSION_DATAGRAM],
    ) -> Option<&'b [u8]> {
        if let Some(exchange) = &mut self.exchange
            && exchange.due.is_some_and(|due| due <= now)
        {
            exchange.due = None;
            if self.seen == Seen::Challenge {
                exchange.due = Some(now.plus(exchange.pause));
                exchange.pause = (exchange.pause * 2).min(HELLO_PAUSES[1]);
            }
            exchange.cookie = exchange.given;
            let hello = Hello {
                word: name.as_str(),
                token: self.config.token,
                attempt: exchange.attempt,
                cookie: exchange.cookie,
                log: self.log,
                entry: self.log.map_or(0, |_| self.link.expected),
            };
            return SessionMessage::Hello(hello).encode(buffer).ok();
        }
        let (sid, _) = self.attachment?;
        if self.last_sent.plus(IDLE) <= now {
            self.link.ask(now);
        }
        // A question for names is one for an answer, too.
        let questions = [Some(Line::Ask), self.wanted];
        let controls = |writer: &mut DataWriter<'_>, is_asking: bool| {
            for control in questions.iter().flatten().filter(|_| is_asking) {
                writer.line(control);
            }
            is_asking
        };
        let link = &mut self.link;
        let datagram = link.write(now, sid, &self.pending, false, buffer, controls)?;
        self.sent_end = self.sent_end.max(link.next);
        self.last_sent = now;
        Some(datagram)
    }
}

impl<'a> SessionEntry<'a> {
    /// Reads its line, in either language; `None` when it is no delivery.
    pub fn delivery(&self) -> Option<Delivery<'a>> {
        Delivery::decode(self.text.as_bytes(), &Dialect::lenient()).ok()
    }
}
