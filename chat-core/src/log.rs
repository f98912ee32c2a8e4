//! A bounded log of numbered texts: the entries of a room, and the requests that a client has not
//! been told are taken (PROTOCOL.md, "Sessions").

use alloc::collections::VecDeque;
use alloc::string::String;
use core::num::NonZeroU32;

use crate::time::Timestamp;

/// The latest texts, numbered without gaps. It holds no more than a number of entries and of bytes
/// and drops the oldest ones; it allocates nothing per entry, because it grows to about twice its
/// bytes and stays there.
#[derive(Debug)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    /// The texts of the entries, behind those of some that are no longer held.
    texts: String,
    /// Bytes of all texts that are no longer in `texts`.
    cut: u64,
    held_bytes: usize,
    /// The number of the next entry.
    next: u64,
    limits: LogLimits,
}

/// The bounds of a log. It always holds the latest entry, however long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct LogLimits {
    /// The most entries.
    pub entries: NonZeroU32,
    /// The most bytes of their texts together.
    pub bytes: NonZeroU32,
}

impl LogLimits {
    /// The bounds by default, of a room and of a client.
    pub(crate) const USUAL: Self = Self {
        entries: NonZeroU32::new(1_024).expect("not zero"),
        bytes: NonZeroU32::new(256 << 10).expect("not zero"),
    };
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Timestamp,
    /// Bytes of all texts before this one.
    start: u64,
    len: usize,
}

impl Log {
    /// Creates an empty log, whose first entry will have the number 1.
    pub(crate) fn new(limits: LogLimits) -> Self {
        Self {
            entries: VecDeque::new(),
            texts: String::new(),
            cut: 0,
            held_bytes: 0,
            next: 1,
            limits,
        }
    }

    /// Returns the number of the oldest entry that is held, or of the next one.
    pub(crate) fn first(&self) -> u64 {
        self.next - self.entries.len() as u64
    }

    /// Returns the number of the next entry.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Returns the number of the first of the newest `count` entries that are held.
    pub(crate) fn newest(&self, count: u32) -> u64 {
        self.first().max(self.next.saturating_sub(count.into()))
    }

    /// Adds an entry that happened at `at`.
    pub(crate) fn append(&mut self, at: Timestamp, text: &str) {
        let len = text.len();
        let (most_entries, most_bytes) = (self.limits.entries.get(), self.limits.bytes.get());
        while self.entries.len() >= most_entries as usize
            || (self.held_bytes + len > most_bytes as usize && !self.entries.is_empty())
        {
            self.drop_before(self.first() + 1);
        }
        // Moving the held bytes once per so many dropped ones costs a constant per byte.
        let dropped = self.texts.len() - self.held_bytes;
        if dropped >= most_bytes as usize / 2 || self.entries.is_empty() {
            self.texts.drain(..dropped);
            self.cut += dropped as u64;
        }
        let start = self.cut + self.texts.len() as u64;
        self.texts.push_str(text);
        self.held_bytes += len;
        self.entries.push_back(Entry { at, start, len });
        self.next += 1;
    }

    /// Returns the number of held entries and the bytes of their texts.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.held_bytes)
    }

    /// Drops the entries before the number `first`.
    pub(crate) fn drop_before(&mut self, first: u64) {
        while self.first() < first
            && let Some(entry) = self.entries.pop_front()
        {
            self.held_bytes -= entry.len;
        }
    }

    /// Numbers the held entries anew, so that the first one has the number `first`.
    pub(crate) fn renumber(&mut self, first: u64) {
        self.next = first + self.entries.len() as u64;
    }

    /// Returns the held entries from the number `first` on: text and moment of each.
    pub(crate) fn from(&self, first: u64) -> impl Iterator<Item = (&str, Timestamp)> + '_ {
        let skipped = first
            .saturating_sub(self.first())
            .min(self.entries.len() as u64);
        let skipped = usize::try_from(skipped).expect("at most the number of entries");
        self.entries.range(skipped..).map(|entry| {
            let start = usize::try_from(entry.start - self.cut).expect("an index of the texts");
            let text = self.texts.get(start..start + entry.len);
            (
                text.expect("an entry was written with its length"),
                entry.at,
            )
        })
    }

    /// Returns the number behind the last entry that fits `bytes` bytes with all entries from
    /// `first` on, each with a separator. At least one entry fits.
    pub(crate) fn end_of(&self, first: u64, bytes: usize) -> u64 {
        let mut left = bytes;
        let fit = self
            .from(first)
            .enumerate()
            .take_while(|(index, (text, _))| {
                let fits = text.len() < left;
                left = left.saturating_sub(text.len() + 1);
                fits || *index == 0
            });
        first + fit.count() as u64
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::*;

    fn log(entries: u32, bytes: u32) -> Log {
        let number = |number| NonZeroU32::new(number).unwrap();
        Log::new(LogLimits {
            entries: number(entries),
            bytes: number(bytes),
        })
    }

    fn texts(log: &Log, first: u64) -> Vec<(&str, u64)> {
        let entries = log.from(first);
        entries.map(|(text, at)| (text, at.as_millis())).collect()
    }

    #[test]
    fn the_latest_entries_are_held_in_order() {
        let mut log = log(3, 10);
        for (at, text) in ["a", "bb", "吃", "dddd"].into_iter().enumerate() {
            log.append(Timestamp::from_millis(at as u64), text);
        }
        assert_eq!((log.first(), log.next(), log.newest(2)), (2, 5, 3));
        assert_eq!(texts(&log, 1), [("bb", 1), ("吃", 2), ("dddd", 3)]);
        assert_eq!(texts(&log, 4), [("dddd", 3)]);
        assert_eq!(texts(&log, 5), []);
        log.append(Timestamp::from_millis(4), "eeeeee");
        assert_eq!(texts(&log, 0), [("dddd", 3), ("eeeeee", 4)]);
        // The latest entry is held, however long.
        log.append(Timestamp::from_millis(5), "longer than ten");
        assert_eq!((log.first(), log.size()), (6, (1, 15)));
        log.renumber(2);
        assert_eq!(texts(&log, 2), [("longer than ten", 5)]);
        assert_eq!((log.first(), log.next()), (2, 3));
    }

    #[test]
    fn a_datagram_holds_what_fits_and_at_least_one_entry() {
        let mut log = log(9, 90);
        for text in ["four", "four", "longer"] {
            log.append(Timestamp::default(), text);
        }
        let ends = [4, 5, 9, 10, 16, 17].map(|bytes| log.end_of(1, bytes));
        assert_eq!(ends, [2, 2, 2, 3, 3, 4]);
        assert_eq!((log.end_of(3, 1), log.end_of(4, 1)), (4, 4));
    }

    #[test]
    fn the_memory_of_a_log_stays_within_twice_its_bytes() {
        let mut log = log(50, 1_000);
        for number in 0..10_000 {
            log.append(Timestamp::default(), &format!("{number:>30}"));
            assert_eq!(log.from(log.next() - 1).count(), 1);
        }
        assert!(log.texts.capacity() <= 2_048, "{}", log.texts.capacity());
        let last = texts(&log, 9_999);
        assert_eq!(
            last.iter().map(|it| it.0.trim()).collect::<Vec<_>>(),
            ["9998", "9999"]
        );
    }
}
