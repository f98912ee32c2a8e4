//! What a room must have sent, seen from outside: who is in, as its events say, and who was told
//! what.

use std::collections::BTreeMap;

use chat_core::proto::{Name, Request};
use chat_core::{Config, Event, LeaveReason, Peer, Recipients, Server};

use super::address::At;
use super::laws::{
    ALTERNATE, AT_MOST_ONCE, EXACTLY_THE_MEMBERS, NO_ECHO, OWN_NAME, REASONS, RESERVED, SEATS,
    SILENT_BOUND, STRUCTURE, UNCHANGED, UNIQUE_NAMES, Violation, broken, hold,
};
use super::rooms::Call;

/// What a listener was told last about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    Joined,
    Left,
}

/// What is known of an address.
#[derive(Clone, Debug, Default)]
struct Seat {
    /// Under which name it is in.
    name: Option<Name>,
    /// What it was told since it came, by the number of the name.
    told: Vec<Told>,
    /// Whether a corrupted or forged login put it there, or gave it its name.
    forged: bool,
    /// The bytes that it got from the room and has said nothing; `None` when that has no limit.
    silent_bytes: Option<u64>,
    /// When something came from it last.
    heard_at: u64,
    /// How often it was reported unreachable since.
    reports: u32,
    /// The last transmit that it was among the recipients of.
    stamp: u64,
}

/// The room as its events tell it.
#[derive(Debug, Default)]
pub(super) struct Shadow {
    seats: Vec<Seat>,
    by_name: BTreeMap<Name, At>,
    numbers: BTreeMap<Name, usize>,
    transmits: u64,
}

impl Shadow {
    pub(super) fn is_in(&self, name: Name, at: At) -> bool {
        self.by_name.get(&name) == Some(&at)
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (Name, At)> + '_ {
        self.by_name.iter().map(|(name, at)| (*name, *at))
    }

    /// Whether a corrupted or forged login gave the address its name, or the name its address.
    pub(super) fn is_forged(&self, name: Name, at: At) -> bool {
        let forged = |at: At| {
            self.seats
                .get(at.number())
                .is_some_and(|seat| seat.forged && seat.name.is_some())
        };
        forged(at) || self.by_name.get(&name).is_some_and(|at| forged(*at))
    }

    /// How many are in.
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Under which name an address is in.
    pub(super) fn name_at(&mut self, at: At) -> Option<Name> {
        self.seat(at).name
    }

    pub(super) fn mark_forged(&mut self, at: At, forged: bool) {
        self.seat(at).forged = forged;
    }

    fn seat(&mut self, at: At) -> &mut Seat {
        let number = at.number();
        if number >= self.seats.len() {
            self.seats.resize(number + 1, Seat::default());
        }
        &mut self.seats[number]
    }

    fn number(&mut self, name: Name) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(name).or_insert(next)
    }

    /// Notes what reached the room before it answers.
    pub(super) fn note(&mut self, now: u64, call: Call<'_>) {
        match call {
            Call::Datagram(from, _) => {
                let seat = self.seat(from);
                seat.heard_at = now;
                seat.reports = 0;
            }
            Call::Unreachable(peer) => self.seat(peer).reports += 1,
            _ => {}
        }
    }

    /// Follows who is in.
    pub(super) fn follow(
        &mut self,
        now: u64,
        config: &Config,
        event: &Event<'_, At>,
        call: Call<'_>,
    ) -> Result<(), Violation> {
        match *event {
            Event::Joined {
                name,
                peer,
                replaced,
            } => self.come(config, name, peer, replaced),
            Event::Left { name, peer, reason } => {
                self.has_to_leave(now, config, call, name, peer, reason)?;
                let known = self.seat(peer).name.take();
                hold(STRUCTURE, known == Some(name), || {
                    format!("{name} left from {peer:?}, where {known:?} was")
                })?;
                self.by_name.remove(&name);
                Ok(())
            }
            Event::Said { name, text } => {
                let Call::Datagram(from, datagram) = call else {
                    return Err(broken(
                        OWN_NAME,
                        format!("{name} said {text} without a datagram"),
                    ));
                };
                let owner = self.seat(from).name;
                hold(OWN_NAME, owner == Some(name), || {
                    format!("{from:?}, which is {owner:?}, spoke as {name}")
                })?;
                let line = datagram.strip_suffix(b"\n").unwrap_or(datagram);
                let line = line
                    .strip_suffix(b"\r")
                    .filter(|_| line.len() < datagram.len())
                    .unwrap_or(line);
                hold(UNCHANGED, line.ends_with(text.as_str().as_bytes()), || {
                    format!("{} became {text:?}", datagram.escape_ascii())
                })?;
                self.seat(from).silent_bytes = None;
                Ok(())
            }
            Event::Closed { .. } => {
                self.by_name.clear();
                self.seats.iter_mut().for_each(|seat| seat.name = None);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn come(
        &mut self,
        config: &Config,
        name: Name,
        peer: At,
        replaced: Option<Name>,
    ) -> Result<(), Violation> {
        let before = self.seat(peer).name;
        hold(
            STRUCTURE,
            before == replaced && before != Some(name),
            || format!("{name} came from {peer:?}, where {before:?} was, for {replaced:?}"),
        )?;
        if let Some(before) = before {
            self.by_name.remove(&before);
        }
        let lower = name.as_str().to_ascii_lowercase();
        hold(
            RESERVED,
            !lower.contains("admin") && !lower.contains("管理员"),
            || format!("{name} is in"),
        )?;
        let alike = self
            .by_name
            .keys()
            .find(|other| other.as_str().to_ascii_lowercase() == lower);
        hold(UNIQUE_NAMES, alike.is_none(), || {
            format!("{name} is in beside {alike:?}")
        })?;
        self.by_name.insert(name, peer);
        let most = config
            .max_members
            .map_or(usize::MAX, |most| most.get() as usize);
        hold(SEATS, self.by_name.len() <= most, || {
            format!("{} are in, not {most}", self.by_name.len())
        })?;
        let limited = config.silent_traffic_bytes.is_some() && peer.may_be_forged();
        let seat = self.seat(peer);
        seat.name = Some(name);
        if before.is_none() {
            seat.told.clear();
            seat.reports = 0;
            seat.silent_bytes = limited.then_some(0);
        }
        Ok(())
    }

    /// Whether the reason for which somebody is removed holds.
    fn has_to_leave(
        &mut self,
        now: u64,
        config: &Config,
        call: Call<'_>,
        name: Name,
        peer: At,
        reason: LeaveReason,
    ) -> Result<(), Violation> {
        let idle = config
            .idle_limit_seconds
            .map_or(u64::MAX, |seconds| u64::from(seconds.get()) * 1_000);
        let seat = self.seat(peer);
        let holds = match reason {
            LeaveReason::Quit => match call {
                Call::Datagram(from, bytes) => {
                    let quit = Request::decode(bytes, &config.dialect);
                    from == peer && matches!(quit, Ok(Request::Quit { name: own }) if own == name)
                }
                _ => false,
            },
            LeaveReason::Unreachable => seat.reports >= 2,
            LeaveReason::Idle => seat.heard_at.saturating_add(idle) <= now,
            LeaveReason::Silent => seat.silent_bytes.is_some(),
            LeaveReason::Kicked => matches!(call, Call::Kick(kicked) if kicked == name),
            _ => false,
        };
        hold(REASONS, holds, || {
            format!("{name} at {peer:?} is removed as {reason:?} by {call:?}")
        })
    }

    /// Everybody who is in has to be among the recipients, once, but for `but`; and nobody else.
    pub(super) fn reach(
        &mut self,
        config: &Config,
        to: &Recipients<'_, At>,
        payload: &[u8],
        but: Option<At>,
        limited: bool,
    ) -> Result<(), Violation> {
        self.transmits += 1;
        let limit = config
            .silent_traffic_bytes
            .map_or(u64::MAX, std::num::NonZero::get);
        for at in to.iter() {
            let stamp = self.transmits;
            let seat = self.seat(at);
            hold(AT_MOST_ONCE, seat.stamp < stamp, || {
                format!("{} twice to {at:?}", payload.escape_ascii())
            })?;
            seat.stamp = stamp;
            hold(NO_ECHO, but != Some(at), || {
                format!("{} to {at:?} itself", payload.escape_ascii())
            })?;
            hold(EXACTLY_THE_MEMBERS, seat.name.is_some(), || {
                format!("{} to {at:?}, which is not in", payload.escape_ascii())
            })?;
            if let Some(bytes) = &mut seat.silent_bytes {
                // Those who are due at the same time are removed one after the other.
                hold(SILENT_BOUND, *bytes < limit || !limited, || {
                    format!("{bytes} bytes to {at:?}")
                })?;
                *bytes += payload.len() as u64;
            }
        }
        let excepted = but.is_some_and(|but| self.seat(but).name.is_some());
        let expected = self.by_name.len() - usize::from(excepted);
        hold(EXACTLY_THE_MEMBERS, to.len() == expected, || {
            format!("{} to {} of {expected}", payload.escape_ascii(), to.len())
        })
    }

    pub(super) fn tell(
        &mut self,
        to: &Recipients<'_, At>,
        name: Name,
        news: Told,
    ) -> Result<(), Violation> {
        let number = self.number(name);
        for at in to.iter() {
            let seat = self.seat(at);
            if number >= seat.told.len() {
                seat.told.resize(number + 1, Told::Nothing);
            }
            let before = std::mem::replace(&mut seat.told[number], news);
            hold(ALTERNATE, before != news, || {
                format!("{at:?} is told twice that {name} {news:?}")
            })?;
        }
        Ok(())
    }

    /// Whether the room says the same of itself.
    pub(super) fn agrees(&self, server: &Server<At>) -> Result<(), Violation> {
        let mut count = 0;
        for (name, at) in server.members() {
            count += 1;
            hold(UNIQUE_NAMES, self.is_in(name, at), || {
                format!("{name} at {at:?} is in, and never came")
            })?;
        }
        hold(UNIQUE_NAMES, count == self.by_name.len(), || {
            format!(
                "{count} are in, {} came and did not leave",
                self.by_name.len()
            )
        })
    }
}
