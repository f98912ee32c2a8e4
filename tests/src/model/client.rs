//! The client of PROTOCOL.md, "Rules of the client": one state, one deadline, strings.

use chat_core::LostReason;
use chat_proto::{Delivery, DeliveryBuf, Dialect, Reply, Word};

/// What a call means for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The login was accepted; `true`: after the connection was lost.
    Joined(bool),
    /// Something that is no answer came before the answer to the login.
    Early(Vec<u8>),
    /// The login was refused.
    Refused {
        /// The server's words.
        answer: Vec<u8>,
        /// Whether the login had been sent more than once.
        repeated: bool,
    },
    /// Nobody answered the login.
    NoAnswer,
    /// Somebody spoke, came or went.
    Delivered(DeliveryBuf),
    /// Something that is neither a reply nor a delivery.
    Unparsed(Vec<u8>),
    /// A line was refused.
    LineRefused(Vec<u8>),
    /// The client has to log in again.
    Lost(LostReason),
    /// It tried to, and was refused for now.
    StillOut(Vec<u8>),
    /// The server ended the conversation.
    Ended(Word),
    /// The client left; whether the server answered.
    Left(bool),
    /// Nothing.
    Nothing,
}

/// What a call brings about: the event, and the datagram that is sent.
pub type Outcome = (Told, Option<Vec<u8>>);

/// Why a line is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsaid {
    /// The client is not in.
    NotIn,
    /// The request would have so many bytes.
    TooLong(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    /// The first login, sent so many times.
    LoggingIn(u32),
    /// In; so many keep-alives were sent since anything came.
    In(u32),
    /// Logging in again; the pause in seconds that is running.
    Out(u64),
    Leaving,
    Done,
}

/// A client and its conversation; times are milliseconds.
#[derive(Debug)]
pub struct Client {
    name: String,
    dialect: Dialect,
    keep_alive: Option<u64>,
    state: State,
    due: Option<u64>,
}

impl Client {
    /// That has not begun, with a keep-alive every so many seconds.
    pub fn new(name: &str, dialect: Dialect, keep_alive_seconds: Option<u32>) -> Self {
        Self {
            name: name.into(),
            dialect,
            keep_alive: keep_alive_seconds.map(|seconds| u64::from(seconds) * 1_000),
            state: State::New,
            due: None,
        }
    }

    /// When something is due.
    pub fn due(&self) -> Option<u64> {
        self.due
    }

    /// Whether lines can be said.
    pub fn is_in(&self) -> bool {
        matches!(self.state, State::In(_))
    }

    /// Whether it is over.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The user wants in.
    pub fn login(&mut self, now: u64) -> Outcome {
        if self.state != State::New {
            return told(Told::Nothing);
        }
        self.go(State::LoggingIn(1), Some(now + 1_000));
        (Told::Nothing, self.login_request())
    }

    /// The user says something.
    pub fn say(&self, text: &str) -> Result<Outcome, Unsaid> {
        if !self.is_in() {
            return Err(Unsaid::NotIn);
        }
        let request = format!("{} {} {text}", self.dialect.verbs().chat(), self.name);
        if request.len() > 1_024 {
            return Err(Unsaid::TooLong(request.len()));
        }
        Ok((Told::Nothing, Some(request.into_bytes())))
    }

    /// The user wants out.
    pub fn quit(&mut self, now: u64) -> Outcome {
        match self.state {
            State::New | State::LoggingIn(_) | State::Out(_) => self.end(Told::Left(false)),
            State::In(_) => {
                self.go(State::Leaving, Some(now + 1_000));
                let request = format!("{} {}", self.dialect.verbs().quit(), self.name);
                (Told::Nothing, Some(request.into_bytes()))
            }
            State::Leaving | State::Done => told(Told::Nothing),
        }
    }

    /// A datagram came from the server.
    pub fn receive(&mut self, now: u64, datagram: &[u8]) -> Outcome {
        if datagram.is_empty() {
            return told(Told::Nothing);
        }
        if let State::In(unanswered) = &mut self.state {
            *unanswered = 0;
        }
        let bytes = datagram.to_vec();
        let reply = Reply::decode(datagram, &self.dialect).ok();
        let other = match Delivery::decode(datagram, &self.dialect) {
            Ok(delivery) => Told::Delivered(delivery.to_buf()),
            Err(_) => Told::Unparsed(bytes.clone()),
        };
        let reason = String::from_utf8_lossy(datagram);
        let reason = reason.trim_end_matches(['\r', '\n']);
        let is = |reasons: &[&str]| reasons.iter().any(|one| reason == format!("FAIL {one}"));
        match (self.state, reply) {
            (State::New | State::Done, _) => told(Told::Nothing),

            (State::LoggingIn(_), Some(Reply::Success)) => self.join(now, false),
            (State::LoggingIn(_), Some(Reply::End { .. })) => told(Told::Early(bytes)),
            (State::LoggingIn(sent), Some(Reply::Refused { .. })) => self.refused(bytes, sent > 1),
            (State::LoggingIn(sent), None) => match other {
                Told::Delivered(_) => told(Told::Early(bytes)),
                _ => self.refused(bytes, sent > 1),
            },

            (State::In(_) | State::Leaving, Some(Reply::Success)) => told(Told::Nothing),
            (State::Out(_), Some(Reply::Success)) => self.join(now, true),

            (State::In(_) | State::Out(_), Some(Reply::End { word })) => {
                self.end(Told::Ended(word))
            }
            (State::Leaving, Some(Reply::End { .. })) => self.end(Told::Left(true)),

            (State::In(_), Some(Reply::Refused { .. })) if is(&["not logged in", "尚未登录"]) => {
                self.lose(now, LostReason::NotLoggedIn)
            }
            (State::In(_) | State::Leaving, Some(Reply::Refused { .. })) => {
                told(Told::LineRefused(bytes))
            }
            (State::Out(_), Some(Reply::Refused { .. })) => {
                if is(&["not logged in", "尚未登录"]) {
                    told(Told::Nothing)
                } else if is(&[
                    "bad name",
                    "名字不合法",
                    "reserved",
                    "名字被保留",
                    "banned",
                    "已被封禁",
                ]) {
                    self.refused(bytes, true)
                } else {
                    told(Told::StillOut(bytes))
                }
            }

            (State::In(_) | State::Out(_) | State::Leaving, None) => told(other),
        }
    }

    /// Time has come, or has not.
    pub fn time_out(&mut self, now: u64) -> Outcome {
        if self.due.is_none_or(|due| now < due) {
            return told(Told::Nothing);
        }
        match self.state {
            State::New | State::Done => told(Told::Nothing),
            State::LoggingIn(1) => self.log_in_again(State::LoggingIn(2), now + 2_000),
            State::LoggingIn(2) => self.log_in_again(State::LoggingIn(3), now + 4_000),
            State::LoggingIn(_) => self.end(Told::NoAnswer),
            State::In(2) => self.lose(now, LostReason::Silent),
            State::In(unanswered) => {
                let pause = self.keep_alive.unwrap_or_default();
                self.log_in_again(State::In(unanswered + 1), now + pause)
            }
            State::Out(pause) => {
                let pause = (pause * 2).min(8);
                self.log_in_again(State::Out(pause), now + pause * 1_000)
            }
            State::Leaving => self.end(Told::Left(false)),
        }
    }

    /// The network reports that nobody is there.
    pub fn unreachable(&mut self, now: u64) -> Outcome {
        match self.state {
            State::In(_) => self.lose(now, LostReason::Unreachable),
            State::Leaving => self.end(Told::Left(false)),
            State::New | State::LoggingIn(_) | State::Out(_) | State::Done => told(Told::Nothing),
        }
    }

    fn go(&mut self, state: State, due: Option<u64>) {
        (self.state, self.due) = (state, due);
    }

    fn join(&mut self, now: u64, again: bool) -> Outcome {
        self.go(State::In(0), self.keep_alive.map(|pause| now + pause));
        told(Told::Joined(again))
    }

    fn lose(&mut self, now: u64, reason: LostReason) -> Outcome {
        self.go(State::Out(1), Some(now + 1_000));
        (Told::Lost(reason), self.login_request())
    }

    fn log_in_again(&mut self, state: State, due: u64) -> Outcome {
        self.go(state, Some(due));
        (Told::Nothing, self.login_request())
    }

    fn refused(&mut self, answer: Vec<u8>, repeated: bool) -> Outcome {
        self.end(Told::Refused { answer, repeated })
    }

    fn end(&mut self, last: Told) -> Outcome {
        self.go(State::Done, None);
        told(last)
    }

    fn login_request(&self) -> Option<Vec<u8>> {
        Some(format!("{} {}", self.dialect.verbs().login(), self.name).into_bytes())
    }
}

/// An event for which nothing is sent.
fn told(event: Told) -> Outcome {
    (event, None)
}
