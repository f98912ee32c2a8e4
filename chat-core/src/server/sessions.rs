//! Sessions: hello, attachment, lines and parking (PROTOCOL.md, "Sessions: rules of the
//! server"). This file decides;
//! members come, go and change in `mod.rs`.

use alloc::vec::Vec;
use core::time::Duration;

use chat_proto::{
    EndCode, FILLED_SESSION_DATAGRAM, Header, Hello, Id, Line, Lines, Name, Refusal, Request,
    SessionMessage, Text,
};

use super::Server;
use super::confusable::Skeletons;
use super::event::{DropReason, Event, LeaveReason};
use super::outgoing::To;
use super::tokens::{Sessions, Status};
use crate::peer::Peer;

/// The shortest time between two questions because of a claim to a session's name.
const CLAIM_INTERVAL: Duration = Duration::from_secs(15);
/// More names than fit one datagram.
const PAGE: usize = FILLED_SESSION_DATAGRAM / 2;

impl<A: Peer> Server<A> {
    /// Returns the sessions of a room that has them.
    fn sessions(&mut self) -> &mut Sessions<A> {
        self.sessions
            .as_mut()
            .expect("only called where sessions are on")
    }

    /// Handles a datagram that only sessions send.
    pub(super) fn receive_session<'d>(&mut self, from: A, datagram: &'d [u8]) -> Event<'d, A> {
        match SessionMessage::decode(datagram) {
            Ok(SessionMessage::Hello(hello)) => self.hello(from, &hello),
            Ok(SessionMessage::Data(header, lines)) => self.session_data(from, &header, lines),
            // A server sends the others, and no client.
            _ => self.dropped(from, DropReason::NotARequest),
        }
    }

    fn send_to(&mut self, peer: A, message: &SessionMessage<'_>) {
        self.plan
            .push(To::One(peer), |buffer| message.encode(buffer));
    }

    /// Answers a hello by the first rule that fits.
    fn hello(&mut self, from: A, hello: &Hello<'_>) -> Event<'static, A> {
        let (now, token) = (self.now, hello.token);
        let name = Name::new(hello.word).ok();
        let here = self.members.at(from);
        let own = here.filter(|&index| self.members.get(index).session == Some(token));
        let has_name = |server: &Self, index| Some(server.members.get(index).name) == name;
        if own.is_some_and(|index| has_name(self, index)) {
            let session = self.sessions().live(token);
            if Some(session.sid) == hello.cookie && !session.link.is_heard() {
                self.send_start(from, token);
                return Event::Challenged { peer: from };
            }
        }
        if !self.sessions().is_good(now, from, token, hello.cookie) {
            let cookie = self.sessions().new_cookie(now, from, token);
            let attempt = hello.attempt;
            self.send_to(from, &SessionMessage::Challenge { attempt, cookie });
            self.stats.challenges += 1;
            return Event::Challenged { peer: from };
        }
        if !self.take_login(from) {
            return self.dropped(from, DropReason::LoginRate);
        }
        let known = self.sessions().get(now, token);
        let known = known.map(|session| (session.status, session.address));
        let member = match known {
            Some((Status::Ended(_), _)) => {
                return self.hello_refused(from, hello, None);
            }
            Some((Status::Live, address)) => self.members.at(address),
            _ => None,
        };
        let here = here.filter(|_| here != member);
        match self.admit(from, name, &[member, here]) {
            _ if member.is_some_and(|index| has_name(self, index)) => {
                self.attach(from, hello, None)
            }
            Ok(admitted) => self.attach(from, hello, Some(admitted)),
            Err((refusal, owner)) => {
                if let Some(owner) = owner {
                    self.claim(from, owner);
                }
                self.hello_refused(from, hello, Some(refusal))
            }
        }
    }

    /// Refuses a hello; without a reason of rule 15, because its token has ended.
    fn hello_refused(
        &mut self,
        peer: A,
        hello: &Hello<'_>,
        refusal: Option<Refusal>,
    ) -> Event<'static, A> {
        let attempt = hello.attempt;
        self.send_to(peer, &SessionMessage::Refused { attempt, refusal });
        let refusal = refusal.unwrap_or(Refusal::NotLoggedIn);
        self.stats.refusals.count(refusal);
        Event::Refused { peer, refusal }
    }

    /// Asks the owner of a name that another one claims whether it is there.
    fn claim(&mut self, from: A, owner: usize) {
        let now = self.now;
        let address = self.members.address(owner);
        let Some(token) = self.members.get(owner).session else {
            return self.probe_owner(owner);
        };
        let session = self.sessions().live(token);
        let asked_lately = session
            .claimed_at
            .is_some_and(|asked| now.since(asked) < CLAIM_INTERVAL);
        if session.link.is_heard() && address.network() == from.network() && !asked_lately {
            (session.claimed_at, session.is_claimed) = (Some(now), true);
            session.link.ask(now);
            self.scope = self.sessions().only(now, token);
        }
    }

    /// Attaches a token at an address: as the same member, or, `admitted`, under another name or
    /// as a new one.
    fn attach(
        &mut self,
        from: A,
        hello: &Hello<'_>,
        admitted: Option<(Name, Skeletons)>,
    ) -> Event<'static, A> {
        let (now, token) = (self.now, hello.token);
        if let Some(index) = self.members.at(from) {
            match self.members.get(index).session {
                Some(other) if other == token => {}
                Some(other) => self.park(other),
                None => {
                    let _ = self.leave(index, LeaveReason::Quit);
                }
            }
        }
        let log = &self.sessions().log;
        let is_held = (log.first()..=log.next()).contains(&hello.entry);
        // Its own notice must not push the first one out.
        let config = self.sessions().config();
        let catch_up = config.catch_up.min(config.history.entries.get() - 1);
        let cursor = if hello.log == Some(self.sessions().config().log) && is_held {
            hello.entry
        } else {
            self.sessions().log.newest(catch_up)
        };
        let sid = hello.cookie.expect("a good cookie was given");
        let live = self.sessions().get(now, token);
        let address = live.and_then(|live| (live.status == Status::Live).then_some(live.address));
        self.sessions().spend_cookie(token);
        self.sessions().attach(now, token, from, sid, cursor);
        let member = address.and_then(|address| self.members.at(address));
        let event = match (member, admitted) {
            (Some(index), admitted) => {
                self.relocate(index, from);
                let former = admitted.map(|(name, skeletons)| self.rename(index, name, skeletons));
                let name = self.members.get(index).name;
                match former {
                    Some(_) => Event::Joined {
                        name,
                        peer: from,
                        replaced: former,
                    },
                    None => Event::Attached { name, peer: from },
                }
            }
            (None, Some((name, skeletons))) => self.enter(from, name, skeletons, Some(token)),
            // Only a live member comes without being admitted.
            (None, None) => Event::Nothing,
        };
        self.send_start(from, token);
        event
    }

    fn send_start(&mut self, to: A, token: Id) {
        let sessions = self
            .sessions
            .as_mut()
            .expect("only called where sessions are on");
        let now = self.now;
        self.plan.push(To::One(to), |buffer| {
            sessions.write_start(now, token, buffer)
        });
    }

    /// Removes a session, but keeps its token.
    fn park(&mut self, token: Id) {
        let index = self.member_of(token);
        let _ = self.leave(index, LeaveReason::Parked);
    }

    /// Returns the index of the member whose session is live.
    fn member_of(&mut self, token: Id) -> usize {
        let address = self.sessions().live(token).address;
        let index = self.members.at(address);
        index.expect("a live session is a member")
    }

    /// Keeps the token of a member that leaves, unless its session has ended.
    pub(super) fn park_token(&mut self, token: Id) {
        let now = self.now;
        if self.sessions().is_live(token) {
            self.sessions().detach(now, token, Status::Parked);
        }
    }

    /// Finds the member of a session that was not heard for too long.
    pub(super) fn unheard_session(&self) -> Option<usize> {
        let address = self.sessions.as_ref()?.overdue(self.now)?;
        self.members.at(address)
    }

    /// Tells all sessions that the room closes.
    pub(super) fn close_sessions(&mut self) {
        let Some(sessions) = self.sessions.take() else {
            return;
        };
        let code = EndCode::Closing;
        for (sid, peer) in sessions.attachments() {
            let text = None;
            self.send_to(peer, &SessionMessage::End { sid, code, text });
        }
    }

    /// Ends the session of a member that leaves: its token is parked or spent.
    pub(super) fn end_session(&mut self, token: Id, reason: LeaveReason, text: Option<Text<'_>>) {
        let now = self.now;
        let address = self.sessions().live(token).address;
        let code = match reason {
            LeaveReason::Quit => EndCode::Quit,
            LeaveReason::Parked => return,
            _ if self.is_banned(address) => EndCode::Banned,
            _ => EndCode::Kicked,
        };
        let session = self.sessions().live(token);
        let (sid, is_heard) = (session.sid, session.link.is_heard());
        self.sessions().detach(now, token, Status::Ended(code));
        if is_heard {
            self.send_to(address, &SessionMessage::End { sid, code, text });
        }
    }

    /// Handles the lines of a session.
    fn session_data(&mut self, from: A, header: &Header, lines: Lines<'_>) -> Event<'static, A> {
        let (now, sid) = (self.now, header.sid);
        let index = self.members.at(from);
        let token = index.and_then(|index| self.members.get(index).session);
        let token = token.filter(|&token| {
            let session = self.sessions().live(token);
            session.sid == sid && Sessions::is_fresh(now, session)
        });
        let (Some(index), Some(token)) = (index, token) else {
            let answer = match self.sessions().ended(now, from, sid) {
                Some(code) => SessionMessage::End {
                    sid,
                    code,
                    text: None,
                },
                None => SessionMessage::Unknown(sid),
            };
            self.send_to(from, &answer);
            self.stats.challenges += 1;
            return Event::Challenged { peer: from };
        };
        let name = self.members.get(index).name;
        let end = self.sessions().log.next();
        let session = self.sessions().live(token);
        let Ok(is_new) = session.link.receive(now, header, end) else {
            return self.dropped(from, DropReason::Malformed);
        };
        if is_new {
            (session.heard_at, session.is_claimed) = (now, false);
        }
        session.start = session.start.filter(|&start| header.ack < start);
        self.scope = self.sessions().only(now, token);

        let has_left = self.has_lines_left(token);
        let (mut is_answered, mut at_once, mut is_held_back) = (false, false, false);
        let mut page = None;
        for (number, line) in number_lines(header, lines) {
            match line {
                Line::Ask => (is_answered, at_once) = (true, true),
                Line::Names(after) => page = Some(after),
                Line::Numbered(_) if !has_left => is_held_back = true,
                Line::Numbered(text) => {
                    is_answered = true;
                    if !self.sessions().live(token).link.take(number) {
                        continue;
                    }
                    if let Some(event) = self.session_line(token, name, text) {
                        return event;
                    }
                }
                _ => {}
            }
        }
        if let Some(after) = page.filter(|_| is_new && has_left) {
            self.pay_line(token, 0);
            let names = self.page_of_names(after);
            self.sessions().answer_names(token, after, names);
            (is_answered, at_once) = (true, true);
        }
        if is_new && is_answered {
            self.sessions().live(token).link.answer(now, at_once);
        }
        if is_held_back {
            return self.dropped(from, DropReason::LineRate);
        }
        Event::Heard { name, peer: from }
    }

    /// Takes a request of a session; returns the event of a quit, which ends the session.
    fn session_line(&mut self, token: Id, name: Name, text: &str) -> Option<Event<'static, A>> {
        let dialect = chat_proto::Dialect::strict();
        match Request::decode(text.as_bytes(), &dialect) {
            Ok(Request::Quit { name: given }) if given == name => {
                let index = self.member_of(token);
                return Some(self.expel(index, LeaveReason::Quit, None));
            }
            Ok(Request::Chat {
                name: given,
                text: said,
            }) if given == name => {
                self.pay_line(token, text.len());
                self.say(name, said, To::All);
            }
            _ => self.pay_line(token, text.len()),
        }
        None
    }

    /// Returns `true` while the token has something left of its rates (rule 11).
    fn has_lines_left(&mut self, token: Id) -> bool {
        let (now, lines, bytes) = (self.now, self.config.member_lines, self.config.member_bytes);
        let session = self.sessions().live(token);
        lines.is_none_or(|rate| session.lines.is_left(now, rate))
            && bytes.is_none_or(|rate| session.bytes.is_left(now, rate))
    }

    /// Takes a line of `len` bytes from the token's rates, which may leave a debt.
    fn pay_line(&mut self, token: Id, len: usize) {
        let (now, lines, bytes) = (self.now, self.config.member_lines, self.config.member_bytes);
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        let session = self.sessions().live(token);
        if let Some(rate) = lines {
            session.lines.owe(now, rate, 1);
        }
        if let Some(rate) = bytes {
            session.bytes.owe(now, rate, len);
        }
    }

    /// Returns the first names behind `after`, in byte order: more than fit a datagram.
    fn page_of_names(&self, after: Option<Name>) -> Vec<Name> {
        let names = self.members.iter().map(|(member, _)| member.name);
        let mut names: Vec<Name> = names
            .filter(|name| after.is_none_or(|a| *name > a))
            .collect();
        if names.len() > PAGE {
            names.select_nth_unstable(PAGE);
            names.truncate(PAGE);
        }
        names.sort_unstable();
        names
    }
}

/// Returns the lines with the numbers that they take.
fn number_lines<'a>(
    header: &Header,
    lines: Lines<'a>,
) -> impl Iterator<Item = (u64, Line<'a>)> + use<'a> {
    let mut next = header.first;
    lines.iter().map(move |line| {
        let number = next;
        next += u64::from(matches!(line, Line::Numbered(_)));
        (number, line)
    })
}
