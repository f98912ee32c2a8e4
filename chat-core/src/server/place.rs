//! Where a member stands in the table.

use core::num::NonZeroU32;

/// So many members fit the table; more than fit any memory of today.
pub(super) const MAX_MEMBERS: u32 = u32::MAX - 1;

/// A place in the table, in half of the room that a `usize` takes: every member has several. An
/// [`Option`] of one takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(NonZeroU32);

impl Place {
    /// `None` beyond [`MAX_MEMBERS`].
    pub(super) fn new(index: usize) -> Option<Self> {
        let number = u32::try_from(index).ok()?.checked_add(1)?;
        NonZeroU32::new(number).map(Self)
    }

    pub(super) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}
