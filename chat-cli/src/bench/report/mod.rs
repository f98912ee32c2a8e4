//! What a measurement found, as it is printed in JSON.

mod table;

use serde::Serialize;

use super::cores::Cores;
use super::statistics::{Spread, Verdict, Wanted};
use super::target::{Kind, Target, as_f64};

/// What the CPU time per datagram of the server may be of the forwarder's.
const SERVER_TO_FORWARDER: Wanted = Wanted::AtMost(1.10);
/// And the naive server's of the server's, in rooms of some size.
const NAIVE_TO_SERVER: Wanted = Wanted::AtLeast(1.08);
/// A batch of a few saves little: below so many members nothing is asked of the naive server's
/// ratio.
const MEMBERS_FOR_NAIVE: u32 = 100;
/// What a datagram of a server may cost in a larger room, of what it costs in a smaller one.
const GROWTH: Wanted = Wanted::AtMost(1.25);
/// A room that larger ones are compared with has at least so many members: its batches are full.
pub(super) const MEMBERS_FOR_GROWTH: u32 = 100;

/// All of one number of members.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) members: u32,
    pub(super) rounds: u32,
    /// Bytes of text in a line.
    pub(super) size: usize,
    /// How many lines were on their way at once; null where the clock said when.
    pub(super) window: Option<u32>,
    /// How many lines a second were asked for; null where the server said how many.
    pub(super) rate: Option<u32>,
    /// Null: the processes were not held to cores.
    pub(super) cores: Option<Cores>,
    pub(super) servers: Vec<Server>,
    pub(super) ratios: Vec<Ratio>,
}

/// All rounds of one server.
#[derive(Debug, Serialize)]
pub(super) struct Server {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// Datagrams to the server.
    pub(super) lines: u64,
    /// Datagrams that listeners should have got.
    pub(super) expected: u64,
    pub(super) received: u64,
    pub(super) lost: u64,
    pub(super) in_per_second: f64,
    pub(super) out_per_second: f64,
    /// Null: the process of the server is not known.
    pub(super) cpu_ns_per_out: Option<Cpu>,
    pub(super) latency_us: Latency,
}

/// Nanoseconds of CPU per datagram that a listener got.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Cpu {
    /// Over the rounds.
    #[serde(flatten)]
    pub(super) all: Spread,
    /// What of the median was spent in the program, and what in the kernel: over all rounds, in
    /// ticks of 10 ms.
    pub(super) user: f64,
    pub(super) system: f64,
}

/// Microseconds from the speaker's send to the listener's receive.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) p99_9: f64,
    pub(super) max: f64,
}

/// CPU time per datagram of one against that of another, taken within each round.
#[derive(Debug, Serialize)]
pub(super) struct Ratio {
    pub(super) of: String,
    pub(super) to: String,
    #[serde(flatten)]
    pub(super) spread: Spread,
    /// Null: nothing is asked of it.
    pub(super) wanted: Option<Wanted>,
    pub(super) verdict: Option<Verdict>,
}

impl Server {
    pub(super) fn of(target: &Target) -> Self {
        let sum = |figure: fn(&super::drive::Outcome) -> u64| -> u64 {
            target
                .rounds
                .iter()
                .map(|round| figure(&round.outcome))
                .sum()
        };
        let (lines, expected, received) = (
            sum(|it| it.lines),
            sum(|it| it.expected),
            sum(|it| it.received),
        );
        let seconds: f64 = target
            .rounds
            .iter()
            .map(|round| round.outcome.elapsed.as_secs_f64())
            .sum();
        let per_second = |count| {
            if seconds > 0.0 {
                as_f64(count) / seconds
            } else {
                0.0
            }
        };
        let quantile = |part| as_f64(target.latencies.value_at_quantile(part)) / 1000.0;
        Self {
            kind: target.kind,
            name: target.name.clone(),
            lines,
            expected,
            received,
            lost: expected - received.min(expected),
            in_per_second: per_second(lines),
            out_per_second: per_second(received),
            cpu_ns_per_out: Cpu::of(target),
            latency_us: Latency {
                p50: quantile(0.5),
                p99: quantile(0.99),
                p99_9: quantile(0.999),
                max: as_f64(target.latencies.max()) / 1000.0,
            },
        }
    }
}

impl Cpu {
    fn of(target: &Target) -> Option<Self> {
        let all = Spread::of(target.rounds.iter().filter_map(|round| round.cpu_per_out()))?;
        let times = || target.rounds.iter().filter_map(|round| round.cpu);
        let user: u64 = times().map(|time| time.user).sum();
        let system: u64 = times().map(|time| time.system).sum();
        let of_all = |ticks| all.median * as_f64(ticks) / as_f64((user + system).max(1));
        Some(Self {
            all,
            user: of_all(user),
            system: of_all(system),
        })
    }
}

/// Every ratio that these targets allow, with what is asked of it.
pub(super) fn ratios(members: u32, targets: &[Target]) -> Vec<Ratio> {
    let of = |kind| targets.iter().filter(move |target| target.kind == kind);
    let (forwarders, naives): (Vec<_>, Vec<_>) =
        (of(Kind::Forwarder).collect(), of(Kind::Naive).collect());
    let servers: Vec<_> = of(Kind::Server).collect();
    let twice = |pair: &[&Target]| match pair {
        [first, second, ..] => ratio(&[*second], &[*first]),
        _ => None,
    };
    let noise = itself(targets);
    let mut found = Vec::new();
    let mut add = |of: &str, to: &str, ratio: Option<Spread>, wanted: Option<Wanted>| {
        found.extend(ratio.map(|ratio| {
            Ratio {
                of: of.into(),
                to: to.into(),
                spread: ratio,
                wanted,
                verdict: wanted
                    .zip(noise)
                    .map(|(wanted, noise)| wanted.judge(ratio, noise)),
            }
        }));
    };
    let own = servers.iter().all(|server| !server.is_foreign());
    let (to_forwarder, to_server) = (
        own.then_some(SERVER_TO_FORWARDER),
        (own && members >= MEMBERS_FOR_NAIVE).then_some(NAIVE_TO_SERVER),
    );
    add(
        "server",
        "forwarder",
        ratio(&servers, &forwarders),
        to_forwarder,
    );
    add("naive", "server", ratio(&naives, &servers), to_server);
    add("forwarder again", "forwarder", twice(&forwarders), None);
    add("naive again", "naive", twice(&naives), None);
    found
}

/// What a datagram costs more in this room than in a smaller one, which was driven in turn with it.
pub(super) fn growth(targets: &[Target], members: u32, smaller: &[Target]) -> Vec<Ratio> {
    let noise = itself(targets)
        .zip(itself(smaller))
        .map(|(one, other)| one.wider(other));
    let pairs = targets.iter().zip(smaller).filter_map(|(target, smaller)| {
        let spread = ratio(&[target], &[smaller])?;
        let wanted = (target.kind == Kind::Server).then_some(GROWTH);
        Some(Ratio {
            of: target.name.clone(),
            to: format!("{} with {members} members", smaller.name),
            spread,
            wanted,
            verdict: wanted
                .zip(noise)
                .map(|(wanted, noise)| wanted.judge(spread, noise)),
        })
    });
    pairs.collect()
}

/// A yardstick that runs twice, against itself.
fn itself(targets: &[Target]) -> Option<Spread> {
    [Kind::Forwarder, Kind::Naive].into_iter().find_map(|kind| {
        let mut pair = targets.iter().filter(|target| target.kind == kind);
        let (first, second) = (pair.next()?, pair.next()?);
        ratio(&[second], &[first])
    })
}

/// Of the means within each round: where something ran twice, both count.
fn ratio(of: &[&Target], to: &[&Target]) -> Option<Spread> {
    let rounds = of
        .iter()
        .chain(to)
        .map(|target| target.rounds.len())
        .min()?;
    Spread::of((0..rounds).filter_map(|round| {
        let mean = |targets: &[&Target]| -> Option<f64> {
            let costs: Option<Vec<f64>> = targets
                .iter()
                .map(|target| target.rounds.get(round)?.cpu_per_out())
                .collect();
            let costs = costs.filter(|costs| !costs.is_empty())?;
            Some(costs.iter().sum::<f64>() / as_f64(costs.len().try_into().ok()?))
        };
        Some(mean(of)? / mean(to)?)
    }))
}
