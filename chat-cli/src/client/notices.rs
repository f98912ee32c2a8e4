//! Members who join and leave: a line each while they are few, one line for all when they are
//! many.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat_core::Timestamp;
use chat_core::proto::Name;
use unicase::UniCase;

use crate::language::{Worded, Words, say};

/// The number of notices that are shown one by one within [`PAUSE`].
const AT_ONCE: usize = 5;
/// The time without a new notice after which those that wait are shown.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest time that a notice waits.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The number of names in a line about many members.
const SHOWN_NAMES: usize = 10;
/// The number of names that are remembered: a bound for a room that makes them up.
const MAX_NAMES: usize = 10_000;

/// The members who joined and left: one of them, or many.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Notice {
    joined: Vec<Name>,
    left: Vec<Name>,
}

impl Notice {
    pub(super) fn joined(name: Name) -> Self {
        let (joined, left) = (vec![name], Vec::new());
        Self { joined, left }
    }

    pub(super) fn left(name: Name) -> Self {
        let (joined, left) = (Vec::new(), vec![name]);
        Self { joined, left }
    }
}

/// In the form of the protocol's notices. The names are the words of strangers: make the text safe
/// before it is shown.
impl Worded for Notice {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        let (came, joined) = (self.joined.len(), list(&self.joined, SHOWN_NAMES));
        let (went, left) = (self.left.len(), list(&self.left, SHOWN_NAMES));
        match (came, went) {
            (1, 0) => say! { to, "* {joined} joined", "* {joined} 进入聊天室" },
            (0, 1) => say! { to, "* {left} left", "* {left} 退出聊天室" },
            (_, 0) => say! { to, "* {came} joined: {joined}", "* {came} 人进入聊天室：{joined}" },
            (0, _) => say! { to, "* {went} left: {left}", "* {went} 人退出聊天室：{left}" },
            _ => say! { to, "* {came} joined: {joined}; {went} left: {left}",
            "* {came} 人进入聊天室：{joined}；{went} 人退出聊天室：{left}" },
        }
    }
}

/// Returns the first `most` names, separated by commas.
pub(super) fn list(names: &[impl AsRef<str>], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let more = if names.len() > most { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Notices on their way to the terminal. When many come at once, the later ones wait, to be shown
/// as one.
#[derive(Debug, Default)]
pub(super) struct NoticeBatcher {
    /// The moments within [`PAUSE`] at which a notice was shown at once.
    shown: Vec<Timestamp>,
    /// Notices about one member each, in order, with the moments at which they came.
    waiting: Vec<(Timestamp, Notice)>,
}

impl NoticeBatcher {
    /// Adds a notice, and returns it when it is to be shown at once.
    pub(super) fn add(&mut self, now: Timestamp, notice: Notice) -> Option<Notice> {
        self.shown.retain(|shown| now < shown.plus(PAUSE));
        if self.waiting.is_empty() && self.shown.len() < AT_ONCE {
            self.shown.push(now);
            return Some(notice);
        }
        self.waiting.push((now, notice));
        None
    }

    /// Returns the moment at which [`take`](Self::take) is due.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        let ((first, _), (last, _)) = (self.waiting.first()?, self.waiting.last()?);
        Some(last.plus(PAUSE).min(first.plus(LONGEST_WAIT)))
    }

    /// Takes the notices that wait: one for all when they are many.
    pub(super) fn take(&mut self) -> Vec<Notice> {
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let waiting = waiting.map(|(_, notice)| notice);
        if waiting.len() <= AT_ONCE {
            return waiting.collect();
        }
        let mut all = Notice::default();
        for notice in waiting {
            all.joined.extend(notice.joined);
            all.left.extend(notice.left);
        }
        vec![all]
    }
}

/// The names that this client has seen: in lines and notices, not those of silent members. All
/// clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct NamesSeen(Arc<Mutex<BTreeSet<Name>>>);

impl NamesSeen {
    pub(super) fn add(&self, name: Name) {
        let mut names = self.lock();
        if names.len() < MAX_NAMES {
            names.insert(name);
        }
    }

    pub(super) fn remove(&self, name: Name) {
        self.lock().remove(&name);
    }

    /// Returns the names in order.
    pub(super) fn all(&self) -> Vec<Name> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Name>> {
        // A thread that panicked has left names that are still right.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns `text` in the form in which names are compared, here and by servers: in any case.
pub(super) fn folded(text: &str) -> String {
    UniCase::unicode(text).to_folded_case()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: u64) -> Name {
        Name::new(&format!("n{number}")).unwrap()
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn count(notices: &[Notice]) -> usize {
        let names = |notice: &Notice| notice.joined.len() + notice.left.len();
        notices.iter().map(names).sum()
    }

    #[test]
    fn few_notices_are_shown_one_by_one_and_many_together() {
        let mut batcher = NoticeBatcher::default();
        for number in 0..5 {
            let shown = batcher.add(at(0), Notice::joined(name(number)));
            assert_eq!(shown, Some(Notice::joined(name(number))));
        }
        assert_eq!(batcher.poll_timeout(), None);
        for number in 5..20 {
            assert_eq!(batcher.add(at(10), Notice::joined(name(number))), None);
        }
        assert_eq!(batcher.add(at(20), Notice::left(name(0))), None);
        assert_eq!(batcher.poll_timeout(), Some(at(20).plus(PAUSE)));
        let (joined, left) = ((5..20).map(name).collect(), vec![name(0)]);
        assert_eq!(batcher.take(), [Notice { joined, left }]);
        assert_eq!((batcher.take(), batcher.poll_timeout()), (vec![], None));
    }

    #[test]
    fn a_few_notices_that_waited_have_a_line_each() {
        let mut batcher = NoticeBatcher::default();
        for number in 0..7 {
            let _shown = batcher.add(at(0), Notice::left(name(number)));
        }
        assert_eq!(
            batcher.take(),
            [5, 6].map(|number| Notice::left(name(number)))
        );
    }

    #[test]
    fn no_notice_waits_for_long_and_none_is_lost() {
        let mut batcher = NoticeBatcher::default();
        let mut shown = 0;
        for number in 0..1_000 {
            let now = at(100 * number);
            if batcher.poll_timeout().is_some_and(|due| due <= now) {
                shown += count(&batcher.take());
            }
            shown += usize::from(batcher.add(now, Notice::joined(name(number))).is_some());
            if let Some((first, _)) = batcher.waiting.first() {
                assert!(
                    now <= first.plus(LONGEST_WAIT),
                    "since {first:?}, at {now:?}"
                );
            }
        }
        assert_eq!(shown + count(&batcher.take()), 1_000);
    }

    #[test]
    fn notices_that_come_now_and_then_are_shown_at_once() {
        let mut batcher = NoticeBatcher::default();
        for number in 0..50 {
            let shown = batcher.add(at(number * 250), Notice::left(name(number)));
            assert_eq!(shown, Some(Notice::left(name(number))));
        }
    }
}
