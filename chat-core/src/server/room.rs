//! The room and its calls. What they do is in `transitions.rs`.

use alloc::vec::Vec;
use core::num::NonZeroU64;

use chat_proto::{Delivery, Name, Reason, Reply, Text};
use thiserror::Error;

use super::config::Config;
use super::event::{Event, LeaveReason};
use super::look_alike::Reserved;
use super::members::Members;
use super::networks::LoginRates;
use super::outgoing::{Outgoing, Plan, To};
use super::stats::Stats;
use crate::peer::Peer;
use crate::rate::Bucket;
use crate::time::Timestamp;

/// The room. See the [crate's documentation](crate) for the shape of its calls.
///
/// Memory grows with the members, up to [`Config::max_members`], and with the networks that they log in from, up to
/// [`Config::tracked_networks`]; [`Config::memory_bound`] says how far.
pub struct Server<A: Peer> {
    pub(super) config: Config,
    pub(super) reserved: Reserved,
    pub(super) members: Members<A>,
    pub(super) login_rates: LoginRates<A::Network>,
    /// How many answers strangers have had.
    pub(super) stranger_replies: Bucket,
    pub(super) plan: Plan<A>,
    pub(super) stats: Stats,
    /// Set when the room is closed: who was in then.
    pub(super) closed: Option<Vec<A>>,
}

impl<A: Peer> core::fmt::Debug for Server<A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Server")
            .field("config", &self.config)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

/// Why nobody was removed by [`Server::kick`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KickError {
    /// Nobody has that name.
    #[error("nobody called {0} is in the room")]
    NotIn(Name),
}

impl<A: Peer> Server<A> {
    /// An empty room.
    pub fn new(config: Config) -> Self {
        let idle_limit = config
            .idle_limit_seconds
            .map(|seconds| u64::from(seconds.get()) * 1_000);
        let members = Members::new(idle_limit, config.silent_traffic_bytes.map(NonZeroU64::get));
        Self {
            reserved: Reserved::new(config.reserved.iter().chain([&config.operator])),
            login_rates: LoginRates::new(config.tracked_networks),
            stranger_replies: Bucket::default(),
            config,
            members,
            plan: Plan::new(),
            stats: Stats::default(),
            closed: None,
        }
    }

    /// A datagram came in from `from`.
    ///
    /// Hand in the whole datagram, or at least its first 1,025 bytes: what is longer than
    /// [`MAX_DATAGRAM`](chat_proto::MAX_DATAGRAM) is refused whatever it holds.
    pub fn handle<'a>(&'a mut self, now: Timestamp, from: A, datagram: &'a [u8]) -> Outgoing<'a, A> {
        self.plan.clear();
        self.stats.datagrams_in += 1;
        let event = self.receive(now, from, datagram);
        self.outgoing(event)
    }

    /// Time has come: do what is due. Removes at most one member a call; call again while
    /// [`poll_timeout`](Self::poll_timeout) is not later than `now`.
    pub fn handle_timeout(&mut self, now: Timestamp) -> Outgoing<'_, A> {
        self.plan.clear();
        let event = self.time_out(now);
        self.outgoing(event)
    }

    /// The network reported that nobody is at `peer` (an ICMP port or host unreachable, a closed connection).
    ///
    /// The first report asks the member whether it is there; a second one, with no datagram from it in between,
    /// removes it. Reports about addresses that are not in change nothing.
    pub fn handle_unreachable(&mut self, now: Timestamp, peer: A) -> Outgoing<'_, A> {
        self.plan.clear();
        let event = match self.members.at_address(peer) {
            None => Event::Nothing,
            Some(index) => self.unreachable(now, index),
        };
        self.outgoing(event)
    }

    /// The operator says `text` to every member.
    pub fn announce<'a>(&'a mut self, text: Text<'a>) -> Outgoing<'a, A> {
        self.plan.clear();
        self.stats.announcements += 1;
        let line = Delivery::Said {
            name: self.config.operator,
            text,
        };
        self.plan.delivery(&self.config.dialect, &line, To::All);
        self.outgoing(Event::Announced { text })
    }

    /// The operator removes a member: the end words go to it, the notice to the others.
    pub fn kick(&mut self, name: Name) -> Result<Outgoing<'_, A>, KickError> {
        self.plan.clear();
        let index = self.members.named(&name).ok_or(KickError::NotIn(name))?;
        let event = self.expel(index, LeaveReason::Kicked);
        Ok(self.outgoing(event))
    }

    /// Closes the room for good: every member gets the end words, and whatever comes afterwards is dropped.
    pub fn shutdown(&mut self) -> Outgoing<'_, A> {
        self.plan.clear();
        for word in self.config.dialect.ends().iter() {
            self.plan
                .reply(&self.config.dialect, &Reply::<Reason<'_>>::End { word }, To::All);
        }
        let everybody = self.members.clear();
        let members = everybody.len();
        self.stats.members = 0;
        self.stats.datagrams_out += self.plan.datagrams(members);
        let members_then = self.closed.insert(everybody);
        Outgoing {
            event: Event::Closed { members },
            plan: &self.plan,
            members: members_then,
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called; `None`: not before something else happens.
    /// Perhaps earlier than anything is due, never later.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match self.members.overdue_silent() {
            Some(_) => Some(Timestamp::default()),
            None => self.members.next_deadline(),
        }
    }

    /// Who is in, and from where.
    pub fn members(&self) -> impl Iterator<Item = (Name, A)> + '_ {
        self.members.iter()
    }

    /// What was counted so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// What the server was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn outgoing<'a>(&'a mut self, event: Event<'a, A>) -> Outgoing<'a, A> {
        self.members.count_traffic(self.plan.broadcast_bytes());
        self.stats.members = self.members.len() as u64;
        self.stats.datagrams_out += self.plan.datagrams(self.members.len());
        Outgoing {
            event,
            plan: &self.plan,
            members: self.members.addresses(),
        }
    }
}
