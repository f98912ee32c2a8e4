//! A person: what it says and reads, and the laws of that.

use chat_core::proto::{Id, Name};
use chat_core::{Client, ClientConfig, ClientOutgoing, ClientSession};

use super::{At, Note, holds, millis};

pub(super) struct Person {
    pub(super) name: Name,
    pub(super) at: At,
    pub(super) client: Client,
    /// Clients so far, each with a token of its own.
    pub(super) lives: u64,
    /// The moment of the next client's login, once this one is done.
    pub(super) back_at: Option<u64>,
    /// All lines: how often each is in a log, and `true` if it was marked as doubtful.
    pub(super) said: Vec<(u32, bool)>,
    /// The first line that is not known to be taken.
    pub(super) pending: usize,
    pub(super) has_quit: bool,
    /// The log that is read, and the next entry.
    pub(super) reading: Option<(usize, u64)>,
    /// Lines to be said from now on, the moment of the next one, and the entry of the first log
    /// that is to be read before.
    pub(super) plan: (usize, u64, u64),
    /// The last line in a log.
    pub(super) latest: Option<(usize, usize)>,
}

impl Person {
    pub(super) fn new(name: &str, at: At) -> Self {
        let name = Name::new(name).expect("a name");
        Self {
            name,
            at,
            client: Client::new(name, ClientConfig::default()),
            lives: 0,
            back_at: Some(0),
            said: Vec::new(),
            pending: 0,
            has_quit: false,
            reading: None,
            plan: (0, 0, 0),
            latest: None,
        }
    }

    /// Gives the person another client, with a token of its own.
    pub(super) fn revive(&mut self) {
        self.lives += 1;
        let token = u64::from(self.at.0 % 4) << 32 | self.lives;
        let mut config = ClientConfig::default();
        config.session = Some(ClientSession::new(Id(token), [1; 16]));
        self.client = Client::new(self.name, config);
        (self.back_at, self.reading, self.has_quit) = (None, None, false);
        self.pending = self.said.len();
    }

    pub(super) fn move_to(&mut self, place: u8) {
        self.at = At(self.at.0 % 4 + 4 * place);
    }

    /// Returns the moment at which the person, or its client, does something.
    pub(super) fn due(&self) -> Option<u64> {
        let client = millis(self.client.poll_timeout());
        let moments = [client, self.line_due(), self.back_at];
        moments.into_iter().flatten().min()
    }

    pub(super) fn line_due(&self) -> Option<u64> {
        let (lines, say_at, entry) = self.plan;
        let is_ready = lines > 0 && self.reading > Some((0, entry));
        (is_ready && self.client.is_in()).then_some(say_at)
    }

    /// Notes that a line has become an entry of a log.
    pub(super) fn spoke(&mut self, story: &[Note], log: usize, line: usize) {
        let (times, is_doubtful) = &mut self.said[line];
        *times += 1;
        holds(story, *times == 1 || *is_doubtful, "once, or marked");
        let is_later = self.latest < Some((log, line));
        holds(story, is_later || *is_doubtful, "in the order of saying");
        self.latest = Some((log, line));
    }

    /// Notes which lines the client no longer keeps, and which of the others may be said twice.
    pub(super) fn note_taken(&mut self, story: &[Note], doubtful: usize) {
        let requests = self.said.len() + usize::from(self.has_quit);
        let taken = (requests - self.client.pending() as usize).min(self.said.len());
        let mut newly = self.said[self.pending.min(taken)..taken].iter();
        let is_in_log = newly.all(|line| line.0 > 0);
        holds(story, is_in_log, "what counts as taken is in a log");
        self.pending = taken;
        for line in self.said.iter_mut().skip(taken).take(doubtful) {
            line.1 = true;
        }
    }
}

/// Reads what a datagram of a log has brought. The log has had these entries, and where a session
/// cannot go on it goes on at the latest `kept`. `begins` is the entry that a start line in the
/// datagram names.
pub(super) fn read(
    reading: &mut Option<(usize, u64)>,
    story: &[Note],
    (log, entries, kept): (usize, &[String], u64),
    begins: Option<u64>,
    out: &ClientOutgoing<'_>,
) {
    let former = reading.filter(|(former, _)| *former >= log);
    holds(story, former.is_none_or(|it| it.0 == log), "no former log");
    let expected = former.map(|(_, next)| next);
    let begin = expected.or(begins).unwrap_or(0);
    holds(story, begin > 0, "a log begins with a start line");
    let mut next = begin.max(begins.unwrap_or(0));
    // Of another log it is not known how much was missed.
    let missed = Some(next - begin).filter(|_| former.is_some() || reading.is_none());
    holds(story, out.missed() == missed, "what is missed is told");
    let is_old = next == 1 || next - 1 + kept <= entries.len() as u64;
    let is_right = is_old || expected == Some(next);
    holds(story, is_right, "only old entries are missed");
    for entry in out.entries() {
        let text = entries.get(next as usize - 1).map(String::as_str);
        let is_it = (entry.number, Some(entry.text)) == (next, text);
        holds(story, is_it, "the next entry is shown");
        next += 1;
    }
    *reading = Some((log, next));
}
