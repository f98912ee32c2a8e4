//! The conversation after the login: what is shown of it, and what remains to be known.

use std::collections::VecDeque;
use std::time::Duration;

use chat_core::proto::{Delivery, Dialect, EndCode, Name, Refusal};
use chat_core::{ClientEvent, ClientOutgoing, SessionEntry, Timestamp};

use super::output::{Event, Output, Place};
use super::status::Status;
use crate::failure::Failure;
use crate::io::safe_text::SafeText;
use crate::language::Language;

/// The time after which a line of the user that has no place in the room yet is shown so.
const NOTICEABLE: Duration = Duration::from_millis(300);

/// The events after the login: what is shown of them, and what remains to be known.
pub(super) struct Conversation {
    pub(super) output: Output,
    name: Name,
    membership: Membership,
    contact: Contact,
    /// The lines of the user that have no place in the room's log yet.
    own: VecDeque<OwnLine>,
    /// The number of those lines, the first ones without an answer, that may be said twice.
    doubtful: u64,
    /// True when the log that the others were answered from is gone.
    is_new_log: bool,
    /// True from missed entries, among which own lines may be, to the next own line.
    misses_own: bool,
    /// The members that the server has named so far, while it is asked for them.
    names: Vec<Name>,
    /// The name behind which the next page of members is to be asked for.
    pub(super) next_page: Option<Name>,
    /// The answer to the last line that the server refused.
    pub(super) refused: Option<SafeText>,
    /// True when some line of the input is known not to have reached the room.
    pub(super) misses_lines: bool,
    /// Set when the conversation is over.
    pub(super) outcome: Option<Result<(), Failure>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Membership {
    /// No session: the network's losses are lines lost.
    Plain,
    /// A session, whose log has so far shown the time before.
    Arriving,
    /// A session, whose log has shown that this client is in.
    Present,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Contact {
    Kept,
    Lost,
    /// Lost, and the user has seen that the server does not accept the new login yet.
    StillOut,
}

/// A line of the user on its way into the room's log.
struct OwnLine {
    text: String,
    said_at: Timestamp,
    is_shown: bool,
    may_be_twice: bool,
}

impl Conversation {
    pub(super) fn new(name: Name, has_session: bool, output: Output) -> Self {
        Self {
            output,
            name,
            membership: if has_session {
                Membership::Arriving
            } else {
                Membership::Plain
            },
            contact: Contact::Kept,
            own: VecDeque::new(),
            doubtful: 0,
            is_new_log: false,
            misses_own: false,
            names: Vec::new(),
            next_page: None,
            refused: None,
            misses_lines: false,
            outcome: None,
        }
    }

    /// Returns true when the server brings everything that the network loses.
    pub(super) fn has_session(&self) -> bool {
        self.membership != Membership::Plain
    }

    /// Returns true while the server of a session does not answer.
    pub(super) fn is_session_lost(&self) -> bool {
        self.has_session() && self.contact == Contact::Lost
    }

    /// Shows a datagram that came before the answer to the login.
    pub(super) fn show_early(&mut self, now: Timestamp, datagram: &[u8]) {
        let delivery = Delivery::decode(datagram, &Dialect::lenient());
        self.show_line(
            now,
            delivery.ok(),
            &String::from_utf8_lossy(datagram),
            Place::default(),
        );
    }

    /// Notes a line that the user has said.
    pub(super) fn said(&mut self, now: Timestamp, text: &str) {
        if self.has_session() {
            self.own.push_back(OwnLine {
                text: text.to_owned(),
                said_at: now,
                is_shown: false,
                may_be_twice: false,
            });
        }
    }

    /// Marks the lines that may be said twice, when `pending` lines have no answer. Those that a
    /// server answered before it was started again may be lost.
    pub(super) fn settle(&mut self, pending: u64) {
        let pending = usize::try_from(pending).unwrap_or(usize::MAX);
        let mut answered = self.own.len().saturating_sub(pending);
        if std::mem::take(&mut self.is_new_log) && answered > 0 {
            self.misses_lines = true;
            self.output.remark(&Status::MayBeLost { lines: answered });
            self.own.drain(..answered);
            answered = 0;
        }
        let doubtful = std::mem::take(&mut self.doubtful);
        let doubtful = usize::try_from(doubtful).unwrap_or(usize::MAX);
        let lines = self.own.iter_mut().skip(answered).take(doubtful);
        lines.for_each(|line| line.may_be_twice = true);
        if doubtful > 0 {
            self.output.remark(&Status::MayBeTwice { lines: doubtful });
        }
    }

    /// Shows the lines of the user that have waited long for their place in the room, and returns
    /// the moment for the next one.
    pub(super) fn show_pending(&mut self, now: Timestamp) -> Option<Timestamp> {
        for line in self.own.iter_mut().filter(|line| !line.is_shown) {
            let due = line.said_at.plus(NOTICEABLE);
            if due > now {
                return Some(due);
            }
            line.is_shown = true;
            self.output.show_pending(self.name, &line.text);
        }
        None
    }

    pub(super) fn handle(&mut self, now: Timestamp, outgoing: &ClientOutgoing<'_>) {
        self.doubtful += outgoing.doubtful();
        match outgoing.missed() {
            Some(0) => {}
            Some(lines) => {
                self.membership = Membership::Present;
                self.misses_own = true;
                self.output.show(now, &Event::Missed { lines });
            }
            None => {
                self.is_new_log = true;
                self.output.show(now, &Event::NewLog);
            }
        }
        for entry in outgoing.entries() {
            self.show_entry(now, &entry);
        }
        if let Some((after, page)) = outgoing.names() {
            if after.is_none() {
                self.names.clear();
            }
            let known = self.names.len();
            self.names.extend(page.iter());
            if self.names.len() > known {
                self.next_page = self.names.last().copied();
            } else {
                let names = std::mem::take(&mut self.names);
                self.output.remark(&Status::NamesIn(&names));
            }
        }
        self.handle_event(now, outgoing.event());
    }

    /// Shows an entry of the room's log.
    fn show_entry(&mut self, now: Timestamp, entry: &SessionEntry<'_>) {
        let delivery = entry.delivery();
        let is_present = self.membership == Membership::Present;
        let mut place = Place {
            entry: Some(entry.number),
            age: Duration::from_secs(entry.age_seconds),
            history: !is_present,
            may_be_twice: false,
        };
        match delivery {
            // The program has its own words for these.
            Some(Delivery::Joined { name }) if name == self.name => {
                self.membership = Membership::Present;
            }
            Some(Delivery::Left { name }) if name == self.name && is_present => {}
            Some(Delivery::Said { name, text }) if name == self.name && is_present => {
                let text = text.as_str();
                let mut own = self.own.iter();
                let skipped = own.position(|line| line.text == text);
                let skipped = skipped.filter(|count| *count == 0 || self.misses_own);
                let line = skipped.and_then(|count| self.own.drain(..=count).next_back());
                self.misses_own &= line.is_none();
                // One that no line waits for was said twice.
                place.may_be_twice = line.as_ref().is_none_or(|line| line.may_be_twice);
                self.output.show_at(now, &Event::Taken { text }, place);
                // A person has seen what was typed; that it was pending has to be taken back.
                if place.may_be_twice || line.is_some_and(|line| line.is_shown) {
                    self.output.show_own(self.name, text, place);
                }
            }
            _ => self.show_line(now, delivery, entry.text, place),
        }
    }

    fn show_line(
        &mut self,
        now: Timestamp,
        delivery: Option<Delivery<'_>>,
        text: &str,
        place: Place,
    ) {
        let event = delivery.map_or(Event::Unparsed { text }, Event::from);
        self.output.show_at(now, &event, place);
    }

    fn handle_event(&mut self, now: Timestamp, event: ClientEvent<'_>) {
        match event {
            ClientEvent::Joined { .. } => {
                self.contact = Contact::Kept;
                self.output.show(now, &Event::Back);
            }
            ClientEvent::Delivered(delivery) => self.output.show(now, &delivery.into()),
            ClientEvent::Unparsed(datagram) => {
                let text = &String::from_utf8_lossy(datagram);
                self.output.show(now, &Event::Unparsed { text });
            }
            ClientEvent::LineRefused { answer } => {
                self.misses_lines = true;
                self.refused = Some(safe(answer));
                let answer = &String::from_utf8_lossy(answer);
                self.output.show(now, &Event::LineRefused { answer });
            }
            ClientEvent::Lost(reason) => {
                self.contact = Contact::Lost;
                let keeps_lines = self.has_session();
                self.misses_lines |= !keeps_lines;
                self.output.show(
                    now,
                    &Event::Lost {
                        reason,
                        keeps_lines,
                    },
                );
            }
            ClientEvent::StillOut { answer } => {
                self.show_still_out(now, &String::from_utf8_lossy(answer));
            }
            ClientEvent::Refused { answer, repeated } => {
                self.outcome = Some(Err(login_refused(answer, repeated, false)));
            }
            ClientEvent::SessionRefused(refusal) => match refusal {
                Some(Refusal::NameTaken | Refusal::RoomFull) => {
                    self.show_still_out(now, &refusal_words(refusal));
                }
                _ => self.outcome = Some(Err(session_refused(refusal))),
            },
            ClientEvent::Ended { word } => self.end(word.as_str()),
            ClientEvent::SessionEnded { code, text } => {
                if let Some(text) = text {
                    let text = text.as_str();
                    self.output.show(now, &Event::Unparsed { text });
                }
                self.end(match code {
                    EndCode::Kicked => "kicked",
                    EndCode::Banned => "banned",
                    EndCode::Closing => "closing",
                    EndCode::Quit => "quit",
                });
            }
            ClientEvent::TokenInUse => self.end("another program has this session"),
            ClientEvent::Left { answered } => {
                self.misses_lines |= !answered && !self.own.is_empty();
                self.output.show(now, &Event::Out);
                self.outcome = Some(Ok(()));
            }
            // Nothing that concerns the user.
            _ => {}
        }
    }

    fn show_still_out(&mut self, now: Timestamp, answer: &str) {
        if self.contact != Contact::StillOut {
            self.contact = Contact::StillOut;
            self.output.show(now, &Event::StillOut { answer });
        }
    }

    fn end(&mut self, word: &str) {
        let word = SafeText::for_terminal(word);
        self.outcome = Some(Err(Failure::Ended { word }));
    }
}

pub(super) fn login_refused(answer: &[u8], repeated: bool, in_session: bool) -> Failure {
    Failure::Refused {
        answer: safe(answer),
        repeated,
        in_session,
    }
}

pub(super) fn session_refused(refusal: Option<Refusal>) -> Failure {
    login_refused(refusal_words(refusal).as_bytes(), false, true)
}

/// Returns the refusal of a session in the words of the refusal of a login.
fn refusal_words(refusal: Option<Refusal>) -> String {
    let refusal = refusal.unwrap_or(Refusal::NotLoggedIn);
    format!("FAIL {}", refusal.reason(Language::English))
}

/// Makes the words of a server safe for the user's terminal.
pub(super) fn safe(datagram: &[u8]) -> SafeText {
    SafeText::for_terminal(String::from_utf8_lossy(datagram).trim())
}
