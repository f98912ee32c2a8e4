//! The deeds and mishaps of people, operators and adversaries.

use chat_core::proto::{Name, Text};

use super::adversary::Target;
use super::laws::Violation;
use super::network::{At, Faults, chance};
use super::people::{ClientCall, line};
use super::rooms::{Call, Room};
use super::world::{Happening, Host, World};

/// The time between two lines of a person when the faults are over.
const RECOVERY_PACE_MILLIS: u64 = 5_000;

impl World {
    /// Plans a person's next act, instead of the one that was planned before.
    pub(super) fn act_at(&mut self, person: usize, at: u64) {
        self.people[person].acts_at = at;
        self.schedule.plan(at, Happening::PersonActs(person));
    }

    pub(super) fn person_acts(&mut self, person: usize) -> Result<(), Violation> {
        let now = self.now();
        let recovering = now >= self.faults_end;
        let pace = self.plan.pace_millis;
        let pace = if recovering {
            RECOVERY_PACE_MILLIS
        } else {
            self.rng.u64(pace / 2..pace * 2)
        };
        self.act_at(person, now + pace);
        let who = &mut self.people[person];
        if who.dead || now < who.away_until {
            return Ok(());
        }
        if !who.is_running() {
            who.start();
            return self.call_person(person, ClientCall::Login, false);
        }
        if !who.is_in() {
            return Ok(());
        }
        if !recovering && chance(&mut self.rng, self.plan.mishaps) {
            return self.mishap(person);
        }
        let line = line(&mut self.rng, self.lines.len(), &self.people[person], now);
        let text = line.text.clone();
        self.lines.push(line);
        self.tally.said += 1;
        let text = Text::new(&text).expect("a valid text");
        self.call_person(person, ClientCall::Say(text), false)
    }

    fn mishap(&mut self, person: usize) -> Result<(), Violation> {
        let now = self.now();
        let pause = now + self.rng.u64(..20_000);
        match self.rng.u32(..8) {
            0 | 1 => {
                // Back from another address or, with a fixed port, the same.
                self.tally.crashes += 1;
                self.people[person].client = None;
                self.people[person].away_until = pause;
                if self.rng.bool() {
                    self.move_away(person);
                }
            }
            2 => {
                // The same port, maybe another name.
                let who = &mut self.people[person];
                who.client = None;
                who.away_until = pause;
                std::mem::swap(&mut who.name, &mut who.other_name);
                self.tally.renames += 1;
            }
            3 => {
                self.people[person].away_until = pause;
                return self.call_person(person, ClientCall::Quit, false);
            }
            4 | 5 => {
                self.tally.moves += 1;
                self.move_away(person);
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

    fn move_away(&mut self, person: usize) {
        let address = self.address(Host::Person(person));
        let before = std::mem::replace(&mut self.people[person].address, address);
        self.hosts[before.number()] = Host::Nobody;
    }

    pub(super) fn operator_acts(&mut self, room: usize) -> Result<(), Violation> {
        let now = self.now();
        let next = now + self.plan.operator_millis;
        self.schedule.plan(next, Happening::OperatorActs(room));
        let quiet = self.plan.calm || now >= self.faults_end;
        match self.rng.u32(..if quiet { 3 } else { 8 }) {
            3 | 4 => {
                let members: Vec<Name> = self.rooms[room].members().map(|(name, _)| name).collect();
                let Some(&name) = self.rng.choice(&members) else {
                    return Ok(());
                };
                self.tally.kicks += 1;
                self.call_room(room, Call::Kick(name), false)
            }
            kind @ (5 | 6) => {
                if kind == 5 {
                    self.tally.closings += 1;
                    self.call_room(room, Call::Shutdown, false)?;
                } else {
                    self.tally.restarts += 1;
                }
                self.rooms[room].die();
                let at = now + self.rng.u64(1..5_000);
                self.schedule.plan(at, Happening::RoomOpens(room));
                Ok(())
            }
            _ => {
                let text = Text::new("dinner is ready").expect("a valid text");
                self.call_room(room, Call::Announce(text), false)
            }
        }
    }

    pub(super) fn adversary_acts(&mut self, adversary: usize) {
        let now = self.now();
        if now >= self.faults_end {
            return;
        }
        let next = now + self.rng.u64(1..4_000);
        self.schedule
            .plan(next, Happening::AdversaryActs(adversary));
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
            self.hosts[at.number()] = Host::Nobody;
        }
        let now = self.now();
        for person in 0..self.people.len() {
            let dies = !self.plan.calm && self.rng.u32(..100) < 15;
            let soon = now + self.rng.u64(1..2_000);
            let who = &mut self.people[person];
            (who.cut_to_room, who.cut_from_room, who.away_until) = (0, 0, 0);
            if dies {
                who.dead = true;
                who.client = None;
            }
            self.act_at(person, soon);
        }
    }
}
