//! The client: PROTOCOL.md, "Rules of the client". Every transition is in this file.

mod event;
mod session;

use core::mem::take;
use core::num::NonZeroU32;
use core::time::Duration;

use chat_proto::EndCode::Quit;
use chat_proto::Refusal::{NameTaken, RoomFull};
use chat_proto::{
    Dialect, FromServer, MAX_SESSION_DATAGRAM, Name, Refusal, Reply, Request, Text, Verbs,
};

use self::session::{Seen, Session};
use crate::time::Timestamp;

pub use self::event::{ClientEvent, ClientOutgoing, LostReason, SayError};
pub use self::session::{ClientSession, SessionEntry};

/// Seconds to wait for the answer to each login, the first and the repeated ones.
const LOGIN_WAITS: [u64; 3] = [1, 2, 4];
const LAST_REPETITION: usize = LOGIN_WAITS.len() - 1;
/// The longest pause between two logins after the connection was lost, in seconds: a client is back
/// within half a minute after the network and the server allow it.
const LONGEST_PAUSE: u64 = 8;
/// Seconds to wait for the answer to a quit, and to that of a session.
const QUIT_WAITS: [u64; 2] = [1, 3];
/// The time in which a challenge may follow the first datagram of a plain server.
const PLAIN_WAIT: Duration = Duration::from_secs(1);
/// The state in which a lost connection begins.
const LOST: State = State::Rejoining(1);
/// Unanswered keep-alives after which the server counts as gone.
const UNANSWERED_KEEP_ALIVES: u32 = 2;

/// The options of a client.
///
/// With the feature `serde` this is a table as [`Config`](crate::Config) is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct ClientConfig {
    /// The words of requests and answers. Default: [`Dialect::lenient`], which reads the answers
    /// of existing servers.
    pub dialect: Dialect,
    /// Seconds between repeated logins (keep-alive), which satisfy an idle limit and notice a
    /// server that is gone. Default: `None`, never: some existing servers do not survive them.
    #[cfg_attr(feature = "serde", serde(with = "crate::server::off"))]
    pub keep_alive_seconds: Option<NonZeroU32>,
    /// A session, where the server knows sessions; the client is a plain one where it does not.
    /// `None`: always a plain one. Default: `None`. With the feature `serde` this is left out.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub session: Option<ClientSession>,
}

/// One member's side of the conversation with one server.
///
/// Its calls have the shape of the server's, without an address: see the
/// [crate's documentation](crate).
///
/// ```
/// use chat_core::{Client, ClientConfig, ClientEvent, Timestamp, proto::{Name, Text}};
///
/// let now = Timestamp::from_millis(0);
/// let mut client = Client::new(Name::new("alice")?, ClientConfig::default());
/// assert_eq!(client.login(now).payload(), Some(&b"L alice"[..]));
/// assert_eq!(client.handle(now, b"OK").event(), ClientEvent::Joined { again: false });
/// assert_eq!(client.say(now, Text::new("hi")?)?.payload(), Some(&b"C alice hi"[..]));
/// assert_eq!(client.quit(now).payload(), Some(&b"Q alice"[..]));
/// assert_eq!(client.handle(now, b"EXIT").event(), ClientEvent::Left { answered: true });
/// assert!(client.is_done());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client {
    name: Name,
    config: ClientConfig,
    state: State,
    /// The moment at which the state has something to do.
    due: Option<Timestamp>,
    /// The session, until the server shows itself to be a plain one.
    session: Option<Session>,
    /// The time of the last call.
    now: Timestamp,
    scratch: [u8; MAX_SESSION_DATAGRAM],
    /// The length of a plain client's datagram in it that is not sent yet.
    unsent: usize,
}

/// ```text
/// Out ─login─▶ Joining ─OK─▶ In ─quit─▶ Leaving ─end word, 1 s─▶ Done
///                │           │ ▲
///     refusal,   │      lost │ │ OK
///     7 s        ▼           ▼ │
///              Done    Rejoining ─refused for good─▶ Done
/// ```
///
/// An end word that was not asked for leads from `In` and `Rejoining` to `Done` too. A session has
/// the same states; once the server is known to have sessions, only `Leaving` has a moment.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Nothing was sent yet.
    Out,
    /// The login was sent; the number of its repetitions. It is repeated again, or given up.
    Joining(usize),
    /// Logged in; the number of repeated logins (keep-alive) without an answer.
    In(u32),
    /// The connection was lost; the pause before the next login, in seconds.
    Rejoining(u64),
    /// The quit was sent; the client stops waiting for its answer.
    Leaving,
    /// The conversation is over.
    Done,
}

impl Client {
    /// Creates a client that has not sent anything yet.
    pub fn new(name: Name, config: ClientConfig) -> Self {
        // A hello begins with `L` in every dialect, so a server that expects another verb is plain.
        let says_hello = config.dialect.verbs().login() == Verbs::default().login();
        Self {
            name,
            config,
            state: State::Out,
            due: None,
            session: config.session.filter(|_| says_hello).map(Session::new),
            now: Timestamp::default(),
            scratch: [0; MAX_SESSION_DATAGRAM],
            unsent: 0,
        }
    }

    /// Sends the login. The client repeats it after 1 and 3 seconds of silence and gives up after
    /// 7. Does nothing when the login was sent already.
    pub fn login(&mut self, now: Timestamp) -> ClientOutgoing<'_> {
        if let State::Out = self.state {
            self.ask(now, State::Joining(0));
        }
        self.flush(now, ClientOutgoing::default())
    }

    /// Sends `text` to the others. A plain client sends it once: a line that the network loses is
    /// lost. A session repeats it until the server has taken it.
    ///
    /// # Errors
    ///
    /// [`SayError::NotIn`] before the login is answered, and for a plain client after the
    /// connection is lost; [`SayError::Full`] when too many lines of a session wait for the server;
    /// [`SayError::Encode`] for the longest lines in a dialect with long verbs.
    pub fn say(&mut self, now: Timestamp, text: Text<'_>) -> Result<ClientOutgoing<'_>, SayError> {
        if !self.is_in() {
            return Err(SayError::NotIn);
        }
        let name = self.name;
        self.send(now, &Request::Chat { name, text })?;
        Ok(self.flush(now, ClientOutgoing::default()))
    }

    /// Asks for the members' names behind `after`, in byte order, until
    /// [`ClientOutgoing::names`] has them. Does nothing without a session.
    pub fn ask_names(&mut self, now: Timestamp, after: Option<Name>) -> ClientOutgoing<'_> {
        if let Some(session) = &mut self.session {
            session.ask_names(now, after);
        }
        self.flush(now, ClientOutgoing::default())
    }

    /// Returns the number of lines that the server has not taken yet.
    pub fn pending(&self) -> u64 {
        let session = self.session.as_ref();
        session.map_or(0, |session| session.pending.size().0 as u64)
    }

    /// Sends the quit, once, and waits for the answer for at most a second. A session repeats it,
    /// for at most three.
    ///
    /// A client that is not logged in leaves without a datagram: some existing servers do not
    /// survive a quit of a name that they do not know.
    pub fn quit(&mut self, now: Timestamp) -> ClientOutgoing<'_> {
        let event = match self.state {
            State::Leaving | State::Done => ClientEvent::Nothing,
            _ if self.is_in() => self.ask(now, State::Leaving),
            _ => self.done(ClientEvent::Left { answered: false }),
        };
        self.flush(now, self::event(event))
    }

    /// Handles a datagram that came from the server's address. Drop datagrams from all others.
    pub fn handle<'a>(&'a mut self, now: Timestamp, datagram: &'a [u8]) -> ClientOutgoing<'a> {
        if datagram.is_empty() || matches!(self.state, State::Out | State::Done) {
            return ClientOutgoing::default();
        }
        let session = self.session.as_mut();
        let is_plain = !datagram.starts_with(b"~");
        let Some(session) = session.filter(|it| it.is_known() || !is_plain) else {
            let event = self.handle_plain(now, datagram);
            return self.flush(now, self::event(event));
        };
        let mut out = session.handle(now, datagram).unwrap_or_default();
        let is_attaching = session.exchange.is_some();
        if session.is_known() && !matches!(self.state, State::Leaving) {
            self.due = None;
        }
        out.event = match (self.state, out.event) {
            (State::Leaving, ClientEvent::SessionRefused(_) | ClientEvent::Lost(_)) => {
                self.done(ClientEvent::Left { answered: false })
            }
            (State::Leaving, ClientEvent::SessionEnded { code: Quit, .. }) => {
                self.done(ClientEvent::Left { answered: true })
            }
            // The session attaches anew by itself.
            (_, ClientEvent::Lost(_)) => ClientEvent::Nothing,
            (State::Joining(_), last @ ClientEvent::SessionRefused(_)) => self.done(last),
            (_, ClientEvent::SessionRefused(Some(NameTaken | RoomFull))) => {
                self.enter(now, LOST);
                out.event
            }
            (State::Joining(_) | State::Rejoining(_), ClientEvent::Heard) if !is_attaching => {
                self.joined(now)
            }
            (_, ClientEvent::Heard | ClientEvent::Nothing) => out.event,
            (_, last) => self.done(last),
        };
        self.flush(now, out)
    }

    fn handle_plain<'a>(&mut self, now: Timestamp, datagram: &'a [u8]) -> ClientEvent<'a> {
        if let Some(session) = &mut self.session {
            match session.seen {
                Seen::Nothing => {
                    session.seen = Seen::Plain;
                    self.due = Some(now.plus(PLAIN_WAIT));
                }
                // The login is answered, whatever this is.
                Seen::Accepted => return ClientEvent::Early { datagram },
                _ => {}
            }
        }
        if let State::In(unanswered) = &mut self.state {
            *unanswered = 0;
        }
        let (answer, joining) = (datagram, matches!(self.state, State::Joining(_)));
        let reply = match FromServer::decode(datagram, &self.config.dialect) {
            Ok(FromServer::Reply(reply)) => reply,
            Ok(FromServer::Delivery(_)) if joining => return ClientEvent::Early { datagram },
            Ok(FromServer::Delivery(delivery)) => return ClientEvent::Delivered(delivery),
            Err(_) if joining => return self.refused(answer),
            Err(_) => return ClientEvent::Unparsed(datagram),
        };
        let refusal = match reply {
            Reply::Refused { reason } => reason.and_then(|why| Refusal::from_reason(why.as_str())),
            _ => None,
        };
        match (self.state, reply) {
            (State::Joining(_) | State::Rejoining(_), Reply::Success) => {
                let Some(session) = &mut self.session else {
                    return self.joined(now);
                };
                session.seen = Seen::Accepted;
                ClientEvent::Nothing
            }
            (_, Reply::Success) => ClientEvent::Nothing,

            (State::Joining(_), Reply::End { .. }) => ClientEvent::Early { datagram },
            (State::Leaving, Reply::End { .. }) => self.done(ClientEvent::Left { answered: true }),
            (_, Reply::End { word }) => self.done(ClientEvent::Ended { word }),

            (State::Joining(_), _) => self.refused(answer),
            (State::Rejoining(_), _) => match refusal {
                Some(Refusal::NotLoggedIn) => ClientEvent::Nothing,
                // These do not pass with time, or not soon.
                Some(Refusal::BadName | Refusal::Reserved | Refusal::Banned) => {
                    self.refused(answer)
                }
                _ => ClientEvent::StillOut { answer },
            },
            (State::In(_), _) if refusal == Some(Refusal::NotLoggedIn) => {
                self.lost(now, LostReason::NotLoggedIn)
            }
            _ => ClientEvent::LineRefused { answer },
        }
    }

    /// Does what is due at `now`. Call it again while [`poll_timeout`](Self::poll_timeout) is not
    /// later than `now`; at any other time it does nothing.
    pub fn handle_timeout(&mut self, now: Timestamp) -> ClientOutgoing<'_> {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return ClientOutgoing::default();
        }
        let is_own = self.due.is_some_and(|due| due <= now);
        let session = self.session.as_mut().filter(|_| !is_own);
        let is_lost = session.is_some_and(|session| session.renew(now));
        let event = match self.state {
            State::In(_) if is_lost => self.lost(now, LostReason::Silent),
            _ if !is_own => ClientEvent::Nothing,
            State::Joining(repetitions) => {
                let plain = self.session.take_if(|it| it.seen != Seen::Nothing);
                match plain.map(|session| session.seen) {
                    Some(Seen::Accepted) => self.joined(now),
                    _ if repetitions == LAST_REPETITION => self.done(ClientEvent::NoAnswer),
                    _ => self.ask(now, State::Joining(repetitions + 1)),
                }
            }
            State::In(UNANSWERED_KEEP_ALIVES) => self.lost(now, LostReason::Silent),
            State::In(unanswered) => self.ask(now, State::In(unanswered + 1)),
            State::Rejoining(pause) => {
                self.ask(now, State::Rejoining(LONGEST_PAUSE.min(pause * 2)))
            }
            State::Leaving => self.done(ClientEvent::Left { answered: false }),
            State::Out | State::Done => ClientEvent::Nothing,
        };
        self.flush(now, self::event(event))
    }

    /// Handles the network's report that no program receives at the server's address.
    ///
    /// A member logs in again, and a client that is leaving has left. While the first login is
    /// waiting for its answer the report changes nothing: the server may be starting.
    pub fn handle_unreachable(&mut self, now: Timestamp) -> ClientOutgoing<'_> {
        let event = match (self.state, &mut self.session) {
            (State::In(_), _) => self.lost(now, LostReason::Unreachable),
            (_, Some(session)) if session.is_known() => {
                session.say_hello(now);
                ClientEvent::Nothing
            }
            (State::Leaving, _) => self.done(ClientEvent::Left { answered: false }),
            _ => ClientEvent::Nothing,
        };
        self.flush(now, self::event(event))
    }

    /// Returns the moment at which to call [`handle_timeout`](Self::handle_timeout); `None`: not
    /// before another call. "At once" is the time of the last call.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        if self.is_done() {
            return None;
        }
        let session = self.session.as_ref().and_then(Session::poll_timeout);
        let session = session.map(|due| due.max(self.now));
        [self.due, session].into_iter().flatten().min()
    }

    /// Returns the name of this member.
    pub fn name(&self) -> Name {
        self.name
    }

    /// Returns `true` while [`say`](Self::say) works.
    pub fn is_in(&self) -> bool {
        let is_lost = matches!(self.state, State::Rejoining(_));
        matches!(self.state, State::In(_)) || (is_lost && self.session.is_some())
    }

    /// Returns `true` once the server is known to have sessions.
    pub fn has_session(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_known)
    }

    /// Returns `true` once the conversation is over; no call changes that.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Enters a state, which lasts until a moment of its own if nothing else happens.
    fn enter(&mut self, now: Timestamp, state: State) {
        let [plain_quit, session_quit] = QUIT_WAITS;
        let seconds = match state {
            State::Leaving if self.session.is_some() => Some(session_quit),
            State::Leaving => Some(plain_quit),
            _ if self.has_session() => None,
            State::Joining(repetitions) => LOGIN_WAITS.get(repetitions).copied(),
            State::In(_) => self.config.keep_alive_seconds.map(|it| it.get().into()),
            State::Rejoining(pause) => Some(pause),
            State::Out | State::Done => None,
        };
        self.state = state;
        self.due = seconds.map(|seconds| now.plus(Duration::from_secs(seconds)));
    }

    /// Enters a state with its request: a quit, or a login.
    fn ask<'a>(&mut self, now: Timestamp, state: State) -> ClientEvent<'a> {
        self.enter(now, state);
        let (name, extension) = (self.name, None);
        let request = match state {
            State::Leaving => Request::Quit { name },
            _ => Request::Login { name, extension },
        };
        let sent = self.send(now, &request);
        sent.expect("a verb and a name fit a datagram, and a session has a place for a quit");
        ClientEvent::Nothing
    }

    fn lost<'a>(&mut self, now: Timestamp, reason: LostReason) -> ClientEvent<'a> {
        self.ask(now, LOST);
        ClientEvent::Lost(reason)
    }

    fn joined<'a>(&mut self, now: Timestamp) -> ClientEvent<'a> {
        let again = matches!(self.state, State::Rejoining(_));
        self.enter(now, State::In(0));
        ClientEvent::Joined { again }
    }

    fn refused<'a>(&mut self, answer: &'a [u8]) -> ClientEvent<'a> {
        let repeated = !matches!(self.state, State::Joining(0));
        self.done(ClientEvent::Refused { answer, repeated })
    }

    fn done<'a>(&mut self, last: ClientEvent<'a>) -> ClientEvent<'a> {
        self.state = State::Done;
        last
    }

    /// Writes a request, or gives it to the session.
    fn send(&mut self, now: Timestamp, request: &Request<'_>) -> Result<(), SayError> {
        if let Some(session) = &mut self.session {
            return session.say(now, request, &mut self.scratch);
        }
        let payload = request.encode(&self.config.dialect, &mut self.scratch);
        self.unsent = payload.map_err(SayError::Encode)?.len();
        Ok(())
    }

    /// Sends with `out` the request of a plain client, or what the session has to send.
    fn flush<'a>(&'a mut self, now: Timestamp, out: ClientOutgoing<'a>) -> ClientOutgoing<'a> {
        self.now = now;
        let payload = match &mut self.session {
            _ if matches!(self.state, State::Done) => None,
            Some(session) => session.write(now, self.name, &mut self.scratch),
            None => self.scratch.get(..take(&mut self.unsent)),
        };
        let payload = payload.filter(|datagram| !datagram.is_empty());
        ClientOutgoing { payload, ..out }
    }
}

fn event(event: ClientEvent<'_>) -> ClientOutgoing<'_> {
    ClientOutgoing {
        event,
        ..ClientOutgoing::default()
    }
}
