//! The rounds of a measurement.

use std::net::IpAddr;
use std::num::NonZeroU32;

use crate::platform::inbox::StopSwitch;

use super::args::{BenchArgs, Load, Pace, Yardstick};
use super::child::Child;
use super::cores::Cores;
use super::crowd::{Crowd, Room};
use super::error::BenchError;
use super::login;
use super::progress::Progress;
use super::report::{MEMBERS_FOR_GROWTH, Report, Server, growth, ratios};
use super::target::{Kind, Target};

/// In how many parts a round is driven, with the servers in turn for each part: what disturbs the
/// machine for longer than some ten milliseconds disturbs all of them alike.
const PARTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// What is measured, for any number of members.
#[derive(Debug)]
pub(super) struct Measurement<'a> {
    args: &'a BenchArgs,
    /// Where somebody else's server is; `None`: we start one.
    room: Option<Room>,
    stop: StopSwitch,
    cores: Option<Cores>,
}

impl<'a> Measurement<'a> {
    pub(super) fn new(args: &'a BenchArgs, room: Option<Room>, stop: StopSwitch) -> Self {
        Self {
            args,
            room,
            stop,
            cores: Cores::take(),
        }
    }

    /// Measures with each of these numbers of members. Whatever it started has ended when it
    /// returns.
    ///
    /// Rooms of our own are all there at once and driven in turn, so that their costs can be
    /// compared; somebody else's is one room, with one number of members after the other.
    pub(super) fn of(
        &self,
        sizes: &[u32],
        report: &mut dyn FnMut(&Report) -> Result<(), BenchError>,
    ) -> Result<(), BenchError> {
        let at_once = if self.room.is_some() {
            1
        } else {
            sizes.len().max(1)
        };
        for sizes in sizes.chunks(at_once) {
            let mut scenes = Vec::new();
            for &members in sizes {
                let others: u32 = scenes.iter().map(|scene: &Scene| scene.members).sum();
                scenes.push(self.open(members, others)?);
            }
            let driven = self.drive(&mut scenes);
            for scene in &mut scenes {
                // Also when something failed: the server may not be ours.
                let left = scene.leave();
                if driven.is_ok() {
                    left?;
                }
            }
            driven?;
            for scene in &scenes {
                report(&self.report(scene, &scenes))?;
            }
        }
        Ok(())
    }

    /// The servers for so many members, `others` of whom are elsewhere, and those members.
    fn open(&self, members: u32, others: u32) -> Result<Scene, BenchError> {
        let server = self.server()?;
        let address = server.room.address;
        let mut targets = vec![server];
        self.add_yardsticks(address.ip(), &mut targets)?;
        Ok(Scene {
            members,
            load: self.args.load(members, self.cores.is_some()),
            crowd: Crowd::open(members, others, address)?,
            targets,
        })
    }

    fn report(&self, scene: &Scene, scenes: &[Scene]) -> Report {
        let (window, rate) = match scene.load.pace {
            Pace::Window(window) => (Some(window), None),
            Pace::Rate(rate) => (None, Some(rate.get())),
        };
        let mut ratios = ratios(scene.members, &scene.targets);
        let smaller = |other: &&Scene| (MEMBERS_FOR_GROWTH..scene.members).contains(&other.members);
        if let Some(smallest) = scenes
            .iter()
            .filter(smaller)
            .min_by_key(|other| other.members)
        {
            ratios.extend(growth(&scene.targets, smallest.members, &smallest.targets));
        }
        Report {
            members: scene.members,
            rounds: self.args.rounds.get(),
            size: scene.load.size,
            window,
            rate,
            cores: self.cores,
            servers: scene.targets.iter().map(Server::of).collect(),
            ratios,
        }
    }

    fn server(&self) -> Result<Target, BenchError> {
        match &self.room {
            Some(room) => Target::found(room.clone(), self.args.pid.map(Into::into)),
            None => {
                let child = Child::serve(&self.args.serve_options, self.cores)?;
                Target::started(Kind::Server, "server", child)
            }
        }
    }

    /// What the server is compared with.
    fn add_yardsticks(&self, server: IpAddr, targets: &mut Vec<Target>) -> Result<(), BenchError> {
        for yardstick in [Yardstick::Forwarder, Yardstick::Naive] {
            if self.args.vs.contains(&yardstick) {
                // The first of them twice: against itself it shows how noisy the machine is.
                let is_first = targets.len() == 1;
                targets.push(Target::yardstick(yardstick, false, server, self.cores)?);
                if is_first {
                    targets.push(Target::yardstick(yardstick, true, server, self.cores)?);
                }
            }
        }
        Ok(())
    }

    fn drive(&self, scenes: &mut [Scene]) -> Result<(), BenchError> {
        let rounds = self.args.rounds.get();
        let targets: usize = scenes.iter().map(|scene| scene.targets.len()).sum();
        let targets = u64::try_from(targets).unwrap_or(u64::MAX);
        let progress =
            Progress::new(targets.saturating_mul(u64::from(rounds) * u64::from(PARTS.get()) + 1));
        // Some rounds later a number may come again; no datagram is on its way for so long.
        let mut numbers = (0..=u16::MAX).cycle();
        let mut next = || numbers.next().unwrap_or_default();
        for scene in scenes.iter_mut() {
            scene.prepare(&progress, &self.stop, &mut next)?;
        }
        let mut turn = 0;
        for round in 1..=rounds {
            let targets = scenes.iter_mut().flat_map(|scene| &mut scene.targets);
            targets.for_each(Target::begin_round);
            for part in 0..PARTS.get() {
                // Each is the first once in a while: whatever follows from the order evens out.
                let (last, begin) = scenes.split_at_mut(turn % scenes.len().max(1));
                for scene in begin.iter_mut().chain(last) {
                    let first = turn % scene.targets.len().max(1);
                    let (last, begin) = scene.targets.split_at_mut(first);
                    for target in begin.iter_mut().chain(last) {
                        let members = scene.members;
                        progress.show(format!(
                            "{members} members: round {round} of {rounds}, {}",
                            target.name
                        ));
                        target.measure(
                            &mut scene.crowd,
                            scene.load.part(part, PARTS),
                            next(),
                            &self.stop,
                        )?;
                        progress.step();
                    }
                }
                turn += 1;
            }
        }
        Ok(())
    }
}

/// One number of members, and the servers that they are in.
struct Scene {
    members: u32,
    load: Load,
    crowd: Crowd,
    targets: Vec<Target>,
}

impl Scene {
    /// Gets everybody in everywhere.
    fn prepare(
        &mut self,
        progress: &Progress,
        stop: &StopSwitch,
        next: &mut dyn FnMut() -> u16,
    ) -> Result<(), BenchError> {
        let members = self.members;
        for target in &mut self.targets {
            let name = target.name.clone();
            let mut show =
                |inside| progress.show(format!("{members} members: {name}, {inside} are in"));
            show(0);
            target.prepare(&mut self.crowd, self.load, next(), stop, &mut show)?;
            progress.step();
        }
        Ok(())
    }

    /// Leaves the servers that are not ours.
    fn leave(&mut self) -> Result<(), BenchError> {
        let mut foreign = self.targets.iter().filter(|target| target.is_foreign());
        foreign.try_for_each(|target| login::leave(&mut self.crowd, &target.room))
    }
}
