//! Every transition of the client: PROTOCOL.md, "Rules of the client".

use chat_proto::{Delivery, MAX_DATAGRAM, Name, Reason, Refusal, Reply, Request, Text};

use super::config::ClientConfig;
use super::event::{ClientEvent, ClientOutgoing, LostReason, SayError};
use crate::time::Timestamp;

/// How long each login is waited for; after the last of them the client gives up.
const LOGIN_WAITS_MILLIS: [u64; 3] = [1_000, 2_000, 4_000];
/// The longest pause between two logins after the connection was lost: short enough for a client to
/// be back within half a minute of the moment at which the network, and the server's memory of a
/// former address, allow it.
const LONGEST_PAUSE_MILLIS: u64 = 8_000;
/// How long the answer to a quit is waited for.
const QUIT_WAIT_MILLIS: u64 = 1_000;
/// After how many unanswered keep-alives the server counts as gone.
const UNANSWERED_KEEP_ALIVES: u32 = 2;

/// One member's side of the conversation with one server. See the [crate's documentation](crate)
/// for the shape of its calls, which are those of the server without an address.
///
/// ```
/// use chat_core::{Client, ClientConfig, ClientEvent, Timestamp, proto::{Name, Text}};
///
/// let now = Timestamp::from_millis(0);
/// let mut client = Client::new(Name::new("alice")?, ClientConfig::default());
/// assert_eq!(client.login(now).transmits().next(), Some(b"L alice".as_slice()));
/// assert_eq!(client.handle(now, b"OK").event(), ClientEvent::Joined { again: false });
/// assert_eq!(client.say(now, Text::new("hi")?)?.transmits().next(), Some(b"C alice hi".as_slice()));
/// assert_eq!(client.quit(now).transmits().next(), Some(b"Q alice".as_slice()));
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

#[derive(Clone, Copy, Debug)]
enum State {
    /// Not begun.
    Out,
    /// The login was sent `sent` times; at `due` it is sent once more, or given up.
    Joining { sent: u32, due: Timestamp },
    /// In. At `due` the login is repeated (keep-alive); `unanswered` times nothing has come back
    /// since.
    In {
        due: Option<Timestamp>,
        unanswered: u32,
    },
    /// Was in, and logs in again at `due`; then after a pause of `pause` milliseconds.
    Rejoining { pause: u64, due: Timestamp },
    /// The quit was sent; at `due` its answer is not waited for any longer.
    Leaving { due: Timestamp },
    /// The end.
    Done,
}

impl Client {
    /// A client that has not done anything yet.
    pub fn new(name: Name, config: ClientConfig) -> Self {
        Self {
            name,
            config,
            state: State::Out,
            scratch: [0; MAX_DATAGRAM],
        }
    }

    /// Begins: sends the login. It is sent again after 1 and 3 seconds of silence, and given up
    /// after 7. Does nothing when the client has begun already.
    pub fn login(&mut self, now: Timestamp) -> ClientOutgoing<'_> {
        if !matches!(self.state, State::Out) {
            return nothing();
        }
        self.state = State::Joining {
            sent: 1,
            due: now.plus_millis(LOGIN_WAITS_MILLIS[0]),
        };
        self.send_login(ClientEvent::Nothing)
    }

    /// Says `text` to the others. It is sent once: what the network loses is lost. (The time makes
    /// no difference yet; all calls take it.)
    pub fn say(&mut self, _now: Timestamp, text: Text<'_>) -> Result<ClientOutgoing<'_>, SayError> {
        if !self.is_in() {
            return Err(SayError::NotIn);
        }
        let request = Request::Chat {
            name: self.name,
            text,
        };
        let payload = request
            .encode(&self.config.dialect, &mut self.scratch)
            .map_err(SayError::Encode)?;
        Ok(ClientOutgoing {
            event: ClientEvent::Nothing,
            payload: Some(payload),
        })
    }

    /// Leaves: sends the quit, once, and waits at most a second for the answer. A client that is
    /// not in leaves without a word: servers in use do not survive a quit of somebody they do
    /// not know.
    pub fn quit(&mut self, now: Timestamp) -> ClientOutgoing<'_> {
        match self.state {
            State::In { .. } => {
                self.state = State::Leaving {
                    due: now.plus_millis(QUIT_WAIT_MILLIS),
                };
                self.send(&Request::Quit { name: self.name }, ClientEvent::Nothing)
            }
            State::Out | State::Joining { .. } | State::Rejoining { .. } => {
                self.state = State::Done;
                event(ClientEvent::Left { answered: false })
            }
            State::Leaving { .. } | State::Done => nothing(),
        }
    }

    /// A datagram came from the server. (What comes from other addresses is not to be handed in.)
    pub fn handle<'a>(&'a mut self, now: Timestamp, datagram: &'a [u8]) -> ClientOutgoing<'a> {
        let reply = Reply::decode(datagram, &self.config.dialect).ok();
        let delivery = Delivery::decode(datagram, &self.config.dialect).ok();
        if datagram.is_empty() {
            return nothing();
        }
        match self.state {
            State::Out | State::Done => nothing(),
            State::Joining { sent, .. } => match (reply, delivery) {
                (Some(Reply::Success), _) => self.joined(now, false),
                (Some(Reply::End { .. }), _) | (_, Some(_)) => {
                    event(ClientEvent::Early { datagram })
                }
                _ => {
                    self.state = State::Done;
                    event(ClientEvent::Refused {
                        answer: datagram,
                        repeated: sent > 1,
                    })
                }
            },
            State::Rejoining { .. } => match (reply, delivery) {
                (Some(Reply::Success), _) => self.joined(now, true),
                // The server that restarts may still be sending its end words.
                (Some(Reply::End { word }), _) => self.ended(word),
                (Some(Reply::Refused { reason }), _) => match refusal(reason) {
                    Some(Refusal::NotLoggedIn) => nothing(),
                    // No time makes a name acceptable that the server does not want, and none soon
                    // whom it has banned.
                    Some(Refusal::BadName | Refusal::Reserved | Refusal::Banned) => {
                        self.state = State::Done;
                        event(ClientEvent::Refused {
                            answer: datagram,
                            repeated: true,
                        })
                    }
                    // Above all "name taken", by what the server remembers of this client at a
                    // former address.
                    _ => event(ClientEvent::StillOut { answer: datagram }),
                },
                (_, Some(delivery)) => event(ClientEvent::Delivered(delivery)),
                _ => event(ClientEvent::Unparsed(datagram)),
            },
            State::In { due, .. } => {
                self.state = State::In { due, unanswered: 0 };
                match (reply, delivery) {
                    (Some(Reply::Success), _) => nothing(),
                    (Some(Reply::End { word }), _) => self.ended(word),
                    (Some(Reply::Refused { reason }), _)
                        if refusal(reason) == Some(Refusal::NotLoggedIn) =>
                    {
                        self.lost(now, LostReason::NotLoggedIn)
                    }
                    (Some(Reply::Refused { .. }), _) => {
                        event(ClientEvent::LineRefused { answer: datagram })
                    }
                    (_, Some(delivery)) => event(ClientEvent::Delivered(delivery)),
                    _ => event(ClientEvent::Unparsed(datagram)),
                }
            }
            State::Leaving { .. } => match (reply, delivery) {
                (Some(Reply::End { .. }), _) => {
                    self.state = State::Done;
                    event(ClientEvent::Left { answered: true })
                }
                (Some(Reply::Success), _) => nothing(),
                (Some(Reply::Refused { .. }), _) => {
                    event(ClientEvent::LineRefused { answer: datagram })
                }
                (_, Some(delivery)) => event(ClientEvent::Delivered(delivery)),
                _ => event(ClientEvent::Unparsed(datagram)),
            },
        }
    }

    /// Time has come: do what is due. Call again while [`poll_timeout`](Self::poll_timeout) is not
    /// later than `now`.
    pub fn handle_timeout(&mut self, now: Timestamp) -> ClientOutgoing<'_> {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return nothing();
        }
        match self.state {
            State::Joining { sent, .. } => match LOGIN_WAITS_MILLIS.get(sent as usize) {
                Some(&wait) => {
                    self.state = State::Joining {
                        sent: sent + 1,
                        due: now.plus_millis(wait),
                    };
                    self.send_login(ClientEvent::Nothing)
                }
                None => {
                    self.state = State::Done;
                    event(ClientEvent::NoAnswer)
                }
            },
            State::In { unanswered, .. } if unanswered >= UNANSWERED_KEEP_ALIVES => {
                self.lost(now, LostReason::Silent)
            }
            State::In { unanswered, .. } => {
                self.state = State::In {
                    due: keep_alive_due(&self.config, now),
                    unanswered: unanswered + 1,
                };
                self.send_login(ClientEvent::Nothing)
            }
            State::Rejoining { pause, .. } => {
                self.state = State::Rejoining {
                    pause: pause.saturating_mul(2).min(LONGEST_PAUSE_MILLIS),
                    due: now.plus_millis(pause),
                };
                self.send_login(ClientEvent::Nothing)
            }
            State::Leaving { .. } => {
                self.state = State::Done;
                event(ClientEvent::Left { answered: false })
            }
            State::Out | State::Done => nothing(),
        }
    }

    /// The network reported that nobody is at the server's address. While the first login is waited
    /// for this is only a hint (the server may be starting); a member logs in again; a client
    /// that is leaving has left.
    pub fn handle_unreachable(&mut self, now: Timestamp) -> ClientOutgoing<'_> {
        match self.state {
            State::In { .. } => self.lost(now, LostReason::Unreachable),
            State::Leaving { .. } => {
                self.state = State::Done;
                event(ClientEvent::Left { answered: false })
            }
            State::Out | State::Joining { .. } | State::Rejoining { .. } | State::Done => nothing(),
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called; `None`: not before something
    /// else happens.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match self.state {
            State::Joining { due, .. } | State::Rejoining { due, .. } | State::Leaving { due } => {
                Some(due)
            }
            State::In { due, .. } => due,
            State::Out | State::Done => None,
        }
    }

    /// Under which name.
    pub fn name(&self) -> Name {
        self.name
    }

    /// Whether lines can be said now.
    pub fn is_in(&self) -> bool {
        matches!(self.state, State::In { .. })
    }

    /// Whether the conversation is over; no call changes that.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn joined<'a>(&mut self, now: Timestamp, again: bool) -> ClientOutgoing<'a> {
        self.state = State::In {
            due: keep_alive_due(&self.config, now),
            unanswered: 0,
        };
        event(ClientEvent::Joined { again })
    }

    fn ended<'a>(&mut self, word: chat_proto::Word) -> ClientOutgoing<'a> {
        self.state = State::Done;
        event(ClientEvent::Ended { word })
    }

    fn lost(&mut self, now: Timestamp, reason: LostReason) -> ClientOutgoing<'_> {
        let [pause, next, ..] = LOGIN_WAITS_MILLIS;
        self.state = State::Rejoining {
            pause: next,
            due: now.plus_millis(pause),
        };
        self.send_login(ClientEvent::Lost(reason))
    }

    fn send_login<'a>(&'a mut self, event: ClientEvent<'a>) -> ClientOutgoing<'a> {
        self.send(
            &Request::Login {
                name: self.name,
                extension: None,
            },
            event,
        )
    }

    fn send<'a>(
        &'a mut self,
        request: &Request<Text<'_>>,
        event: ClientEvent<'a>,
    ) -> ClientOutgoing<'a> {
        // A login and a quit always fit: a verb, a blank and a name.
        let payload = request.encode(&self.config.dialect, &mut self.scratch).ok();
        ClientOutgoing { event, payload }
    }
}

fn event(event: ClientEvent<'_>) -> ClientOutgoing<'_> {
    ClientOutgoing {
        event,
        payload: None,
    }
}

fn nothing<'a>() -> ClientOutgoing<'a> {
    event(ClientEvent::Nothing)
}

fn keep_alive_due(config: &ClientConfig, now: Timestamp) -> Option<Timestamp> {
    config
        .keep_alive_seconds
        .map(|seconds| now.plus_millis(u64::from(seconds.get()) * 1_000))
}

fn refusal(reason: Option<Reason<'_>>) -> Option<Refusal> {
    reason.and_then(|reason| Refusal::from_reason(reason.as_str()))
}
