//! How fast each network logs in: a table with a fixed number of places.

use alloc::collections::{BTreeMap, BTreeSet};
use core::num::NonZeroU32;

use crate::rate::{Bucket, Rate};
use crate::time::Timestamp;

/// One bucket per network. When all places are taken, the network that was idle for longest gives
/// way: what its bucket held is forgotten.
#[derive(Debug)]
pub(super) struct LoginRates<N> {
    places: NonZeroU32,
    /// Each network's bucket, and when something was taken from it last.
    buckets: BTreeMap<N, (Bucket, Timestamp)>,
    /// The same networks, the idlest first.
    by_use: BTreeSet<(Timestamp, N)>,
}

impl<N: Copy + Ord> LoginRates<N> {
    pub(super) fn new(places: NonZeroU32) -> Self {
        Self {
            places,
            buckets: BTreeMap::new(),
            by_use: BTreeSet::new(),
        }
    }

    /// Whether one more login from `network` is within `rate`; if so, it is counted. Who is over
    /// the rate costs one lookup.
    pub(super) fn take(&mut self, now: Timestamp, network: N, rate: Rate) -> bool {
        if let Some((bucket, used)) = self.buckets.get_mut(&network) {
            let given = bucket.take(now, rate, 1);
            if given {
                self.by_use.remove(&(*used, network));
                self.by_use.insert((now, network));
                *used = now;
            }
            return given;
        }
        if self.buckets.len() >= self.places.get() as usize
            && let Some((_, idlest)) = self.by_use.pop_first()
        {
            self.buckets.remove(&idlest);
        }
        let mut bucket = Bucket::default();
        let given = bucket.take(now, rate, 1);
        self.buckets.insert(network, (bucket, now));
        self.by_use.insert((now, network));
        given
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_never_grows_beyond_its_places_and_the_idlest_gives_way() {
        let rate = Rate::at_least_one(1, 1);
        let mut rates = LoginRates::new(NonZeroU32::new(2).unwrap());
        let at = Timestamp::from_millis;
        assert!(rates.take(at(0), 'a', rate));
        assert!(rates.take(at(1), 'b', rate));
        assert!(!rates.take(at(2), 'a', rate), "a has used its burst up");
        assert!(
            rates.take(at(1_001), 'a', rate),
            "a second later it may again"
        );
        assert!(rates.take(at(1_002), 'c', rate), "b, the idlest, gives way");
        assert!(!rates.take(at(1_002), 'a', rate), "a is remembered");
        assert!(rates.take(at(1_002), 'b', rate), "b was forgotten");
        for index in 0..100 {
            rates.take(at(2_000 + u64::from(index)), char::from(index), rate);
            assert_eq!((rates.buckets.len(), rates.by_use.len()), (2, 2));
        }
    }
}
