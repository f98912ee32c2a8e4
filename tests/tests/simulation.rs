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
    for (what, count) in tally
        .rows()
        .filter(|(what, _)| !what.contains("forged login"))
    {
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
