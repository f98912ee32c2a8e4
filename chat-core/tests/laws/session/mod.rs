//! The laws of sessions, over a small world: a server, two people with sessions, and a
//! network that loses, doubles, delays and replays datagrams.

mod person;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::rc::Rc;

use arbitrary::{Result, Unstructured};
use chat_core::ClientEvent::{Heard, Joined, SessionEnded, TokenInUse};
use chat_core::proto::{
    Delivery, Dialect, Id, Line, MAX_DATAGRAM, MAX_SESSION_DATAGRAM, Name, SessionMessage, Text,
};
use chat_core::{Client, ClientOutgoing, Config, Peer, Rate, Server, SessionConfig, Timestamp};

use Fault::{Delay, Double, Drop, Move, Restart};
use person::{Person, read};

/// Milliseconds that a datagram is under way, and one that is delayed, if none comes behind it.
const ONE_WAY: u64 = 25;
const DELAYED: u64 = 2_000;
/// Milliseconds after which a calm network has brought everything to everybody.
const CALM: u64 = 120_000;
/// Milliseconds after which a conversation is over in spite of lost datagrams: as long as an
/// attachment may be silent before it counts as lost, which would repeat them too.
const REPEATED: u64 = 9_000;

/// Reads `bytes` as a world, and as what its people and its network do, and then lets the network
/// be calm. Panics when a law is broken:
///
/// * A person is shown the entries of a log in order, none twice, and each with its text; what is
///   told as missed is older than the latest entries, with which a session goes on. Shown and
///   missed together are the log.
/// * A line that counts as taken is in a log. It is there once, unless it was marked as doubtful.
/// * Lines enter a log in the order in which they were said.
/// * Joined and left alternate, and only who is in speaks.
/// * A cookie opens one attachment, at one address.
/// * Until an address was heard under it, neither more datagrams nor more bytes go there than came
///   from there.
/// * Calls meet their deadlines: time goes on.
/// * In the end everybody is in, has been shown everything, and nothing waits.
pub fn session_pair(bytes: &[u8]) {
    let mut source = Unstructured::new(bytes);
    let Ok(mut world) = World::new(&mut source) else {
        return;
    };
    for _ in 0..200 {
        if source.is_empty() || world.act(&mut source).is_err() {
            break;
        }
    }
    world.heal();
}

/// An address: those of one person are a network of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At(u8);

impl Peer for At {
    type Network = u8;

    fn network(&self) -> u8 {
        self.0 % 4
    }

    fn may_be_forged(&self) -> bool {
        true
    }
}

/// A disturbance at a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Drop,
    /// A copy comes behind the next datagram on the same way.
    Double,
    /// It comes behind the next datagram on the same way.
    Delay,
    /// Its person has another address from now on.
    Move,
    /// The server starts anew, behind a datagram that it sends.
    Restart,
}

pub const FAULTS: [Fault; 5] = [Drop, Double, Delay, Move, Restart];

/// A datagram on its way, or in the story.
#[derive(Clone)]
struct Note {
    due: u64,
    up: bool,
    at: At,
    payload: Rc<[u8]>,
    fault: Option<Fault>,
}

pub struct World {
    config: Config,
    server: Server<At>,
    /// The entries of each incarnation of the server.
    logs: Vec<Vec<String>>,
    inside: BTreeSet<Name>,
    people: [Person; 2],
    now: u64,
    /// All datagrams, and those that are under way.
    story: Vec<Note>,
    wire: Vec<Note>,
    /// Faults, by the number of the datagram.
    faults: Vec<(usize, Fault)>,
    /// The log, the address and the number of datagrams from the server of each attachment.
    attachments: BTreeMap<Id, (usize, At, u64)>,
    /// Attachments that were heard.
    heard: BTreeSet<Id>,
    /// Datagrams and bytes that an address may still be sent without having been heard there.
    credit: BTreeMap<At, [i64; 2]>,
    /// The digits of a line.
    digits: usize,
}

#[track_caller]
fn holds(story: &[Note], law: bool, what: &str) {
    if !law {
        let notes = story.iter().map(|note| {
            let way = if note.up { "from" } else { "to" };
            let payload = note.payload.escape_ascii();
            format!(
                "\n{} {way} {} {:?}: {payload}",
                note.due, note.at.0, note.fault
            )
        });
        panic!("broken: {what}{}", notes.collect::<Vec<_>>().concat());
    }
}

impl World {
    /// Creates a world with the options that `source` gives; without bytes, with the usual ones.
    fn new(source: &mut Unstructured<'_>) -> Result<Self> {
        let number = |number| NonZeroU32::new(number).expect("not zero");
        let mut config = Config::default();
        if !source.ratio(3, 4)? {
            let (per_second, burst) = (number(2), number(3));
            config.member_lines = Some(Rate { per_second, burst });
        }
        let mut sessions = SessionConfig::new([0; 16], Id(0));
        sessions.history.entries = number(*source.choose(&[1_024, 1_024, 8])?);
        sessions.catch_up = *source.choose(&[50, 50, 3, 0])?;
        sessions.max_parked = number(*source.choose(&[4_096, 1])?);
        config.sessions = Some(sessions);
        let mut world = Self {
            server: Server::new(config.clone()),
            config,
            logs: Vec::new(),
            inside: BTreeSet::new(),
            people: [Person::new("ann", At(0)), Person::new("bob", At(1))],
            now: 1_000_000,
            story: Vec::new(),
            wire: Vec::new(),
            faults: Vec::new(),
            attachments: BTreeMap::new(),
            heard: BTreeSet::new(),
            credit: BTreeMap::new(),
            digits: *source.choose(&[1, 1, 300])?,
        };
        world.restart();
        Ok(world)
    }

    /// Holds a conversation of two people, in which the second one answers, with three lines each,
    /// to the laws, under `faults` and then in calm. Returns the number of its datagrams.
    pub fn conversation(faults: &[(usize, Fault)]) -> usize {
        let mut world = Self::new(&mut Unstructured::new(&[])).expect("no bytes are needed");
        world.faults = faults.to_vec();
        for (person, entry) in world.people.iter_mut().zip([0, 4]) {
            person.plan = (3, 0, entry);
        }
        let millis = world.heal();
        let is_move = |fault: &(_, Fault)| matches!(fault.1, Move | Restart);
        let is_found = !faults.iter().any(is_move) && world.people.iter().all(|it| it.lives == 1);
        let is_prompt = millis < REPEATED || !is_found;
        holds(&world.story, is_prompt, "what is lost is soon repeated");
        world.story.len()
    }

    fn act(&mut self, source: &mut Unstructured<'_>) -> Result<()> {
        let who = source.choose_index(self.people.len())?;
        match source.int_in_range(0..=15)? {
            0..=5 => {
                let time = *source.choose(&[1, 30, 30, 100, 400, 2_000, 12_000, 80_000])?;
                self.run(self.now + time, source.ratio(5, 6)?);
            }
            6..=9 => {
                let number = self.story.len() + source.int_in_range(1..=4)?;
                self.faults.push((number, *source.choose(&FAULTS)?));
            }
            10..=11 => {
                for _ in 0..source.int_in_range(1..=4)? {
                    self.say(who);
                }
            }
            12..=13 => self.replay(source)?,
            14 => {
                self.people[who].has_quit |= self.people[who].client.is_in();
                self.call(who, b"", |client, now, _| client.quit(now));
            }
            _ => self.call(who, b"", |client, now, _| client.handle_unreachable(now)),
        }
        Ok(())
    }

    /// Repeats up to four datagrams in a row, between their addresses or at another one.
    fn replay(&mut self, source: &mut Unstructured<'_>) -> Result<()> {
        let first = source.int_in_range(0..=self.story.len())?;
        let other = source.int_in_range(0..=31)?;
        let copies = self.story[first..].iter().take(source.int_in_range(1..=4)?);
        for mut copy in copies.cloned().collect::<Vec<_>>() {
            if other < 16 {
                copy.at = At(other);
            } else if let Some(person) = self.people.get(usize::from(copy.at.network()))
                && !copy.up
            {
                copy.at = person.at;
            }
            self.arrive(&copy);
        }
        Ok(())
    }

    fn restart(&mut self) {
        self.logs.push(Vec::new());
        self.inside.clear();
        let start = self.logs.len();
        let sessions = self.config.sessions.as_mut().expect("a room with sessions");
        (sessions.key[0], sessions.log) = (start as u8, Id(start as u64));
        self.server = Server::new(self.config.clone());
    }

    /// Lets the network be calm until everybody is in and knows everything, and for another while.
    /// Returns the milliseconds until then.
    fn heal(&mut self) -> u64 {
        let (begin, end) = (self.now, self.now + CALM);
        while self.now < end && !self.is_calm() {
            self.run((self.now + 500).min(end), true);
        }
        holds(&self.story, self.is_calm(), "in the end all is calm");
        let calm_at = self.now;
        self.run(self.now + 80_000, true);
        holds(&self.story, self.is_calm(), "what is calm stays so");
        calm_at - begin
    }

    fn is_calm(&self) -> bool {
        let log = self.logs.len() - 1;
        let all = (log, self.logs[log].len() as u64 + 1);
        self.people.iter().all(|person| {
            let here = (person.name, person.at);
            let is_member = self.server.members().any(|it| it == here);
            let has_said = person.client.pending() == 0 && person.plan.0 == 0;
            is_member && person.client.is_in() && has_said && person.reading == Some(all)
        })
    }

    /// Runs until the moment `end`. What is under way arrives, or is stuck.
    fn run(&mut self, end: u64, arrives: bool) {
        for steps in 0.. {
            holds(&self.story, steps < 20_000, "time goes on");
            let server = millis(self.server.poll_timeout());
            let due = |who: &usize| self.people[*who].due().unwrap_or(u64::MAX);
            let who = (0..self.people.len()).min_by_key(due).unwrap_or(0);
            let flights = (0..self.wire.len()).filter(|_| arrives);
            let flight = flights.min_by_key(|&index| self.wire[index].due);
            let arrival = flight.map(|index| self.wire[index].due);
            let moments = [server, self.people[who].due(), arrival];
            let next = moments.into_iter().flatten().min();
            self.now = self.now.max(next.unwrap_or(end).min(end));
            match flight {
                _ if next.is_none_or(|next| next > end) => return,
                _ if server == next => self.serve(None),
                Some(index) if arrival == next => {
                    let flight = self.wire.remove(index);
                    self.arrive(&flight);
                }
                _ => self.wake(who),
            }
        }
    }

    fn arrive(&mut self, flight: &Note) {
        if flight.up {
            self.serve(Some(flight));
        } else if let Some(who) = self.people.iter().position(|it| it.at == flight.at) {
            self.call(who, &flight.payload, Client::handle);
        }
    }

    /// Does what a person, or its client, is to do now.
    fn wake(&mut self, who: usize) {
        let person = &mut self.people[who];
        if person.back_at.is_some_and(|due| due <= self.now) {
            person.revive();
            self.call(who, b"", |client, now, _| client.login(now));
        } else if person.line_due().is_some_and(|due| due <= self.now) {
            person.plan.0 -= 1;
            person.plan.1 = self.now + 60;
            self.say(who);
        } else {
            self.call(who, b"", |client, now, _| client.handle_timeout(now));
        }
    }

    /// Calls the server, with a datagram or with the time.
    fn serve(&mut self, arrived: Option<&Note>) {
        let now = Timestamp::from_millis(self.now);
        let mut out = match arrived {
            Some(flight) => {
                self.note_arrival(flight.at, &flight.payload);
                self.server.handle(now, flight.at, &flight.payload)
            }
            None => self.server.handle_timeout(now),
        };
        let mut sent: Vec<(At, Rc<[u8]>)> = Vec::new();
        for transmit in out.transmits() {
            sent.extend(transmit.to.iter().map(|to| (to, transmit.payload.into())));
        }
        let mut buffer = [0; MAX_SESSION_DATAGRAM];
        while let Some((payload, to)) = out.next_for_session(&mut buffer) {
            sent.push((to, payload.into()));
        }
        let (story, log) = (&self.story, self.logs.len() - 1);
        for entry in out.entries() {
            let mut buffer = [0; MAX_DATAGRAM];
            let text = entry.encode(&Dialect::strict(), &mut buffer);
            let text = String::from_utf8_lossy(text.expect("it fits"));
            self.logs[log].push(text.into_owned());
            match entry {
                Delivery::Joined { name } => holds(story, self.inside.insert(name), "joins once"),
                Delivery::Left { name } => holds(story, self.inside.remove(&name), "leaves once"),
                Delivery::Said { name, text } => {
                    holds(story, self.inside.contains(&name), "only who is in speaks");
                    if let Some(person) = self.people.iter_mut().find(|it| it.name == name) {
                        let line = text.as_str().parse().expect("a line's number");
                        person.spoke(story, log, line);
                    }
                }
            }
        }
        for (to, payload) in sent {
            // It may die while it is sending.
            if self.logs.len() == log + 1 {
                self.note_departure(to, &payload);
                self.send(false, to, payload);
            }
        }
    }

    fn note_arrival(&mut self, from: At, datagram: &[u8]) {
        if let Some(sid) = self.attachment(from, datagram) {
            self.heard.insert(sid);
        } else {
            let [datagrams, bytes] = self.credit.entry(from).or_default();
            (*datagrams, *bytes) = (*datagrams + 1, *bytes + datagram.len() as i64);
        }
    }

    fn note_departure(&mut self, to: At, datagram: &[u8]) {
        if let Ok(SessionMessage::Data(header, _)) = SessionMessage::decode(datagram) {
            let log = self.logs.len() - 1;
            let attachment = self.attachments.entry(header.sid).or_insert((log, to, 0));
            attachment.2 += 1;
            let is_one = *attachment == (log, to, header.number);
            holds(&self.story, is_one, "a cookie opens one attachment");
        }
        let sid = self.attachment(to, datagram);
        if sid.is_none_or(|sid| !self.heard.contains(&sid)) {
            let [datagrams, bytes] = self.credit.entry(to).or_default();
            (*datagrams, *bytes) = (*datagrams - 1, *bytes - datagram.len() as i64);
            let is_covered = *datagrams >= 0 && *bytes >= 0;
            holds(&self.story, is_covered, "not more than came from there");
        }
    }

    /// Returns the attachment at this address that a datagram names.
    fn attachment(&self, at: At, datagram: &[u8]) -> Option<Id> {
        let sid = match SessionMessage::decode(datagram) {
            Ok(SessionMessage::Data(header, _)) => header.sid,
            Ok(SessionMessage::Unknown(sid) | SessionMessage::End { sid, .. }) => sid,
            _ => return None,
        };
        let is_there = self.attachments.get(&sid).is_some_and(|it| it.1 == at);
        is_there.then_some(sid)
    }

    fn say(&mut self, who: usize) {
        let person = &mut self.people[who];
        // A call adds fewer entries than the smallest log holds.
        if person.client.is_in() && person.client.pending() < 4 {
            let line = format!("{:01$}", person.said.len(), self.digits);
            person.said.push((0, false));
            let text = Text::new(&line).expect("a text");
            self.call(who, b"", |client, now, _| {
                client.say(now, text).expect("space")
            });
        }
    }

    /// Calls a person's client with `datagram`.
    fn call<F>(&mut self, who: usize, datagram: &[u8], call: F)
    where
        F: for<'a> FnOnce(&'a mut Client, Timestamp, &'a [u8]) -> ClientOutgoing<'a>,
    {
        let (story, person) = (&self.story, &mut self.people[who]);
        let at = person.at;
        let now = Timestamp::from_millis(self.now);
        let out = call(&mut person.client, now, datagram);
        let is_ended = matches!(out.event(), TokenInUse | SessionEnded { .. });
        holds(story, !is_ended, "no session ends unasked");
        let (doubtful, payload) = (out.doubtful(), out.payload().map(Rc::<[u8]>::from));
        if matches!(out.event(), Heard | Joined { .. })
            && let Ok(SessionMessage::Data(header, lines)) = SessionMessage::decode(datagram)
        {
            let log = self.attachments[&header.sid].0;
            let sessions = self.config.sessions.expect("a room with sessions");
            let kept = sessions.catch_up.min(sessions.history.entries.get() - 1);
            let is_start = |line| matches!(line, Line::Start { .. });
            let begins = lines.iter().any(is_start).then_some(header.first);
            let room = (log, &self.logs[log][..], kept.into());
            read(&mut person.reading, story, room, begins, &out);
        }
        if person.client.is_done() {
            person.back_at.get_or_insert(self.now + 3_000);
        } else {
            person.note_taken(story, doubtful as usize);
        }
        if let Some(payload) = payload {
            self.send(true, at, payload);
        }
    }

    /// Puts a datagram on its way, under the fault that is planned for it.
    fn send(&mut self, up: bool, mut at: At, payload: Rc<[u8]>) {
        let number = self.story.len() + 1;
        let fault = self.faults.iter().find(|fault| fault.0 == number);
        let fault = fault.map(|(_, fault)| *fault);
        if fault == Some(Move)
            && let Some(person) = self.people.iter_mut().find(|it| it.at == at)
        {
            person.move_to(person.at.0 / 4 + 1);
            at = if up { person.at } else { at };
        }
        for former in self.wire.iter_mut().filter(|it| (it.up, it.at) == (up, at)) {
            // This changes only what is delayed.
            former.due = former.due.min(self.now + ONE_WAY + 1);
        }
        let flight = Note {
            due: self.now + ONE_WAY,
            up,
            at,
            payload,
            fault,
        };
        let mut late = flight.clone();
        late.due = self.now + DELAYED;
        self.story.push(flight.clone());
        match fault {
            Some(Drop) => {}
            Some(Double) => self.wire.extend([flight, late]),
            Some(Delay) => self.wire.push(late),
            _ => self.wire.push(flight),
        }
        if fault == Some(Restart) {
            self.restart();
        }
    }
}

fn millis(moment: Option<Timestamp>) -> Option<u64> {
    moment.map(Timestamp::as_millis)
}
