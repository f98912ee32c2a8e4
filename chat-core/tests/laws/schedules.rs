//! Every schedule of a few faults in the first datagrams of a conversation.

use std::{env, thread};

use crate::session::{FAULTS, Fault, World};

/// The datagrams that the faults hit.
const DATAGRAMS: usize = 30;

/// Tries `faults`, and all ways to put up to `more` faults on the datagrams behind them.
fn try_all(faults: &mut Vec<(usize, Fault)>, more: usize) {
    World::conversation(faults);
    let first = faults.last().map_or(1, |last| last.0 + 1);
    for datagram in (first..=DATAGRAMS).filter(|_| more > 0) {
        for fault in FAULTS {
            faults.push((datagram, fault));
            try_all(faults, more - 1);
            faults.pop();
        }
    }
}

/// `FAULTS=3` tries all of three faults; run it in a release build.
#[test]
fn every_schedule_of_faults_keeps_the_laws() {
    let most: usize = env::var("FAULTS").map_or(1, |faults| faults.parse().expect("a number"));
    let sent = World::conversation(&[]);
    assert!(sent >= DATAGRAMS, "only {sent} datagrams");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for core in 1..=cores {
            scope.spawn(move || {
                for first in (core..=DATAGRAMS).step_by(cores) {
                    for fault in FAULTS {
                        try_all(&mut vec![(first, fault)], most - 1);
                    }
                }
            });
        }
    });
}
