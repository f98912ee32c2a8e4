//! A client with a session, as its tests see it: `$a` to `$f` stand for ids of sixteen such digits,
//! of which `$a` is the token and `$f` the room's log, and `$1`, `$2`, … for the tries of the
//! client's exchanges. The dots behind a hello are left out.

use std::num::NonZeroU32;

use chat_core::proto::{Id, Name, Text};
use chat_core::{Client, ClientConfig, ClientEvent, ClientOutgoing, ClientSession, Timestamp};

pub(super) const FIRST: &str = "L alice ~1 $a $1 ................ .................0";
pub(super) const START: &str = "~D $c 1 0 1 1\n~^ $f";
pub(super) const JOINED: &str = "Joined { again: false }";
pub(super) const HEARD: &str = "Heard";

/// The hello of a member whose attachment is lost.
pub(super) const LOST: &str = "L alice ~1 $a $2 ................ $f.2";

pub(super) struct Talk {
    pub(super) client: Client,
    pub(super) now: u64,
    /// Each id and what stands for it.
    ids: Vec<(String, String)>,
    /// The last hello.
    hello: String,
    /// The events for the user since the last look at them.
    shown: Vec<String>,
}

/// Notes what a call said to the user: its event, unless that is `Nothing`, and all that came with
/// it, an entry as its number, its age, if it has one, and its text, with a mark if that is no
/// delivery. Returns the datagram.
fn note(outgoing: &ClientOutgoing<'_>, shown: &mut Vec<String>) -> Vec<u8> {
    let event = Some(outgoing.event()).filter(|event| *event != ClientEvent::Nothing);
    shown.extend(event.map(|event| format!("{event:?}")));
    match outgoing.missed() {
        Some(0) => {}
        Some(missed) => shown.push(format!("missed {missed}")),
        None => shown.push("new log".to_owned()),
    }
    let doubtful = Some(outgoing.doubtful()).filter(|doubtful| *doubtful > 0);
    shown.extend(doubtful.map(|doubtful| format!("doubtful {doubtful}")));
    shown.extend(outgoing.entries().map(|entry| {
        let age = match entry.age_seconds {
            0 => String::new(),
            seconds => format!("~a {seconds} "),
        };
        let mark = entry.delivery().map_or("? ", |_| "");
        format!("{} {age}{mark}{}", entry.number, entry.text)
    }));
    shown.extend(outgoing.names().map(|(after, names)| {
        let names: Vec<_> = names.iter().map(|name| name.to_string()).collect();
        format!(
            "after {:?}: {}",
            after.map(|name| name.to_string()),
            names.join(" ")
        )
    }));
    outgoing.payload().unwrap_or_default().to_vec()
}

impl Talk {
    /// Creates a client that has said hello.
    pub(super) fn new() -> Self {
        Self::configured(|_| {})
    }

    pub(super) fn configured(change: impl FnOnce(&mut ClientSession)) -> Self {
        let mut session = ClientSession::new(Id(0xaaaa_aaaa_aaaa_aaaa), [1; 16]);
        change(&mut session);
        let mut config = ClientConfig::default();
        config.session = Some(session);
        // A session has none.
        config.keep_alive_seconds = NonZeroU32::new(1);
        let ids = ('a'..='f').map(|id| (id.to_string().repeat(16), format!("${id}")));
        let mut talk = Self {
            client: Client::new(Name::new("alice").unwrap(), config),
            now: 1_000_000,
            ids: ids.collect(),
            hello: String::new(),
            shown: Vec::new(),
        };
        assert_eq!(talk.call(Client::login), FIRST);
        talk
    }

    /// Creates a client that is in under `$c`: each side has sent two datagrams, and nothing is
    /// due for 20 s.
    pub(super) fn member() -> Self {
        let mut talk = Self::new();
        talk.attach(START);
        talk.on("~D $c 2 1 1 1\n* alice joined", "");
        talk.pass(5, &[(5, "~D $c 2 2 1 2")]);
        talk.shows(&[JOINED, HEARD, "1 * alice joined"]);
        talk
    }

    /// Creates a client whose attachment, a lasting one, is lost: it has said hello.
    pub(super) fn lost() -> Self {
        let mut talk = Self::member();
        talk.now += 10_000;
        talk.on("~R $c", LOST);
        talk
    }

    /// Is challenged with the sid of this start line, and attached by it. Returns the answer.
    #[track_caller]
    pub(super) fn attach(&mut self, start: &str) -> String {
        let sid = start.split(' ').nth(1).unwrap();
        let mut hello = self.hello.split(' ').skip(4);
        let (attempt, place) = (hello.next().unwrap(), hello.nth(1).unwrap());
        let challenge = format!("~K {attempt} {sid}");
        let hello = format!("L alice ~1 $a {attempt} {sid} {place}");
        self.on(&challenge, &hello);
        let answer = self.from(start);
        let expected = format!("~D {sid} 1 1 ");
        assert!(answer.starts_with(&expected), "{answer}");
        assert!(answer.contains("\n~?"), "{answer}");
        answer
    }

    fn write(&self, text: &str) -> String {
        let ids = self.ids.iter().rev();
        ids.fold(text.to_owned(), |text, (id, short)| text.replace(short, id))
    }

    fn read(&mut self, datagram: Vec<u8>) -> String {
        let mut text = String::from_utf8(datagram).unwrap();
        let is_hello = text.starts_with("L ") && text.contains(" ~1 ");
        if is_hello {
            assert_eq!(text.len(), 109);
            let attempt = text.split(' ').nth(4).unwrap().to_owned();
            if self.ids.iter().all(|(id, _)| *id != attempt) {
                self.ids.push((attempt, format!("${}", self.ids.len() - 5)));
            }
            let end = text.trim_end_matches('.').trim_end().len();
            text.truncate(end);
        }
        let ids = self.ids.iter();
        let text = ids.fold(text, |text, (id, short)| text.replace(id, short));
        if is_hello {
            self.hello.clone_from(&text);
        }
        text
    }

    /// Makes a call; returns the datagram that it caused.
    pub(super) fn call<F>(&mut self, call: F) -> String
    where
        F: FnOnce(&mut Client, Timestamp) -> ClientOutgoing<'_>,
    {
        let outgoing = call(&mut self.client, Timestamp::from_millis(self.now));
        let payload = note(&outgoing, &mut self.shown);
        self.read(payload)
    }

    pub(super) fn from(&mut self, datagram: &str) -> String {
        let datagram = self.write(datagram);
        let now = Timestamp::from_millis(self.now);
        let outgoing = self.client.handle(now, datagram.as_bytes());
        let payload = note(&outgoing, &mut self.shown);
        self.read(payload)
    }

    /// Gives it a datagram, and expects that it causes this one.
    #[track_caller]
    pub(super) fn on(&mut self, datagram: &str, expected: &str) {
        assert_eq!(self.from(datagram), expected);
    }

    /// Gives it datagrams, and expects that none changes anything.
    #[track_caller]
    pub(super) fn ignores(&mut self, datagrams: &[&str]) {
        let before = format!("{:?}", self.client);
        for datagram in datagrams {
            self.on(datagram, "");
            let is_same = format!("{:?}", self.client) == before;
            assert!(is_same, "{datagram:?} changes {:?}", self.client);
        }
        self.shows(&[]);
    }

    /// Says a line, and expects that it causes this datagram or fails with this error.
    #[track_caller]
    pub(super) fn say(&mut self, text: &str, expected: &str) {
        let (now, text) = (Timestamp::from_millis(self.now), Text::new(text).unwrap());
        let said = self.client.say(now, text);
        let said = match said.map(|outgoing| note(&outgoing, &mut self.shown)) {
            Ok(datagram) => self.read(datagram),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(said, expected);
    }

    /// Expects exactly these datagrams in these milliseconds, each with the time.
    #[track_caller]
    pub(super) fn pass(&mut self, millis: u64, expected: &[(u64, &str)]) {
        let (begin, mut sent) = (self.now, Vec::new());
        let mut calls = 0;
        while let Some(due) = self.client.poll_timeout().map(Timestamp::as_millis)
            && due <= begin + millis
        {
            self.now = due.max(self.now);
            let datagram = self.call(Client::handle_timeout);
            if !datagram.is_empty() {
                sent.push((self.now - begin, datagram));
            }
            calls += 1;
            assert!(calls < 1_000, "a deadline that does not pass");
        }
        self.now = begin + millis;
        let sent = sent.iter().map(|(at, text)| (*at, text.as_str()));
        assert_eq!(sent.collect::<Vec<_>>(), expected);
    }

    /// Expects this datagram when something is due. Returns the milliseconds until then.
    #[track_caller]
    pub(super) fn waits_for(&mut self, expected: &str) -> u64 {
        let due = self.client.poll_timeout().unwrap().as_millis() - self.now;
        self.pass(due, &[(due, expected)]);
        due
    }

    /// Expects that the user saw exactly this since the last look.
    #[track_caller]
    pub(super) fn shows(&mut self, expected: &[&str]) {
        assert_eq!(std::mem::take(&mut self.shown), expected);
    }
}
