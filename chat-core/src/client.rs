//! The client: PROTOCOL.md, "Rules of the client". Every transition is in this file.

use core::num::NonZeroU32;
use core::time::Duration;

use chat_proto::{
    Delivery, Dialect, EncodeError, FromServer, MAX_DATAGRAM, Name, Refusal, Reply, Request, Text,
    Word,
};
use thiserror::Error;

use crate::time::Timestamp;

/// Seconds to wait for the answer to each login, the first and the repeated ones.
const LOGIN_WAITS: [u64; 3] = [1, 2, 4];
/// The longest pause between two logins after the connection was lost: a client is back within
/// half a minute after the network and the server allow it.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// The time to wait for the answer to a quit.
const QUIT_WAIT: Duration = Duration::from_secs(1);
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
    scratch: [u8; MAX_DATAGRAM],
}

/// ```text
/// Out ─login─▶ Joining ─OK─▶ In ─quit─▶ Leaving ─end word, 1 s─▶ Done
///                │           │ ▲
///     refusal,   │      lost │ │ OK
///     7 s        ▼           ▼ │
///              Done    Rejoining ─refused for good─▶ Done
/// ```
///
/// An end word that was not asked for leads from `In` and `Rejoining` to `Done` too.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Nothing was sent yet.
    Out,
    /// The login was sent `sent` times; at `due` it is sent again, or given up.
    Joining { sent: usize, due: Timestamp },
    /// Logged in. At `due` the login is repeated; `unanswered` repeated logins had no answer.
    In {
        due: Option<Timestamp>,
        unanswered: u32,
    },
    /// The connection was lost. The login is sent again at `due`, and `pause` after that.
    Rejoining { pause: Duration, due: Timestamp },
    /// The quit was sent; the client stops waiting for its answer at `due`.
    Leaving { due: Timestamp },
    /// The conversation is over.
    Done,
}

/// The event of a call, and the datagram for the server that it caused.
#[must_use = "the datagram that the call caused has to be sent"]
#[derive(Debug)]
pub struct ClientOutgoing<'a> {
    event: ClientEvent<'a>,
    payload: Option<&'a [u8]>,
}

impl<'a> ClientOutgoing<'a> {
    /// Returns the event of the call.
    pub fn event(&self) -> ClientEvent<'a> {
        self.event
    }

    /// Returns the datagram to send to the server, if there is one.
    pub fn payload(&self) -> Option<&'a [u8]> {
        self.payload
    }
}

/// The result of a call, for the user.
///
/// Borrows from the call; copy out what you want to keep. Text comes from strangers: make it safe
/// before you show it. With the feature `serde` it can be written, for logs:
/// `{"lost": "silent"}`, and datagrams as text with U+FFFD for bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ClientEvent<'a> {
    /// The server accepted the login.
    Joined {
        /// `true` for a new login after the connection was lost.
        again: bool,
    },
    /// A line, a notice or an end word before the answer to the login: to be shown when the login
    /// succeeds, or as the server's answer when no other comes.
    Early {
        /// The datagram.
        #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
        datagram: &'a [u8],
    },
    /// The server refused the login; the client is done.
    Refused {
        /// The server's answer, perhaps not UTF-8.
        #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
        answer: &'a [u8],
        /// `true` when the login had been repeated: the first one may have been accepted and its
        /// answer lost.
        repeated: bool,
    },
    /// The server did not answer the login; the client is done.
    NoAnswer,
    /// A member spoke, came or went.
    Delivered(Delivery<'a>),
    /// A datagram that is neither a reply nor a delivery. Show it without a speaker.
    Unparsed(#[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))] &'a [u8]),
    /// The server refused a line.
    LineRefused {
        /// The server's answer.
        #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
        answer: &'a [u8],
    },
    /// The connection is lost, and perhaps the last lines with it. The client logs in again by
    /// itself, with growing pauses, and cannot say anything until [`Joined`](Self::Joined).
    Lost(LostReason),
    /// The server refused a login after the connection was lost, for a passing reason: for
    /// example, its former address still has the name. The client tries again.
    StillOut {
        /// The server's answer.
        #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
        answer: &'a [u8],
    },
    /// The server ended the conversation unasked; the client is done and does not log in again.
    Ended {
        /// The end word.
        word: Word,
    },
    /// The client has left, as asked, and is done.
    Left {
        /// `true` when the server answered the quit.
        answered: bool,
    },
    /// Nothing happened that concerns the user.
    Nothing,
}

/// The reason for which a client logs in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LostReason {
    /// The server answered `FAIL not logged in`: it was restarted or has removed this client.
    NotLoggedIn,
    /// The network reported that no program receives at the server's address.
    Unreachable,
    /// The server did not answer repeated logins (keep-alive).
    Silent,
}

/// The reason for which a line was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SayError {
    /// The client is not logged in.
    #[error("not in the room: wait for the login to be answered")]
    NotIn,
    /// The line and this dialect's verb do not fit a datagram together.
    #[error(transparent)]
    Encode(EncodeError),
}

impl Client {
    /// Creates a client that has not sent anything yet.
    pub fn new(name: Name, config: ClientConfig) -> Self {
        Self {
            name,
            config,
            state: State::Out,
            scratch: [0; MAX_DATAGRAM],
        }
    }

    /// Sends the login. The client repeats it after 1 and 3 seconds of silence and gives up after
    /// 7. Does nothing when the login was sent already.
    pub fn login(&mut self, now: Timestamp) -> ClientOutgoing<'_> {
        if !matches!(self.state, State::Out) {
            return nothing();
        }
        self.join(now, 1, LOGIN_WAITS[0])
    }

    /// Sends `text` to the others, once: a line that the network loses is lost.
    ///
    /// # Errors
    ///
    /// [`SayError::NotIn`] before the login is answered and after the connection is lost;
    /// [`SayError::Encode`] for the longest lines in a dialect with long verbs.
    pub fn say(&mut self, _now: Timestamp, text: Text<'_>) -> Result<ClientOutgoing<'_>, SayError> {
        if !self.is_in() {
            return Err(SayError::NotIn);
        }
        let name = self.name;
        let line = Request::Chat { name, text };
        let payload = line.encode(&self.config.dialect, &mut self.scratch);
        let payload = Some(payload.map_err(SayError::Encode)?);
        let event = ClientEvent::Nothing;
        Ok(ClientOutgoing { event, payload })
    }

    /// Sends the quit, once, and waits for the answer for at most a second.
    ///
    /// A client that is not logged in leaves without a datagram: some existing servers do not
    /// survive a quit of a name that they do not know.
    pub fn quit(&mut self, now: Timestamp) -> ClientOutgoing<'_> {
        match self.state {
            State::In { .. } => {
                let due = now.plus(QUIT_WAIT);
                self.state = State::Leaving { due };
                self.send(&Request::Quit { name: self.name }, ClientEvent::Nothing)
            }
            State::Out | State::Joining { .. } | State::Rejoining { .. } => {
                self.done(ClientEvent::Left { answered: false })
            }
            State::Leaving { .. } | State::Done => nothing(),
        }
    }

    /// Handles a datagram that came from the server's address. Drop datagrams from all others.
    pub fn handle<'a>(&'a mut self, now: Timestamp, datagram: &'a [u8]) -> ClientOutgoing<'a> {
        if datagram.is_empty() || matches!(self.state, State::Out | State::Done) {
            return nothing();
        }
        if let State::In { due, .. } = self.state {
            self.state = State::In { due, unanswered: 0 };
        }
        let joining = matches!(self.state, State::Joining { .. });
        match FromServer::decode(datagram, &self.config.dialect) {
            Ok(FromServer::Reply(reply)) => self.handle_reply(now, reply, datagram),
            Ok(FromServer::Delivery(_)) if joining => event(ClientEvent::Early { datagram }),
            Ok(FromServer::Delivery(delivery)) => event(ClientEvent::Delivered(delivery)),
            Err(_) if joining => self.refused(datagram),
            Err(_) => event(ClientEvent::Unparsed(datagram)),
        }
    }

    fn handle_reply<'a>(
        &'a mut self,
        now: Timestamp,
        reply: Reply<'_>,
        datagram: &'a [u8],
    ) -> ClientOutgoing<'a> {
        let answer = datagram;
        let refusal = match reply {
            Reply::Refused { reason } => reason.and_then(|why| Refusal::from_reason(why.as_str())),
            _ => None,
        };
        match (self.state, reply) {
            (State::Joining { .. }, Reply::Success) => self.joined(now, false),
            (State::Rejoining { .. }, Reply::Success) => self.joined(now, true),
            (_, Reply::Success) => nothing(),

            (State::Joining { .. }, Reply::End { .. }) => event(ClientEvent::Early { datagram }),
            (State::Leaving { .. }, Reply::End { .. }) => {
                self.done(ClientEvent::Left { answered: true })
            }
            (_, Reply::End { word }) => self.done(ClientEvent::Ended { word }),

            (State::Joining { .. }, Reply::Refused { .. }) => self.refused(answer),
            (State::Rejoining { .. }, Reply::Refused { .. }) => match refusal {
                Some(Refusal::NotLoggedIn) => nothing(),
                // These do not pass with time, or not soon.
                Some(Refusal::BadName | Refusal::Reserved | Refusal::Banned) => {
                    self.refused(answer)
                }
                _ => event(ClientEvent::StillOut { answer }),
            },
            (State::In { .. }, _) if refusal == Some(Refusal::NotLoggedIn) => {
                self.lost(now, LostReason::NotLoggedIn)
            }
            (_, Reply::Refused { .. }) => event(ClientEvent::LineRefused { answer }),
        }
    }

    /// Does what is due at `now`. Call it again while [`poll_timeout`](Self::poll_timeout) is not
    /// later than `now`; at any other time it does nothing.
    pub fn handle_timeout(&mut self, now: Timestamp) -> ClientOutgoing<'_> {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return nothing();
        }
        match self.state {
            State::Joining { sent, .. } => match LOGIN_WAITS.get(sent) {
                Some(&wait) => self.join(now, sent + 1, wait),
                None => self.done(ClientEvent::NoAnswer),
            },
            State::In { unanswered, .. } if unanswered >= UNANSWERED_KEEP_ALIVES => {
                self.lost(now, LostReason::Silent)
            }
            State::In { unanswered, .. } => {
                let (due, unanswered) = (self.keep_alive_due(now), unanswered + 1);
                self.state = State::In { due, unanswered };
                self.send_login(ClientEvent::Nothing)
            }
            State::Rejoining { pause, .. } => {
                let due = now.plus(pause);
                let pause = (pause * 2).min(LONGEST_PAUSE);
                self.state = State::Rejoining { pause, due };
                self.send_login(ClientEvent::Nothing)
            }
            State::Leaving { .. } => self.done(ClientEvent::Left { answered: false }),
            State::Out | State::Done => nothing(),
        }
    }

    /// Handles the network's report that no program receives at the server's address.
    ///
    /// A member logs in again, and a client that is leaving has left. While the first login is
    /// waiting for its answer the report changes nothing: the server may be starting.
    pub fn handle_unreachable(&mut self, now: Timestamp) -> ClientOutgoing<'_> {
        match self.state {
            State::In { .. } => self.lost(now, LostReason::Unreachable),
            State::Leaving { .. } => self.done(ClientEvent::Left { answered: false }),
            State::Out | State::Joining { .. } | State::Rejoining { .. } | State::Done => nothing(),
        }
    }

    /// Returns the moment at which to call [`handle_timeout`](Self::handle_timeout); `None`: not
    /// before another call.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match self.state {
            State::Joining { due, .. } | State::Rejoining { due, .. } | State::Leaving { due } => {
                Some(due)
            }
            State::In { due, .. } => due,
            State::Out | State::Done => None,
        }
    }

    /// Returns the name of this member.
    pub fn name(&self) -> Name {
        self.name
    }

    /// Returns `true` while [`say`](Self::say) works.
    pub fn is_in(&self) -> bool {
        matches!(self.state, State::In { .. })
    }

    /// Returns `true` once the conversation is over; no call changes that.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn join(&mut self, now: Timestamp, sent: usize, wait: u64) -> ClientOutgoing<'_> {
        let due = now.plus(Duration::from_secs(wait));
        self.state = State::Joining { sent, due };
        self.send_login(ClientEvent::Nothing)
    }

    fn joined<'a>(&mut self, now: Timestamp, again: bool) -> ClientOutgoing<'a> {
        let due = self.keep_alive_due(now);
        self.state = State::In { due, unanswered: 0 };
        event(ClientEvent::Joined { again })
    }

    fn lost(&mut self, now: Timestamp, reason: LostReason) -> ClientOutgoing<'_> {
        let [first, second, ..] = LOGIN_WAITS.map(Duration::from_secs);
        let due = now.plus(first);
        self.state = State::Rejoining { pause: second, due };
        self.send_login(ClientEvent::Lost(reason))
    }

    fn refused<'a>(&mut self, answer: &'a [u8]) -> ClientOutgoing<'a> {
        let repeated = !matches!(self.state, State::Joining { sent: 1, .. });
        self.done(ClientEvent::Refused { answer, repeated })
    }

    fn done<'a>(&mut self, last: ClientEvent<'a>) -> ClientOutgoing<'a> {
        self.state = State::Done;
        event(last)
    }

    fn keep_alive_due(&self, now: Timestamp) -> Option<Timestamp> {
        let seconds = self.config.keep_alive_seconds?;
        Some(now.plus(Duration::from_secs(seconds.get().into())))
    }

    fn send_login<'a>(&'a mut self, event: ClientEvent<'a>) -> ClientOutgoing<'a> {
        let login = Request::Login {
            name: self.name,
            extension: None,
        };
        self.send(&login, event)
    }

    fn send<'a>(&'a mut self, request: &Request<'_>, event: ClientEvent<'a>) -> ClientOutgoing<'a> {
        let payload = request.encode(&self.config.dialect, &mut self.scratch);
        let payload = Some(payload.expect("a verb, a space and a name fit a datagram"));
        ClientOutgoing { event, payload }
    }
}

fn event(event: ClientEvent<'_>) -> ClientOutgoing<'_> {
    let payload = None;
    ClientOutgoing { event, payload }
}

fn nothing<'a>() -> ClientOutgoing<'a> {
    event(ClientEvent::Nothing)
}

/// Writes a datagram as text, for logs, with U+FFFD for bytes that are not UTF-8.
#[cfg(feature = "serde")]
fn as_text<S: serde::Serializer>(datagram: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&alloc::string::String::from_utf8_lossy(datagram))
}
