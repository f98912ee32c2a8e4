//! The datagrams that a call caused, borrowed from the server: nothing is copied, and nothing can
//! change until they are sent.

use alloc::vec::Vec;
use core::ops::Range;
use core::slice;

use chat_proto::{Delivery, EncodeError, MAX_DATAGRAM, MAX_SESSION_DATAGRAM};

use super::event::Event;
use super::stats::Stats;
use super::tokens::{Scope, Sessions};
use crate::peer::Peer;
use crate::time::Timestamp;

/// The event of a call, and the datagrams that it caused.
#[must_use = "the datagrams that the call caused have to be sent"]
#[derive(Debug)]
pub struct Outgoing<'a, A: Peer> {
    pub(super) event: Event<'a, A>,
    pub(super) plan: &'a Plan<A>,
    pub(super) members: &'a [A],
    pub(super) sessions: Option<&'a mut Sessions<A>>,
    pub(super) scope: Scope,
    /// The number of the first entry that the call added to the log.
    pub(super) first_entry: u64,
    pub(super) stats: &'a mut Stats,
    pub(super) now: Timestamp,
}

/// One payload for a set of addresses.
#[derive(Debug)]
pub struct Transmit<'a, A> {
    /// The datagram, at most [`MAX_DATAGRAM`] bytes.
    pub payload: &'a [u8],
    /// The recipients, each once.
    pub to: Recipients<'a, A>,
}

/// A set of addresses, in an order that is unspecified and always the same for the same calls.
#[derive(Debug)]
pub struct Recipients<'a, A> {
    /// The member table, or the part of it before the member that is left out.
    before: &'a [A],
    behind: &'a [A],
}

impl<'a, A: Peer> Outgoing<'a, A> {
    /// Returns the event of the call.
    pub fn event(&self) -> Event<'a, A> {
        self.event
    }

    /// Returns the datagrams in sending order, each with at least one recipient: at most 2 and one
    /// per end word, or a few for a session that comes or speaks.
    pub fn transmits(&self) -> impl Iterator<Item = Transmit<'a, A>> + use<'a, A> {
        let (plan, members) = (self.plan, self.members);
        plan.steps.iter().filter_map(move |step| {
            let to = Recipients::of(&step.to, members);
            let payload = plan.payloads.get(step.payload.clone());
            let payload = payload.expect("a step's payload was written with it");
            (!to.is_empty()).then_some(Transmit { payload, to })
        })
    }

    /// Writes the next datagram for a session into `buffer` and returns it with its address;
    /// `None`: there are no more. Send them behind the [`transmits`](Self::transmits).
    ///
    /// Each session gets its own datagrams, so they are made while they are sent. One that is not
    /// fetched is not lost: [`poll_timeout`](crate::Server::poll_timeout) asks for it at once. A
    /// room without [`sessions`](crate::Config::sessions) has none.
    ///
    /// ```
    /// # use chat_core::{Outgoing, proto::MAX_SESSION_DATAGRAM};
    /// # use std::{io, net::{SocketAddr, UdpSocket}};
    /// fn send(mut outgoing: Outgoing<'_, SocketAddr>, socket: &UdpSocket) {
    ///     for transmit in outgoing.transmits() {
    ///         for to in transmit.to.iter() {
    ///             let _lost = socket.send_to(transmit.payload, to);
    ///         }
    ///     }
    ///     let mut buffer = [0; MAX_SESSION_DATAGRAM];
    ///     while let Some((payload, to)) = outgoing.next_for_session(&mut buffer) {
    ///         let _lost = socket.send_to(payload, to);
    ///     }
    /// }
    /// ```
    pub fn next_for_session<'b>(
        &mut self,
        buffer: &'b mut [u8; MAX_SESSION_DATAGRAM],
    ) -> Option<(&'b [u8], A)> {
        let sessions = self.sessions.as_mut()?;
        let (to, len) = sessions.write_next(self.now, &mut self.scope, buffer)?;
        self.stats.datagrams_out += 1;
        Some((buffer.get(..len)?, to))
    }

    /// Returns the entries that the call added to the log of a room with sessions, in order, as far
    /// as the log still holds them: one datagram of a session can have several lines.
    pub fn entries(&self) -> impl Iterator<Item = Delivery<'_>> {
        let sessions = self.sessions.iter();
        sessions.flat_map(|sessions| sessions.deliveries(self.first_entry))
    }
}

impl<'a, A: Copy> Recipients<'a, A> {
    fn of(to: &'a To<A>, members: &'a [A]) -> Self {
        let (before, behind): (&[A], &[A]) = match to {
            To::One(peer) => (slice::from_ref(peer), &[]),
            To::All => (members, &[]),
            To::AllBut(index) => {
                let (before, rest) = members.split_at(*index);
                (before, rest.get(1..).expect("a member has this index"))
            }
        };
        Self { before, behind }
    }

    /// Returns the addresses one by one.
    pub fn iter(&self) -> impl Iterator<Item = A> + use<'a, A> {
        self.before.iter().chain(self.behind).copied()
    }

    /// Returns the number of addresses.
    pub fn len(&self) -> usize {
        self.before.len() + self.behind.len()
    }

    /// Returns `true` when there is no address.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The recipients of one step of a plan.
#[derive(Clone, Copy, Debug)]
pub(super) enum To<A> {
    One(A),
    All,
    /// All members but the one with this index.
    AllBut(usize),
}

#[derive(Debug)]
struct Step<A> {
    payload: Range<usize>,
    to: To<A>,
}

/// The datagrams of one call. Its memory is used again by the next call.
#[derive(Debug)]
pub(super) struct Plan<A> {
    steps: Vec<Step<A>>,
    payloads: Vec<u8>,
}

impl<A> Plan<A> {
    pub(super) fn new() -> Self {
        Self {
            steps: Vec::new(),
            payloads: Vec::new(),
        }
    }

    /// Forgets the datagrams of the previous call.
    pub(super) fn clear(&mut self) {
        self.steps.clear();
        self.payloads.clear();
    }

    /// Adds the datagram that `encode` writes.
    pub(super) fn push<F>(&mut self, to: To<A>, encode: F)
    where
        F: FnOnce(&mut [u8; MAX_DATAGRAM]) -> Result<&[u8], EncodeError>,
    {
        let mut buffer = [0; MAX_DATAGRAM];
        let payload = encode(&mut buffer).expect("replies and deliveries fit a datagram");
        let start = self.payloads.len();
        self.payloads.extend_from_slice(payload);
        let payload = start..self.payloads.len();
        self.steps.push(Step { payload, to });
    }

    /// Counts the datagrams of the plan in a room of `members` members.
    pub(super) fn datagrams(&self, members: usize) -> u64 {
        let steps = self.steps.iter().map(|step| match step.to {
            To::One(_) => 1,
            To::All => members as u64,
            To::AllBut(_) => members as u64 - 1,
        });
        steps.sum()
    }

    /// Counts the bytes of the plan that go to each member that it neither answers nor leaves out.
    pub(super) fn broadcast_bytes(&self) -> u64 {
        let steps = self.steps.iter().map(|step| match step.to {
            To::One(_) => 0,
            To::All | To::AllBut(_) => step.payload.len() as u64,
        });
        steps.sum()
    }
}
