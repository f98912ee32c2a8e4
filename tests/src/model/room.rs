//! The room of PROTOCOL.md, "Rules of the server": a list that is searched from one end to the
//! other, and strings.

use chat_proto::{DecodeErrorKind, Dialect, Request, TextError, Verb};

use super::bans::Bans;
use super::bucket::{Allowance, PerSecondAtOnce};
use super::names::{HEAPS, NAMES, RESERVED, row};

/// A datagram that the room sends: to whom (sorted), and what.
pub type Sent = (Vec<u8>, String);

/// What the room is to be like; `None`: without that limit.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How many may be in.
    pub most: usize,
    /// How many of one network.
    pub most_per_network: usize,
    /// After how many milliseconds of silence somebody is out.
    pub idle_limit: Option<u64>,
    /// How many lines each may say.
    pub lines: Option<PerSecondAtOnce>,
    /// How many bytes each may say.
    pub bytes: Option<PerSecondAtOnce>,
    /// How many logins each network may send.
    pub logins: Option<PerSecondAtOnce>,
    /// Of how many networks the logins are remembered.
    pub networks: usize,
    /// How many answers strangers may get.
    pub answers: Option<PerSecondAtOnce>,
    /// How many bans there can be.
    pub bans: usize,
    /// After how many bytes somebody is out who has not said anything, at an address that is not
    /// private.
    pub silent_limit: Option<u64>,
}

/// The network of an address: two addresses are one.
#[must_use]
pub fn network(at: u8) -> u8 {
    at / 2
}

/// Whether an address is private: the first four are.
#[must_use]
pub fn is_private(at: u8) -> bool {
    at < 4
}

/// Somebody who is in.
#[derive(Debug)]
struct Member {
    name: String,
    at: u8,
    heard: u64,
    refused: Option<u64>,
    asked: Option<u64>,
    suspect: bool,
    lines: Option<Allowance>,
    bytes: Option<Allowance>,
    /// How many bytes went to this member and has it said nothing; `None` when that does not
    /// matter.
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
    rules: Rules,
    members: Vec<Member>,
    networks: Vec<Network>,
    answers: Option<Allowance>,
    /// Whom the operator does not want.
    pub bans: Bans,
    closed: bool,
}

impl Room {
    /// An empty room.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            answers: rules.answers.map(Allowance::full),
            bans: Bans::new(rules.bans),
            rules,
            members: Vec::new(),
            networks: Vec::new(),
            closed: false,
        }
    }

    /// Who is in, from where; sorted by name.
    #[must_use]
    pub fn members(&self) -> Vec<(String, u8)> {
        let mut members: Vec<_> = self
            .members
            .iter()
            .map(|member| (member.name.clone(), member.at))
            .collect();
        members.sort();
        members
    }

    /// A datagram comes in.
    pub fn receive(&mut self, now: u64, from: u8, datagram: &[u8]) -> Vec<Sent> {
        if self.closed {
            return vec![];
        }
        let mut own_name = None;
        for member in self.members.iter_mut().filter(|member| member.at == from) {
            member.heard = member.heard.max(now);
            member.suspect = false;
            own_name = Some(member.name.clone());
        }
        let len = datagram.len() as u64;
        let sent = match (Request::decode(datagram, &Dialect::lenient()), own_name) {
            (Ok(Request::Login { name, .. }), own_name) => {
                self.login(now, from, name.as_str(), own_name)
            }
            (Ok(Request::Chat { .. }), None) => {
                self.answer_stranger(now, from, "FAIL not logged in")
            }
            (Ok(Request::Chat { name, text }), Some(own)) => {
                if !self.may_say(now, from, len) {
                    self.refuse_line(now, from, "FAIL too fast")
                } else if name.as_str() == own {
                    for member in self.members.iter_mut().filter(|member| member.at == from) {
                        member.unanswered = None;
                    }
                    vec![(self.all_but(from), format!("{own} : {text}"))]
                } else {
                    self.refuse_line(now, from, "FAIL not your name")
                }
            }
            (Ok(Request::Quit { name }), Some(own)) if name.as_str() == own => {
                self.members.retain(|member| member.at != from);
                vec![
                    (vec![from], "EXIT".into()),
                    (self.all(), format!("* {own} left")),
                ]
            }
            (Ok(Request::Quit { .. }), own_name) => self.end_nobody(now, from, own_name.is_some()),
            (Err(error), own_name) => match (error.verb(), own_name, error.kind()) {
                (Some(Verb::Login), ..) if !self.may_log_in(now, from) => vec![],
                (Some(Verb::Login), None, _) => self.answer_stranger(now, from, "FAIL bad name"),
                (Some(Verb::Login), Some(_), _) => one(from, "FAIL bad name"),
                (Some(Verb::Quit), own_name, _) => self.end_nobody(now, from, own_name.is_some()),
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
            return one(from, "OK");
        }
        if !self.may_log_in(now, from) {
            return vec![];
        }
        let stranger = own_name.is_none();
        let row = row(name).expect("a name that the model knows");
        let looks_like =
            |member: &Member| NAMES[row].contains(&member.name.as_str()) && member.at != from;
        let neighbours = self
            .members
            .iter()
            .filter(|member| network(member.at) == network(from))
            .count();
        let full =
            self.members.len() >= self.rules.most || neighbours >= self.rules.most_per_network;
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
                let owner = &mut self.members[taken.expect("somebody has it")];
                if owner
                    .asked
                    .is_none_or(|asked| now.saturating_sub(asked) >= 5_000)
                {
                    owner.asked = Some(now);
                    sent.extend(one(owner.at, "admin : are you still there?"));
                }
            }
            return sent;
        }
        let mut sent = one(from, "OK");
        if let Some(before) = own_name {
            sent.push((self.all_but(from), format!("* {before} left")));
            for member in self.members.iter_mut().filter(|member| member.at == from) {
                name.clone_into(&mut member.name);
            }
        } else {
            self.members.push(Member {
                name: name.to_owned(),
                at: from,
                heard: now,
                refused: None,
                asked: None,
                suspect: false,
                lines: self.rules.lines.map(Allowance::full),
                bytes: self.rules.bytes.map(Allowance::full),
                unanswered: (!is_private(from)).then_some(0),
            });
        }
        sent.push((self.all_but(from), format!("* {name} joined")));
        sent
    }

    /// A quit of somebody who is not in under that name.
    fn end_nobody(&mut self, now: u64, from: u8, member: bool) -> Vec<Sent> {
        if !member {
            return self.answer_stranger(now, from, "EXIT");
        }
        if self.may_say(now, from, 0) {
            one(from, "EXIT")
        } else {
            self.refuse_line(now, from, "FAIL too fast")
        }
    }

    fn answer_stranger(&mut self, now: u64, from: u8, answer: &str) -> Vec<Sent> {
        if let (Some(answers), Some(rate)) = (&mut self.answers, self.rules.answers)
            && !answers.uses(now, rate, 1)
        {
            return vec![];
        }
        one(from, answer)
    }

    fn may_log_in(&mut self, now: u64, from: u8) -> bool {
        let Some(rate) = self.rules.logins else {
            return true;
        };
        let number = network(from);
        if !self.networks.iter().any(|network| network.number == number) {
            if self.networks.len() >= self.rules.networks {
                self.networks
                    .sort_by_key(|network| (network.used, network.number));
                self.networks.remove(0);
            }
            self.networks.push(Network {
                number,
                logins: Allowance::full(rate),
                used: now,
            });
        }
        for network in self
            .networks
            .iter_mut()
            .filter(|network| network.number == number)
        {
            if network.logins.uses(now, rate, 1) {
                network.used = now;
                return true;
            }
        }
        false
    }

    fn may_say(&mut self, now: u64, from: u8, len: u64) -> bool {
        let rules = &self.rules;
        for member in self.members.iter_mut().filter(|member| member.at == from) {
            if let (Some(lines), Some(rate)) = (&mut member.lines, rules.lines)
                && !lines.uses(now, rate, 1)
            {
                return false;
            }
            if let (Some(bytes), Some(rate)) = (&mut member.bytes, rules.bytes)
                && !bytes.uses(now, rate, len)
            {
                if let Some(lines) = &mut member.lines {
                    lines.returns(1);
                }
                return false;
            }
        }
        true
    }

    fn refuse_line(&mut self, now: u64, from: u8, refusal: &str) -> Vec<Sent> {
        for member in self.members.iter_mut().filter(|member| member.at == from) {
            if member
                .refused
                .is_some_and(|refused| now.saturating_sub(refused) < 1_000)
            {
                return vec![];
            }
            member.refused = Some(now);
        }
        one(from, refusal)
    }

    /// The network reports that nobody is there.
    pub fn unreachable(&mut self, now: u64, at: u8) -> Vec<Sent> {
        let Some(place) = self.members.iter().position(|member| member.at == at) else {
            return vec![];
        };
        if self.members[place].suspect {
            let gone = self.members.remove(place);
            let sent = vec![(self.all(), format!("* {} left", gone.name))];
            return self.heard_by_the_silent(sent);
        }
        self.members[place].suspect = true;
        self.members[place].asked = Some(now);
        one(at, "admin : are you still there?")
    }

    /// Who has to go now: of those who said nothing the one who is in for longest, or else any that
    /// was idle.
    #[must_use]
    pub fn due(&self, now: u64) -> Vec<String> {
        let limit = self.rules.silent_limit.unwrap_or(u64::MAX);
        let silent = self
            .members
            .iter()
            .find(|member| member.unanswered.is_some_and(|bytes| bytes >= limit));
        if let Some(silent) = silent {
            return vec![silent.name.clone()];
        }
        let limit = self.rules.idle_limit.unwrap_or(u64::MAX);
        let idle = self
            .members
            .iter()
            .filter(|member| member.heard.saturating_add(limit) <= now);
        idle.map(|member| member.name.clone()).collect()
    }

    /// Somebody has to go: the operator, who may say why to nobody else, or a limit says so.
    pub fn remove(&mut self, name: &str, reason: Option<&str>) -> Vec<Sent> {
        let Some(place) = self.members.iter().position(|member| member.name == name) else {
            return vec![];
        };
        let gone = self.members.remove(place);
        let told = reason.map(|reason| (vec![gone.at], format!("admin : {reason}")));
        let end = (vec![gone.at], "EXIT".into());
        let sent =
            self.heard_by_the_silent(vec![end, (self.all(), format!("* {} left", gone.name))]);
        told.into_iter().chain(sent).collect()
    }

    /// The operator speaks.
    pub fn announce(&mut self, text: &str) -> Vec<Sent> {
        let sent = vec![(self.all(), format!("admin : {text}"))];
        self.heard_by_the_silent(sent)
    }

    /// The room closes.
    pub fn close(&mut self) -> Vec<Sent> {
        let sent = vec![(self.all(), "EXIT".to_owned())];
        self.members.clear();
        self.closed = true;
        sent
    }

    /// Whoever has said nothing counts what is said and told to all others. (Who has just come
    /// counts its own notice.)
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
        self.all()
            .into_iter()
            .filter(|&other| other != at)
            .collect()
    }
}

fn one(to: u8, what: &str) -> Vec<Sent> {
    vec![(vec![to], what.to_owned())]
}

/// Lines and notices, but no replies and no questions.
fn is_for_all(text: &str) -> bool {
    text.starts_with("* ") || (text.contains(" : ") && text != "admin : are you still there?")
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
