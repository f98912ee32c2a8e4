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
use super::report::{Report, Server, ratios};
use super::target::{Kind, Target};

/// In how many parts a round is driven, with the servers in turn for each part: what disturbs the machine for longer
/// than some ten milliseconds disturbs all of them alike.
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

    /// Measures with so many members. Whatever it started has ended when it returns.
    pub(super) fn of(&self, members: u32) -> Result<Report, BenchError> {
        let server = self.server()?;
        let address = server.room.address;
        let mut targets = vec![server];
        self.add_yardsticks(address.ip(), &mut targets)?;
        let mut crowd = Crowd::open(members, address)?;
        let load = self.args.load(members, self.cores.is_some());
        let driven = self.drive(members, &mut crowd, &mut targets, load);
        for target in targets.iter().filter(|target| target.is_foreign()) {
            // Also when something failed: the server is not ours.
            let left = login::leave(&mut crowd, &target.room);
            if driven.is_ok() {
                left?;
            }
        }
        driven?;
        let (window, rate) = match load.pace {
            Pace::Window(window) => (Some(window), None),
            Pace::Rate(rate) => (None, Some(rate.get())),
        };
        Ok(Report {
            members,
            rounds: self.args.rounds.get(),
            size: load.size,
            window,
            rate,
            cores: self.cores,
            servers: targets.iter().map(Server::of).collect(),
            ratios: ratios(members, &targets),
        })
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

    fn drive(&self, members: u32, crowd: &mut Crowd, targets: &mut [Target], load: Load) -> Result<(), BenchError> {
        let rounds = self.args.rounds.get();
        let count = u64::try_from(targets.len()).unwrap_or(u64::MAX);
        let progress = Progress::new(count.saturating_mul(u64::from(rounds) * u64::from(PARTS.get()) + 1));
        // Some rounds later a number may come again; no datagram is on its way for so long.
        let mut numbers = (0..=u16::MAX).cycle();
        let mut next = || numbers.next().unwrap_or_default();
        for target in targets.iter_mut() {
            let name = target.name.clone();
            let mut show = |inside| progress.show(format!("{members} members: {name}, {inside} are in"));
            show(0);
            target.prepare(crowd, load, next(), &self.stop, &mut show)?;
            progress.step();
        }
        let mut turn = 0;
        for round in 1..=rounds {
            targets.iter_mut().for_each(Target::begin_round);
            for part in 0..PARTS.get() {
                // Each is the first once in a while: whatever follows from the order evens out.
                let (last, begin) = targets.split_at_mut(turn % targets.len().max(1));
                turn += 1;
                for target in begin.iter_mut().chain(last) {
                    progress.show(format!("{members} members: round {round} of {rounds}, {}", target.name));
                    target.measure(crowd, load.part(part, PARTS), next(), &self.stop)?;
                    progress.step();
                }
            }
        }
        Ok(())
    }
}
