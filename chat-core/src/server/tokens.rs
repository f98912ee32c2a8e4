//! The tokens of sessions: cookies, and the tokens that are remembered without a member
//! (PROTOCOL.md, "Sessions").

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::num::NonZeroU32;
use core::ops::Bound;
use core::time::Duration;

use chat_proto::{
    DataWriter, Delivery, Dialect, EncodeError, EndCode, Id, Line, MAX_DATAGRAM,
    MAX_SESSION_DATAGRAM, Name,
};
use siphasher::sip::SipHasher24;

use crate::link::Link;
use crate::log::{Log, LogLimits};
use crate::peer::Peer;
use crate::rate::Bucket;
use crate::time::Timestamp;

/// The counters of attachments, which tokens share.
const COUNTERS: usize = 4_096;
/// The time for which a token is remembered after its session was parked or has ended.
const REMEMBERED: Duration = Duration::from_mins(10);
/// The time after which a session that is not heard is parked.
const UNHEARD: Duration = Duration::from_secs(75);
/// The time after which a session whose name is claimed is parked, when it is not heard.
const UNHEARD_CLAIMED: Duration = Duration::from_secs(10);
/// The longest age of an attachment: a client says hello again after an hour.
const LONGEST_ATTACHMENT: Duration = Duration::from_mins(61);

/// The options of a room with sessions. The secrets are new at each start and never stored, so no
/// file has them: fill `key` and `log` with random bits.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionConfig {
    /// The key of the cookies: 128 random bits.
    pub key: [u8; 16],
    /// The name of this incarnation of the log: 64 random bits.
    pub log: Id,
    /// The bounds of the log. Default: 1,024 entries and 256 KiB.
    pub history: LogLimits,
    /// The most entries of the time before that a new session gets. Default: 50.
    pub catch_up: u32,
    /// The most tokens that are remembered, for ten minutes, after their sessions were parked or
    /// have ended. One more replaces the oldest one of the network that has most. Default: 4,096.
    pub max_parked: NonZeroU32,
}

impl SessionConfig {
    /// Creates the default options with these secrets.
    pub fn new(key: [u8; 16], log: Id) -> Self {
        Self {
            key,
            log,
            history: LogLimits::USUAL,
            catch_up: 50,
            max_parked: NonZeroU32::new(4_096).expect("not zero"),
        }
    }
}

/// Hides the key.
impl fmt::Debug for SessionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionConfig")
            .field("log", &self.log)
            .field("history", &self.history)
            .field("catch_up", &self.catch_up)
            .field("max_parked", &self.max_parked)
            .finish_non_exhaustive()
    }
}

/// A token and its attachment, the present or the last one.
#[derive(Debug)]
pub(super) struct Session<A> {
    pub(super) address: A,
    pub(super) sid: Id,
    pub(super) status: Status,
    /// The moment of the attachment, or of its end.
    pub(super) since: Timestamp,
    pub(super) heard_at: Timestamp,
    /// The moment of the last question because of a claim to the name.
    pub(super) claimed_at: Option<Timestamp>,
    /// `true` until it is heard after that question.
    pub(super) is_claimed: bool,
    pub(super) link: Link,
    pub(super) lines: Bucket,
    pub(super) bytes: Bucket,
    /// The entry that a start line still has to announce.
    pub(super) start: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// A member.
    Live,
    /// No member, but its numbers are kept.
    Parked,
    /// Over: the token can open no session any more.
    Ended(EndCode),
}

/// The sessions of a room and its log.
#[derive(Debug)]
pub(super) struct Sessions<A: Peer> {
    config: SessionConfig,
    /// The form of the log's entries.
    entries: Dialect,
    pub(super) log: Log,
    counters: Box<[u32]>,
    live: BTreeMap<Id, Box<Session<A>>>,
    /// Tokens that are parked or ended.
    kept: BTreeMap<Id, Box<Session<A>>>,
    /// Ended tokens by their last address.
    ended: BTreeMap<A, Id>,
    /// A moment before which no session is due.
    next_due: Option<Timestamp>,
    /// The names for the datagram that answers a question for them.
    page: Option<(Id, Option<Name>, Vec<Name>)>,
}

/// The sessions that may have a datagram to send after a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scope {
    Nothing,
    /// One session; the others are due at `others` at the earliest.
    One {
        token: Id,
        others: Option<Timestamp>,
    },
    /// All behind the token `after`; those before it are due at `earliest`.
    All {
        after: Option<Id>,
        earliest: Option<Timestamp>,
    },
}

impl Scope {
    pub(super) const ALL: Self = Self::All {
        after: None,
        earliest: None,
    };
}

impl<A: Peer> Sessions<A> {
    pub(super) fn new(config: SessionConfig, room: &Dialect) -> Self {
        Self {
            config,
            entries: Dialect::strict().with_language(room.language()),
            log: Log::new(config.history),
            counters: vec![0; COUNTERS].into(),
            live: BTreeMap::new(),
            kept: BTreeMap::new(),
            ended: BTreeMap::new(),
            next_due: None,
            page: None,
        }
    }

    /// Returns the cookie of this address and token: it changes with each minute and with each
    /// attachment of the token.
    fn cookie(&self, address: A, token: Id, minute: u64) -> Id {
        let count = self.counters.get(self.counter(token));
        let mut hasher = SipHasher24::new_with_key(&self.config.key);
        (address, token, minute, count).hash(&mut hasher);
        Id(hasher.finish())
    }

    fn counter(&self, token: Id) -> usize {
        let mut hasher = SipHasher24::new_with_key(&self.config.key);
        token.hash(&mut hasher);
        usize::try_from(hasher.finish() % COUNTERS as u64).unwrap_or(0)
    }

    /// Returns the cookie that a hello needs now.
    pub(super) fn new_cookie(&self, now: Timestamp, address: A, token: Id) -> Id {
        self.cookie(address, token, minute(now))
    }

    /// Returns `true` for the cookie of this minute or the last one.
    pub(super) fn is_good(
        &self,
        now: Timestamp,
        address: A,
        token: Id,
        cookie: Option<Id>,
    ) -> bool {
        let minutes = [minute(now), minute(now).wrapping_sub(1)];
        cookie.is_some_and(|given| {
            minutes
                .iter()
                .any(|&m| self.cookie(address, token, m) == given)
        })
    }

    /// Makes the cookies of `token` useless, because one of them has opened an attachment.
    pub(super) fn spend_cookie(&mut self, token: Id) {
        let index = self.counter(token);
        if let Some(count) = self.counters.get_mut(index) {
            *count = count.wrapping_add(1);
        }
    }

    pub(super) fn config(&self) -> &SessionConfig {
        &self.config
    }

    /// Returns a token that is live, or that ended or was parked in the last ten minutes.
    pub(super) fn get(&self, now: Timestamp, token: Id) -> Option<&Session<A>> {
        let kept = self.kept.get(&token);
        let kept = kept.filter(|session| now.since(session.since) < REMEMBERED);
        self.live.get(&token).or(kept).map(|session| &**session)
    }

    /// Returns a session that is live.
    pub(super) fn live(&mut self, token: Id) -> &mut Session<A> {
        let session = self.live.get_mut(&token);
        session.expect("a member's token is live")
    }

    pub(super) fn is_live(&self, token: Id) -> bool {
        self.live.contains_key(&token)
    }

    /// Returns the ended session whose last attachment this was.
    pub(super) fn ended(&self, now: Timestamp, address: A, sid: Id) -> Option<EndCode> {
        let session = self.get(now, *self.ended.get(&address)?)?;
        match session.status {
            Status::Ended(code) if session.sid == sid => Some(code),
            _ => None,
        }
    }

    /// Attaches a token at an address, at the entry `cursor`; tells nobody.
    pub(super) fn attach(&mut self, now: Timestamp, token: Id, address: A, sid: Id, cursor: u64) {
        let is_known = self.get(now, token).is_some();
        let kept = self.forget(token);
        let former = self.live.remove(&token).or(kept).filter(|_| is_known);
        // The numbers of lines, round trips and rates are the token's.
        let (mut link, lines, bytes) = match former {
            Some(former) => (former.link, former.lines, former.bytes),
            None => (Link::new(), Bucket::default(), Bucket::default()),
        };
        link.attach(cursor);
        let session = Session {
            address,
            sid,
            status: Status::Live,
            since: now,
            heard_at: now,
            claimed_at: None,
            is_claimed: false,
            link,
            lines,
            bytes,
            start: None,
        };
        self.live.insert(token, Box::new(session));
        self.due_at(now.plus(UNHEARD));
    }

    /// Keeps a token that is no member any more, for ten minutes or until others need its place.
    pub(super) fn detach(&mut self, now: Timestamp, token: Id, status: Status) {
        if self.kept.len() >= self.config.max_parked.get() as usize
            && let Some(oldest) = self.oldest_kept()
        {
            self.forget(oldest);
        }
        if let Some(mut session) = self.live.remove(&token) {
            (session.status, session.since) = (status, now);
            if let Status::Ended(_) = status {
                self.ended.insert(session.address, token);
            }
            self.kept.insert(token, session);
        }
    }

    /// Finds the token that was kept first in the network that has most of them.
    fn oldest_kept(&self) -> Option<Id> {
        let mut counts = BTreeMap::new();
        for session in self.kept.values() {
            *counts.entry(session.address.network()).or_insert(0_u32) += 1;
        }
        let (&most, _) = counts.iter().max_by_key(|&(_, &count)| count)?;
        let kept = self.kept.iter();
        let of_it = kept.filter(|(_, session)| session.address.network() == most);
        let oldest = of_it.min_by_key(|(_, session)| session.since)?;
        Some(*oldest.0)
    }

    /// Removes a token that is no member.
    fn forget(&mut self, token: Id) -> Option<Box<Session<A>>> {
        let session = self.kept.remove(&token)?;
        if self.ended.get(&session.address) == Some(&token) {
            self.ended.remove(&session.address);
        }
        Some(session)
    }

    /// Returns `true` while an attachment is young enough.
    pub(super) fn is_fresh(now: Timestamp, session: &Session<A>) -> bool {
        now.since(session.since) < LONGEST_ATTACHMENT
    }

    /// Adds an entry to the log.
    pub(super) fn append(&mut self, now: Timestamp, entry: &Delivery<'_>) {
        let mut buffer = [0; MAX_DATAGRAM];
        let text = entry.encode(&self.entries, &mut buffer);
        let text = str::from_utf8(text.expect("a delivery fits a datagram"));
        self.log.append(now, text.expect("a delivery is text"));
        self.due_at(now);
    }

    /// Returns the entries of the log from the number `first` on.
    pub(super) fn deliveries(&self, first: u64) -> impl Iterator<Item = Delivery<'_>> {
        let texts = self.log.from(first);
        texts.filter_map(|(text, _)| Delivery::decode(text.as_bytes(), &self.entries).ok())
    }

    /// Keeps a page of names for the next datagram of this session.
    pub(super) fn answer_names(&mut self, token: Id, after: Option<Name>, names: Vec<Name>) {
        self.page = Some((token, after, names));
    }

    /// Forgets what only the last call's datagrams could carry.
    pub(super) fn begin(&mut self) {
        self.page = None;
    }

    /// Notes that a session is due at `moment`, or later.
    pub(super) fn due_at(&mut self, moment: Timestamp) {
        self.next_due = earlier(self.next_due, Some(moment));
    }

    /// Returns a moment before which no session is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.next_due
    }

    /// Returns the scope of one session after a call.
    pub(super) fn only(&mut self, now: Timestamp, token: Id) -> Scope {
        let others = self.next_due;
        self.due_at(now);
        Scope::One { token, others }
    }

    /// Returns the address of a live session that is to be parked.
    pub(super) fn overdue(&self, now: Timestamp) -> Option<A> {
        if self.next_due.is_none_or(|due| due > now) {
            return None;
        }
        let mut all = self.live.values();
        let found = all.find(|session| parking_due(session) <= now);
        found.map(|session| session.address)
    }

    /// Returns the attachments of all live sessions that were heard.
    pub(super) fn attachments(&self) -> impl Iterator<Item = (Id, A)> + '_ {
        let live = self.live.values();
        let live = live.filter(|session| session.link.is_heard());
        live.map(|session| (session.sid, session.address))
    }

    /// Writes the next datagram that a session in `scope` is due and returns its address and
    /// length. Without one, the scope is done.
    pub(super) fn write_next(
        &mut self,
        now: Timestamp,
        scope: &mut Scope,
        buffer: &mut [u8; MAX_SESSION_DATAGRAM],
    ) -> Option<(A, usize)> {
        loop {
            let token = match *scope {
                Scope::Nothing => return None,
                Scope::One { token, .. } => token,
                Scope::All { after, earliest } => {
                    let behind = after.map_or(Bound::Unbounded, Bound::Excluded);
                    let mut earliest = earliest;
                    let mut sessions = self.live.range((behind, Bound::Unbounded));
                    let found = sessions.find(|(_, session)| {
                        let due = self.due(session);
                        let is_due = due <= now || session.link.cursor < self.log.first();
                        if !is_due {
                            earliest = self::earlier(earliest, Some(due));
                        }
                        is_due
                    });
                    let Some((&token, _)) = found else {
                        self.next_due = earliest;
                        *scope = Scope::Nothing;
                        return None;
                    };
                    *scope = Scope::All { after, earliest };
                    token
                }
            };
            // One look serves both: what is due behind a datagram is due now, for the next call.
            let written = self.write(now, token, buffer);
            let due = self.live.get(&token).map(|session| self.due(session));
            match scope {
                Scope::All { after, earliest } => {
                    *after = Some(token);
                    *earliest = self::earlier(*earliest, due);
                }
                Scope::One { others, .. } => {
                    self.next_due = self::earlier(*others, due);
                    *scope = Scope::Nothing;
                }
                Scope::Nothing => {}
            }
            if written.is_some() {
                return written;
            }
        }
    }

    /// Returns the moment at which a session has something to send, or is to be parked.
    fn due(&self, session: &Session<A>) -> Timestamp {
        let parking = parking_due(session);
        let link = Some(&session.link).filter(|link| link.is_heard());
        let sending = link.and_then(|link| link.poll_timeout(&self.log));
        sending.map_or(parking, |due| due.min(parking))
    }

    /// Writes a datagram to a session that was heard, if one is due.
    fn write(
        &mut self,
        now: Timestamp,
        token: Id,
        buffer: &mut [u8; MAX_SESSION_DATAGRAM],
    ) -> Option<(A, usize)> {
        let start = self.start();
        let session = self.live.get_mut(&token)?;
        if !session.link.is_heard() {
            return None;
        }
        if session.link.cursor < self.log.first() {
            let cursor = self.log.newest(self.config.catch_up);
            session.link.skip_to(cursor);
            session.link.ask(now);
            session.start = Some(cursor);
        }
        let (sid, starts) = (session.sid, session.start.is_some());
        let page = &mut self.page;
        let controls = |writer: &mut DataWriter<'_>, is_asking| {
            if starts {
                writer.line(&start);
            }
            if is_asking {
                writer.line(&Line::Ask);
            }
            if let Some((_, after, names)) = page.take_if(|page| page.0 == token) {
                writer.members(after, names);
            }
            starts
        };
        let link = &mut session.link;
        let datagram = link.write(now, sid, &self.log, true, buffer, controls)?;
        Some((session.address, datagram.len()))
    }

    /// Writes the answer to a hello: a start line alone.
    pub(super) fn write_start<'b>(
        &mut self,
        now: Timestamp,
        token: Id,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], EncodeError> {
        let start = self.start();
        let session = self.live(token);
        session.link.write_alone(now, session.sid, &start, buffer)
    }

    fn start(&self) -> Line<'static> {
        let (log, same_place) = (self.config.log, false);
        Line::Start { log, same_place }
    }
}

/// Returns the moment at which a live session is to be parked, if it is not heard before.
fn parking_due<A>(session: &Session<A>) -> Timestamp {
    let claimed = session.claimed_at.filter(|_| session.is_claimed);
    let due = session.heard_at.plus(UNHEARD);
    claimed.map_or(due, |asked| due.min(asked.plus(UNHEARD_CLAIMED)))
}

fn minute(now: Timestamp) -> u64 {
    now.as_millis() / 60_000
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    [one, other].into_iter().flatten().min()
}
