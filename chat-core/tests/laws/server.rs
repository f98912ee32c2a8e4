//! The real room against the naive model, over the actions that a byte string spells: every
//! datagram, every member and every invariant after each step.

use std::fmt::{Debug, Formatter};
use std::num::{NonZeroU32, NonZeroU64};

use arbitrary::{Result, Unstructured};
use chat_core::proto::{Dialect, Name, Request, Text};
use chat_core::{BanTarget, Config, Event, LeaveReason, Outgoing, Peer, Rate, Server, Timestamp};

use crate::naive::bans::Banned;
use crate::naive::names::{self, NAMES};
use crate::naive::room::{self, Room, Sent};

const MOST_ACTIONS: usize = 64;
const ADDRESSES: u8 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct At(u8);

impl Peer for At {
    type Network = u8;

    fn network(&self) -> u8 {
        room::network(self.0)
    }

    fn may_be_forged(&self) -> bool {
        room::may_be_forged(self.0)
    }
}

#[derive(Clone, Debug)]
enum Action {
    Datagram(u8, Bytes),
    Wait(u64),
    GoBack(u64),
    Unreachable(u8),
    Remove(u8),
    Announce(String),
    Kick(&'static str, Option<&'static str>),
    Ban(Banned, Option<u64>),
    Unban(Banned),
    Close,
}

#[derive(Clone)]
struct Bytes(Vec<u8>);

impl Debug for Bytes {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Reads `bytes` as the limits of a room and up to 64 actions, and holds the real room to the model
/// through all of them.
pub fn server_model(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let Ok(config) = config(&mut input) else {
        return;
    };
    let mut pair = Pair::new(config);
    for _ in 0..MOST_ACTIONS {
        if input.is_empty() {
            return;
        }
        let Ok(action) = action(&mut input, &pair.model.members()) else {
            return;
        };
        pair.take(&action);
    }
}

fn config(input: &mut Unstructured<'_>) -> Result<Config> {
    let number = |input: &mut Unstructured<'_>, most| {
        let number = input.int_in_range(1..=most)?;
        Ok(NonZeroU32::new(number).expect("at least 1"))
    };
    let rate = |input: &mut Unstructured<'_>, most| -> Result<_> {
        let (per_second, burst) = (number(input, 2)?, number(input, most)?);
        Ok(input
            .arbitrary::<bool>()?
            .then_some(Rate { per_second, burst }))
    };
    let mut config = Config::default();
    // From bits of a byte that the next line does not use, so that older inputs mean the same.
    config.search_words = input.peek_bytes(1).is_none_or(|byte| byte[0] < 0xc0);
    config.max_members = Some(number(input, 4)?);
    config.max_members_per_network = Some(number(input, 2)?);
    config.idle_limit_seconds = NonZeroU32::new(*input.choose(&[0, 20])?);
    config.member_lines = rate(input, 3)?;
    config.member_bytes = rate(input, 40)?;
    config.network_logins = rate(input, 4)?;
    config.tracked_networks = number(input, 3)?;
    config.stranger_replies = rate(input, 8)?;
    config.silent_traffic_bytes = NonZeroU64::new(*input.choose(&[0, 100])?);
    config.max_bans = number(input, 3)?;
    Ok(config)
}

fn action(input: &mut Unstructured<'_>, members: &[(String, u8)]) -> Result<Action> {
    let address = |input: &mut Unstructured<'_>| input.int_in_range(0..=ADDRESSES - 1);
    Ok(match input.int_in_range(0..=29)? {
        0..=12 => Action::Datagram(address(input)?, Bytes(request(input)?)),
        13..=14 => Action::Datagram(address(input)?, Bytes(raw(input)?)),
        15..=17 => Action::Wait(input.int_in_range(0..=12_000)?),
        18 => Action::GoBack(input.int_in_range(0..=12_000)?),
        19..=21 => Action::Unreachable(address(input)?),
        22 => Action::Announce(input.int_in_range(0..=u16::MAX)?.to_string()),
        23 => Action::Kick(name(input)?, input.arbitrary::<bool>()?.then_some("why")),
        24..=26 => Action::Ban(banned(input)?, input.arbitrary::<bool>()?.then_some(5_000)),
        27 => Action::Unban(banned(input)?),
        28 => Action::Remove(address(input)?),
        _ => match input.int_in_range(0..=15)? {
            // Closing is for good: rarely.
            0 => Action::Close,
            number => match members.get(number % 4) {
                // A member logs in once more.
                Some((name, at)) => Action::Datagram(*at, Bytes(format!("L {name}").into())),
                None => Action::Wait(1),
            },
        },
    })
}

fn banned(input: &mut Unstructured<'_>) -> Result<Banned> {
    Ok(if input.arbitrary()? {
        let first = room::network(input.int_in_range(0..=ADDRESSES - 1)?);
        Banned::Networks(first, *input.choose(&[first, first, first + 1])?)
    } else {
        // Of the others the model only knows that no member can have them, not which look alike.
        let row = input.choose(names::free())?;
        Banned::Name(input.choose(row)?)
    })
}

fn target(banned: Banned) -> BanTarget<u8> {
    match banned {
        Banned::Networks(first, last) => BanTarget::Networks { first, last },
        Banned::Name(name) => BanTarget::Name(Name::new(name).expect("a name")),
    }
}

fn name(input: &mut Unstructured<'_>) -> Result<&'static str> {
    let row = input.choose(&NAMES)?;
    input.choose(row).copied()
}

/// Spells a request, mostly a member's and often about another one.
fn request(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let verbs = [
        "L ", "L ", "L ", "L ", "C ", "C ", "C ", "Q ", "E ", "q ", "CHAT ", "LOGIN ",
    ];
    let tails = [
        "",
        "",
        " hi",
        " ",
        " 吃了么",
        " a\u{1b}b",
        ":hi",
        " #",
        " ~1",
        "\n",
    ];
    let request = [*input.choose(&verbs)?, name(input)?, *input.choose(&tails)?].concat();
    Ok(request.into_bytes())
}

/// Anything, but for names that the model cannot compare.
fn raw(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    if input.int_in_range(0..=7)? == 0 {
        return Ok(
            format!("C alice {}", "x".repeat(input.int_in_range(980..=1_030)?)).into_bytes(),
        );
    }
    let len = input.int_in_range(0..=40)?;
    let bytes = input.bytes(len.min(input.len()))?;
    Ok(match Request::decode(bytes, &Dialect::lenient()) {
        Ok(Request::Login { name, .. }) if names::row(name.as_str()).is_none() => b"L ".to_vec(),
        _ => bytes.to_vec(),
    })
}

/// Both rooms, and the actions so far.
struct Pair {
    server: Server<At>,
    model: Room,
    now: u64,
    /// Datagrams that the room handed out, one for each recipient.
    handed_out: u64,
    done: Vec<Action>,
}

impl Pair {
    fn new(config: Config) -> Self {
        Self {
            server: Server::new(config.clone()),
            model: Room::new(config),
            now: 1_000_000,
            handed_out: 0,
            done: Vec::new(),
        }
    }

    fn take(&mut self, action: &Action) {
        self.done.push(action.clone());
        let moment = Timestamp::from_millis(self.now);
        let strangers: Vec<u8> = (0..ADDRESSES)
            .filter(|&at| !self.server.members().any(|(_, peer)| peer.0 == at))
            .collect();
        let (real, expected) = match action {
            Action::Datagram(from, Bytes(datagram)) => {
                let real = sent(&self.server.handle(moment, At(*from), datagram));
                if strangers.contains(from) {
                    self.is_no_amplifier(*from, &real);
                }
                (real, self.model.receive(self.now, *from, datagram))
            }
            Action::Wait(millis) => {
                self.now += millis;
                (vec![], vec![])
            }
            Action::GoBack(millis) => {
                self.now = self.now.saturating_sub(*millis);
                (vec![], vec![])
            }
            Action::Unreachable(at) => {
                let real = sent(&self.server.handle_unreachable(moment, At(*at)));
                (real, self.model.unreachable(self.now, *at))
            }
            Action::Remove(at) => {
                let reason = LeaveReason::Unreachable;
                let real = sent(&self.server.remove(moment, At(*at), reason));
                (real, self.model.close_connection(*at))
            }
            Action::Announce(text) => {
                let words = Text::new(text).expect("digits");
                let real = sent(&self.server.announce(moment, words));
                (real, self.model.announce(text))
            }
            Action::Kick(name, reason) => {
                let words = reason.map(|reason| Text::new(reason).expect("a word"));
                let called = Name::new(name).expect("a name");
                let kicked = self.server.kick(moment, called, words);
                let real = kicked.map(|outgoing| sent(&outgoing)).unwrap_or_default();
                (real, self.model.remove(name, *reason))
            }
            Action::Ban(banned, millis) => {
                self.check_hits_of(*banned);
                let until = millis.map(|millis| self.now + millis);
                let real =
                    self.server
                        .ban(moment, target(*banned), until.map(Timestamp::from_millis));
                let kept = self.model.ban(self.now, *banned, until);
                self.same("whether a ban is kept", &real.is_ok(), &kept);
                (vec![], vec![])
            }
            Action::Unban(banned) => {
                let real = self.server.unban(moment, target(*banned));
                let taken_back = self.model.bans.remove(self.now, *banned);
                self.same("whether a ban is taken back", &real, &taken_back);
                (vec![], vec![])
            }
            Action::Close => (sent(&self.server.shutdown(moment)), self.model.close()),
        };
        self.handed_out += recipients(&real);
        self.same("what is sent", &real, &heard(expected));
        self.do_what_is_due();
        self.agree();
    }

    #[track_caller]
    fn same<T: Debug + PartialEq>(&self, what: &str, real: &T, model: &T) {
        assert!(
            real == model,
            "{what}: the room has {real:?}, the model {model:?}: {:#?}",
            self.done
        );
    }

    fn check_hits_of(&self, banned: Banned) {
        let real = sorted(self.server.members_hit_by(target(banned)));
        let mut model = self.model.members();
        model.retain(|(name, at)| banned.hits(name, *at));
        self.same("the members that a ban hits", &real, &model);
    }

    /// Checks that a stranger's datagram causes at most one answer, a short one, or each end word
    /// once, and beside it the notice of an accepted login or a probe.
    fn is_no_amplifier(&self, from: u8, sent: &[Sent]) {
        let (answers, others): (Vec<_>, Vec<_>) =
            sent.iter().partition(|(to, _)| to.contains(&from));
        let is_end = |text: &str| ["EXIT", "exit", "quit", "#", "OUT"].contains(&text);
        let are_ends = answers.len() <= 5 && answers.iter().all(|(_, text)| is_end(text));
        let is_short = answers.iter().all(|(_, text)| text.len() <= 120);
        let is_short = is_short && (answers.len() <= 1 || are_ends);
        let accepted = answers.iter().any(|(_, text)| text == "OK");
        let probes = others.iter().all(|(_, text)| text == room::PROBE);
        let is_right = is_short && others.len() <= 1 && (accepted || probes);
        assert!(is_right, "{sent:?} for the last of {:#?}", self.done);
    }

    /// Makes the calls that are due: one removal each, with which the model agrees.
    fn do_what_is_due(&mut self) {
        let moment = Timestamp::from_millis(self.now);
        let mut calls = 0;
        while self.server.poll_timeout().is_some_and(|due| due <= moment) {
            calls += 1;
            let in_time = calls <= 2 * ADDRESSES;
            assert!(in_time, "poll_timeout stays in the past: {:#?}", self.done);
            let outgoing = self.server.handle_timeout(moment);
            match outgoing.event() {
                Event::Left { name, .. } => {
                    let real = sent(&outgoing);
                    self.handed_out += recipients(&real);
                    let due = self.model.due(self.now).contains(&name.to_string());
                    assert!(due, "{name} was removed: {:#?}", self.done);
                    let model = heard(self.model.remove(name.as_str(), None));
                    self.same("the removal", &real, &model);
                }
                event => assert_eq!(event, Event::Nothing, "nothing else is due"),
            }
        }
        self.same(
            "the members that are due",
            &vec![],
            &self.model.due(self.now),
        );
    }

    fn agree(&self) {
        let members = sorted(self.server.members());
        self.same("the members", &members, &self.model.members());
        let bans = self.server.bans(Timestamp::from_millis(self.now)).count();
        self.same("the bans", &bans, &self.model.bans.count(self.now));
        let stats = self.server.stats();
        self.same("the count", &stats.members, &(members.len() as u64));
        self.same("handed out", &stats.datagrams_out, &self.handed_out);
        let unique = members.windows(2).all(|pair| pair[0].0 != pair[1].0);
        assert!(unique, "names are unique: {members:?}");
    }
}

fn sorted(members: impl Iterator<Item = (Name, At)>) -> Vec<(String, u8)> {
    let mut members: Vec<_> = members.map(|(name, at)| (name.to_string(), at.0)).collect();
    members.sort();
    members
}

fn recipients(sent: &[Sent]) -> u64 {
    sent.iter().map(|(to, _)| to.len() as u64).sum()
}

/// Returns the datagrams of a call in order, the recipients of each sorted. Checks the laws of
/// every call.
fn sent(outgoing: &Outgoing<'_, At>) -> Vec<Sent> {
    let transmits = outgoing.transmits().map(|transmit| {
        let mut to: Vec<u8> = transmit.to.iter().map(|at| at.0).collect();
        to.sort_unstable();
        let each_once = to.windows(2).all(|pair| pair[0] != pair[1]);
        assert!(each_once, "one datagram goes to an address twice: {to:?}");
        assert!(transmit.payload.len() <= 1_024, "a datagram is too long");
        let text = String::from_utf8(transmit.payload.to_vec()).expect("only UTF-8 is sent");
        let is_control = |c: char| c.is_control() && c != '\t';
        assert!(!text.contains(is_control), "a control character: {text:?}");
        (to, text)
    });
    let sent: Vec<Sent> = transmits.collect();
    assert!(sent.len() <= 7, "at most 2 and one per end word: {sent:?}");
    sent
}

/// Returns the model's datagrams without those that have no recipient.
fn heard(mut sent: Vec<Sent>) -> Vec<Sent> {
    sent.retain(|(to, _)| !to.is_empty());
    sent
}
