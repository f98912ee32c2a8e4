//! Simulates worlds, one per seed, and says what happened in them. A law that is broken is reported
//! with the seed, the shortest run that still breaks it, and the last events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chat_tests::sim::{Outcome, Tally, Violation, World, laws};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

/// Simulates the room, its people, a failing network and adversaries: one world per seed.
#[derive(Debug, Parser)]
struct Args {
    /// How many worlds
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The seed of the first one
    #[arg(long, default_value_t = 0)]
    first_seed: u64,
    /// How many simulated minutes each has faults; half a minute without any follows
    #[arg(long, default_value_t = 10)]
    minutes: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let bar = ProgressBar::new(args.seeds).with_style(style());
    bar.enable_steady_tick(Duration::from_millis(500));
    let begin = Instant::now();
    let mut tally = Tally::default();
    let (mut hash, mut violations) = (0_u64, 0_u64);
    for seed in args.first_seed..args.first_seed.saturating_add(args.seeds) {
        let outcome = run(seed, args.minutes * 60_000, false);
        tally += &outcome.tally;
        hash = hash.rotate_left(7) ^ outcome.hash;
        if let Some(violation) = &outcome.violation {
            violations += 1;
            bar.suspend(|| report(seed, args.minutes * 60_000, violation, &outcome));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    print(&args, &tally, begin.elapsed(), violations, hash);
    if violations == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} worlds, {eta} left");
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// One world. A panic is a violation like any other.
fn run(seed: u64, millis: u64, in_words: bool) -> Outcome {
    let world = AssertUnwindSafe(|| World::new(seed, millis, in_words).run());
    catch_unwind(world).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Outcome {
            tally: Tally::default(),
            hash: 0,
            steps: 0,
            violation: Some(Violation {
                law: laws::NO_PANIC,
                detail: text.unwrap_or_default(),
            }),
            last: Vec::new(),
        }
    })
}

/// Says what was broken, and how to see it again.
fn report(seed: u64, millis: u64, violation: &Violation, outcome: &Outcome) {
    let shortest = shortest(seed, millis, violation);
    let again = run(seed, shortest, true);
    println!("VIOLATION in the world of seed {seed}: {violation}");
    println!("  first broken at step {} of the full run", outcome.steps);
    println!(
        "  the shortest prefix that shows it: faults for {shortest} ms, then {} steps in all",
        again.steps
    );
    println!(
        "  again: simulate --first-seed {seed} --seeds 1 --minutes {}",
        millis / 60_000
    );
    println!("  its last events:");
    for event in &again.last {
        println!("    {event}");
    }
}

/// The shortest time with faults after which the same law is broken: a shorter one has the same
/// beginning.
fn shortest(seed: u64, millis: u64, violation: &Violation) -> u64 {
    let breaks = |millis| {
        run(seed, millis, false)
            .violation
            .is_some_and(|other| other.law == violation.law)
    };
    if millis <= World::SHORTEST_MILLIS || breaks(World::SHORTEST_MILLIS) {
        return World::SHORTEST_MILLIS;
    }
    let (mut without, mut with) = (World::SHORTEST_MILLIS, millis);
    while with - without > 100 {
        let middle = without + (with - without) / 2;
        if breaks(middle) {
            with = middle;
        } else {
            without = middle;
        }
    }
    with
}

#[allow(clippy::cast_precision_loss)] // Rounded for a person.
fn print(args: &Args, tally: &Tally, took: Duration, violations: u64, hash: u64) {
    let rows = tally
        .rows()
        .filter(|(title, _)| *title != "simulated milliseconds");
    println!("{:>15}  worlds", args.seeds);
    println!(
        "{:>15.2}  simulated hours",
        tally.millis as f64 / 3_600_000.0
    );
    for (title, count) in rows {
        println!("{count:>15}  {title}");
    }
    println!(
        "{:>15.0}  datagrams sent per second of one core",
        tally.datagrams as f64 / took.as_secs_f64()
    );
    println!("{:>15}  overflow checks", on(overflow_checks()));
    println!("{:>15}  debug assertions", on(cfg!(debug_assertions)));
    println!("{violations:>15}  violations");
    println!("{hash:>15x}  hash of the trace");
}

fn on(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// Whether this build checks for overflow: by trying.
fn overflow_checks() -> bool {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let most = std::hint::black_box(u8::MAX);
    let checked = catch_unwind(|| std::hint::black_box(most + 1)).is_err();
    std::panic::set_hook(hook);
    checked
}
