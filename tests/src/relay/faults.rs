//! What a bad network does to datagrams, from a seed.

use std::time::Duration;

/// How long a datagram is held back so that later ones overtake it: at least, and less than, so
/// many milliseconds. Lines of a busy conversation are closer together than that.
const HELD_MILLIS: std::ops::Range<u64> = 2..20;

/// How bad the network is, in each direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Of a hundred datagrams, how many are lost.
    pub loss_percent: u8,
    /// Of a hundred that are not lost, how many arrive twice.
    pub duplicate_percent: u8,
    /// Of a hundred copies, how many are held back for a few milliseconds.
    pub reorder_percent: u8,
}

/// Decides, for one direction of one client's traffic. The same seed decides the same for the first
/// datagram, the second and so on, whatever goes on in other directions.
#[derive(Debug)]
pub(super) struct Dice {
    faults: Faults,
    random: fastrand::Rng,
}

impl Dice {
    pub(super) fn new(faults: Faults, seed: u64) -> Self {
        Self {
            faults,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// For how long each copy of the next datagram is held back; no copy: it is lost.
    pub(super) fn copies(&mut self) -> Vec<Duration> {
        // Always the same number of throws for a datagram that comes through, and one for a lost
        // one.
        if self.happens(self.faults.loss_percent) {
            return Vec::new();
        }
        let copies = if self.happens(self.faults.duplicate_percent) {
            2
        } else {
            1
        };
        (0..copies).map(|_| self.pause()).collect()
    }

    fn pause(&mut self) -> Duration {
        if self.happens(self.faults.reorder_percent) {
            Duration::from_millis(self.random.u64(HELD_MILLIS))
        } else {
            Duration::ZERO
        }
    }

    fn happens(&mut self, percent: u8) -> bool {
        self.random.u8(0..100) < percent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_network_hands_every_datagram_on_once_and_at_once() {
        let mut dice = Dice::new(Faults::default(), 1);
        for _ in 0..1_000 {
            assert_eq!(dice.copies(), [Duration::ZERO], "no fault was asked for");
        }
    }

    #[test]
    fn the_same_seed_decides_the_same_and_about_as_often_as_asked_for() {
        let faults = Faults {
            loss_percent: 20,
            duplicate_percent: 10,
            reorder_percent: 30,
        };
        let decide = |seed| {
            let mut dice = Dice::new(faults, seed);
            (0..10_000).map(|_| dice.copies()).collect::<Vec<_>>()
        };
        let decided = decide(7);
        assert_eq!(decided, decide(7), "a run must be repeatable");
        assert_ne!(decided, decide(8), "another seed must be another run");

        let lost = decided.iter().filter(|copies| copies.is_empty()).count();
        let doubled = decided.iter().filter(|copies| copies.len() == 2).count();
        let held = decided
            .iter()
            .flatten()
            .filter(|pause| !pause.is_zero())
            .count();
        assert!(
            (1_800..2_200).contains(&lost),
            "20 % of 10,000 were to be lost, not {lost}"
        );
        assert!(
            (600..1_000).contains(&doubled),
            "10 % of 8,000 were to be doubled, not {doubled}"
        );
        assert!(
            (2_300..3_000).contains(&held),
            "30 % of 8,800 were to be held back, not {held}"
        );
    }
}
