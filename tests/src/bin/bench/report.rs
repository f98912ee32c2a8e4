//! The tables as BENCHMARKS.md has them, the ratios and their verdicts.

use super::rounds::{Scene, Server};
use super::{Args, peer};

/// The bound of the server's cost for a datagram, by the forwarder's.
const SERVER_TO_FORWARDER: Wanted = Wanted::AtMost(1.10);
/// The bound of the naive server's cost, by the server's.
const NAIVE_TO_SERVER: Wanted = Wanted::AtLeast(1.08);
/// The bound of the server's cost in a larger room, by its cost in a smaller one.
const GROWTH: Wanted = Wanted::AtMost(1.25);
/// The bounds of a line's cost to a session, by its cost to a plain member, at these rates.
const SESSION_TO_PLAIN: [(u32, Wanted); 2] =
    [(100, Wanted::AtMost(2.2)), (10_000, Wanted::AtMost(0.25))];
/// The size from which a room has full batches, without which the last two bounds do not hold.
const FULL: usize = 100;

const SERVERS: &str = "members | server | CPU ns per line delivered | in the program | \
                       in the kernel | lost | latency µs: ";
const RATIOS: &str = "members | CPU per line delivered | median | half of the rounds | wanted | \
                      verdict";

/// The bound of a ratio's median.
#[derive(Clone, Copy)]
enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

/// Returns the conditions and the tables.
pub fn report(args: &Args, scenes: &[Scene]) -> String {
    let Args {
        rounds,
        size,
        window,
        rate,
        ..
    } = args;
    let pace = rate.map_or(format!("window {window}"), |it| format!("rate {it}"));
    let on: Vec<_> = args.cores.iter().flatten().collect();
    let head = format!("{rounds} rounds, {size} bytes, {pace}, driver and servers on cores {on:?}");
    let (mut rows, mut ratios) = (Vec::new(), Vec::new());
    for scene in scenes {
        let servers = scene.servers.iter();
        rows.extend(servers.map(|server| figures(scene, args, server)));
        add_ratios(args, scene, scenes, &mut ratios);
    }
    let latencies = percentiles(args).map(|(name, _)| name);
    let servers = SERVERS.to_owned() + &latencies.join(" | ");
    let tables = [(&*servers, rows), (RATIOS, ratios)].into_iter();
    let tables = tables.filter(|(_, rows)| !rows.is_empty()).map(table);
    head + &tables.collect::<String>()
}

/// Returns the latencies to show, each with the part of a thousand copies that took no longer.
fn percentiles(args: &Args) -> [(&'static str, usize); 3] {
    if args.loss.is_empty() {
        [("p50", 500), ("p99", 990), ("p99.9", 999)]
    } else {
        [("p50", 500), ("p90", 900), ("p99", 990)]
    }
}

/// Returns a table behind a blank line.
fn table((head, rows): (&str, Vec<Vec<String>>)) -> String {
    let rule = "---|".repeat(head.split('|').count());
    let rows = rows.iter().map(|row| format!("\n| {} |", row.join(" | ")));
    format!("\n\n| {head} |\n|{rule}{}", rows.collect::<String>())
}

/// Returns the row of a server.
fn figures(scene: &Scene, args: &Args, server: &Server) -> Vec<String> {
    let mut row = vec![scene.members.to_string(), server.name.clone()];
    row.extend(match quartiles(server.costs()) {
        Some([_, median, _]) => {
            let user = median * server.user_share();
            [median, user, median - user].map(|figure| format!("{figure:.0}"))
        }
        None => ["–"; 3].map(str::to_owned),
    });
    let mut micros = server.micros.clone();
    micros.sort_unstable();
    let expected = scene.lines * args.rounds * (scene.members - 1);
    row.push((expected - micros.len()).to_string());
    row.extend(percentiles(args).map(|(_, part)| {
        let place = (micros.len() * part).div_ceil(1000).saturating_sub(1);
        micros.get(place).map_or("–".into(), u32::to_string)
    }));
    row
}

/// Adds a row for every ratio that the servers of a room allow.
fn add_ratios(args: &Args, scene: &Scene, scenes: &[Scene], rows: &mut Vec<Vec<String>>) {
    let mut add = |of: &[&Server], to: &[&Server], beside: &str, wanted: Option<Wanted>, noise| {
        if let ([first, ..], [second, ..], Some(ratio)) = (of, to, ratio(of, to)) {
            let [low, median, high] = ratio.map(|figure| format!("{figure:.3}"));
            let names = format!("{} / {}{beside}", first.name, second.name);
            let half = format!("{low} to {high}");
            let judged = wanted.map(|wanted| wanted.judge(ratio[1], noise));
            let [wanted, verdict] = judged.unwrap_or_default();
            let members = scene.members.to_string();
            rows.push([members, names, median, half, wanted, verdict].into());
        }
    };
    let (ours, naives) = (scene.of(peer::SERVER), scene.of(peer::NAIVE));
    let (forwarders, noise) = (scene.of(peer::FORWARDER), noise(scene));
    add(&ours, &forwarders, "", Some(SERVER_TO_FORWARDER), noise);
    let wanted = Some(NAIVE_TO_SERVER).filter(|_| scene.members >= FULL);
    add(&naives, &ours, "", wanted, noise);
    let mut wanted = SESSION_TO_PLAIN.iter();
    let wanted = wanted.find(|(rate, _)| args.rate == Some(*rate));
    let wanted = wanted.map(|(_, wanted)| *wanted);
    add(&scene.of(peer::SESSIONS), &ours, "", wanted, noise);
    for foreign in scene.of(peer::FOREIGN) {
        add(&ours, &[foreign], "", None, noise);
    }
    if let Some([first, again]) = twice(scene) {
        add(&[again], &[first], "", None, noise);
    }
    let fits = |other: &&Scene| (FULL..scene.members).contains(&other.members);
    if let Some(smaller) = scenes.iter().filter(fits).min_by_key(|it| it.members) {
        let beside = format!(" with {} members", smaller.members);
        let noise = noise.zip(self::noise(smaller)).map(|(a, b)| a.max(b));
        for (server, smaller) in scene.servers.iter().zip(&smaller.servers) {
            let wanted = Some(GROWTH).filter(|_| server.role == peer::SERVER);
            add(&[server], &[smaller], &beside, wanted, noise);
        }
    }
}

/// Returns the yardstick that runs twice.
fn twice(scene: &Scene) -> Option<[&Server; 2]> {
    let mut roles = [peer::FORWARDER, peer::NAIVE].into_iter();
    roles.find_map(|role| scene.of(role).try_into().ok())
}

/// Returns the distance from 1 within which half of a yardstick's ratios to itself lie.
fn noise(scene: &Scene) -> Option<f64> {
    let [first, again] = twice(scene)?;
    let [low, _, high] = ratio(&[again], &[first])?;
    Some((1.0 - low).max(high - 1.0))
}

/// Returns the quartiles of the ratios within each round; where a server runs twice, of the means.
fn ratio(of: &[&Server], to: &[&Server]) -> Option<[f64; 3]> {
    let pairs = mean_costs(of).into_iter().zip(mean_costs(to));
    quartiles(pairs.map(|(of, to)| of / to).collect())
}

fn mean_costs(servers: &[&Server]) -> Vec<f64> {
    let costs = servers.iter().map(|server| server.costs());
    let mean = |(one, other): (&f64, f64)| (one + other) / 2.0;
    let both = costs.reduce(|one, other| one.iter().zip(other).map(mean).collect());
    both.unwrap_or_default()
}

/// Returns the figures that one, two and three quarters lie below; `None` where there are none.
fn quartiles(mut figures: Vec<f64>) -> Option<[f64; 3]> {
    figures.sort_by(f64::total_cmp);
    let last = figures.len().checked_sub(1)?;
    // Between two figures it lies so far from the one to the other.
    Some([1, 2, 3].map(|quarters| {
        let (place, rest) = (last * quarters / 4, last * quarters % 4);
        let (below, above) = (figures[place], figures[(place + 1).min(last)]);
        below + (above - below) * [0.0, 0.25, 0.5, 0.75][rest]
    }))
}

impl Wanted {
    /// Returns the bound in words and the verdict: `inconclusive` where the noise is wider than the
    /// margin, none without noise.
    fn judge(self, median: f64, noise: Option<f64>) -> [String; 2] {
        let (sense, bound, met) = match self {
            Self::AtMost(bound) => ("at most", bound, median <= bound),
            Self::AtLeast(bound) => ("at least", bound, median >= bound),
        };
        let verdict = match noise {
            None => "",
            Some(noise) if noise > (bound - 1.0).abs() => "inconclusive",
            Some(_) if met => "met",
            Some(_) => "missed",
        };
        [format!("{sense} {bound:.2}"), verdict.into()]
    }
}
