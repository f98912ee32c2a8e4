//! Who has said nothing since it logged in, in the order of the logins.

use alloc::vec::Vec;

use super::place::Place;

/// A list whose links stand in a table beside the members': an entry for every member, in the list
/// or not. Nothing is searched, and to join or leave costs the same in a room of any size.
#[derive(Debug, Default)]
pub(super) struct SilentList {
    entries: Vec<Entry>,
    first: Option<Place>,
    last: Option<Place>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// How much traffic there had been before the login.
    before: u64,
    earlier: Option<Place>,
    later: Option<Place>,
}

impl SilentList {
    /// The next member of the table, which is silent or does not count as such. `before`: how much
    /// traffic there was.
    pub(super) fn push(&mut self, is_silent: bool, before: u64) {
        self.entries.push(Entry {
            before,
            earlier: None,
            later: None,
        });
        let place = self.entries.len() - 1;
        if is_silent {
            let earlier = core::mem::replace(&mut self.last, Place::new(place));
            self.set_later(earlier, Place::new(place));
            if let Some(entry) = self.entries.get_mut(place) {
                entry.earlier = earlier;
            }
        }
    }

    /// The one that has been silent for longest, and how much traffic there had been before it
    /// came.
    pub(super) fn first(&self) -> Option<(usize, u64)> {
        let index = self.first?.index();
        Some((index, self.entries.get(index)?.before))
    }

    /// Takes the member at `index` out of the list, if it is in.
    pub(super) fn spoke(&mut self, index: usize) {
        let place = Place::new(index);
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        let (earlier, later) = (entry.earlier.take(), entry.later.take());
        if earlier.is_none() && self.first != place {
            return;
        }
        self.set_later(earlier, later);
        self.set_earlier(later, earlier);
    }

    /// Takes the member at `index` out of the table; the last one of the table takes its place.
    pub(super) fn swap_remove(&mut self, index: usize) {
        self.spoke(index);
        let moved = self.entries.len().saturating_sub(1);
        let (from, to) = (Place::new(moved), Place::new(index));
        let Some(&Entry { earlier, later, .. }) = self.entries.last() else {
            return;
        };
        if index < moved && (earlier.is_some() || self.first == from) {
            self.set_later(earlier, to);
            self.set_earlier(later, to);
        }
        if index <= moved {
            self.entries.swap_remove(index);
        }
    }

    /// What follows on `place`, or comes first.
    fn set_later(&mut self, place: Option<Place>, later: Option<Place>) {
        match place {
            None => self.first = later,
            Some(place) => {
                if let Some(entry) = self.entries.get_mut(place.index()) {
                    entry.later = later;
                }
            }
        }
    }

    /// What comes before `place`, or last of all.
    fn set_earlier(&mut self, place: Option<Place>, earlier: Option<Place>) {
        match place {
            None => self.last = earlier,
            Some(place) => {
                if let Some(entry) = self.entries.get_mut(place.index()) {
                    entry.earlier = earlier;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list against a vector that is searched, through every sequence of some steps.
    #[test]
    fn it_says_the_same_as_a_list_that_is_searched() {
        const STEPS: u32 = 7;
        for sequence in 0..5_u32.pow(STEPS) {
            let mut list = SilentList::default();
            // The table: each member's traffic, when it is silent; and the same in the order of the
            // logins.
            let mut table: Vec<u64> = Vec::new();
            let mut silent: Vec<u64> = Vec::new();
            for step in 0..STEPS {
                let index = (step as usize) % table.len().max(1);
                match sequence / 5_u32.pow(step) % 5 {
                    kind @ 0..2 => {
                        let before = u64::from(step);
                        list.push(kind == 0, before);
                        table.push(before);
                        silent.extend((kind == 0).then_some(before));
                    }
                    2 if index < table.len() => {
                        list.spoke(index);
                        silent.retain(|before| *before != table[index]);
                    }
                    3 if !table.is_empty() => {
                        list.swap_remove(table.len() - 1);
                        let gone = table.pop();
                        silent.retain(|before| Some(*before) != gone);
                    }
                    4 if index < table.len() => {
                        list.swap_remove(index);
                        let gone = table.swap_remove(index);
                        silent.retain(|before| *before != gone);
                    }
                    _ => {}
                }
                let first = list.first().map(|(index, before)| (table[index], before));
                assert_eq!(
                    first,
                    silent.first().map(|&before| (before, before)),
                    "{sequence} at {step}"
                );
            }
        }
    }
}
