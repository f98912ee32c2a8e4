//! What a call returns: borrowed from the server, so that nothing is copied and nothing changes
//! until it is sent.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;
use core::slice;

use chat_proto::{
    Content, Delivery, Dialect, EncodeError, MAX_DATAGRAM, MAX_END_WORDS, MAX_WORD, Reply,
};

use super::event::Event;

/// What happened, and what has to be sent for it.
#[must_use = "the datagrams that the call caused have to be sent"]
#[derive(Debug)]
pub struct Outgoing<'a, A> {
    pub(super) event: Event<'a, A>,
    pub(super) plan: &'a Plan<A>,
    pub(super) members: &'a [A],
}

/// One payload for a set of addresses.
#[derive(Debug)]
pub struct Transmit<'a, A> {
    /// The datagram, at most [`MAX_DATAGRAM`] bytes.
    pub payload: &'a [u8],
    /// To whom, each once, in no particular (but always the same) order.
    pub to: Recipients<'a, A>,
}

/// A set of addresses: two slices of the member table, with perhaps one member between them left
/// out.
#[derive(Debug)]
pub struct Recipients<'a, A> {
    before: &'a [A],
    behind: &'a [A],
}

impl<'a, A: Copy> Outgoing<'a, A> {
    /// What happened.
    pub fn event(&self) -> Event<'a, A> {
        self.event
    }

    /// What has to be sent, in this order: at most 2 and one per end word. Those without a
    /// recipient are left out.
    pub fn transmits(&self) -> impl Iterator<Item = Transmit<'a, A>> + use<'a, A> {
        let (plan, members) = (self.plan, self.members);
        plan.steps.iter().filter_map(move |step| {
            let payload = plan.scratch.get(step.payload.clone())?;
            let to = Recipients::of(&step.to, members);
            (!to.is_empty()).then_some(Transmit { payload, to })
        })
    }
}

impl<'a, A: Copy> Recipients<'a, A> {
    fn of(to: &'a To<A>, members: &'a [A]) -> Self {
        match to {
            To::One(peer) => Self {
                before: slice::from_ref(peer),
                behind: &[],
            },
            To::All => Self {
                before: members,
                behind: &[],
            },
            To::AllBut(index) => {
                let (before, rest) = members.split_at_checked(*index).unwrap_or((members, &[]));
                Self {
                    before,
                    behind: rest.get(1..).unwrap_or_default(),
                }
            }
        }
    }

    /// The addresses, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = A> + use<'a, A> {
        self.before.iter().chain(self.behind).copied()
    }

    /// The same as two slices: for sending in batches.
    pub fn as_slices(&self) -> (&'a [A], &'a [A]) {
        (self.before, self.behind)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.before.len() + self.behind.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// To whom a step of a plan goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum To<A> {
    One(A),
    All,
    /// All but the member that stands at this place of the table.
    AllBut(usize),
}

#[derive(Debug)]
struct Step<A> {
    payload: Range<usize>,
    to: To<A>,
}

/// The sends of one call. Its storage is made once and used again: a call allocates nothing.
#[derive(Debug)]
pub(super) struct Plan<A> {
    steps: Vec<Step<A>>,
    scratch: Vec<u8>,
    used: usize,
}

/// The most that one call writes: a kick's reason, its end words and its notice.
const SCRATCH: usize = MAX_END_WORDS * MAX_WORD + 2 * MAX_DATAGRAM;
const MAX_STEPS: usize = MAX_END_WORDS + 2;

impl<A> Plan<A> {
    pub(super) fn new() -> Self {
        Self {
            steps: Vec::with_capacity(MAX_STEPS),
            scratch: vec![0; SCRATCH],
            used: 0,
        }
    }

    /// Forgets the previous call.
    pub(super) fn clear(&mut self) {
        self.steps.clear();
        self.used = 0;
    }

    pub(super) fn reply<R: Content>(&mut self, dialect: &Dialect, reply: &Reply<R>, to: To<A>) {
        self.add(to, |buffer| reply.encode(dialect, buffer).map(<[u8]>::len));
    }

    pub(super) fn delivery<T: Content>(
        &mut self,
        dialect: &Dialect,
        delivery: &Delivery<T>,
        to: To<A>,
    ) {
        self.add(to, |buffer| {
            delivery.encode(dialect, buffer).map(<[u8]>::len)
        });
    }

    fn add(&mut self, to: To<A>, encode: impl FnOnce(&mut [u8]) -> Result<usize, EncodeError>) {
        let start = self.used;
        // Neither fails: replies and deliveries always fit a datagram, and SCRATCH holds the
        // longest plan.
        let written = encode(self.scratch.get_mut(start..).unwrap_or_default());
        debug_assert!(
            written.is_ok(),
            "the scratch buffer is too small: {written:?}"
        );
        if let Ok(len) = written {
            self.used += len;
            self.steps.push(Step {
                payload: start..self.used,
                to,
            });
        }
    }

    /// How many datagrams the plan sends when the table has `members` members.
    pub(super) fn datagrams(&self, members: usize) -> u64 {
        let recipients = self.steps.iter().map(|step| match step.to {
            To::One(_) => 1,
            To::All => members as u64,
            To::AllBut(_) => (members as u64).saturating_sub(1),
        });
        recipients.sum()
    }

    /// How many bytes the plan sends to a member that it neither answers nor leaves out.
    pub(super) fn broadcast_bytes(&self) -> u64 {
        let broadcasts = self
            .steps
            .iter()
            .filter(|step| !matches!(step.to, To::One(_)));
        broadcasts.map(|step| step.payload.len() as u64).sum()
    }
}
