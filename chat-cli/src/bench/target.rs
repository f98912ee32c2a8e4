//! A server that is driven, and what is known of it.

use std::net::IpAddr;
use std::time::Duration;

use chat_core::proto::Dialect;
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::platform::inbox::StopSwitch;

use super::args::{Load, Yardstick};
use super::child::Child;
use super::cores::Cores;
use super::cpu::{CpuClock, CpuTime};
use super::crowd::{Crowd, Room};
use super::drive::{Outcome, drive};
use super::error::BenchError;
use super::login;

/// Latencies up to this are kept apart: a minute, in nanoseconds.
const LONGEST_LATENCY: u64 = 60_000_000_000;
/// To three digits.
const DIGITS: u8 = 3;

/// What a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// What the measurement is about.
    Server,
    Forwarder,
    Naive,
}

/// A server with everybody in it.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) room: Room,
    child: Option<Child>,
    cpu: Option<CpuClock>,
    pub(super) rounds: Vec<Round>,
    pub(super) latencies: Histogram<u64>,
}

/// What one round of a target showed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    pub(super) outcome: Outcome,
    /// `None`: the process is not known.
    pub(super) cpu: Option<CpuTime>,
}

impl Round {
    /// Nanoseconds of CPU per datagram that arrived.
    pub(super) fn cpu_per_out(self) -> Option<f64> {
        let nanoseconds = self.cpu?.total.as_secs_f64() * 1e9;
        (self.outcome.received > 0).then(|| nanoseconds / as_f64(self.outcome.received))
    }
}

impl Target {
    /// A process that was started for this.
    pub(super) fn started(kind: Kind, name: &str, child: Child) -> Result<Self, BenchError> {
        let room = Room {
            address: child.address(),
            dialect: Dialect::lenient(),
        };
        let cpu = CpuClock::of(child.pid())?;
        Self::new(kind, name.to_owned(), room, Some(child), Some(cpu))
    }

    /// Something to compare with. `again` tells a second one from the first.
    pub(super) fn yardstick(
        yardstick: Yardstick,
        again: bool,
        server: IpAddr,
        cores: Option<Cores>,
    ) -> Result<Self, BenchError> {
        let (kind, name) = match (yardstick, again) {
            (Yardstick::Forwarder, false) => (Kind::Forwarder, "forwarder"),
            (Yardstick::Forwarder, true) => (Kind::Forwarder, "forwarder again"),
            (Yardstick::Naive, false) => (Kind::Naive, "naive"),
            (Yardstick::Naive, true) => (Kind::Naive, "naive again"),
        };
        Self::started(kind, name, Child::yardstick(yardstick, server, cores)?)
    }

    /// A server that somebody else runs.
    pub(super) fn found(room: Room, pid: Option<u32>) -> Result<Self, BenchError> {
        let cpu = pid.map(CpuClock::of).transpose()?;
        Self::new(Kind::Server, room.address.to_string(), room, None, cpu)
    }

    fn new(
        kind: Kind,
        name: String,
        room: Room,
        child: Option<Child>,
        cpu: Option<CpuClock>,
    ) -> Result<Self, BenchError> {
        Ok(Self {
            kind,
            name,
            room,
            child,
            cpu,
            rounds: Vec::new(),
            latencies: histogram()?,
        })
    }

    /// Whether somebody else runs it.
    pub(super) fn is_foreign(&self) -> bool {
        self.child.is_none()
    }

    /// Gets everybody in and says a few lines that do not count.
    pub(super) fn prepare(
        &mut self,
        crowd: &mut Crowd,
        load: Load,
        round: u16,
        stop: &StopSwitch,
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), BenchError> {
        login::enter(crowd, &self.room, stop, progress).map_err(|error| self.cause(error))?;
        let driven = drive(
            crowd,
            &self.room,
            load.warm_up(),
            round,
            stop,
            &mut histogram()?,
        );
        driven.map(drop).map_err(|error| self.cause(error))
    }

    /// From now on everything counts for a new round.
    pub(super) fn begin_round(&mut self) {
        self.rounds.push(Round {
            outcome: Outcome::default(),
            cpu: self.cpu.map(|_| CpuTime::default()),
        });
    }

    /// A part of the round.
    pub(super) fn measure(
        &mut self,
        crowd: &mut Crowd,
        load: Load,
        round: u16,
        stop: &StopSwitch,
    ) -> Result<(), BenchError> {
        // Once nothing comes any more the server sleeps, and its clock is exact.
        crowd.settle(Duration::from_millis(2))?;
        let before = self.read_cpu()?;
        let driven = drive(crowd, &self.room, load, round, stop, &mut self.latencies);
        let outcome = driven.map_err(|error| self.cause(error))?;
        crowd.settle(Duration::from_millis(2))?;
        let used = before
            .zip(self.read_cpu()?)
            .map(|(before, after)| after.since(before));
        if let (Some(clock), Some(used)) = (self.cpu, used)
            && used.total.is_zero()
            && outcome.received > 0
        {
            // A shell around the server, for instance: better no figure than that one.
            return Err(BenchError::WrongProcess {
                pid: clock.pid(),
                received: outcome.received,
            });
        }
        if let Some(round) = self.rounds.last_mut() {
            round.outcome.add(outcome);
            round.cpu = round.cpu.zip(used).map(|(sum, used)| sum.plus(used));
        }
        Ok(())
    }

    fn read_cpu(&self) -> Result<Option<CpuTime>, BenchError> {
        self.cpu.map(CpuClock::read).transpose()
    }

    /// Why a server does not answer: perhaps because it is not there any more.
    fn cause(&mut self, error: BenchError) -> BenchError {
        match (&error, &mut self.child) {
            (BenchError::NoAnswer { .. } | BenchError::Silent { .. }, Some(child)) => {
                child.check().err().unwrap_or(error)
            }
            _ => error,
        }
    }
}

fn histogram() -> Result<Histogram<u64>, BenchError> {
    Histogram::new_with_bounds(1, LONGEST_LATENCY, DIGITS).map_err(|error| {
        BenchError::io("cannot keep latencies")(std::io::Error::other(error.to_string()))
    })
}

/// Counts here are far below 2^52.
#[allow(clippy::cast_precision_loss)]
pub(super) fn as_f64(count: u64) -> f64 {
    count as f64
}
