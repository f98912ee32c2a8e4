//! The world: its inhabitants, its run, and the laws of its end.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use chat_core::proto::Name;
use fastrand::Rng;

use super::adversary::Adversary;
use super::laws::{ALL_ARRIVES, ALL_BACK, ALL_OUT, ALL_SHOWN, NO_PANIC, Violation, hold};
use super::network::{At, Datagram, Faults};
use super::people::Person;
use super::plan::Plan;
use super::record::{Tally, Trace};
use super::rooms::Room;

/// The time without faults after which all are where they belong.
const RECOVERY_MILLIS: u64 = 30_000;
/// The same with sessions: one that is gone keeps its name for 75 seconds.
const SESSION_RECOVERY_MILLIS: u64 = 120_000;
/// The time in which what happens reaches everybody at the end.
const LAST_MILLIS: u64 = 3_000;
/// The moment by which all are in, in a calm world.
const CALM_FROM_MILLIS: u64 = 5_000;

/// The listener at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Unused,
    Room(usize),
    Person(usize),
    Adversary,
}

/// Something that happens at some moment.
#[derive(Debug)]
pub(super) enum Happening {
    Arrival(Datagram),
    /// The network's report to the first address that nothing listens at the second.
    Report(At, At),
    /// A deadline of a room or a person.
    RoomDue(usize),
    PersonDue(usize),
    /// A deed of one's own accord.
    PersonActs(usize),
    OperatorActs(usize),
    AdversaryActs(usize),
    RoomOpens(usize),
    FaultsEnd,
}

/// The end of a world.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The counts.
    pub tally: Tally,
    /// The hash of everything that happened.
    pub hash: u64,
    /// The number of things that happened.
    pub steps: u64,
    /// The law that was broken, if one was.
    pub violation: Option<Violation>,
    /// The milliseconds until the last session showed each line, of those said while there were
    /// faults.
    pub latencies: Vec<u64>,
    /// The last events, where they were wanted in words.
    pub last: Vec<String>,
}

/// A world.
#[derive(Debug)]
pub struct World {
    pub(super) rng: Rng,
    pub(super) plan: Plan,
    pub(super) faults: Faults,
    pub(super) faults_end: u64,
    /// Things to come: by their millisecond and, within one, in the order of planning. No queue is
    /// empty.
    to_come: BTreeMap<u64, VecDeque<Happening>>,
    pub(super) now: u64,
    pub(super) hosts: Vec<Host>,
    pub(super) rooms: Vec<Room>,
    pub(super) people: Vec<Person>,
    pub(super) adversaries: Vec<Adversary>,
    pub(super) victims: Vec<At>,
    pub(super) recorded: VecDeque<Datagram>,
    pub(super) tally: Tally,
    pub(super) trace: Trace,
    steps: u64,
}

impl World {
    /// The shortest time with faults: all have to get in first.
    pub const SHORTEST_MILLIS: u64 = 2 * CALM_FROM_MILLIS;

    /// Makes the world of `seed`, with faults for `millis` simulated milliseconds.
    #[must_use]
    pub fn new(seed: u64, millis: u64, in_words: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let plan = Plan::draw(&mut rng);
        Self::of(plan, rng, millis, in_words)
    }

    /// Makes a world of two sessions whose network loses `loss` thousandths of all datagrams for
    /// `millis` milliseconds, at a round trip of 50 milliseconds.
    #[must_use]
    pub fn lossy(seed: u64, millis: u64, loss: u32) -> Self {
        Self::of(Plan::lossy(loss), Rng::with_seed(seed), millis, false)
    }

    fn of(plan: Plan, rng: Rng, millis: u64, in_words: bool) -> Self {
        let mut world = Self {
            faults: plan.faults,
            faults_end: millis.max(Self::SHORTEST_MILLIS),
            rng,
            plan,
            to_come: BTreeMap::new(),
            now: 0,
            hosts: Vec::new(),
            rooms: Vec::new(),
            people: Vec::new(),
            adversaries: Vec::new(),
            victims: Vec::new(),
            recorded: VecDeque::new(),
            tally: Tally::default(),
            trace: Trace::new(in_words),
            steps: 0,
        };
        world.populate();
        world
    }

    fn populate(&mut self) {
        for room in 0..self.plan.rooms {
            let address = self.address(Host::Room(room));
            let config = self.plan.config.clone();
            let rng = self.rng.fork();
            let opened = Room::new(address, config, self.faults_end, rng);
            self.rooms.push(opened);
            let first = self.rng.u64(..self.plan.operator_millis);
            self.plan_at(first, Happening::OperatorActs(room));
            for number in 0..self.plan.people_per_room {
                let person = self.people.len();
                let address = self.address(Host::Person(person));
                let stems = [["n", "k"], ["小明", "小红"], ["É", "Ö"]];
                let names = stems[self.rng.usize(..stems.len())].map(|stem| {
                    Name::new(&format!("{stem}{room}-{number}")).expect("a short name")
                });
                self.people.push(Person::new(room, names, address));
                let first = self.rng.u64(1..2_000);
                self.act_at(person, first);
            }
        }
        self.victims = (0..4).map(|_| self.address(Host::Unused)).collect();
        for adversary in 0..self.plan.adversaries {
            let count = self.rng.usize(1..4);
            let own = (0..count).map(|_| self.address(Host::Adversary)).collect();
            self.adversaries.push(Adversary::draw(&mut self.rng, own));
            let first = self.rng.u64(..5_000);
            self.plan_at(first, Happening::AdversaryActs(adversary));
        }
        self.plan_at(self.faults_end, Happening::FaultsEnd);
    }

    /// Makes a new address.
    pub(super) fn address(&mut self, host: Host) -> At {
        let at = At::new(self.hosts.len(), self.rng.bool());
        self.hosts.push(host);
        at
    }

    /// Plans something for the millisecond `at`, at the earliest the next one.
    pub(super) fn plan_at(&mut self, at: u64, happening: Happening) {
        let at = at.max(self.now + 1);
        self.to_come.entry(at).or_default().push_back(happening);
    }

    /// Goes on to the next thing, if there is one before the millisecond `end`.
    fn next(&mut self, end: u64) -> Option<Happening> {
        let mut first = self.to_come.first_entry()?;
        if *first.key() >= end {
            return None;
        }
        self.now = *first.key();
        let happening = first.get_mut().pop_front();
        if first.get().is_empty() {
            first.remove();
        }
        happening
    }

    /// Lets everything happen. A panic is a violation like any other.
    #[must_use]
    pub fn run(mut self) -> Outcome {
        let end = catch_unwind(AssertUnwindSafe(|| self.run_to_the_end()));
        let end = end.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref().map(|text: &&str| text.to_string()));
            hold(NO_PANIC, false, || text.unwrap_or_default())
        });
        self.tally.millis = self.now;
        let while_lossy = CALM_FROM_MILLIS..self.faults_end;
        let lines = self.rooms.iter().flat_map(|room| &room.ledger.lines);
        let shown = lines.filter(|line| line.heard > 0 && while_lossy.contains(&line.at));
        Outcome {
            latencies: shown.map(|line| line.latency).collect(),
            tally: self.tally,
            hash: self.trace.hash(),
            steps: self.steps,
            violation: end.err(),
            last: self.trace.last(),
        }
    }

    fn run_to_the_end(&mut self) -> Result<(), Violation> {
        let recovery = match self.plan.config.sessions {
            Some(_) => SESSION_RECOVERY_MILLIS,
            None => RECOVERY_MILLIS,
        };
        while let Some(happening) = self.next(self.faults_end + recovery) {
            self.steps += 1;
            self.happen(happening)?;
        }
        self.all_is_well()
    }

    /// Judges the end: without it an empty room would pass.
    fn all_is_well(&mut self) -> Result<(), Violation> {
        for who in self.people.iter().filter(|who| !who.dead) {
            let room = &self.rooms[who.room];
            let back = who.is_in() && room.members().any(|one| one == (who.name, who.address));
            hold(ALL_BACK, back, || format!("{who:?} is not"))?;
            self.tally.back += 1;
            self.all_is_shown(who)?;
        }
        for (number, room) in self.rooms.iter().enumerate() {
            let ghost = room.members().find(|&(name, at)| {
                let mut living = self.people.iter().filter(|who| !who.dead);
                // A login that was forged from the address of a person in another room stays: the
                // network reports nothing about an address where a program receives.
                !living.any(|who| who.address == at && (who.room != number || who.name == name))
            });
            hold(ALL_OUT, ghost.is_none(), || format!("{ghost:?}"))?;
            self.tally.buried += 1;
        }
        if self.plan.calm {
            let others = u32::try_from(self.plan.people_per_room - 1).unwrap_or(u32::MAX);
            let heard_by = self.now - self.plan.faults.delay_millis * 3;
            for said in self.rooms.iter().flat_map(|room| &room.ledger.lines) {
                if (CALM_FROM_MILLIS..heard_by).contains(&said.at) {
                    hold(ALL_ARRIVES, said.heard == others, || {
                        format!("{said:?}, and {others} others were in")
                    })?;
                    self.tally.all_heard += 1;
                }
            }
        }
        Ok(())
    }

    /// Judges what a program with a session has shown in the end, and that its lines are said.
    fn all_is_shown(&self, who: &Person) -> Result<(), Violation> {
        let room = &self.rooms[who.room];
        let ledger = &room.ledger;
        let Some((visit, (log, next))) = who.visit().and_then(|it| Some((it, it.place?))) else {
            return Ok(());
        };
        let last = self.now - LAST_MILLIS;
        let entries = ledger.entries().iter();
        let settled = entries
            .filter(|entry| entry.clock < last + room.ahead)
            .count() as u64;
        let mut waiting = visit.pending.iter().flatten();
        let said = self.plan.is_slow || !waiting.any(|&line| ledger.lines[line].at < last);
        let shown = log == ledger.log && next > settled;
        hold(ALL_SHOWN, shown && said, || {
            format!("{settled} entries, {who:?}")
        })
    }
}
