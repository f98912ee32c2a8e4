//! A few simulated worlds in every run of the tests; `cargo run --release -p chat-tests --bin
//! simulate` runs more.

use chat_tests::sim::{Outcome, Tally, World};

fn world(seed: u64, millis: u64) -> Outcome {
    World::new(seed, millis, false).run()
}

#[test]
fn no_law_is_broken_in_forty_worlds() {
    let mut tally = Tally::default();
    for seed in 0..40 {
        let outcome = world(seed, 120_000);
        assert_eq!(outcome.violation, None, "in the world of seed {seed}");
        tally += &outcome.tally;
    }
    // A world in which nothing happens would pass too.
    for (what, count) in tally.rows() {
        assert!(count > 0, "nothing was counted under `{what}`");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..10 {
        let (one, other) = (world(seed, 60_000), world(seed, 60_000));
        assert_eq!(
            (one.hash, one.steps, one.tally),
            (other.hash, other.steps, other.tally),
            "seed {seed}"
        );
    }
    assert_ne!(world(1, 60_000).hash, world(2, 60_000).hash, "seeds differ");
}

/// Returns the latency in milliseconds that 99 of 100 lines keep, and the number of lines.
fn latency_at(loss: u32) -> (u64, usize) {
    let mut all = Vec::new();
    for seed in 0..20 {
        let outcome = World::lossy(seed, 600_000, loss).run();
        assert_eq!(outcome.violation, None);
        all.extend(outcome.latencies);
    }
    all.sort_unstable();
    (all[all.len() * 99 / 100], all.len())
}

#[test]
fn a_line_is_shown_in_time_where_a_fifth_is_lost() {
    for (loss, most_millis) in [(100, 360), (200, 600)] {
        let (millis, lines) = latency_at(loss);
        assert!(lines > 10_000, "{lines} lines were shown");
        assert!(
            millis <= most_millis,
            "{millis} ms at a loss of {loss} in 1,000"
        );
    }
}
