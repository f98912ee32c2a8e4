//! The accounts of a room: what its people said, its logs entry by entry, and judgements of what it
//! sends to sessions.

use std::collections::{BTreeMap, BTreeSet};

use chat_core::Config;
use chat_core::proto::{
    Delivery, Dialect, FILLED_SESSION_DATAGRAM, Id, Line as Part, MAX_DATAGRAM, Name,
    SessionMessage,
};

use super::laws::{
    ALTERNATE, NOT_MORE, ONE_ORDER, OWN_ONCE, START, STRUCTURE, UNCHANGED, Violation, hold,
};
use super::network::{At, Datagram};

/// A line that a person said.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: Name,
    /// The token of the session in which it was said.
    pub(super) token: Option<Id>,
    pub(super) text: String,
    pub(super) at: u64,
    /// The number of people who heard it, and the milliseconds until the last of them did.
    pub(super) heard: u32,
    pub(super) latency: u64,
    /// The times that it is in logs, and that it was marked as doubtful.
    pub(super) logged: u32,
    pub(super) marks: u32,
}

/// An entry of a log.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) text: Box<str>,
    /// The moment on the room's clock.
    pub(super) clock: u64,
    /// The number of a person's line.
    pub(super) line: Option<usize>,
}

/// An attachment.
#[derive(Debug)]
struct Attachment {
    at: At,
    log: Id,
    /// A datagram under its sid came from its address.
    heard: bool,
}

/// The accounts of a room.
#[derive(Debug)]
pub(super) struct Ledger {
    operator: Name,
    /// The form of the log's entries.
    dialect: Dialect,
    pub(super) faults_end: u64,
    pub(super) lines: Vec<Line>,
    /// Tokens that two programs had at once: nothing is promised to either.
    pub(super) shared: BTreeSet<Id>,
    /// The present log, and the entries of all.
    pub(super) log: Id,
    logs: BTreeMap<Id, Vec<Entry>>,
    /// The members by their names in lower case, with the number of the entry that let them in.
    pub(super) inside: BTreeMap<String, (Name, u64)>,
    /// The last line of each token in the present log.
    last: BTreeMap<Id, usize>,
    attachments: BTreeMap<Id, Attachment>,
    /// Datagrams and bytes that came from each address, less those that went there unproved.
    credits: BTreeMap<At, [isize; 2]>,
    /// The number of entries when the last datagram came.
    known: u64,
}

impl Line {
    pub(super) fn hear(&mut self, now: u64) {
        self.heard += 1;
        self.latency = now - self.at;
    }
}

impl Ledger {
    pub(super) fn new(config: &Config, faults_end: u64) -> Self {
        Self {
            operator: config.operator,
            dialect: Dialect::strict().with_language(config.dialect.language()),
            faults_end,
            lines: Vec::new(),
            shared: BTreeSet::new(),
            log: Id(0),
            logs: BTreeMap::new(),
            inside: BTreeMap::new(),
            last: BTreeMap::new(),
            attachments: BTreeMap::new(),
            credits: BTreeMap::new(),
            known: 0,
        }
    }

    /// Begins the log of a server that has just started.
    pub(super) fn open(&mut self, log: Id) {
        self.log = log;
        self.logs.insert(log, Vec::new());
        self.inside.clear();
        self.last.clear();
        self.credits.clear();
    }

    /// Returns the entries of the present log.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.logs[&self.log]
    }

    /// Returns an entry of any log.
    pub(super) fn entry(&self, log: Id, number: u64) -> Option<&Entry> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.logs.get(&log)?.get(index)
    }

    /// Returns the log that an attachment reads.
    pub(super) fn log_of(&self, sid: Id) -> Option<Id> {
        Some(self.attachments.get(&sid)?.log)
    }

    pub(super) fn is_shared(&self, token: Option<Id>) -> bool {
        token.is_some_and(|token| self.shared.contains(&token))
    }

    /// Finds a line that is delivered, and judges it. Returns `None` for one that an adversary or
    /// the operator said: they may say what they like, but not under a person's name.
    pub(super) fn find(&self, name: Name, text: &str) -> Result<Option<usize>, Violation> {
        let is_it = |&number: &usize| {
            let line = self.lines.get(number);
            line.is_some_and(|line| line.name == name && line.text == text)
        };
        let number = number_in(text);
        let found = number.filter(is_it);
        if found.is_none() && name != self.operator {
            let is_said = number.is_some() || self.lines.iter().any(|line| line.name == name);
            hold(UNCHANGED, !is_said, || {
                format!("{name} never said {text:?}")
            })?;
        }
        Ok(found)
    }

    /// Notes a datagram that came to the room.
    pub(super) fn receive(&mut self, datagram: &Datagram) {
        self.known = self.entries().len() as u64;
        let [datagrams, bytes] = self.credits.entry(datagram.from).or_default();
        *datagrams += 1;
        *bytes += datagram.payload.len().cast_signed();
        if let Ok(SessionMessage::Data(header, _)) = SessionMessage::decode(&datagram.payload)
            && let Some(attachment) = self.attachments.get_mut(&header.sid)
        {
            attachment.heard |= attachment.at == datagram.from;
        }
    }

    /// Adds an entry to the log, and judges it. `is_honest`: no line was changed on its way.
    pub(super) fn append(
        &mut self,
        clock: u64,
        is_honest: bool,
        entry: &Delivery<'_>,
    ) -> Result<(), Violation> {
        let mut buffer = [0; MAX_DATAGRAM];
        let text = entry.encode(&self.dialect, &mut buffer).expect("an entry");
        let text = String::from_utf8_lossy(text).into();
        let number = self.entries().len() as u64 + 1;
        let mut line = None;
        let is_right = match *entry {
            Delivery::Joined { name } => {
                let key = name.as_str().to_lowercase();
                self.inside.insert(key, (name, number)).is_none()
            }
            Delivery::Left { name } => {
                let former = self.inside.remove(&name.as_str().to_lowercase());
                former.is_some_and(|(former, _)| former == name)
            }
            Delivery::Said { name, text } => {
                if is_honest {
                    line = self.find(name, text.as_str())?;
                }
                true
            }
        };
        hold(ALTERNATE, is_right, || format!("{number}: {entry:?}"))?;
        line.map_or(Ok(()), |line| self.note(line))?;
        let entry = Entry { text, clock, line };
        self.logs.entry(self.log).or_default().push(entry);
        Ok(())
    }

    /// Notes that a line is in the log, and judges that if it was said in a session.
    fn note(&mut self, number: usize) -> Result<(), Violation> {
        let line = &mut self.lines[number];
        let Some(token) = line.token.filter(|token| !self.shared.contains(token)) else {
            return Ok(());
        };
        line.logged += 1;
        let (line, is_marked) = (&*line, line.marks > 0);
        hold(OWN_ONCE, line.logged <= 1 + line.marks, || {
            format!("{line:?}")
        })?;
        let last = self.last.insert(token, number);
        hold(ONE_ORDER, last < Some(number) || is_marked, || {
            format!("{line:?} behind {last:?}")
        })
    }

    /// Judges a datagram of the room to a session, or to an address that wants one.
    pub(super) fn send(&mut self, datagram: &Datagram) -> Result<(), Violation> {
        let at = datagram.to;
        let words = || format!("{datagram:?}");
        let message = SessionMessage::decode(&datagram.payload);
        let fits = datagram.payload.len() <= FILLED_SESSION_DATAGRAM;
        hold(STRUCTURE, message.is_ok() && fits, words)?;
        let sid = match message {
            Ok(SessionMessage::Data(header, lines)) => {
                if let Some(Part::Start { log, .. }) = lines.iter().next() {
                    let is_known = self.attachments.contains_key(&header.sid);
                    // One entry more: another's session at this address may have been parked.
                    let is_right = is_known || header.first <= self.known + 2;
                    hold(START, log == self.log && is_right, words)?;
                    let heard = false;
                    let attachment = Attachment { at, log, heard };
                    self.attachments.entry(header.sid).or_insert(attachment);
                }
                Some(header.sid)
            }
            Ok(SessionMessage::End { sid, .. }) => Some(sid),
            _ => None,
        };
        let attachment = sid.and_then(|sid| self.attachments.get(&sid));
        if attachment.is_some_and(|it| it.heard && it.at == at) {
            return Ok(());
        }
        let [datagrams, bytes] = self.credits.entry(at).or_default();
        *datagrams -= 1;
        *bytes -= datagram.payload.len().cast_signed();
        let is_covered = *datagrams >= 0 && *bytes >= 0;
        hold(NOT_MORE, is_covered, words)
    }
}

/// Returns the number of the line with this text.
fn number_in(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('#')?;
    let end = rest.find(|c: char| !c.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}
