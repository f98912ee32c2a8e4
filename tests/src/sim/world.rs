//! The world: what happens, in which order, and what must have come of it at the end.

use std::collections::VecDeque;

use chat_core::proto::Name;
use fastrand::Rng;

use super::address::At;
use super::adversary::Adversary;
use super::datagram::Datagram;
use super::laws::{ALL_ARRIVES, ALL_BACK, ALL_OUT, Violation, hold};
use super::network::Faults;
use super::people::{Line, Person};
use super::plan::Plan;
use super::rooms::Room;
use super::schedule::Schedule;
use super::tally::Tally;
use super::trace::Trace;

/// After so long without faults everybody is where it belongs.
const RECOVERY_MILLIS: u64 = 30_000;
/// In a calm world everybody is in by then.
const CALM_FROM_MILLIS: u64 = 5_000;
/// How many datagrams a replayer remembers.
pub(super) const RECORDED: usize = 64;

/// Who listens at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Nobody,
    Room(usize),
    Person(usize),
    Adversary,
}

/// What happens at some moment.
#[derive(Debug)]
pub(super) enum Happening {
    Arrival(Datagram),
    /// The network says to somebody that nobody is somewhere.
    Report {
        to: At,
        about: At,
    },
    /// A deadline of a room, a person.
    RoomDue(usize),
    PersonDue(usize),
    /// Something that is done of one's own accord.
    PersonActs(usize),
    OperatorActs(usize),
    AdversaryActs(usize),
    RoomOpens(usize),
    FaultsEnd,
}

/// How a world ended.
#[derive(Debug)]
pub struct Outcome {
    /// What was counted.
    pub tally: Tally,
    /// The hash of everything that happened.
    pub hash: u64,
    /// How many things happened.
    pub steps: u64,
    /// The law that was broken, if one was.
    pub violation: Option<Violation>,
    /// The last events in words, where they were asked for.
    pub last: Vec<String>,
}

/// A world.
#[derive(Debug)]
pub struct World {
    pub(super) rng: Rng,
    pub(super) plan: Plan,
    pub(super) faults: Faults,
    pub(super) faults_end: u64,
    pub(super) schedule: Schedule<Happening>,
    pub(super) hosts: Vec<Host>,
    pub(super) rooms: Vec<Room>,
    pub(super) people: Vec<Person>,
    pub(super) adversaries: Vec<Adversary>,
    pub(super) victims: Vec<At>,
    pub(super) recorded: VecDeque<Datagram>,
    pub(super) lines: Vec<Line>,
    pub(super) outbox: Vec<Datagram>,
    pub(super) tally: Tally,
    pub(super) trace: Trace,
}

impl World {
    /// No world has faults for less: everybody has to get in first.
    pub const SHORTEST_MILLIS: u64 = 2 * CALM_FROM_MILLIS;

    /// The world of `seed`, with faults for `millis` simulated milliseconds.
    #[must_use]
    pub fn new(seed: u64, millis: u64, in_words: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let plan = Plan::draw(&mut rng);
        let mut world = Self {
            faults: plan.faults,
            faults_end: millis.max(Self::SHORTEST_MILLIS),
            rng,
            plan,
            schedule: Schedule::new(),
            hosts: Vec::new(),
            rooms: Vec::new(),
            people: Vec::new(),
            adversaries: Vec::new(),
            victims: Vec::new(),
            recorded: VecDeque::new(),
            lines: Vec::new(),
            outbox: Vec::new(),
            tally: Tally::default(),
            trace: Trace::new(in_words),
        };
        world.populate();
        world
    }

    pub(super) fn populate(&mut self) {
        for room in 0..self.plan.rooms {
            let address = self.address(Host::Room(room));
            self.rooms
                .push(Room::new(address, self.plan.config.clone()));
            let first = self.rng.u64(..self.plan.operator_millis);
            self.schedule.plan(first, Happening::OperatorActs(room));
            for number in 0..self.plan.people_per_room {
                let person = self.people.len();
                let name = |stem: &str| {
                    Name::new(&format!("{stem}{room}-{number}")).expect("a short name")
                };
                let address = self.address(Host::Person(person));
                let stems = [("n", "k"), ("小明", "小红"), ("É", "Ö")];
                let (stem, other) = stems[self.rng.usize(..stems.len())];
                self.people
                    .push(Person::new(room, name(stem), name(other), address));
                let first = self.rng.u64(1..2_000);
                self.act_at(person, first);
            }
        }
        for _ in 0..4 {
            let victim = self.address(Host::Nobody);
            self.victims.push(victim);
        }
        for adversary in 0..self.plan.adversaries {
            let own = (0..self.rng.usize(1..4))
                .map(|_| self.address(Host::Adversary))
                .collect();
            self.adversaries.push(Adversary::draw(&mut self.rng, own));
            let first = self.rng.u64(..5_000);
            self.schedule
                .plan(first, Happening::AdversaryActs(adversary));
        }
        self.schedule.plan(self.faults_end, Happening::FaultsEnd);
    }

    /// A new address for somebody.
    pub(super) fn address(&mut self, host: Host) -> At {
        let number = u32::try_from(self.hosts.len()).unwrap_or(u32::MAX);
        self.hosts.push(host);
        At::new(number, self.rng.bool())
    }

    pub(super) fn now(&self) -> u64 {
        self.schedule.now()
    }

    /// Lets everything happen.
    #[must_use]
    pub fn run(mut self) -> Outcome {
        let end = self.faults_end + RECOVERY_MILLIS;
        let mut steps = 0;
        let mut violation = None;
        while let Some(happening) = self.schedule.next(end) {
            steps += 1;
            if let Err(broken) = self.happen(happening) {
                violation = Some(broken);
                break;
            }
        }
        if violation.is_none() {
            violation = self.all_is_well().err();
        }
        self.tally.millis = self.now();
        Outcome {
            tally: self.tally,
            hash: self.trace.hash(),
            steps,
            violation,
            last: self.trace.last(),
        }
    }

    /// Progress: so that an empty room does not pass.
    pub(super) fn all_is_well(&mut self) -> Result<(), Violation> {
        for who in self.people.iter().filter(|who| !who.dead) {
            let room = &self.rooms[who.room];
            let back = who.is_in() && room.shadow.is_in(who.name, who.address);
            if !back && room.shadow.is_forged(who.name, who.address) {
                // Two that a forger has given each other's name wait for each other: SECURITY.md.
                self.tally.exempt += 1;
                continue;
            }
            hold(ALL_BACK, back, || {
                format!(
                    "{} at {:?} is not, its program {}",
                    who.name,
                    who.address,
                    who.state()
                )
            })?;
            self.tally.back += 1;
        }
        for (number, room) in self.rooms.iter().enumerate() {
            let lives = |name: Name, at: At| {
                let owner = self
                    .people
                    .iter()
                    .find(|who| !who.dead && who.room == number && who.address == at);
                owner.is_some_and(|who| who.name == name || room.shadow.is_forged(name, at))
            };
            let ghost = room.shadow.members().find(|(name, at)| !lives(*name, *at));
            hold(ALL_OUT, ghost.is_none(), || {
                format!("{ghost:?} is still in")
            })?;
            self.tally.buried += 1;
        }
        if self.plan.calm {
            let others = u32::try_from(self.plan.people_per_room - 1).unwrap_or(u32::MAX);
            let until = self.now() - self.plan.faults.delay_millis * 3;
            for said in self
                .lines
                .iter()
                .filter(|line| line.at >= CALM_FROM_MILLIS && line.at < until)
            {
                hold(ALL_ARRIVES, said.heard == others, || {
                    format!("{said:?}, and {others} others were in")
                })?;
                self.tally.all_heard += 1;
            }
        }
        Ok(())
    }
}
