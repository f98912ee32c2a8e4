//! The room of PROTOCOL.md, "Rules of the server", as a list that is searched, and strings.

use std::num::{NonZeroU32, NonZeroU64};

use chat_core::Config;
use chat_core::proto::{DecodeErrorKind, Request, TextError, Verb};

use super::bans::{Banned, Bans};
use super::bucket::Allowance;
use super::names::{HEAPS, NAMES, RESERVED, row};

/// The question to a member that may be gone.
pub const PROBE: &str = "admin : are you still there?";

/// The success words in use and the end words with each, in the order of the search.
const WORDS: [(&str, &str); 3] = [
    ("OK", "EXIT"),
    ("ok", "EXIT exit quit #"),
    ("IN", "OUT EXIT exit quit #"),
];
/// The end words that everybody gets who is no member, or when the room closes.
const ALL_ENDS: &str = "EXIT exit quit # OUT";

/// A datagram that the room sends: its recipients (sorted) and its text.
pub type Sent = (Vec<u8>, String);

/// Returns the network of an address: two addresses share one.
pub fn network(at: u8) -> u8 {
    at / 2
}

/// Returns `true` for all addresses but the first four.
pub fn may_be_forged(at: u8) -> bool {
    at >= 4
}

/// A member.
#[derive(Debug)]
struct Member {
    name: String,
    at: u8,
    /// The number of its success word.
    word: usize,
    /// The moment at which it was sent that.
    welcomed: u64,
    /// It sent more than logins.
    understood: bool,
    heard: u64,
    refused: Option<u64>,
    asked: Option<u64>,
    suspect: bool,
    banned: bool,
    lines: Allowance,
    bytes: Allowance,
    /// Bytes sent to a member that never spoke; `None` when that does not matter.
    unanswered: Option<u64>,
}

#[derive(Debug)]
struct Network {
    number: u8,
    logins: Allowance,
    used: u64,
}

/// A room that speaks plain L/C/Q, with the operator `admin`.
#[derive(Debug)]
pub struct Room {
    config: Config,
    members: Vec<Member>,
    networks: Vec<Network>,
    answers: Allowance,
    /// The operator's bans.
    pub bans: Bans,
    closed: bool,
}

impl Room {
    /// Opens an empty room.
    pub fn new(config: Config) -> Self {
        Self {
            answers: Allowance::full(config.stranger_replies),
            bans: Bans::new(config.max_bans.get() as usize),
            config,
            members: Vec::new(),
            networks: Vec::new(),
            closed: false,
        }
    }

    /// Lists the members and their addresses, sorted by name.
    pub fn members(&self) -> Vec<(String, u8)> {
        let pair = |member: &Member| (member.name.clone(), member.at);
        let mut members: Vec<_> = self.members.iter().map(pair).collect();
        members.sort();
        members
    }

    fn member(&mut self, at: u8) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.at == at)
    }

    /// Takes a datagram.
    pub fn receive(&mut self, now: u64, from: u8, datagram: &[u8]) -> Vec<Sent> {
        if self.closed {
            return vec![];
        }
        let own_name = self.member(from).map(|member| {
            member.heard = member.heard.max(now);
            member.suspect = false;
            member.name.clone()
        });
        let number_sign_quits = self.member(from).is_some_and(|member| member.word > 0);
        let len = datagram.len() as u64;
        let dialect = &self.config.dialect;
        let verb = Verb::of(datagram, dialect);
        let sent = match (Request::decode(datagram, dialect), own_name) {
            (Ok(Request::Login { name, .. }), own_name) => {
                self.login(now, from, name.as_str(), own_name)
            }
            (Ok(Request::Chat { name, text }), Some(own))
                if text.as_str() == "#" && number_sign_quits =>
            {
                self.quit(now, from, name.as_str() == own)
            }
            (Ok(Request::Chat { .. }), None) => {
                self.answer_stranger(now, from, "FAIL not logged in")
            }
            (Ok(Request::Chat { name, text }), Some(own)) => {
                if !self.may_say(now, from, len) {
                    self.refuse_line(now, from, "FAIL too fast")
                } else if name.as_str() == own {
                    if let Some(member) = self.member(from) {
                        member.unanswered = None;
                    }
                    vec![(self.all_but(from), format!("{own} : {text}"))]
                } else {
                    self.refuse_line(now, from, "FAIL not your name")
                }
            }
            (Ok(Request::Quit { name }), own_name) => {
                self.quit(now, from, own_name.is_some_and(|own| name.as_str() == own))
            }
            (Err(error), own_name) => match (verb, own_name, error.kind()) {
                (Some(Verb::Login), ..) if !self.may_log_in(now, from) => vec![],
                (Some(Verb::Login), None, _) => self.answer_stranger(now, from, "FAIL bad name"),
                (Some(Verb::Login), Some(_), _) => one(from, "FAIL bad name"),
                (Some(Verb::Quit), ..) => self.quit(now, from, false),
                (Some(Verb::Chat), None, _) => {
                    self.answer_stranger(now, from, "FAIL not logged in")
                }
                (Some(Verb::Chat), Some(_), kind) => match bad_line(kind) {
                    None => vec![],
                    Some(_) if !self.may_say(now, from, len) => {
                        self.refuse_line(now, from, "FAIL too fast")
                    }
                    Some(refusal) => self.refuse_line(now, from, refusal),
                },
                _ => vec![],
            },
        };
        self.heard_by_the_silent(sent)
    }

    fn login(&mut self, now: u64, from: u8, name: &str, own_name: Option<String>) -> Vec<Sent> {
        if own_name.as_deref() == Some(name) {
            let searches = self.config.search_words;
            let member = self.member(from).expect("it has a name");
            if searches && !member.understood && now >= member.welcomed + 300 {
                member.word = (member.word + 1) % WORDS.len();
            }
            member.welcomed = now;
            return one(from, WORDS[member.word].0);
        }
        if !self.may_log_in(now, from) {
            return vec![];
        }
        let stranger = own_name.is_none();
        let row = row(name).expect("a name that the model knows");
        let looks_like =
            |member: &Member| NAMES[row].contains(&member.name.as_str()) && member.at != from;
        let is_neighbour = |member: &&Member| network(member.at) == network(from);
        let neighbours = self.members.iter().filter(is_neighbour).count();
        let reaches = |count: usize, most: Option<NonZeroU32>| {
            most.is_some_and(|most| count >= most.get() as usize)
        };
        let full = reaches(self.members.len(), self.config.max_members)
            || reaches(neighbours, self.config.max_members_per_network);
        let taken = self.members.iter().position(looks_like);
        let refusal = match taken {
            _ if row == HEAPS => Some("FAIL bad name"),
            _ if row == RESERVED => Some("FAIL reserved"),
            _ if self.bans.hit(now, name, from) => Some("FAIL banned"),
            Some(_) => Some("FAIL name taken"),
            None if stranger && full => Some("FAIL room full"),
            None => None,
        };
        if let Some(refusal) = refusal {
            let mut sent = if stranger {
                self.answer_stranger(now, from, refusal)
            } else {
                one(from, refusal)
            };
            if refusal == "FAIL name taken" {
                let owner = &mut self.members[taken.expect("a member has it")];
                if !is_within(5_000, owner.asked, now) {
                    owner.asked = Some(now);
                    sent.extend(one(owner.at, PROBE));
                }
            }
            return sent;
        }
        let word = self.member(from).map_or(0, |member| member.word);
        let mut sent = one(from, WORDS[word].0);
        if let Some(before) = own_name {
            sent.push((self.all_but(from), format!("* {before} left")));
            if let Some(member) = self.member(from) {
                name.clone_into(&mut member.name);
                member.welcomed = now;
            }
        } else {
            self.members.push(Member {
                name: name.to_owned(),
                at: from,
                word,
                welcomed: now,
                understood: false,
                heard: now,
                refused: None,
                asked: None,
                suspect: false,
                banned: false,
                lines: Allowance::full(self.config.member_lines),
                bytes: Allowance::full(self.config.member_bytes),
                unanswered: may_be_forged(from).then_some(0),
            });
        }
        sent.push((self.all_but(from), format!("* {name} joined")));
        sent
    }

    /// Answers a quit, perhaps one with the sender's own name.
    fn quit(&mut self, now: u64, from: u8, own: bool) -> Vec<Sent> {
        let Some(place) = self.members.iter().position(|member| member.at == from) else {
            let ends = self.all_ends();
            let many = ends.split(' ').count() as u64;
            if !self.answers.uses(now, many) {
                return vec![];
            }
            return each(&[from], ends);
        };
        let ends = each(&[from], WORDS[self.members[place].word].1);
        if own {
            let gone = self.members.remove(place);
            let notice = (self.all(), format!("* {} left", gone.name));
            return [ends, vec![notice]].concat();
        }
        if self.may_say(now, from, 0) {
            ends
        } else {
            self.refuse_line(now, from, "FAIL too fast")
        }
    }

    fn all_ends(&self) -> &'static str {
        if self.config.search_words {
            ALL_ENDS
        } else {
            "EXIT"
        }
    }

    fn answer_stranger(&mut self, now: u64, from: u8, answer: &str) -> Vec<Sent> {
        if self.answers.uses(now, 1) {
            one(from, answer)
        } else {
            vec![]
        }
    }

    fn may_log_in(&mut self, now: u64, from: u8) -> bool {
        let number = network(from);
        let mut networks = self.networks.iter();
        let mut place = networks.position(|network| network.number == number);
        if place.is_none() {
            if self.networks.len() >= self.config.tracked_networks.get() as usize {
                self.networks
                    .sort_by_key(|network| (network.used, network.number));
                self.networks.remove(0);
            }
            place = Some(self.networks.len());
            let logins = Allowance::full(self.config.network_logins);
            self.networks.push(Network {
                number,
                logins,
                used: now,
            });
        }
        let network = &mut self.networks[place.expect("it was just put there")];
        let may = network.logins.uses(now, 1);
        if may {
            network.used = now;
        }
        may
    }

    fn may_say(&mut self, now: u64, from: u8, len: u64) -> bool {
        let member = self.member(from).expect("only members are asked about");
        member.understood = true;
        if !member.lines.uses(now, 1) {
            return false;
        }
        let may = member.bytes.uses(now, len);
        if !may {
            member.lines.returns_one();
        }
        may
    }

    fn refuse_line(&mut self, now: u64, from: u8, refusal: &str) -> Vec<Sent> {
        let member = self.member(from).expect("only members are refused a line");
        if is_within(1_000, member.refused, now) {
            return vec![];
        }
        member.refused = Some(now);
        one(from, refusal)
    }

    /// Takes the network's report that an address is unreachable.
    pub fn unreachable(&mut self, now: u64, at: u8) -> Vec<Sent> {
        match self.member(at) {
            None => vec![],
            Some(member) if member.suspect => self.close_connection(at),
            Some(member) => {
                member.suspect = true;
                member.asked = Some(now);
                one(at, PROBE)
            }
        }
    }

    /// Adds a ban and marks the members that it hits; `false` when there are too many bans.
    pub fn ban(&mut self, now: u64, banned: Banned, until: Option<u64>) -> bool {
        let has_place = self.bans.add(now, banned, until);
        for member in self.members.iter_mut().filter(|_| has_place) {
            member.banned |= banned.hits(&member.name, member.at);
        }
        has_place
    }

    /// Lists the members of which one must go now: all banned ones; or else, of those that never
    /// spoke, the one that joined first; or else all idle ones.
    pub fn due(&self, now: u64) -> Vec<String> {
        let names = |members: Vec<&Member>| members.iter().map(|m| m.name.clone()).collect();
        let banned: Vec<&Member> = self.members.iter().filter(|member| member.banned).collect();
        if !banned.is_empty() {
            return names(banned);
        }
        let limit = self.config.silent_traffic_bytes;
        let limit = limit.map_or(u64::MAX, NonZeroU64::get);
        let is_silent = |member: &&Member| member.unanswered.is_some_and(|bytes| bytes >= limit);
        if let Some(silent) = self.members.iter().find(is_silent) {
            return vec![silent.name.clone()];
        }
        let limit = self.config.idle_limit_seconds;
        let limit = limit.map_or(u64::MAX, |seconds| u64::from(seconds.get()) * 1_000);
        let is_idle = |member: &&Member| member.heard.saturating_add(limit) <= now;
        names(self.members.iter().filter(is_idle).collect())
    }

    /// Removes a member whose connection was closed.
    pub fn close_connection(&mut self, at: u8) -> Vec<Sent> {
        let Some(place) = self.members.iter().position(|member| member.at == at) else {
            return vec![];
        };
        let gone = self.members.remove(place);
        self.heard_by_the_silent(vec![(self.all(), format!("* {} left", gone.name))])
    }

    /// Removes a member because of a limit, or for the operator, perhaps with a reason.
    pub fn remove(&mut self, name: &str, reason: Option<&str>) -> Vec<Sent> {
        let Some(place) = self.members.iter().position(|member| member.name == name) else {
            return vec![];
        };
        let gone = self.members.remove(place);
        let told = reason.map(|reason| (vec![gone.at], format!("admin : {reason}")));
        let ends = each(&[gone.at], WORDS[gone.word].1);
        let notice = (self.all(), format!("* {} left", gone.name));
        let sent = self.heard_by_the_silent([ends, vec![notice]].concat());
        told.into_iter().chain(sent).collect()
    }

    /// Speaks as the operator.
    pub fn announce(&mut self, text: &str) -> Vec<Sent> {
        let sent = vec![(self.all(), format!("admin : {text}"))];
        self.heard_by_the_silent(sent)
    }

    /// Closes.
    pub fn close(&mut self) -> Vec<Sent> {
        let sent = each(&self.all(), self.all_ends());
        self.members.clear();
        self.closed = true;
        sent
    }

    /// Counts lines and notices for members that never spoke. (A new member's own notice counts.)
    fn heard_by_the_silent(&mut self, sent: Vec<Sent>) -> Vec<Sent> {
        for (_, text) in sent.iter().filter(|(_, text)| is_for_all(text)) {
            for member in &mut self.members {
                member.unanswered = member.unanswered.map(|bytes| bytes + text.len() as u64);
            }
        }
        sent
    }

    fn all(&self) -> Vec<u8> {
        let mut all: Vec<u8> = self.members.iter().map(|member| member.at).collect();
        all.sort_unstable();
        all
    }

    fn all_but(&self, at: u8) -> Vec<u8> {
        let mut all = self.all();
        all.retain(|&other| other != at);
        all
    }
}

fn one(to: u8, what: &str) -> Vec<Sent> {
    vec![(vec![to], what.to_owned())]
}

fn each(to: &[u8], words: &str) -> Vec<Sent> {
    let word = |word: &str| (to.to_vec(), word.to_owned());
    words.split(' ').map(word).collect()
}

/// Returns `true` for lines and notices, but not for replies and probes.
fn is_for_all(text: &str) -> bool {
    text.starts_with("* ") || (text.contains(" : ") && text != PROBE)
}

/// Returns `true` when the moment `past` was less than `millis` ago.
fn is_within(millis: u64, past: Option<u64>, now: u64) -> bool {
    past.is_some_and(|past| now.saturating_sub(past) < millis)
}

fn bad_line(kind: DecodeErrorKind) -> Option<&'static str> {
    match kind {
        DecodeErrorKind::TooLong { .. } | DecodeErrorKind::Text(TextError::TooLong { .. }) => {
            Some("FAIL too long")
        }
        DecodeErrorKind::Text(_) => Some("FAIL control character"),
        DecodeErrorKind::Name(_) => Some("FAIL not your name"),
        _ => None,
    }
}
