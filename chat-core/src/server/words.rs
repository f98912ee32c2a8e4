//! The words that existing programs wait for, and the search for those of a member (rule 1).
// An index of a dialect comes from this list.
#![allow(clippy::indexing_slicing)]

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use chat_proto::{Dialect, EndWords, Word};

use super::config::Config;
use super::members::{Member, Members};
use crate::peer::Peer;
use crate::time::Timestamp;

/// The time after an answer in which a repeated login is the network's copy of the last one.
const COPY_TIME: Duration = Duration::from_millis(300);

/// The success words in use, in the order of the search, and the end words that go with each. More
/// end words than a program waits for are harmless.
const IN_USE: [(&str, &[&str]); 3] = [
    ("OK", &["EXIT"]),
    ("ok", &["EXIT", "exit", "quit", "#"]),
    ("IN", &["OUT", "EXIT", "exit", "quit", "#"]),
];

/// The dialects of a room, which differ only in their success and end words.
pub(super) struct Words {
    /// In the order of the search: the first one is that of strangers and of new members.
    dialects: Vec<Dialect>,
    /// The end words of all dialects, each once.
    pub(super) all_ends: EndWords,
}

impl Words {
    pub(super) fn new(config: &Config) -> Self {
        let (chosen, plain) = (config.dialect, Dialect::strict());
        let is_plain = chosen.success() == plain.success() && chosen.ends() == plain.ends();
        let dialects = if config.search_words && is_plain {
            IN_USE.map(|pair| with_words(&chosen, pair)).into()
        } else {
            vec![chosen]
        };
        let mut ends: Vec<Word> = Vec::new();
        for word in dialects.iter().flat_map(|dialect| dialect.ends().iter()) {
            if !ends.contains(&word) {
                ends.push(word);
            }
        }
        let all_ends = EndWords::new(&ends).expect("1 to 8 words, each once");
        Self { dialects, all_ends }
    }

    /// Returns the dialect of a member, or of strangers.
    pub(super) fn of<A: Peer>(&self, members: &Members<A>, member: Option<usize>) -> &Dialect {
        &self.dialects[member.map_or(0, |index| members.get(index).dialect.into())]
    }

    /// Gives a member that repeats its login the next dialect, unless it understood the last answer
    /// or has hardly had the time to read it.
    pub(super) fn search(&self, now: Timestamp, member: &mut Member) {
        if !member.understood && now.since(member.answered) >= COPY_TIME {
            let next = member.dialect + 1;
            let is_last = usize::from(next) == self.dialects.len();
            member.dialect = if is_last { 0 } else { next };
        }
        member.answered = now;
    }
}

fn with_words(dialect: &Dialect, (success, ends): (&str, &[&str])) -> Dialect {
    let word = |text: &&str| Word::new(text).expect("a word");
    let ends: Vec<Word> = ends.iter().map(word).collect();
    let ends = EndWords::new(&ends).expect("1 to 8 words, each once");
    let dialect = dialect.with_words(word(&success), ends);
    dialect.expect("a success word that is no end word")
}
