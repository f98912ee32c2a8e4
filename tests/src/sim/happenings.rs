//! What the network and the clock bring: arrivals, reports and deadlines, handed to whom they are
//! for.

use super::address::At;
use super::datagram::Datagram;
use super::laws::Violation;
use super::people::{ClientCall, Person};
use super::rooms::Call;
use super::schedule::Schedule;
use super::world::{Happening, Host, RECORDED, World};

impl World {
    pub(super) fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        let now = self.now();
        match happening {
            Happening::Arrival(datagram) => self.arrive(&datagram),
            Happening::Report { to, about } => self.report(to, about),
            Happening::RoomDue(room) if self.rooms[room].look_at == now => {
                self.rooms[room].look_at = u64::MAX;
                self.call_room(room, Call::Due, false)
            }
            Happening::PersonDue(person) if self.people[person].look_at == now => {
                self.people[person].look_at = u64::MAX;
                self.call_person(person, ClientCall::Due, false)
            }
            Happening::PersonActs(person) if self.people[person].acts_at == now => {
                self.person_acts(person)
            }
            Happening::RoomDue(_) | Happening::PersonDue(_) | Happening::PersonActs(_) => Ok(()),
            Happening::OperatorActs(room) => self.operator_acts(room),
            Happening::AdversaryActs(adversary) => {
                self.adversary_acts(adversary);
                Ok(())
            }
            Happening::RoomOpens(room) => {
                if !self.rooms[room].is_up() {
                    self.rooms[room].open();
                }
                Ok(())
            }
            Happening::FaultsEnd if now < self.faults_end => {
                self.schedule.plan(self.faults_end, Happening::FaultsEnd);
                Ok(())
            }
            Happening::FaultsEnd => {
                self.end_all_faults();
                Ok(())
            }
        }
    }

    pub(super) fn arrive(&mut self, datagram: &Datagram) -> Result<(), Violation> {
        let now = self.now();
        self.trace.note(
            [
                now,
                datagram.from.number() as u64,
                datagram.to.number() as u64,
                datagram.payload.digest(),
            ],
            || format!("{now} ms: {datagram:?}"),
        );
        match self.hosts[datagram.to.number()] {
            Host::Room(room) if self.rooms[room].is_up() => {
                self.tally.arrived += 1;
                let bytes = datagram.payload.bytes();
                self.call_room(room, Call::Datagram(datagram.from, bytes), datagram.tainted)
            }
            Host::Person(person) if self.people[person].is_running() => {
                self.tally.arrived += 1;
                let of_its_room = self.rooms[self.people[person].room].address == datagram.from;
                if !of_its_room {
                    return Ok(());
                }
                self.call_person(
                    person,
                    ClientCall::Datagram(datagram.payload.bytes()),
                    datagram.tainted,
                )
            }
            Host::Adversary => {
                self.tally.arrived += 1;
                Ok(())
            }
            Host::Nobody | Host::Room(_) | Host::Person(_) => {
                if self.plan.faults.icmp && self.rng.u32(..1_000) >= self.faults.loss {
                    let at = self.now() + self.faults.delay_millis;
                    let report = Happening::Report {
                        to: datagram.from,
                        about: datagram.to,
                    };
                    self.schedule.plan(at, report);
                }
                Ok(())
            }
        }
    }

    pub(super) fn report(&mut self, to: At, about: At) -> Result<(), Violation> {
        self.tally.reports += 1;
        self.trace.note(
            [
                self.schedule.now(),
                to.number() as u64,
                about.number() as u64,
                1,
            ],
            || format!("{to:?} hears that nobody is at {about:?}"),
        );
        match self.hosts[to.number()] {
            Host::Room(room) => self.call_room(room, Call::Unreachable(about), false),
            Host::Person(person) if self.rooms[self.people[person].room].address == about => {
                self.call_person(person, ClientCall::Unreachable, false)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn call_room(
        &mut self,
        room: usize,
        call: Call<'_>,
        tainted: bool,
    ) -> Result<(), Violation> {
        let now = self.now();
        let mut outbox = std::mem::take(&mut self.outbox);
        let done = self.rooms[room].call(now, call, tainted, &mut self.tally, &mut outbox);
        self.send_all(&mut outbox);
        self.outbox = outbox;
        done?;
        if let Some(due) = self.rooms[room].poll_timeout() {
            let at = due.clamp(now + 1, now + Schedule::<Happening>::HORIZON);
            if at < self.rooms[room].look_at {
                self.rooms[room].look_at = at;
                self.schedule.plan(at, Happening::RoomDue(room));
            }
        }
        Ok(())
    }

    pub(super) fn call_person(
        &mut self,
        person: usize,
        call: ClientCall<'_>,
        tainted: bool,
    ) -> Result<(), Violation> {
        let now = self.now();
        let who = &mut self.people[person];
        let (address, room) = (who.address, &self.rooms[who.room]);
        let sent = who.call(
            now,
            call,
            tainted,
            room.operator(),
            &mut self.lines,
            &mut self.tally,
        )?;
        if let Some(due) = who.poll_timeout() {
            let at = due.clamp(now + 1, now + Schedule::<Happening>::HORIZON);
            if at < who.look_at {
                who.look_at = at;
                self.schedule.plan(at, Happening::PersonDue(person));
            }
        }
        if let Some(payload) = sent {
            let to = room.address;
            self.send(Datagram {
                from: address,
                to,
                payload,
                tainted: false,
            });
        }
        Ok(())
    }

    pub(super) fn send_all(&mut self, outbox: &mut Vec<Datagram>) {
        for datagram in outbox.drain(..) {
            self.send(datagram);
        }
    }

    pub(super) fn send(&mut self, datagram: Datagram) {
        self.tally.datagrams += 1;
        let now = self.now();
        let cut = |host: Host, people: &[Person], to_room: bool| match host {
            Host::Person(person) if to_room => now < people[person].cut_to_room,
            Host::Person(person) => now < people[person].cut_from_room,
            _ => false,
        };
        if cut(self.hosts[datagram.from.number()], &self.people, true)
            || cut(self.hosts[datagram.to.number()], &self.people, false)
        {
            self.tally.cut_off += 1;
            return;
        }
        if self.plan.adversaries > 0 && self.tally.datagrams.is_multiple_of(16) {
            if self.recorded.len() == RECORDED {
                self.recorded.pop_front();
            }
            self.recorded.push_back(datagram.clone());
        }
        let schedule = &mut self.schedule;
        self.faults.carry(
            &mut self.rng,
            &mut self.tally,
            datagram,
            |delay, datagram| {
                schedule.plan(now + delay, Happening::Arrival(datagram));
            },
        );
    }
}
