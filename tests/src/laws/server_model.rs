//! The real room against the naive model, over the actions that a byte string spells: every
//! datagram, every member and every invariant after each step.

use std::fmt::{Debug, Formatter};
use std::num::{NonZeroU32, NonZeroU64};

use arbitrary::{Result, Unstructured};
use chat_core::{BanTarget, Config, Event, Outgoing, Peer, Rate, Server, Timestamp};
use chat_proto::{Dialect, Name, Request, Text};

use crate::model::bans::Banned;
use crate::model::names::{self, NAMES};
use crate::model::room::{self, Room, Rules, Sent};

const MOST_ACTIONS: usize = 64;
const ADDRESSES: u8 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct At(u8);

impl Peer for At {
    type Network = u8;

    fn network(&self) -> u8 {
        room::network(self.0)
    }

    fn is_private(&self) -> bool {
        room::is_private(self.0)
    }
}

#[derive(Clone)]
enum Action {
    Datagram(u8, Vec<u8>),
    Wait(u64),
    GoBack(u64),
    Unreachable(u8),
    Announce(String),
    Kick(&'static str, Option<&'static str>),
    Ban(Banned, Option<u64>),
    Unban(Banned),
    Close,
}

impl Debug for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Datagram(from, datagram) => {
                write!(
                    f,
                    "from {from}: {}",
                    String::from_utf8_lossy(datagram).escape_debug()
                )
            }
            Self::Wait(millis) => write!(f, "wait {millis} ms"),
            Self::GoBack(millis) => write!(f, "go back {millis} ms"),
            Self::Unreachable(at) => write!(f, "{at} is unreachable"),
            Self::Announce(text) => write!(f, "announce {text}"),
            Self::Kick(name, reason) => write!(f, "kick {name}, because: {reason:?}"),
            Self::Ban(banned, millis) => write!(f, "ban {banned:?} for {millis:?} ms"),
            Self::Unban(banned) => write!(f, "unban {banned:?}"),
            Self::Close => write!(f, "close"),
        }
    }
}

/// Reads `bytes` as the limits of a room and up to 64 actions, and holds the real room to the model
/// through all of them.
pub fn server_model(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let Ok(rules) = rules(&mut input) else { return };
    let mut pair = Pair::new(&rules);
    for _ in 0..MOST_ACTIONS {
        if input.is_empty() {
            return;
        }
        let Ok(action) = action(&mut input) else {
            return;
        };
        pair.take(action);
    }
}

fn rules(input: &mut Unstructured<'_>) -> Result<Rules> {
    let rate = |input: &mut Unstructured<'_>, most| -> Result<_> {
        let limit = (input.int_in_range(1..=2)?, input.int_in_range(1..=most)?);
        Ok(input.arbitrary::<bool>()?.then_some(limit))
    };
    Ok(Rules {
        most: input.int_in_range(1..=4)?,
        most_per_network: input.int_in_range(1..=2)?,
        idle_limit: input.arbitrary::<bool>()?.then_some(20_000),
        lines: rate(input, 3)?,
        bytes: rate(input, 40)?,
        logins: rate(input, 4)?,
        networks: input.int_in_range(1..=3)?,
        answers: rate(input, 3)?,
        silent_limit: input.arbitrary::<bool>()?.then_some(100),
        bans: input.int_in_range(1..=3)?,
    })
}

fn config(rules: &Rules) -> Config {
    let number = |number: usize| NonZeroU32::new(u32::try_from(number).expect("a small number"));
    let rate = |rate: Option<(u64, u64)>| {
        let non_zero = |number: u64| {
            number
                .try_into()
                .ok()
                .and_then(NonZeroU32::new)
                .expect("not zero")
        };
        rate.map(|(per_second, burst)| Rate {
            per_second: non_zero(per_second),
            burst: non_zero(burst),
        })
    };
    let mut config = Config::default();
    config.max_members = number(rules.most);
    config.max_members_per_network = number(rules.most_per_network);
    config.idle_limit_seconds = rules
        .idle_limit
        .and_then(|millis| number((millis / 1_000) as usize));
    config.member_lines = rate(rules.lines);
    config.member_bytes = rate(rules.bytes);
    config.network_logins = rate(rules.logins);
    config.tracked_networks = number(rules.networks).expect("not zero");
    config.stranger_replies = rate(rules.answers);
    config.max_bans = number(rules.bans).expect("not zero");
    config.silent_traffic_bytes = rules.silent_limit.and_then(NonZeroU64::new);
    config
}

fn action(input: &mut Unstructured<'_>) -> Result<Action> {
    let address = |input: &mut Unstructured<'_>| input.int_in_range(0..=ADDRESSES - 1);
    Ok(match input.int_in_range(0..=28)? {
        0..=12 => Action::Datagram(address(input)?, request(input)?),
        13..=14 => Action::Datagram(address(input)?, raw(input)?),
        15..=17 => Action::Wait(input.int_in_range(0..=12_000)?),
        18 => Action::GoBack(input.int_in_range(0..=12_000)?),
        19..=21 => Action::Unreachable(address(input)?),
        22 => Action::Announce(input.int_in_range(0..=u16::MAX)?.to_string()),
        23 => Action::Kick(name(input)?, input.arbitrary::<bool>()?.then_some("why")),
        24..=26 => Action::Ban(banned(input)?, input.arbitrary::<bool>()?.then_some(5_000)),
        27 => Action::Unban(banned(input)?),
        // Closing is for good: rarely.
        _ if input.int_in_range(0..=15)? == 0 => Action::Close,
        _ => Action::Wait(1),
    })
}

fn banned(input: &mut Unstructured<'_>) -> Result<Banned> {
    Ok(if input.arbitrary()? {
        Banned::Network(input.int_in_range(0..=ADDRESSES - 1)?)
    } else {
        // Of the others the model only knows that nobody can have them, not which of them look
        // alike.
        let row = input.choose(names::free())?;
        Banned::Name(input.choose(row)?)
    })
}

fn target(banned: Banned) -> BanTarget<At> {
    match banned {
        Banned::Network(at) => BanTarget::Network(At(at)),
        Banned::Name(name) => BanTarget::Name(Name::new(name).expect("a name")),
    }
}

fn name(input: &mut Unstructured<'_>) -> Result<&'static str> {
    let row = input.choose(&NAMES)?;
    input.choose(row).copied()
}

/// What members say, mostly about each other.
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
        Ok(Request::Login { name, .. }) if !names::knows(name.as_str()) => b"L ".to_vec(),
        _ => bytes.to_vec(),
    })
}

/// Both rooms, and what was done to them.
struct Pair {
    server: Server<At>,
    model: Room,
    now: u64,
    done: Vec<Action>,
}

impl Pair {
    fn new(rules: &Rules) -> Self {
        Self {
            server: Server::new(config(rules)),
            model: Room::new(rules.clone()),
            now: 1_000_000,
            done: Vec::new(),
        }
    }

    fn take(&mut self, action: Action) {
        self.done.push(action.clone());
        let moment = Timestamp::from_millis(self.now);
        let strangers: Vec<u8> = (0..ADDRESSES)
            .filter(|&at| !self.server.members().any(|(_, peer)| peer.0 == at))
            .collect();
        let (real, expected) = match &action {
            Action::Datagram(from, datagram) => {
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
            Action::Announce(text) => {
                let words = Text::new(text).expect("digits");
                (
                    sent(&self.server.announce(words)),
                    self.model.announce(text),
                )
            }
            Action::Kick(name, reason) => {
                let words = reason.map(|reason| Text::new(reason).expect("a word"));
                let kicked = self.server.kick(Name::new(name).expect("a name"), words);
                let real = kicked.map(|outgoing| sent(&outgoing)).unwrap_or_default();
                (real, self.model.remove(name, *reason))
            }
            Action::Ban(banned, millis) => {
                self.hits_whom_the_model_says(*banned);
                let until = millis.map(|millis| self.now + millis);
                let real =
                    self.server
                        .ban(moment, target(*banned), until.map(Timestamp::from_millis));
                let kept = self.model.bans.add(self.now, *banned, until);
                assert_eq!(real.is_ok(), kept, "the last of {:#?}", self.done);
                (vec![], vec![])
            }
            Action::Unban(banned) => {
                let real = self.server.unban(moment, target(*banned));
                let taken_back = self.model.bans.remove(self.now, *banned);
                assert_eq!(real, taken_back, "the last of {:#?}", self.done);
                (vec![], vec![])
            }
            Action::Close => (sent(&self.server.shutdown()), self.model.close()),
        };
        assert_eq!(real, heard(expected), "the last of {:#?}", self.done);
        self.do_what_is_due();
        self.agree();
    }

    fn hits_whom_the_model_says(&self, banned: Banned) {
        let hit = self.server.members_hit_by(target(banned));
        let mut hit: Vec<(String, u8)> = hit.map(|(name, at)| (name.to_string(), at.0)).collect();
        hit.sort();
        let members = self.model.members().into_iter();
        let expected: Vec<(String, u8)> = members
            .filter(|(name, at)| banned.hits(name, *at))
            .collect();
        assert_eq!(hit, expected, "the last of {:#?}", self.done);
    }

    /// A stranger's datagram causes at most one to it (the room has one end word), a short one, and
    /// beside it what follows from an accepted login or goes to the owner of a name.
    fn is_no_amplifier(&self, from: u8, sent: &[Sent]) {
        let answers: Vec<&Sent> = sent.iter().filter(|(to, _)| to.contains(&from)).collect();
        assert!(
            answers.len() <= 1,
            "{} answers to the last of {:#?}",
            answers.len(),
            self.done
        );
        assert!(
            answers.iter().all(|(_, text)| text.len() <= 120),
            "a long answer: {answers:?}"
        );
        let accepted = answers.iter().any(|(_, text)| text == "OK");
        let others = sent.len() - answers.len();
        assert!(others <= 1, "{sent:?} for the last of {:#?}", self.done);
        let asks = sent.iter().all(|(_, text)| {
            text == "admin : are you still there?" || answers.iter().any(|answer| answer.1 == *text)
        });
        assert!(
            accepted || asks,
            "{sent:?} for the last of {:#?}",
            self.done
        );
    }

    /// Everything that is due is done, one removal a call, and each is one that the model agrees
    /// with.
    fn do_what_is_due(&mut self) {
        let moment = Timestamp::from_millis(self.now);
        let mut calls = 0;
        while self.server.poll_timeout().is_some_and(|due| due <= moment) {
            calls += 1;
            assert!(
                calls <= 2 * ADDRESSES,
                "poll_timeout stays in the past: {:#?}",
                self.done
            );
            let outgoing = self.server.handle_timeout(moment);
            match outgoing.event() {
                Event::Left { name, .. } => {
                    let due = self.model.due(self.now);
                    assert!(
                        due.contains(&name.to_string()),
                        "{name} was removed, due: {due:?}: {:#?}",
                        self.done
                    );
                    let expected = heard(self.model.remove(name.as_str(), None));
                    assert_eq!(
                        sent(&outgoing),
                        expected,
                        "the removal of {name}: {:#?}",
                        self.done
                    );
                }
                event => assert_eq!(event, Event::Nothing, "nothing else is due"),
            }
        }
        assert_eq!(
            self.model.due(self.now),
            [] as [&str; 0],
            "nobody stays beyond a limit: {:#?}",
            self.done
        );
    }

    fn agree(&self) {
        let mut members: Vec<(String, u8)> = self
            .server
            .members()
            .map(|(name, at)| (name.to_string(), at.0))
            .collect();
        members.sort();
        assert_eq!(
            members,
            self.model.members(),
            "who is in after {:#?}",
            self.done
        );
        let bans = self.server.bans(Timestamp::from_millis(self.now)).count();
        assert_eq!(
            bans,
            self.model.bans.count(self.now),
            "the bans after {:#?}",
            self.done
        );
        let unique = members.windows(2).all(|pair| pair[0].0 != pair[1].0);
        assert!(unique, "names are unique: {members:?}");
        assert_eq!(
            self.server.stats().members,
            members.len() as u64,
            "the statistics count the members"
        );
    }
}

/// What was sent, in order; the recipients of each payload sorted. Checks what holds for every
/// output.
fn sent(outgoing: &Outgoing<'_, At>) -> Vec<Sent> {
    let sent: Vec<Sent> = outgoing
        .transmits()
        .map(|transmit| {
            let mut to: Vec<u8> = transmit.to.iter().map(|at| at.0).collect();
            to.sort_unstable();
            let each_once = to.windows(2).all(|pair| pair[0] != pair[1]);
            assert!(each_once, "nobody gets the same datagram twice: {to:?}");
            assert!(
                transmit.payload.len() <= 1_024,
                "a datagram of {} bytes",
                transmit.payload.len()
            );
            let text = String::from_utf8(transmit.payload.to_vec()).expect("only UTF-8 is sent");
            assert!(
                !text.contains(|c: char| c.is_control() && c != '\t'),
                "a control character is sent: {text:?}"
            );
            (to, text)
        })
        .collect();
    assert!(sent.len() <= 3, "at most 2 and one per end word: {sent:?}");
    sent
}

/// What the model sends, without what goes to nobody.
fn heard(expected: Vec<Sent>) -> Vec<Sent> {
    expected
        .into_iter()
        .filter(|(to, _)| !to.is_empty())
        .collect()
}
