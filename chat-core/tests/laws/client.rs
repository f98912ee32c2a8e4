//! The laws of the client, over the life that a byte string spells.

use std::mem::replace;
use std::num::NonZeroU32;

use arbitrary::{Result, Unstructured};
use chat_core::proto::{Dialect, Name, Refusal, Request, Text, Verbs, Word};
use chat_core::{Client, ClientConfig, ClientEvent, ClientOutgoing, Timestamp};

/// Reads `bytes` as a client's configuration, the acts of its user and its server, and the time.
/// Panics when a law is broken:
///
/// * At most one quit is sent.
/// * A line is sent only by a client that is in, as its events say.
/// * Nothing is sent after the end, and nothing is due.
/// * A datagram is a request in the client's dialect and carries its name.
/// * A deadline is met in a few calls; the next one lies in the future.
/// * No call panics.
pub fn client_model(bytes: &[u8]) {
    let mut source = Unstructured::new(bytes);
    let Ok(mut life) = Life::begin(&mut source) else {
        return;
    };
    for _ in 0..64 {
        if source.is_empty() || life.step(&mut source).is_err() {
            return;
        }
    }
}

/// A client, and its state by its events and datagrams so far.
struct Life {
    client: Client,
    /// The client's own, strict.
    dialect: Dialect,
    now: u64,
    state: State,
    has_quit: bool,
    story: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Out,
    In,
    Done,
}

/// The state that an event announces, if it does, and the datagram to send.
type Seen = (Option<State>, Option<Vec<u8>>);

impl Life {
    fn begin(source: &mut Unstructured<'_>) -> Result<Self> {
        let verbs = ["LOGIN", "CHAT", "EXIT"].map(|verb| Word::new(verb).expect("a word"));
        let verbs = Verbs::new(verbs[0], verbs[1], verbs[2]).expect("distinct");
        let (strict, lenient) = (Dialect::strict(), Dialect::lenient());
        let dialect = *source.choose(&[strict, lenient, lenient.with_verbs(verbs)])?;
        let name = Name::new(source.choose(&["alice", "a*b~#é😀", "小明"])?).expect("a name");
        let mut config = ClientConfig::default();
        config.dialect = dialect;
        config.keep_alive_seconds = NonZeroU32::new(*source.choose(&[0, 1, 30, u32::MAX])?);
        Ok(Self {
            client: Client::new(name, config),
            dialect: dialect.with_lenient_reading(false),
            now: 1_000_000,
            state: State::Out,
            has_quit: false,
            story: vec![format!("{name}, {config:?}")],
        })
    }

    fn step(&mut self, source: &mut Unstructured<'_>) -> Result<()> {
        let action = source.int_in_range(0..=19)?;
        self.story.push(format!("{action} at {}", self.now));
        let now = Timestamp::from_millis(self.now);
        let mut seen = Seen::default();
        match action {
            0..=2 => seen = see(&self.client.login(now)),
            3..=9 => {
                let datagram = from_server(source, &self.dialect)?;
                self.story.push(datagram.escape_ascii().to_string());
                seen = see(&self.client.handle(now, &datagram));
            }
            10..=12 => {
                let text = "x".repeat(*source.choose(&[0, 1, 987, 988])?);
                let said = self.client.say(now, Text::new(&text).expect("a text"));
                seen = said.map_or(seen, |outgoing| see(&outgoing));
            }
            13 => {
                seen = see(&self.client.quit(now));
                seen.0 = seen.0.or(seen.1.is_some().then_some(State::Out));
            }
            14 => seen = see(&self.client.handle_unreachable(now)),
            15..=17 => {
                let due = self.client.poll_timeout();
                self.now = self.now.max(due.map_or(0, Timestamp::as_millis));
            }
            18 => self.now += u64::from(source.arbitrary::<u16>()?),
            _ => self.now -= self.now.min(source.arbitrary::<u16>()?.into()),
        }
        self.check(seen);
        for calls in 0.. {
            let now = Timestamp::from_millis(self.now);
            if action == 18 || self.client.poll_timeout().is_none_or(|due| due > now) {
                break;
            }
            self.holds(calls < 3, "a deadline is met in a few calls");
            let seen = see(&self.client.handle_timeout(now));
            self.check(seen);
        }
        Ok(())
    }

    fn check(&mut self, (change, payload): Seen) {
        let before = self.state;
        self.state = change.filter(|_| before != State::Done).unwrap_or(before);
        let is_done = self.state == State::Done;
        self.holds(self.client.is_in() == (self.state == State::In), "is_in");
        self.holds(self.client.is_done() == is_done, "is_done");
        let is_due = self.client.poll_timeout().is_some();
        self.holds(!is_done || !is_due, "nothing is due at the end");
        let Some(payload) = payload else { return };
        self.story.push(payload.escape_ascii().to_string());
        self.holds(!is_done, "nothing is sent at the end");
        let (name, is_allowed) = match Request::decode(&payload, &self.dialect) {
            Ok(Request::Login { name, .. }) => (name, true),
            Ok(Request::Chat { name, .. }) => (name, before == State::In),
            Ok(Request::Quit { name }) => (name, !replace(&mut self.has_quit, true)),
            Err(error) => panic!("{error}: {:#?}", self.story),
        };
        self.holds(is_allowed, "lines only from a member, one quit");
        self.holds(name == self.client.name(), "the client's own name");
    }

    #[track_caller]
    fn holds(&self, law: bool, what: &str) {
        assert!(law, "{what}: {:#?}", self.story);
    }
}

fn see(outgoing: &ClientOutgoing<'_>) -> Seen {
    use ClientEvent::{Ended, Joined, Left, Lost, NoAnswer, Refused};
    let state = match outgoing.event() {
        Joined { .. } => Some(State::In),
        Lost(_) => Some(State::Out),
        Refused { .. } | NoAnswer | Ended { .. } | Left { .. } => Some(State::Done),
        _ => None,
    };
    (state, outgoing.payload().map(<[u8]>::to_vec))
}

/// Chooses a server's reply or delivery, or bytes that no server sends.
fn from_server(source: &mut Unstructured<'_>, dialect: &Dialect) -> Result<Vec<u8>> {
    let refusal = |refusal: Refusal| format!("FAIL {}", refusal.reason(dialect.language()));
    let answer = match source.int_in_range(0..=9)? {
        0..=3 => dialect.success().to_string(),
        4 => "EXIT".to_owned(),
        5 => refusal(Refusal::NotLoggedIn),
        6 => refusal(*source.choose(&Refusal::ALL)?),
        7 => "bob : hi".to_owned(),
        _ => return Ok(source.arbitrary::<&[u8]>()?.to_vec()),
    };
    Ok(answer.into_bytes())
}
