//! Comings and goings: one line each while they are few, one line for all when many come at once.

use std::collections::VecDeque;
use std::time::Duration;

use chat_core::Timestamp;
use chat_core::proto::Name;

/// How many notices are shown one by one within [`PAUSE`].
const AT_ONCE: usize = 5;
/// How long nothing has to come before those that were held back are shown.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the first of them is held back at most.
const LONGEST: Duration = Duration::from_secs(5);

/// Somebody came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Came(Name),
    Went(Name),
}

/// Notices that were held back, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// So few that each has a line.
    Few(Vec<Notice>),
    /// Who came, and who went.
    Many { came: Vec<Name>, went: Vec<Name> },
}

/// Notices on their way to the screen.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// When those that were shown one by one came: the last [`AT_ONCE`].
    shown: VecDeque<Timestamp>,
    held: Vec<Notice>,
    /// When the first one was held back, and the last.
    since: Option<(Timestamp, Timestamp)>,
}

impl Crowd {
    /// A notice that came; what is to be shown at once.
    pub(super) fn notice(&mut self, now: Timestamp, notice: Notice) -> Option<Notice> {
        let many = self.shown.len() == AT_ONCE
            && self
                .shown
                .front()
                .is_some_and(|first| now < first.plus(PAUSE));
        if self.since.is_none() && !many {
            if self.shown.len() == AT_ONCE {
                self.shown.pop_front();
            }
            self.shown.push_back(now);
            return Some(notice);
        }
        self.held.push(notice);
        let first = self.since.map_or(now, |(first, _)| first);
        self.since = Some((first, now));
        None
    }

    /// When [`take`](Self::take) is due.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        let (first, last) = self.since?;
        Some(last.plus(PAUSE).min(first.plus(LONGEST)))
    }

    /// What was held back.
    pub(super) fn take(&mut self) -> Option<Held> {
        self.since.take()?;
        let held = std::mem::take(&mut self.held);
        if held.len() <= AT_ONCE {
            return Some(Held::Few(held));
        }
        let (mut came, mut went) = (Vec::new(), Vec::new());
        for notice in held {
            match notice {
                Notice::Came(name) => came.push(name),
                Notice::Went(name) => went.push(name),
            }
        }
        Some(Held::Many { came, went })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: usize) -> Name {
        Name::new(&format!("n{number}")).unwrap()
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn few_are_shown_one_by_one_and_many_together() {
        let mut crowd = Crowd::default();
        for number in 0..AT_ONCE {
            let notice = Notice::Came(name(number));
            assert_eq!(crowd.notice(at(0), notice), Some(notice));
        }
        assert_eq!(crowd.poll_timeout(), None);
        for number in AT_ONCE..20 {
            assert_eq!(crowd.notice(at(10), Notice::Came(name(number))), None);
        }
        assert_eq!(crowd.notice(at(20), Notice::Went(name(0))), None);
        assert_eq!(crowd.poll_timeout(), Some(at(20).plus(PAUSE)));
        let came = (AT_ONCE..20).map(name).collect();
        let went = vec![name(0)];
        assert_eq!(crowd.take(), Some(Held::Many { came, went }));
        assert_eq!((crowd.take(), crowd.poll_timeout()), (None, None));
    }

    #[test]
    fn a_few_that_were_held_back_have_a_line_each() {
        let mut crowd = Crowd::default();
        let notices: Vec<Notice> = (0..AT_ONCE + 2)
            .map(|number| Notice::Went(name(number)))
            .collect();
        for &notice in &notices {
            let _shown = crowd.notice(at(0), notice);
        }
        assert_eq!(crowd.take(), Some(Held::Few(notices[AT_ONCE..].to_vec())));
    }

    fn how_many(held: Option<Held>) -> usize {
        match held {
            None => 0,
            Some(Held::Few(notices)) => notices.len(),
            Some(Held::Many { came, went }) => came.len() + went.len(),
        }
    }

    #[test]
    fn nobody_is_held_back_for_long_and_none_is_lost() {
        let mut crowd = Crowd::default();
        let (mut told, mut now) = (0, 0);
        for number in 0..1_000 {
            now += 100;
            if crowd.poll_timeout().is_some_and(|due| due <= at(now)) {
                told += how_many(crowd.take());
            }
            told += usize::from(crowd.notice(at(now), Notice::Came(name(number))).is_some());
            if let Some((first, _)) = crowd.since {
                assert!(
                    at(now) <= first.plus(LONGEST),
                    "held back since {first:?}, at {now}"
                );
            }
        }
        assert_eq!(told + how_many(crowd.take()), 1_000);
    }

    #[test]
    fn those_who_come_now_and_then_are_shown_at_once() {
        let mut crowd = Crowd::default();
        for number in 0..50 {
            let notice = Notice::Went(name(number));
            assert_eq!(crowd.notice(at(number as u64 * 250), notice), Some(notice));
        }
    }
}
