//! Simulates worlds, one per seed, and prints what happened in them. A law that is broken is
//! reported with the seed, the shortest run that still breaks it, and the last events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chat_tests::sim::{Outcome, Tally, Violation, World, laws};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

/// Simulates the room, its people, a failing network and adversaries: one world per seed.
#[derive(Debug, Parser)]
struct Args {
    /// The number of worlds
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The seed of the first one
    #[arg(long, default_value_t = 0)]
    first_seed: u64,
    /// Simulated minutes in which each world has faults; half a minute without any follows
    #[arg(long, default_value_t = 10)]
    minutes: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let millis = args.minutes * 60_000;
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} worlds, {eta} left");
    let bar = ProgressBar::new(args.seeds)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(500));
    let begin = Instant::now();
    let mut tally = Tally::default();
    let (mut hash, mut violations) = (0_u64, 0_u64);
    for seed in args.first_seed..args.first_seed.saturating_add(args.seeds) {
        let outcome = run(seed, millis, false);
        tally += &outcome.tally;
        hash = hash.rotate_left(7) ^ outcome.hash;
        if let Some(violation) = &outcome.violation {
            violations += 1;
            bar.suspend(|| report(seed, millis, violation, outcome.steps));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    println!("{:>15}  worlds", args.seeds);
    print(&tally, begin.elapsed());
    println!("{violations:>15}  violations");
    println!("{hash:>15x}  hash of the trace");
    if violations == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs one world. A panic is a violation like any other.
fn run(seed: u64, millis: u64, in_words: bool) -> Outcome {
    let world = AssertUnwindSafe(|| World::new(seed, millis, in_words).run());
    catch_unwind(world).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Outcome {
            violation: Some(Violation {
                law: laws::NO_PANIC,
                detail: text.unwrap_or_default(),
            }),
            ..Outcome::default()
        }
    })
}

/// Prints what was broken, and how to see it again.
fn report(seed: u64, millis: u64, violation: &Violation, steps: u64) {
    let shortest = shortest(seed, millis, violation);
    let again = run(seed, shortest, true);
    println!("VIOLATION in the world of seed {seed}: {violation}");
    println!("  first broken at step {steps} of the full run");
    println!(
        "  the shortest prefix that shows it: faults for {shortest} ms, then {} steps in all",
        again.steps
    );
    let minutes = millis / 60_000;
    println!("  again: simulate --first-seed {seed} --seeds 1 --minutes {minutes}");
    println!("  its last events:");
    for event in &again.last {
        println!("    {event}");
    }
}

/// Returns the shortest time with faults after which the same law is broken: a shorter one has the
/// same beginning.
fn shortest(seed: u64, millis: u64, violation: &Violation) -> u64 {
    let (mut without, mut with) = (0, millis.max(World::SHORTEST_MILLIS));
    while with - without > 100 {
        let middle = (without + (with - without) / 2).max(World::SHORTEST_MILLIS);
        let found = run(seed, middle, false).violation;
        if found.is_some_and(|found| found.law == violation.law) {
            with = middle;
            if middle == World::SHORTEST_MILLIS {
                break;
            }
        } else {
            without = middle;
        }
    }
    with
}

#[allow(clippy::cast_precision_loss)] // Rounded for a person.
fn print(tally: &Tally, took: Duration) {
    let hours = tally.millis as f64 / 3_600_000.0;
    println!("{hours:>15.2}  simulated hours");
    for (title, count) in tally.rows().skip(1) {
        println!("{count:>15}  {title}");
    }
    let speed = tally.datagrams as f64 / took.as_secs_f64();
    println!("{speed:>15.0}  datagrams sent per second of one core");
    let checked = if cfg!(debug_assertions) { "on" } else { "off" };
    println!("{checked:>15}  debug assertions");
}
