//! The hash of everything that happened, and the last of it in words.

use std::collections::VecDeque;

/// How many events are kept in words.
const KEPT: usize = 30;

/// What happened in a world.
#[derive(Debug)]
pub(super) struct Trace {
    hash: u64,
    last: Option<VecDeque<String>>,
}

impl Trace {
    /// With `in_words`, the last events are kept for a person to read.
    pub(super) fn new(in_words: bool) -> Self {
        Self {
            hash: 0,
            last: in_words.then(VecDeque::new),
        }
    }

    pub(super) fn note(&mut self, numbers: [u64; 4], words: impl FnOnce() -> String) {
        for number in numbers {
            self.hash = mix(self.hash, number);
        }
        if let Some(last) = &mut self.last {
            if last.len() == KEPT {
                last.pop_front();
            }
            last.push_back(words());
        }
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn last(&self) -> Vec<String> {
        self.last.iter().flatten().cloned().collect()
    }
}

/// A hash that depends on every byte and on nothing else.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    let blocks = bytes.chunks(8).map(|chunk| {
        let mut block = [0; 8];
        block[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(block)
    });
    blocks.fold(bytes.len() as u64, mix)
}

/// One step of a multiply-and-rotate hash.
pub(super) fn mix(hash: u64, number: u64) -> u64 {
    (hash ^ number)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(29)
}
