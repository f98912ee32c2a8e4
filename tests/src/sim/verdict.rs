//! Whether a call of a room sent what its event asks for, to whom it had to.

use chat_core::proto::{Delivery, MAX_DATAGRAM, Reply};
use chat_core::{Config, Event, LeaveReason, Outgoing, Recipients};

use super::address::At;
use super::laws::{
    AT_MOST_ONCE, EXACTLY_THE_MEMBERS, NO_AMPLIFIER, NO_CONTROLS, OWN_NAME, STRUCTURE, UNCHANGED,
    Violation, broken, hold,
};
use super::rooms::Call;
use super::shadow::{Shadow, Told};

/// How many transmits of each kind a call caused.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sent {
    successes: usize,
    refusals: usize,
    ends: usize,
    lines: usize,
    announcements: usize,
    joined: usize,
    left: usize,
}

impl Shadow {
    /// Judges one call: what came in, and what the room made of it.
    pub(super) fn judge(
        &mut self,
        now: u64,
        config: &Config,
        call: Call<'_>,
        tainted: bool,
        outgoing: &Outgoing<'_, At>,
    ) -> Result<(), Violation> {
        let event = outgoing.event();
        let from = match call {
            Call::Datagram(from, _) => Some(from),
            _ => None,
        };
        let stranger = from.filter(|from| self.name_at(*from).is_none());
        self.note(now, call);
        let closing = self.len();
        self.follow(now, config, &event, call)?;
        if let Event::Joined { peer, .. } = event {
            self.mark_forged(peer, tainted);
        }
        let mut sent = Sent::default();
        let mut to_stranger = 0;
        for transmit in outgoing.transmits() {
            let payload = transmit.payload;
            hold(STRUCTURE, payload.len() <= MAX_DATAGRAM, || {
                format!("{} bytes", payload.len())
            })?;
            let only = (transmit.to.len() == 1)
                .then(|| transmit.to.iter().next())
                .flatten();
            if only.is_some() && only == stranger {
                to_stranger += 1;
                hold(NO_AMPLIFIER, payload.len() <= 120, || {
                    format!("{} bytes", payload.len())
                })?;
            }
            self.judge_payload(config, from, &event, payload, &transmit.to, only, &mut sent)?;
        }
        hold(AT_MOST_ONCE, sent.lines <= 1, || {
            format!("{} lines for {event:?}", sent.lines)
        })?;
        let words = config.dialect.ends().iter().count();
        let most = if matches!(event, Event::NotIn { .. }) {
            words
        } else {
            1
        };
        hold(NO_AMPLIFIER, to_stranger <= most, || {
            format!("{to_stranger} datagrams for {event:?}")
        })?;
        let expected = self.expected(&event, words, closing);
        hold(EXACTLY_THE_MEMBERS, sent == expected, || {
            format!("{sent:?}, not {expected:?}, for {event:?}")
        })
    }

    /// What has to be sent for an event, where anybody is there to be sent it. (Questions whether
    /// somebody is there may be sent or not.)
    fn expected(&self, event: &Event<'_, At>, words: usize, closing: usize) -> Sent {
        let anybody = usize::from(self.len() > 0);
        let others = usize::from(self.len() > 1);
        let none = Sent::default();
        match event {
            Event::Joined { replaced, .. } => Sent {
                successes: 1,
                joined: others,
                left: if replaced.is_some() { others } else { 0 },
                ..none
            },
            Event::StillIn { .. } => Sent {
                successes: 1,
                ..none
            },
            Event::Said { .. } => Sent {
                lines: others,
                ..none
            },
            Event::Announced { .. } => Sent {
                announcements: anybody,
                ..none
            },
            Event::Left { reason, .. } => Sent {
                ends: if *reason == LeaveReason::Unreachable {
                    0
                } else {
                    words
                },
                left: anybody,
                ..none
            },
            Event::NotIn { .. } => Sent {
                ends: words,
                ..none
            },
            Event::Refused { .. } => Sent {
                refusals: 1,
                ..none
            },
            Event::Closed { .. } if closing > 0 => Sent {
                ends: words,
                ..none
            },
            _ => none,
        }
    }

    /// Judges one payload and its recipients, and counts it.
    #[allow(clippy::too_many_arguments)] // All that is known of one transmit.
    fn judge_payload(
        &mut self,
        config: &Config,
        from: Option<At>,
        event: &Event<'_, At>,
        payload: &[u8],
        to: &Recipients<'_, At>,
        only: Option<At>,
        sent: &mut Sent,
    ) -> Result<(), Violation> {
        let strict = config.dialect.with_lenient_reading(false);
        let body = payload.strip_prefix(b"\n").unwrap_or(payload);
        let clean = std::str::from_utf8(body)
            .is_ok_and(|text| !text.contains(|c: char| c.is_control() && c != '\t'));
        hold(NO_CONTROLS, clean, || payload.escape_ascii().to_string())?;
        let Ok(delivery) = Delivery::decode(payload, &strict) else {
            return is_answer(config, event, payload, to, only, sent);
        };
        match (delivery, *event) {
            (
                Delivery::Said { name, text },
                Event::Said {
                    name: speaker,
                    text: said,
                },
            ) if name != config.operator => {
                hold(OWN_NAME, name == speaker, || {
                    format!("{speaker}'s line is sent as {name}'s")
                })?;
                hold(UNCHANGED, text == said, || {
                    format!("{said:?} is sent as {text:?}")
                })?;
                sent.lines += 1;
                self.reach(config, to, payload, from, from.is_some())
            }
            (Delivery::Said { name, text }, Event::Announced { text: said, .. })
                if name == config.operator =>
            {
                hold(UNCHANGED, text == said, || {
                    format!("{said:?} is sent as {text:?}")
                })?;
                sent.announcements += 1;
                self.reach(config, to, payload, None, true)
            }
            (
                Delivery::Said { name, .. },
                Event::Refused { .. } | Event::Probed { .. } | Event::Dropped { .. },
            ) if name == config.operator => {
                let asked = only.is_some_and(|only| self.name_at(only).is_some());
                hold(EXACTLY_THE_MEMBERS, asked, || {
                    format!("{only:?} was asked whether it is there")
                })
            }
            (
                Delivery::Joined { name },
                Event::Joined {
                    name: newcomer,
                    peer,
                    ..
                },
            ) if name == newcomer => {
                sent.joined += 1;
                self.tell(to, name, Told::Joined)?;
                self.reach(config, to, payload, Some(peer), true)
            }
            (Delivery::Left { name }, Event::Joined { peer, replaced, .. })
                if Some(name) == replaced =>
            {
                sent.left += 1;
                self.tell(to, name, Told::Left)?;
                self.reach(config, to, payload, Some(peer), true)
            }
            (Delivery::Left { name }, Event::Left { name: gone, .. }) if name == gone => {
                sent.left += 1;
                self.tell(to, name, Told::Left)?;
                self.reach(config, to, payload, None, from.is_some())
            }
            _ => Err(misfit(event, payload)),
        }
    }
}

/// A reply has to be the event's, and go to whom the event is about.
fn is_answer(
    config: &Config,
    event: &Event<'_, At>,
    payload: &[u8],
    to: &Recipients<'_, At>,
    only: Option<At>,
    sent: &mut Sent,
) -> Result<(), Violation> {
    let strict = config.dialect.with_lenient_reading(false);
    let (count, fits) = match (Reply::decode(payload, &strict), event) {
        (Ok(Reply::Success), Event::Joined { peer, .. } | Event::StillIn { peer, .. }) => {
            (&mut sent.successes, only == Some(*peer))
        }
        (Ok(Reply::Refused { .. }), Event::Refused { peer, .. }) => {
            (&mut sent.refusals, only == Some(*peer))
        }
        (Ok(Reply::End { .. }), Event::Left { peer, .. } | Event::NotIn { peer, .. }) => {
            (&mut sent.ends, only == Some(*peer))
        }
        (Ok(Reply::End { .. }), Event::Closed { members }) => {
            (&mut sent.ends, *members == to.len())
        }
        _ => return Err(misfit(event, payload)),
    };
    *count += 1;
    hold(STRUCTURE, fits, || misfit(event, payload).detail)
}

fn misfit(event: &Event<'_, At>, payload: &[u8]) -> Violation {
    broken(
        STRUCTURE,
        format!("{} for {event:?}", payload.escape_ascii()),
    )
}
