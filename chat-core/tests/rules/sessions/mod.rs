//! The sessions of the server. In these tests `$a` stands for the session of the token
//! `aaaaaaaaaaaaaaaa`, which is the cookie that its hello was given, and `$a2` for its second one;
//! `$log` for the room's log, and `$try` for the try of every hello.

mod hello;
mod lines;
mod members;
mod sending;

use chat_core::proto::{Id, Name, Text};
use chat_core::{Config, SessionConfig, Timestamp};

use super::Room;

/// The room's log, and the try of every hello.
const LOG: &str = "00000000000000ff";
const TRY: &str = "1111111111111111";
/// No cookie yet, and no place yet.
const NONE: &str = "................";
const NOWHERE: &str = ".................0";

/// Opens a room with sessions.
fn configured(change: impl FnOnce(&mut Config, &mut SessionConfig)) -> Room {
    let mut room = Room::configured(&[], |config| {
        let mut sessions = SessionConfig::new([7; 16], Id(0xff));
        change(config, &mut sessions);
        config.sessions = Some(sessions);
    });
    room.ids = vec![(LOG.to_owned(), "$log"), (TRY.to_owned(), "$try")];
    room
}

fn empty() -> Room {
    configured(|_, _| {})
}

/// Opens a room with alice in the session `$a` at address 1, and bob, a plain member, at 3: the
/// log's first entries. Each side has sent three datagrams, and nothing is due.
fn two_with(change: impl FnOnce(&mut Config, &mut SessionConfig)) -> Room {
    let mut room = configured(change);
    room.join("$a", 1, "alice");
    room.on(3, "L bob", &[(3, "OK"), (1, "~D $a 3 2 2 1\n* bob joined")]);
    room.on(1, "~D $a 3 3 1 3", &[]);
    room.now += 1;
    room
}

fn two() -> Room {
    two_with(|_, _| {})
}

impl Room {
    /// Does the same where the one datagram is an answer.
    #[track_caller]
    fn replies(&mut self, address: u8, datagram: impl AsRef<[u8]>, answer: &str) -> String {
        self.on(address, datagram, &[(address, answer)])
    }

    /// Sends a datagram from an address; returns the answer to it, if that is all that is sent, or
    /// nothing. A cookie that no session has is `$new`.
    #[track_caller]
    fn answer(&mut self, address: u8, datagram: &str) -> String {
        self.from(address, datagram);
        match &self.sent[..] {
            [] => String::new(),
            [(to, text)] if *to == address => match text.strip_prefix("~K $try ") {
                Some(cookie) if !cookie.starts_with('$') => "~K $try $new".to_owned(),
                _ => text.clone(),
            },
            sent => panic!("{datagram}: {sent:?}"),
        }
    }

    /// Removes alice for this reason.
    fn kick(&mut self, reason: &str) {
        let (alice, reason) = (Name::new("alice").unwrap(), Text::new(reason).unwrap());
        self.call(|server, now| server.kick(now, alice, Some(reason)).unwrap());
    }

    /// Lets this time pass; returns the datagrams that are sent, each with the time.
    fn passing(&mut self, millis: u64) -> Vec<(u64, u8, String)> {
        let (begin, mut sent) = (self.now, Vec::new());
        for calls in 0.. {
            assert!(calls < 1_000, "a deadline that does not pass");
            let due = self.server.poll_timeout().map(Timestamp::as_millis);
            let Some(due) = due.filter(|due| *due <= begin + millis) else {
                break;
            };
            self.now = due.max(self.now);
            self.timeout();
            let at = self.now - begin;
            sent.extend(self.sent.drain(..).map(|(to, text)| (at, to, text)));
        }
        self.now = begin + millis;
        sent
    }

    /// Does the same, and expects exactly these datagrams.
    #[track_caller]
    fn pass(&mut self, millis: u64, expected: &[(u64, u8, &str)]) {
        let sent = self.passing(millis);
        let sent = sent.iter().map(|(at, to, text)| (*at, *to, text.as_str()));
        assert_eq!(sent.collect::<Vec<_>>(), expected);
    }

    /// Says hello without a cookie, and lets `sid` stand for the one that is given. Its second
    /// letter is the token's.
    #[track_caller]
    fn challenge(&mut self, sid: &'static str, address: u8, name: &str) {
        self.from(address, hello(name, sid, NONE, NOWHERE));
        let answer = self.sent.first().map(|(_, text)| text.as_str());
        let cookie = answer.and_then(|text| text.strip_prefix("~K $try "));
        self.ids.push((cookie.unwrap().to_owned(), sid));
    }

    /// Says hello without and with a cookie; returns the event of the second one.
    #[track_caller]
    fn hello(&mut self, sid: &'static str, address: u8, name: &str, place: &str) -> String {
        self.challenge(sid, address, name);
        self.from(address, hello(name, sid, sid, place))
    }

    /// Attaches a session, whose client has then been told everything, at the present time.
    #[track_caller]
    fn join(&mut self, sid: &'static str, address: u8, name: &str) {
        self.hello(sid, address, name, NOWHERE);
        self.from(address, format!("~D {sid} 1 1 1 1\n~?"));
        let (_, answer) = self.sent.last().unwrap();
        let first: u64 = answer.split(' ').nth(4).unwrap().parse().unwrap();
        let ack = first + answer.lines().count() as u64 - 1;
        self.on(address, format!("~D {sid} 2 2 1 {ack}"), &[]);
        self.now += 1;
    }
}

/// Writes a hello of the token that the second letter of `sid` names.
fn hello(name: &str, sid: &str, cookie: &str, place: &str) -> String {
    let token = sid.get(1..2).unwrap().repeat(16);
    let start = format!("L {name} ~1 {token} {TRY} {cookie} {place} ");
    format!("{start:.<109}")
}
