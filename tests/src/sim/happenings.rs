//! The network's and the clock's part: arrivals, reports and deadlines.

use chat_core::Timestamp;

use super::laws::Violation;
use super::network::{At, Datagram, chance};
use super::people::ClientCall;
use super::rooms::Call;
use super::world::{Happening, Host, RECORDED, World};

impl World {
    pub(super) fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        let now = self.now();
        match happening {
            Happening::Arrival(datagram) => return self.arrive(&datagram),
            Happening::Report { to, about } => return self.report(to, about),
            Happening::RoomDue(room) if self.rooms[room].look_at == now => {
                self.rooms[room].look_at = u64::MAX;
                return self.call_room(room, Call::Due, false);
            }
            Happening::PersonDue(person) if self.people[person].look_at == now => {
                self.people[person].look_at = u64::MAX;
                return self.call_person(person, ClientCall::Due, false);
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
        self.trace.note(self.schedule.now(), datagram);
        let Datagram {
            from, to, tainted, ..
        } = *datagram;
        let bytes = &*datagram.payload;
        let listens = match self.hosts[to.number()] {
            Host::Room(room) => self.rooms[room].is_up(),
            Host::Person(person) => self.people[person].is_running(),
            Host::Adversary => true,
            Host::Nobody => false,
        };
        self.tally.arrived += u64::from(listens);
        match self.hosts[to.number()] {
            _ if !listens => {
                if self.plan.faults.icmp && !chance(&mut self.rng, self.faults.loss) {
                    let at = self.now() + self.plan.faults.delay_millis;
                    let report = Happening::Report {
                        to: from,
                        about: to,
                    };
                    self.schedule.plan(at, report);
                }
                Ok(())
            }
            Host::Room(room) => self.call_room(room, Call::Datagram(from, bytes), tainted),
            Host::Person(person) if self.rooms[self.people[person].room].address == from => {
                self.call_person(person, ClientCall::Datagram(bytes), tainted)
            }
            _ => Ok(()),
        }
    }

    fn report(&mut self, to: At, about: At) -> Result<(), Violation> {
        self.tally.reports += 1;
        self.trace
            .note(self.schedule.now(), &(to, "hears of no listener at", about));
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
        number: usize,
        call: Call<'_>,
        tainted: bool,
    ) -> Result<(), Violation> {
        let now = self.now();
        let room = &mut self.rooms[number];
        let outbox = room.call(now, call, tainted, &mut self.tally)?;
        if let Some(at) = next_look(room.look_at, room.poll_timeout(), now) {
            room.look_at = at;
            self.schedule.plan(at, Happening::RoomDue(number));
        }
        outbox.into_iter().for_each(|datagram| self.send(datagram));
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
        let (from, room) = (who.address, &self.rooms[who.room]);
        let (to, operator) = (room.address, room.operator());
        let sent = who.call(
            now,
            call,
            tainted,
            operator,
            &mut self.lines,
            &mut self.tally,
        )?;
        if let Some(at) = next_look(who.look_at, who.poll_timeout(), now) {
            who.look_at = at;
            self.schedule.plan(at, Happening::PersonDue(person));
        }
        if let Some(payload) = sent {
            self.send(Datagram {
                from,
                to,
                payload,
                tainted: false,
            });
        }
        Ok(())
    }

    pub(super) fn send(&mut self, datagram: Datagram) {
        self.tally.datagrams += 1;
        let now = self.now();
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
        if self.plan.adversaries > 0 && self.tally.datagrams.is_multiple_of(16) {
            self.recorded.truncate(RECORDED - 1);
            self.recorded.push_front(datagram.clone());
        }
        let schedule = &mut self.schedule;
        let plan = |delay, datagram| schedule.plan(now + delay, Happening::Arrival(datagram));
        self.faults
            .carry(&mut self.rng, &mut self.tally, datagram, plan);
    }
}

/// Returns when to look at a deadline, unless an earlier look is planned.
fn next_look(planned: u64, due: Option<Timestamp>, now: u64) -> Option<u64> {
    let at = due?.as_millis().max(now + 1);
    (at < planned).then_some(at)
}
