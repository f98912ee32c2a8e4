//! What happens when: a wheel of milliseconds.

/// The span of the wheel; a power of two.
const SPAN: usize = 1 << 13;

/// Things to come, in the order of their milliseconds and, within one, in the order in which they
/// were planned.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    wheel: Vec<Vec<T>>,
    now: u64,
    /// What remains of this millisecond, the next one last.
    due: Vec<T>,
}

impl<T> Schedule<T> {
    /// The furthest moment that can be planned is so far away, in milliseconds.
    pub(super) const HORIZON: u64 = SPAN as u64 - 1;

    pub(super) fn new() -> Self {
        Self {
            wheel: std::iter::repeat_with(Vec::new).take(SPAN).collect(),
            now: 0,
            due: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// Plans `thing` for the millisecond `at`: at the earliest the next one, at the latest the
    /// horizon.
    pub(super) fn plan(&mut self, at: u64, thing: T) {
        let at = at.clamp(self.now + 1, self.now + Self::HORIZON);
        self.wheel[at as usize & (SPAN - 1)].push(thing);
    }

    /// The next thing, if there is one before the millisecond `end`.
    pub(super) fn next(&mut self, end: u64) -> Option<T> {
        loop {
            if let Some(thing) = self.due.pop() {
                return Some(thing);
            }
            if self.now + 1 >= end {
                return None;
            }
            self.now += 1;
            std::mem::swap(
                &mut self.due,
                &mut self.wheel[self.now as usize & (SPAN - 1)],
            );
            self.due.reverse();
        }
    }
}
