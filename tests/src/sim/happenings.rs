//! Everything that happens: arrivals, reports and deadlines, and the deeds and mishaps of people,
//! operators and adversaries.

use std::num::NonZeroU32;

use chat_core::ClientSession;
use chat_core::proto::{Id, Name, Text};

use super::adversary::Target;
use super::laws::Violation;
use super::network::{At, Datagram, Faults, chance};
use super::people::{ClientCall, line};
use super::rooms::{Call, Room};
use super::visits::Visit;
use super::world::{Happening, Host, World};

/// The time between two lines of a person when the faults are over.
const RECOVERY_PACE_MILLIS: u64 = 5_000;
/// The number of datagrams that adversaries remember.
const RECORDED: usize = 4_096;
/// The longest jump of a clock: attachments end after an hour.
const LONGEST_JUMP_MILLIS: u64 = 70 * 60_000;

impl World {
    pub(super) fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        let now = self.now;
        match happening {
            Happening::Arrival(datagram) => return self.arrive(&datagram),
            Happening::Report(to, about) => return self.report(to, about),
            Happening::RoomDue(room) if self.rooms[room].look_at == now => {
                self.rooms[room].look_at = u64::MAX;
                return self.call_room(room, Call::Due);
            }
            Happening::PersonDue(person) if self.people[person].look_at == now => {
                let asleep_until = self.people[person].asleep_until;
                if now < asleep_until {
                    self.people[person].look_at = asleep_until;
                    self.plan_at(asleep_until, Happening::PersonDue(person));
                    return Ok(());
                }
                self.people[person].look_at = u64::MAX;
                return self.call_person(person, ClientCall::Due);
            }
            Happening::PersonActs(person) if self.people[person].acts_at == now => {
                return self.person_acts(person);
            }
            // Another look or act was planned since.
            Happening::RoomDue(_) | Happening::PersonDue(_) | Happening::PersonActs(_) => {}
            Happening::OperatorActs(room) => return self.operator_acts(room),
            Happening::AdversaryActs(adversary) => self.adversary_acts(adversary),
            Happening::RoomOpens(room) => self.rooms[room].open(),
            Happening::FaultsEnd => self.end_all_faults(),
        }
        Ok(())
    }

    fn arrive(&mut self, datagram: &Datagram) -> Result<(), Violation> {
        self.trace.note(self.now, datagram);
        let (from, to) = (datagram.from, datagram.to);
        let listens = match self.hosts[to.number()] {
            Host::Room(room) => self.rooms[room].is_up(),
            Host::Person(person) => self.people[person].is_running(),
            Host::Adversary => true,
            Host::Unused => false,
        };
        self.tally.arrived += u64::from(listens);
        match self.hosts[to.number()] {
            _ if !listens => {
                if self.plan.faults.icmp && !chance(&mut self.rng, self.faults.loss) {
                    let at = self.now + self.plan.faults.delay_millis;
                    self.plan_at(at, Happening::Report(from, to));
                }
                Ok(())
            }
            Host::Room(room) => self.call_room(room, Call::Datagram(datagram)),
            Host::Person(person) if self.now < self.people[person].asleep_until => Ok(()),
            Host::Person(person) if self.rooms[self.people[person].room].address == from => {
                self.call_person(person, ClientCall::Datagram(datagram))
            }
            _ => Ok(()),
        }
    }

    fn report(&mut self, to: At, about: At) -> Result<(), Violation> {
        self.tally.reports += 1;
        self.trace
            .note(self.now, &(to, "hears of no listener at", about));
        match self.hosts[to.number()] {
            Host::Room(room) => self.call_room(room, Call::Unreachable(about)),
            Host::Person(person) if self.rooms[self.people[person].room].address == about => {
                self.call_person(person, ClientCall::Unreachable)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn call_room(&mut self, number: usize, call: Call<'_>) -> Result<(), Violation> {
        let now = self.now;
        let room = &mut self.rooms[number];
        let outbox = room.call(now, call, &mut self.tally)?;
        if let Some(at) = next_look(room.look_at, room.poll_timeout(), now) {
            room.look_at = at;
            self.plan_at(at, Happening::RoomDue(number));
        }
        outbox.into_iter().for_each(|datagram| self.send(datagram));
        Ok(())
    }

    pub(super) fn call_person(
        &mut self,
        person: usize,
        call: ClientCall<'_>,
    ) -> Result<(), Violation> {
        let now = self.now;
        let who = &mut self.people[person];
        let room = &mut self.rooms[who.room];
        let (from, to) = (who.address, room.address);
        let sent = who.call(now, call, &mut room.ledger, &mut self.tally)?;
        if let Some(at) = next_look(who.look_at, who.poll_timeout(), now) {
            who.look_at = at;
            self.plan_at(at, Happening::PersonDue(person));
        }
        for payload in sent {
            self.send(Datagram::new(from, to, payload, false));
        }
        Ok(())
    }

    pub(super) fn send(&mut self, datagram: Datagram) {
        self.tally.datagrams += 1;
        let now = self.now;
        let cut = |at: At| match self.hosts[at.number()] {
            Host::Person(person) => {
                let who = &self.people[person];
                (now < who.cut_to_room, now < who.cut_from_room)
            }
            _ => (false, false),
        };
        if cut(datagram.from).0 || cut(datagram.to).1 {
            self.tally.cut_off += 1;
            return;
        }
        if self.plan.adversaries > 0 {
            self.recorded.truncate(RECORDED - 1);
            self.recorded.push_front(datagram.clone());
        }
        let copies = self.faults.carry(&mut self.rng, &mut self.tally, datagram);
        for (delay, datagram) in copies.into_iter().flatten() {
            self.plan_at(now + delay, Happening::Arrival(datagram));
        }
    }

    /// Plans a person's next act, instead of the one that was planned before.
    pub(super) fn act_at(&mut self, person: usize, at: u64) {
        self.people[person].acts_at = at;
        self.plan_at(at, Happening::PersonActs(person));
    }

    pub(super) fn person_acts(&mut self, person: usize) -> Result<(), Violation> {
        let now = self.now;
        let recovering = now >= self.faults_end;
        let pace = self.plan.pace_millis;
        let pace = match recovering {
            true => RECOVERY_PACE_MILLIS,
            false => self.rng.u64(pace / 2..pace * 2),
        };
        self.act_at(person, now + pace);
        let who = &mut self.people[person];
        if who.dead || now < who.away_until || now < who.asleep_until {
            return Ok(());
        }
        if let Some((_, visit)) = &mut who.program
            && std::mem::take(&mut visit.is_crowded)
        {
            // In its network there may be no seat.
            self.move_away(person);
        }
        let who = &mut self.people[person];
        if !who.is_running() {
            self.start(person, recovering);
            return self.call_person(person, ClientCall::Login);
        }
        if !who.is_in() {
            return Ok(());
        }
        if who.visit().is_some_and(Visit::can_ask) && chance(&mut self.rng, 60) {
            return self.call_person(person, ClientCall::Names);
        }
        if !recovering && chance(&mut self.rng, self.plan.mishaps) {
            return self.mishap(person);
        }
        let lines = &mut self.rooms[who.room].ledger.lines;
        let line = line(&mut self.rng, lines.len(), who, now);
        let text = line.text.clone();
        lines.push(line);
        self.tally.said += 1;
        let text = Text::new(&text).expect("a valid text");
        self.call_person(person, ClientCall::Say(text))
    }

    fn mishap(&mut self, person: usize) -> Result<(), Violation> {
        let now = self.now;
        let pause = now + self.rng.u64(..20_000);
        match self.rng.u32(..10) {
            kind @ 0..=2 => {
                let who = &mut self.people[person];
                who.program = None;
                who.away_until = pause;
                if kind == 2 {
                    std::mem::swap(&mut who.name, &mut who.other_name);
                    self.tally.renames += 1;
                    return Ok(());
                }
                // Back from another address or, with a fixed port, the same.
                self.tally.crashes += 1;
                if self.rng.bool() {
                    self.move_away(person);
                }
            }
            3 => {
                self.people[person].away_until = pause;
                return self.call_person(person, ClientCall::Quit);
            }
            4 | 5 => {
                self.tally.moves += 1;
                self.move_away(person);
            }
            6 => {
                self.tally.sleeps += 1;
                self.people[person].asleep_until = now + self.rng.u64(..100_000);
            }
            7 => {
                let ahead = self.people[person].ahead;
                self.people[person].ahead = self.jump(ahead);
                return self.call_person(person, ClientCall::Due);
            }
            _ => {
                let (to, from) = (self.rng.bool(), self.rng.bool());
                let who = &mut self.people[person];
                who.cut_to_room = if to { pause } else { 0 };
                who.cut_from_room = if from { pause } else { 0 };
                self.tally.cuts += u64::from(to || from);
            }
        }
        Ok(())
    }

    /// Starts a person's program: a plain one, or one with a session, perhaps with an old token of
    /// its own or of another person.
    fn start(&mut self, person: usize, recovering: bool) {
        let room = self.people[person].room;
        self.people[person].program = None;
        let (token, seed) = (Id(self.rng.u64(..)), self.rng.u128(..).to_le_bytes());
        if !chance(&mut self.rng, self.plan.sessions) {
            return self.people[person].start(None);
        }
        self.tally.visits += 1;
        let mut session = ClientSession::new(token, seed);
        if let Some(sessions) = self.plan.config.sessions {
            // A datagram has no more lines than the log can hold.
            let half = NonZeroU32::new(sessions.history.entries.get() / 2);
            session.pending.entries = half.unwrap_or(NonZeroU32::MIN);
        }
        let mut other = person;
        if !recovering && !self.plan.calm && self.rng.u32(..40) == 0 {
            other = self.rng.usize(..self.people.len());
        }
        let ledger = &mut self.rooms[room].ledger;
        let old = self.people[other].token.filter(|_| self.rng.bool());
        if let Some(old) = old.filter(|&old| !ledger.is_shared(Some(old))) {
            session.token = old;
            self.tally.tokens_again += 1;
        }
        let mut running = self.people.iter().filter(|who| who.room == room);
        if running.any(|who| who.token_in_use() == Some(session.token)) {
            ledger.shared.insert(session.token);
            self.tally.tokens_shared += 1;
        }
        self.people[person].start(Some(session));
    }

    /// Sets a clock, which is `ahead` of the world's, forward or a little back.
    fn jump(&mut self, ahead: u64) -> u64 {
        self.tally.jumps += 1;
        match self.rng.u32(..4) {
            0 => ahead - self.rng.u64(..5_000).min(ahead),
            1 => ahead + self.rng.u64(..LONGEST_JUMP_MILLIS),
            _ => ahead + self.rng.u64(..100_000),
        }
    }

    fn move_away(&mut self, person: usize) {
        let address = self.address(Host::Person(person));
        let before = std::mem::replace(&mut self.people[person].address, address);
        self.hosts[before.number()] = Host::Unused;
    }

    pub(super) fn operator_acts(&mut self, room: usize) -> Result<(), Violation> {
        let now = self.now;
        let next = now + self.plan.operator_millis;
        self.plan_at(next, Happening::OperatorActs(room));
        let quiet = self.plan.calm || now >= self.faults_end;
        match self.rng.u32(..if quiet { 3 } else { 8 }) {
            3 | 4 => {
                let members: Vec<Name> = self.rooms[room].members().map(|(name, _)| name).collect();
                let Some(&name) = self.rng.choice(&members) else {
                    return Ok(());
                };
                self.tally.kicks += 1;
                self.call_room(room, Call::Kick(name))
            }
            kind @ (5 | 6) => {
                if kind == 5 {
                    self.tally.closings += 1;
                    self.call_room(room, Call::Shutdown)?;
                } else {
                    self.tally.restarts += 1;
                }
                self.rooms[room].die();
                let at = now + self.rng.u64(1..5_000);
                self.plan_at(at, Happening::RoomOpens(room));
                Ok(())
            }
            7 => {
                let ahead = self.rooms[room].ahead;
                self.rooms[room].ahead = self.jump(ahead);
                self.call_room(room, Call::Due)
            }
            _ => {
                let text = Text::new("dinner is ready").expect("a valid text");
                self.call_room(room, Call::Announce(text))
            }
        }
    }

    pub(super) fn adversary_acts(&mut self, adversary: usize) {
        let now = self.now;
        if now >= self.faults_end {
            return;
        }
        let next = now + self.rng.u64(1..4_000);
        self.plan_at(next, Happening::AdversaryActs(adversary));
        let room = self.rng.usize(..self.rooms.len());
        let people = self.people.iter().filter(|who| who.room == room);
        let people: Vec<(At, Name)> = people.map(|who| (who.address, who.name)).collect();
        let target = Target {
            room: self.rooms[room].address,
            people: &people,
            victims: &self.victims,
            recorded: &self.recorded,
        };
        let attack = self.adversaries[adversary].act(&mut self.rng, &target, &mut self.tally);
        attack.into_iter().for_each(|datagram| self.send(datagram));
    }

    /// Ends the faults, and with them some of the people.
    pub(super) fn end_all_faults(&mut self) {
        self.faults = Faults::none(self.plan.faults.delay_millis);
        self.rooms.iter_mut().for_each(Room::open);
        for at in self.adversaries.iter().flat_map(|adversary| &adversary.own) {
            self.hosts[at.number()] = Host::Unused;
        }
        let now = self.now;
        for person in 0..self.people.len() {
            let dies = !self.plan.calm && self.rng.u32(..100) < 15;
            let soon = now + self.rng.u64(1..2_000);
            let who = &mut self.people[person];
            let is_shared = self.rooms[who.room].ledger.is_shared(who.token_in_use());
            (who.cut_to_room, who.cut_from_room, who.away_until) = (0, 0, 0);
            // Everybody wakes, also those whose next look is after their sleep.
            (who.asleep_until, who.look_at) = (0, soon);
            who.dead |= dies;
            if dies || is_shared {
                who.program = None;
            }
            self.act_at(person, soon);
            self.plan_at(soon, Happening::PersonDue(person));
        }
    }
}

/// Returns when to look at a deadline, unless an earlier look is planned.
fn next_look(planned: u64, due: Option<u64>, now: u64) -> Option<u64> {
    let at = due?.max(now + 1);
    (at < planned).then_some(at)
}
