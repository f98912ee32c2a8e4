//! The room of PROTOCOL.md, "Rules of the server": a list that is searched from one end to the other, and strings.

use chat_proto::{DecodeErrorKind, Dialect, Name, Request, TextError, Verb};

/// A datagram that the room sends: to whom (sorted), and what.
pub type Sent = (Vec<u8>, String);

/// Somebody who is in.
#[derive(Debug)]
struct Member {
    name: String,
    at: u8,
    heard: u64,
    refused: Option<u64>,
    asked: Option<u64>,
    suspect: bool,
}

/// A room that speaks plain L/C/Q, with the operator `admin`.
#[derive(Debug)]
pub struct Room {
    members: Vec<Member>,
    most: usize,
    idle_limit: Option<u64>,
    closed: bool,
}

impl Room {
    /// With a place for `most` members, and an idle limit in milliseconds.
    pub fn new(most: usize, idle_limit: Option<u64>) -> Self {
        Self {
            members: Vec::new(),
            most,
            idle_limit,
            closed: false,
        }
    }

    /// Who is in, from where; sorted by name.
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
        if let Some(member) = self.members.iter_mut().find(|member| member.at == from) {
            member.heard = member.heard.max(now);
            member.suspect = false;
        }
        let own_name = self
            .members
            .iter()
            .find(|member| member.at == from)
            .map(|member| member.name.clone());
        match (Request::decode(datagram, &Dialect::lenient()), own_name) {
            (Ok(Request::Login { name, .. }), own_name) => self.login(now, from, &name, own_name),
            (Ok(Request::Chat { .. }), None) => one(from, "FAIL not logged in"),
            (Ok(Request::Chat { name, text }), Some(own)) if name.as_str() == own => {
                vec![(self.all_but(from), format!("{own} : {text}"))]
            }
            (Ok(Request::Chat { .. }), Some(_)) => self.refuse_line(now, from, "FAIL not your name"),
            (Ok(Request::Quit { name }), Some(own)) if name.as_str() == own => {
                self.members.retain(|member| member.at != from);
                vec![(vec![from], "EXIT".into()), (self.all(), format!("* {own} left"))]
            }
            (Ok(Request::Quit { .. }), _) => one(from, "EXIT"),
            (Err(error), own_name) => match (error.verb(), own_name, error.kind()) {
                (Some(Verb::Login), ..) => one(from, "FAIL bad name"),
                (Some(Verb::Quit), ..) => one(from, "EXIT"),
                (Some(Verb::Chat), None, _) => one(from, "FAIL not logged in"),
                (Some(Verb::Chat), Some(_), DecodeErrorKind::TooLong { .. }) => {
                    self.refuse_line(now, from, "FAIL too long")
                }
                (Some(Verb::Chat), Some(_), DecodeErrorKind::Text(TextError::TooLong { .. })) => {
                    self.refuse_line(now, from, "FAIL too long")
                }
                (Some(Verb::Chat), Some(_), DecodeErrorKind::Text(_)) => {
                    self.refuse_line(now, from, "FAIL control character")
                }
                (Some(Verb::Chat), Some(_), DecodeErrorKind::Name(_)) => {
                    self.refuse_line(now, from, "FAIL not your name")
                }
                _ => vec![],
            },
        }
    }

    fn login(&mut self, now: u64, from: u8, name: &Name, own_name: Option<String>) -> Vec<Sent> {
        let name = name.to_string();
        if own_name.as_ref() == Some(&name) {
            return one(from, "OK");
        }
        let lower = name.to_ascii_lowercase();
        if lower.contains("admin") || lower.contains("管理员") {
            return one(from, "FAIL reserved");
        }
        if let Some(owner) = self.members.iter_mut().find(|member| member.name == name) {
            let mut sent = one(from, "FAIL name taken");
            if owner.asked.is_none_or(|asked| now.saturating_sub(asked) >= 5_000) {
                owner.asked = Some(now);
                sent.extend(one(owner.at, "admin : are you still there?"));
            }
            return sent;
        }
        let mut sent = one(from, "OK");
        match own_name {
            Some(before) => {
                sent.push((self.all_but(from), format!("* {before} left")));
                for member in self.members.iter_mut().filter(|member| member.at == from) {
                    member.name.clone_from(&name);
                }
            }
            None if self.members.len() >= self.most => return one(from, "FAIL room full"),
            None => self.members.push(Member {
                name: name.clone(),
                at: from,
                heard: now,
                refused: None,
                asked: None,
                suspect: false,
            }),
        }
        sent.push((self.all_but(from), format!("* {name} joined")));
        sent
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
            return vec![(self.all(), format!("* {} left", gone.name))];
        }
        self.members[place].suspect = true;
        self.members[place].asked = Some(now);
        one(at, "admin : are you still there?")
    }

    /// Who has been idle for the limit.
    pub fn idle(&self, now: u64) -> Vec<String> {
        let limit = self.idle_limit.unwrap_or(u64::MAX);
        let idle = self
            .members
            .iter()
            .filter(|member| member.heard.saturating_add(limit) <= now);
        idle.map(|member| member.name.clone()).collect()
    }

    /// The operator removes somebody, or the idle limit does.
    pub fn remove(&mut self, name: &str) -> Vec<Sent> {
        let Some(place) = self.members.iter().position(|member| member.name == name) else {
            return vec![];
        };
        let gone = self.members.remove(place);
        vec![
            (vec![gone.at], "EXIT".into()),
            (self.all(), format!("* {} left", gone.name)),
        ]
    }

    /// The operator speaks.
    pub fn announce(&self, text: &str) -> Vec<Sent> {
        vec![(self.all(), format!("admin : {text}"))]
    }

    /// The room closes.
    pub fn close(&mut self) -> Vec<Sent> {
        let sent = vec![(self.all(), "EXIT".to_owned())];
        self.members.clear();
        self.closed = true;
        sent
    }

    fn all(&self) -> Vec<u8> {
        let mut all: Vec<u8> = self.members.iter().map(|member| member.at).collect();
        all.sort_unstable();
        all
    }

    fn all_but(&self, at: u8) -> Vec<u8> {
        self.all().into_iter().filter(|&other| other != at).collect()
    }
}

fn one(to: u8, what: &str) -> Vec<Sent> {
    vec![(vec![to], what.to_owned())]
}
