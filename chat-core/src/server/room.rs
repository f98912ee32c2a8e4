//! The room and its calls. What they do is in `transitions.rs`.

use alloc::vec::Vec;
use core::num::NonZeroU64;

use chat_proto::{Delivery, Name, Reason, Reply, Text};
use thiserror::Error;

use super::bans::{Ban, BanError, BanTarget, Bans};
use super::config::Config;
use super::event::{Event, LeaveReason};
use super::look_alike::{Looks, Reserved};
use super::members::Members;
use super::networks::LoginRates;
use super::outgoing::{Outgoing, Plan, To};
use super::stats::Stats;
use crate::peer::Peer;
use crate::rate::Bucket;
use crate::time::Timestamp;

/// The room. See the [crate's documentation](crate) for the shape of its calls.
///
/// Memory grows with the members, up to [`Config::max_members`], and with the networks that they
/// log in from, up to [`Config::tracked_networks`], and with the bans, up to [`Config::max_bans`];
/// [`Config::memory_bound`] says how far.
pub struct Server<A: Peer> {
    pub(super) config: Config,
    pub(super) reserved: Reserved,
    pub(super) bans: Bans<A>,
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
            bans: Bans::new(config.max_bans),
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
    pub fn handle<'a>(
        &'a mut self,
        now: Timestamp,
        from: A,
        datagram: &'a [u8],
    ) -> Outgoing<'a, A> {
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

    /// The network reported that nobody is at `peer` (an ICMP port or host unreachable, a closed
    /// connection).
    ///
    /// The first report asks the member whether it is there; a second one, with no datagram from it
    /// in between, removes it. Reports about addresses that are not in change nothing.
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

    /// The operator removes a member: the end words go to it, the notice to the others. With a
    /// `reason` the member is told it first, in a line that the operator says to nobody else.
    ///
    /// # Errors
    ///
    /// [`KickError::NotIn`] when nobody has exactly that name.
    pub fn kick(
        &mut self,
        name: Name,
        reason: Option<Text<'_>>,
    ) -> Result<Outgoing<'_, A>, KickError> {
        self.plan.clear();
        let index = self.members.named(&name).ok_or(KickError::NotIn(name))?;
        self.explain(index, reason);
        let event = self.expel(index, LeaveReason::Kicked);
        Ok(self.outgoing(event))
    }

    /// From `now` on logins of `target` are refused as `banned`, until that moment comes (`None`:
    /// until [`unban`](Self::unban)). A ban of the same network or name, if there is one, gets
    /// this end instead of its own.
    ///
    /// Nobody is removed: [`members_hit_by`](Self::members_hit_by) says who is in, and
    /// [`kick`](Self::kick) removes them one by one. Who stays is a member like any other until
    /// it leaves.
    ///
    /// # Errors
    ///
    /// [`BanError::TooMany`] when there are as many bans as [`Config::max_bans`].
    pub fn ban(
        &mut self,
        now: Timestamp,
        target: BanTarget<A>,
        until: Option<Timestamp>,
    ) -> Result<(), BanError> {
        self.bans.add(now, Ban { target, until })
    }

    /// Takes back what was banned: the network, or every name that looks like the given one.
    /// `false`: there was no such ban at `now`.
    pub fn unban(&mut self, now: Timestamp, target: BanTarget<A>) -> bool {
        self.bans.remove(now, target)
    }

    /// The bans that stand at `now`. One whose time is over ends by itself, without a call and
    /// without a deadline in [`poll_timeout`](Self::poll_timeout): nothing has to be sent then.
    pub fn bans(&self, now: Timestamp) -> impl Iterator<Item = Ban<A>> + '_ {
        self.bans.iter(now)
    }

    /// Which members a ban of `target` is about, whether there is one or not. Looks at every
    /// member.
    pub fn members_hit_by(&self, target: BanTarget<A>) -> impl Iterator<Item = (Name, A)> + '_ {
        let looks = match target {
            BanTarget::Network(_) => None,
            BanTarget::Name(name) => Some(Looks::of(&name)),
        };
        self.members
            .iter_with_looks()
            .filter_map(move |(name, member, address)| {
                let hit = match target {
                    BanTarget::Network(banned) => banned.network() == address.network(),
                    BanTarget::Name(_) => looks.is_some_and(|looks| looks.is_like(member)),
                };
                hit.then_some((name, address))
            })
    }

    /// Closes the room for good: every member gets the end words, and whatever comes afterwards is
    /// dropped.
    pub fn shutdown(&mut self) -> Outgoing<'_, A> {
        self.plan.clear();
        for word in self.config.dialect.ends().iter() {
            self.plan.reply(
                &self.config.dialect,
                &Reply::<Reason<'_>>::End { word },
                To::All,
            );
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

    /// When [`handle_timeout`](Self::handle_timeout) is to be called; `None`: not before something
    /// else happens. Perhaps earlier than anything is due, never later.
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
