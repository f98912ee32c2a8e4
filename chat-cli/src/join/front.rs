//! The client's connections to the outside: what the state machine returns is sent and shown here.

use std::io;
use std::net::SocketAddr;

use chat_core::proto::{Delivery, Dialect, Name, Refusal, Reply};
use chat_core::{ClientEvent, ClientOutgoing};

use super::event::Shown;
use super::keyboard;
use super::screen::Screen;
use crate::failure::{Failure, Silence};
use crate::messages::{Problem, Status};
use crate::platform::safe_text::SafeText;
use crate::platform::socket::{ChatSocket, Sent};

/// How many datagrams that come before the login is answered are kept to be shown.
const EARLY_DATAGRAMS: usize = 64;

/// The socket, the screen, and how it ended.
#[allow(clippy::struct_excessive_bools)] // Facts that have nothing to do with each other, not states.
pub(crate) struct Front<'s> {
    pub(crate) socket: ChatSocket,
    server: SocketAddr,
    /// Under which name.
    name: Name,
    pub(crate) screen: &'s Screen,
    /// What came before the login was answered.
    early: Vec<Vec<u8>>,
    /// The server's answer to a line that it refused last.
    refused: Option<SafeText>,
    /// Whether the user knows that the server refuses to take us back: it does so again and again.
    told_still_out: bool,
    /// Whether some line of the input did not get into the room, as far as is known.
    missing: bool,
    /// Whether the network said that nobody is at the server's address.
    pub(crate) nobody_listens: bool,
    /// Whether nobody reads standard output any more.
    pub(crate) unread: bool,
    /// Set when the conversation is over.
    pub(crate) outcome: Option<Result<(), Failure>>,
}

impl<'s> Front<'s> {
    pub(crate) fn new(
        socket: ChatSocket,
        server: SocketAddr,
        name: Name,
        screen: &'s Screen,
    ) -> Self {
        Self {
            socket,
            server,
            name,
            screen,
            early: Vec::new(),
            refused: None,
            told_still_out: false,
            missing: false,
            nobody_listens: false,
            unread: false,
            outcome: None,
        }
    }

    /// Sends what a call of the client returned. An error says that the system did not take it.
    pub(crate) fn transmit(&self, outgoing: &ClientOutgoing<'_>) -> io::Result<()> {
        if let Some(payload) = outgoing.payload()
            && let Sent::Lost(error) = self.socket.send(payload)
        {
            return Err(error);
        }
        Ok(())
    }

    /// Sends what a call of the client returned, and does what its event asks for.
    pub(crate) fn react(&mut self, outgoing: &ClientOutgoing<'_>) {
        // A lost login is repeated, and a quit is not waited for longer than for an answer.
        let _lost = self.transmit(outgoing);
        match outgoing.event() {
            ClientEvent::Joined { again: false } => {
                // It was only starting.
                self.nobody_listens = false;
                self.greet();
                for datagram in std::mem::take(&mut self.early) {
                    match Delivery::decode(&datagram, &Dialect::lenient()) {
                        Ok(delivery) => self.show(&delivery.into()),
                        Err(_) => self.show_unparsed(&datagram),
                    }
                }
            }
            ClientEvent::Joined { again: true } => {
                self.nobody_listens = false;
                self.show(&Shown::Back);
            }
            ClientEvent::Early { datagram } if self.early.len() < EARLY_DATAGRAMS => {
                self.early.push(datagram.to_vec());
            }
            ClientEvent::Delivered(delivery) => self.show(&delivery.into()),
            ClientEvent::Unparsed(datagram) => self.show_unparsed(datagram),
            ClientEvent::LineRefused { answer } => {
                self.missing = true;
                self.refused = Some(safe(answer));
                self.show(&Shown::LineRefused {
                    answer: &String::from_utf8_lossy(answer),
                });
            }
            ClientEvent::StillOut { answer } if !self.told_still_out => {
                self.told_still_out = true;
                self.show(&Shown::StillOut {
                    answer: &String::from_utf8_lossy(answer),
                });
            }
            ClientEvent::Lost(reason) => {
                self.missing = true;
                self.told_still_out = false;
                self.show(&Shown::Lost { reason });
            }
            ClientEvent::Refused { answer, repeated } => self.end(Err(Failure::Refused {
                answer: safe(answer),
                refusal: refusal(answer),
                repeated,
            })),
            ClientEvent::NoAnswer => {
                let no_answer = self.no_answer();
                self.end(Err(no_answer));
            }
            ClientEvent::Ended { word } => self.end(Err(Failure::Ended {
                word: SafeText::for_terminal(word.as_str()),
            })),
            ClientEvent::Left { .. } => {
                self.show(&Shown::Out);
                self.end(Ok(()));
            }
            // `Nothing`, more early datagrams than anybody sends, and what later versions of the
            // client may add.
            _ => {}
        }
    }

    /// Why the login failed, when nothing that answers it came.
    pub(crate) fn no_answer(&self) -> Failure {
        let silence = match self.early.last() {
            Some(datagram) => Silence::ButThisCame(safe(datagram)),
            None if self.nobody_listens => Silence::NobodyListens,
            None => Silence::Nothing,
        };
        Failure::NoAnswer {
            server: self.server,
            silence,
        }
    }

    /// What the user is told at the beginning.
    fn greet(&mut self) {
        let (server, name) = (self.server, self.name);
        // Who says one thing does not want to hear about the room.
        if !self.screen.is_silent() {
            self.screen.status(&Status::InRoom {
                server,
                name,
                by_hand: keyboard::is_a_person(),
            });
        }
        self.show(&Shown::In { name, server });
    }

    /// A line of the input cannot be said.
    pub(crate) fn not_said(&mut self, line: Option<u64>, problem: Problem) {
        self.missing = true;
        self.screen.status(&Status::NotSaid { line, problem });
    }

    /// Whether everything that was asked for was done, as far as is known. A person has seen what
    /// was not said.
    pub(crate) fn all_done(&mut self, is_filter: bool) -> Result<(), Failure> {
        let missing = is_filter && self.missing;
        match (missing, self.screen.is_silent(), self.refused.take()) {
            // There was one line only: its refusal is the answer.
            (true, true, Some(answer)) => Err(Failure::LineRefused { answer }),
            // Nobody was there to hear it.
            (_, true, None) if self.nobody_listens => Err(self.no_answer()),
            (true, ..) => Err(Failure::NotAllSaid),
            (false, ..) if self.screen.transcript_broke() => Err(Failure::NotAllWritten),
            (false, ..) => Ok(()),
        }
    }

    /// Shows what the screen has held back for a moment, when it is time.
    pub(crate) fn show_held(&mut self) {
        let shown = self.screen.handle_timeout();
        self.expect_a_reader(shown);
    }

    fn show(&mut self, shown: &Shown<'_>) {
        let shown = self.screen.show(shown);
        self.expect_a_reader(shown);
    }

    fn expect_a_reader(&mut self, shown: io::Result<()>) {
        if let Err(error) = shown {
            // Whoever reads has seen enough (`| head`): leave in order, which is no failure.
            self.unread = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.missing = true;
                self.screen.status(&Status::OutputBroken { error: &error });
            }
        }
    }

    fn show_unparsed(&mut self, datagram: &[u8]) {
        self.show(&Shown::Unparsed {
            text: &String::from_utf8_lossy(datagram),
        });
    }

    fn end(&mut self, outcome: Result<(), Failure>) {
        self.outcome.get_or_insert(outcome);
    }
}

/// Which of the known reasons a refusal gives.
fn refusal(answer: &[u8]) -> Option<Refusal> {
    match Reply::decode(answer, &Dialect::lenient()) {
        Ok(Reply::Refused {
            reason: Some(reason),
        }) => Refusal::from_reason(reason.as_str()),
        _ => None,
    }
}

/// A server's words for the user.
fn safe(datagram: &[u8]) -> SafeText {
    SafeText::for_terminal(String::from_utf8_lossy(datagram).trim())
}
