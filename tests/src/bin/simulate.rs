//! Simulates worlds, one per seed, and prints the counts of what happened. Reports a broken law
//! with the seed, a short run that still breaks it, and the last events.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chat_tests::sim::{Tally, Violation, World};
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
    /// Simulated minutes in which each world has faults; up to two minutes without any follow
    #[arg(long, default_value_t = 10)]
    minutes: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let millis = args.minutes * 60_000;
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} worlds, {eta} left");
    let bar = ProgressBar::new(args.seeds).with_style(style.expect("a valid template"));
    bar.enable_steady_tick(Duration::from_millis(500));
    let begin = Instant::now();
    let next = AtomicU64::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    let work = || {
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && number < args.seeds
        {
            let seed = args.first_seed.wrapping_add(number);
            let outcome = World::new(seed, millis, false).run();
            if let Some(violation) = &outcome.violation {
                bar.suspend(|| report(seed, millis, violation, outcome.steps));
            }
            bar.inc(1);
            let mut outcomes = outcomes.lock().expect("no worker panics");
            outcomes.insert(number, outcome);
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    bar.finish_and_clear();
    let mut tally = Tally::default();
    let (mut hash, mut violations) = (0_u64, 0);
    for outcome in outcomes.into_inner().expect("no worker panics").values() {
        tally += &outcome.tally;
        hash = hash.rotate_left(7) ^ outcome.hash;
        violations += u64::from(outcome.violation.is_some());
    }
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

/// Prints the broken law, and the command that breaks it again.
fn report(seed: u64, millis: u64, violation: &Violation, steps: u64) {
    let Violation { law, detail } = violation;
    let shortest = shortest(seed, millis, law);
    let again = World::new(seed, shortest, true).run();
    println!("VIOLATION in the world of seed {seed}: {law}: {detail}");
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

/// Returns a short time with faults after which the same law is broken: a shorter one has the same
/// beginning.
fn shortest(seed: u64, millis: u64, law: &str) -> u64 {
    let shortest = World::SHORTEST_MILLIS;
    let (mut without, mut with) = (shortest, millis.max(shortest));
    while with - without > 100 {
        let middle = without.midpoint(with);
        let found = World::new(seed, middle, false).run().violation;
        if found.is_some_and(|found| found.law == law) {
            with = middle;
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
    println!("{speed:>15.0}  datagrams sent per second");
    let checked = if cfg!(debug_assertions) { "on" } else { "off" };
    println!("{checked:>15}  debug assertions");
}
