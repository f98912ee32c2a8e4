//! The faults: each a place in `chat-core` and what is written there instead.

/// A fault that somebody could have made.
#[derive(Debug)]
pub(crate) struct Mutant {
    /// What is wrong then.
    pub(crate) name: &'static str,
    /// Where: a file below `chat-core/src`.
    pub(crate) file: &'static str,
    /// What is written there now; it occurs once.
    pub(crate) find: &'static str,
    /// What is written there instead.
    pub(crate) replace: &'static str,
}

const fn mutant(
    name: &'static str,
    file: &'static str,
    find: &'static str,
    replace: &'static str,
) -> Mutant {
    Mutant {
        name,
        file,
        find,
        replace,
    }
}

/// Faults in the rules of the server.
pub(crate) const SERVER: &[Mutant] = &[
    mutant(
        "a member may speak under any name",
        "server/transitions.rs",
        "self.members.get(index).is_none_or(|(member, _)| member.name != name)",
        "false",
    ),
    mutant(
        "a member may quit under any name",
        "server/transitions.rs",
        ".is_some_and(|(member, _)| Some(member.name) == name)",
        ".is_some()",
    ),
    mutant(
        "a notice is sent twice",
        "server/transitions.rs",
        "        let notice = Delivery::<Text<'_>>::Joined { name };\n",
        "        let notice = Delivery::<Text<'_>>::Joined { name };\n        self.plan.delivery(&self.config.dialect, &notice, To::AllBut(index));\n",
    ),
    mutant(
        "a speaker hears itself",
        "server/transitions.rs",
        "&Delivery::Said { name, text }, To::AllBut(index)",
        "&Delivery::Said { name, text }, To::All",
    ),
    mutant(
        "a newcomer is told of itself",
        "server/transitions.rs",
        "        let notice = Delivery::<Text<'_>>::Joined { name };\n        self.plan.delivery(&self.config.dialect, &notice, To::AllBut(index));",
        "        let notice = Delivery::<Text<'_>>::Joined { name };\n        self.plan.delivery(&self.config.dialect, &notice, To::All);",
    ),
    mutant(
        "a repeated login is a new one",
        "server/transitions.rs",
        "if own_name == Some(name) {",
        "if false {",
    ),
    mutant(
        "another name is taken without a notice that the first left",
        "server/transitions.rs",
        "self.plan.delivery(&self.config.dialect, &notice, To::AllBut(index));\n        }",
        "let _ = notice;\n        }",
    ),
    mutant(
        "reserved names are free",
        "server/transitions.rs",
        "if self.reserved.covers(&name) {",
        "if false {",
    ),
    mutant(
        "names that look alike are free",
        "server/transitions.rs",
        "self.members.other_like(looks, sender)",
        "self.members.named(&name).filter(|owner| Some(*owner) != sender)",
    ),
    mutant(
        "heaps of marks are names",
        "server/transitions.rs",
        "if has_stray_marks(&name) {",
        "if false {",
    ),
    mutant(
        "one member too many",
        "server/transitions.rs",
        "members >= u64::from(most)",
        "members > u64::from(most)",
    ),
    mutant(
        "one neighbour too many",
        "server/transitions.rs",
        "neighbours >= most.get()",
        "neighbours > most.get()",
    ),
    mutant(
        "a refusal is told a millisecond late",
        "server/transitions.rs",
        "if now < member.quiet_until {",
        "if now <= member.quiet_until {",
    ),
    mutant(
        "every refused line is answered",
        "server/transitions.rs",
        "        member.quiet_until = now.plus_millis(REFUSAL_INTERVAL_MILLIS);\n",
        "",
    ),
    mutant(
        "a suspect that speaks stays one",
        "server/transitions.rs",
        "            member.suspect = false;\n",
        "",
    ),
    mutant(
        "the first report removes",
        "server/transitions.rs",
        "if member.suspect {",
        "if true {",
    ),
    mutant(
        "every login under a taken name asks its owner",
        "server/transitions.rs",
        "member.unprobed_until <= now",
        "member.unprobed_until < Timestamp::from_millis(u64::MAX)",
    ),
    mutant(
        "a quit is not answered",
        "server/transitions.rs",
        "        self.say_end_to(from);\n",
        "",
    ),
    mutant(
        "only the first end word is said",
        "server/transitions.rs",
        "    fn say_end_to(&mut self, peer: A) {\n        for word in self.config.dialect.ends().iter() {",
        "    fn say_end_to(&mut self, peer: A) {\n        for word in self.config.dialect.ends().iter().take(1) {",
    ),
    mutant(
        "strangers are answered without a limit",
        "server/transitions.rs",
        "if sender.is_none() && !self.answers_stranger(now, 1) {",
        "if false {",
    ),
    mutant(
        "members count as strangers",
        "server/transitions.rs",
        "if sender.is_none() && !self.answers_stranger(now, 1) {",
        "if !self.answers_stranger(now, 1) {",
    ),
    mutant(
        "bad logins do not count",
        "server/transitions.rs",
        "            (Verb::Login, _) if !self.takes_login(now, from) => self.dropped(from, DropReason::LoginRate),\n",
        "",
    ),
    mutant(
        "a line that is too long for the rate costs one all the same",
        "server/transitions.rs",
        "            member.lines.give_back(1);\n",
        "",
    ),
    mutant(
        "speaking does not count as speaking",
        "server/transitions.rs",
        "        self.members.spoke(index);\n        self.stats.messages",
        "        self.stats.messages",
    ),
    mutant(
        "who is removed is not told",
        "server/transitions.rs",
        "        if let Some((_, peer)) = self.members.get(index) {\n            self.say_end_to(peer);\n        }\n        self.remove(index, reason)",
        "        self.remove(index, reason)",
    ),
    mutant(
        "the others are not told who left",
        "server/transitions.rs",
        "        self.plan\n            .delivery(&self.config.dialect, &Delivery::<Text<'_>>::Left { name }, To::All);\n        Event::Left",
        "        Event::Left",
    ),
    mutant(
        "the silent stay until they are idle",
        "server/transitions.rs",
        "let silent = self.members.overdue_silent().map(|index| (index, LeaveReason::Silent));",
        "let silent = None;",
    ),
    mutant(
        "a closed room goes on",
        "server/transitions.rs",
        "if self.closed.is_some() {",
        "if false {",
    ),
    mutant(
        "time that goes back makes a member idle",
        "server/transitions.rs",
        "member.last_heard = member.last_heard.max(now);",
        "member.last_heard = now;",
    ),
    mutant(
        "what a member sends does not keep it",
        "server/transitions.rs",
        "            member.last_heard = member.last_heard.max(now);\n",
        "",
    ),
];

/// Faults in what the rules work with.
pub(crate) const PARTS: &[Mutant] = &[
    mutant(
        "a name is not freed",
        "server/members.rs",
        "        for key in member.looks.keys() {\n            self.by_looks.remove(&key);\n        }\n        self.deadlines",
        "        self.deadlines",
    ),
    mutant(
        "a former name is not freed",
        "server/members.rs",
        "        for key in member.looks.keys() {\n            self.by_looks.remove(&key);\n        }\n        member.looks = looks;",
        "        member.looks = looks;",
    ),
    mutant(
        "a timer is not cleared",
        "server/members.rs",
        "        self.deadlines.remove(&(member.deadline, address));\n",
        "",
    ),
    mutant(
        "who left is still counted as silent",
        "server/silent.rs",
        "        self.spoke(index);\n        let moved",
        "        let moved",
    ),
    mutant(
        "a member that moved in the table is lost",
        "server/members.rs",
        "            self.stands_at(index, moved.looks, moved_address);\n",
        "            self.by_looks.extend(moved.looks.keys().filter_map(|key| Some((key, Place::new(index)?))));\n",
    ),
    mutant(
        "a member that moved in the table loses its name",
        "server/members.rs",
        "            self.stands_at(index, moved.looks, moved_address);\n",
        "            self.by_address.extend(Place::new(index).map(|place| (moved_address, place)));\n",
    ),
    mutant(
        "a network's members are never fewer",
        "server/members.rs",
        "            *count.get_mut() -= 1;\n",
        "",
    ),
    mutant(
        "silence counts from the room's beginning",
        "server/members.rs",
        "self.silent.push(is_silent, self.traffic);",
        "self.silent.push(is_silent, 0);",
    ),
    mutant(
        "a silent member stays one byte too long",
        "server/members.rs",
        ">= self.silent_limit?",
        "> self.silent_limit?",
    ),
    mutant(
        "a member is idle a millisecond late",
        "server/members.rs",
        "let due = member.last_heard.plus_millis(limit);",
        "let due = member.last_heard.plus_millis(limit + 1);",
    ),
    mutant(
        "private members are silent ones",
        "server/members.rs",
        "self.silent_limit.is_some() && !address.is_private()",
        "self.silent_limit.is_some()",
    ),
    mutant(
        "networks are remembered without a limit",
        "server/networks.rs",
        "if self.buckets.len() >= self.places.get() as usize",
        "if false",
    ),
    mutant(
        "the busiest network gives way",
        "server/networks.rs",
        "self.by_use.pop_first()",
        "self.by_use.pop_last()",
    ),
    mutant(
        "a bucket is one too small",
        "rate.rs",
        "let there = debt <= rate.capacity();",
        "let there = debt < rate.capacity();",
    ),
    mutant(
        "what a bucket refuses costs",
        "rate.rs",
        "        if there {\n            self.debt = debt;\n        }\n",
        "        self.debt = debt;\n",
    ),
    mutant(
        "a bucket never fills again",
        "rate.rs",
        "self.debt.saturating_sub(paid)",
        "self.debt.saturating_sub(paid.min(0))",
    ),
    mutant(
        "who is left out is not",
        "server/outgoing.rs",
        "behind: rest.get(1..).unwrap_or_default(),",
        "behind: rest,",
    ),
    mutant(
        "the last member hears nothing",
        "server/outgoing.rs",
        "To::All => Self {\n                before: members,",
        "To::All => Self {\n                before: members.split_last().map_or(members, |(_, most)| most),",
    ),
    mutant(
        "answers count as traffic",
        "server/outgoing.rs",
        "filter(|step| !matches!(step.to, To::One(_)))",
        "filter(|_| true)",
    ),
    mutant(
        "a banned network may log in",
        "server/transitions.rs",
        "self.bans.hits_network(now, from.network()) || self.bans.hits_name(now, looks)",
        "self.bans.hits_name(now, looks)",
    ),
    mutant(
        "a banned name is compared letter by letter",
        "server/bans.rs",
        ".any(|&(banned, until)| banned.is_like(looks) && stands(until, now))",
        ".any(|&(banned, until)| banned == looks && stands(until, now))",
    ),
    mutant(
        "a ban never ends",
        "server/bans.rs",
        "until.is_none_or(|until| now < until)",
        "until.is_none_or(|_| true)",
    ),
    mutant(
        "there is no end of bans",
        "server/bans.rs",
        "if !known && self.networks.len()",
        "if false && self.networks.len()",
    ),
    mutant(
        "everybody is told why one is kicked",
        "server/transitions.rs",
        "            self.plan.delivery(&self.config.dialect, &line, To::One(peer));",
        "            let _ = peer;\n            self.plan.delivery(&self.config.dialect, &line, To::All);",
    ),
    mutant(
        "silence is noticed by nobody",
        "server/room.rs",
        "            Some(_) => Some(Timestamp::default()),\n            None => self.members.next_deadline(),",
        "            _ => self.members.next_deadline(),",
    ),
    mutant(
        "a name is looked at in capitals only",
        "server/look_alike.rs",
        "[look(&written), look(&fold(&written)), look(&capitals)]",
        "[look(&capitals), look(&capitals), look(&capitals)]",
    ),
    mutant(
        "one mark too many",
        "server/look_alike.rs",
        "*marks > MAX_MARKS",
        "*marks > MAX_MARKS + 1",
    ),
];

/// Faults in the rules of the client.
pub(crate) const CLIENT: &[Mutant] = &[
    mutant(
        "silence is noticed a keep-alive late",
        "client/transitions.rs",
        "unanswered >= UNANSWERED_KEEP_ALIVES",
        "unanswered > UNANSWERED_KEEP_ALIVES",
    ),
    mutant(
        "what the server says does not count as life",
        "client/transitions.rs",
        "self.state = State::In { due, unanswered: 0 };",
        "",
    ),
    mutant(
        "a lost client waits before it logs in",
        "client/transitions.rs",
        "        self.send_login(ClientEvent::Lost(reason))",
        "        event(ClientEvent::Lost(reason))",
    ),
    mutant(
        "pauses do not grow",
        "client/transitions.rs",
        "pause.saturating_mul(2).min(LONGEST_PAUSE_MILLIS)",
        "pause",
    ),
    mutant(
        "a ghost of its own ends a client",
        "client/transitions.rs",
        "_ => event(ClientEvent::StillOut { answer: datagram }),",
        "_ => {\n                        self.state = State::Done;\n                        event(ClientEvent::Refused { answer: datagram, repeated: true })\n                    }",
    ),
    mutant(
        "a kick is no end",
        "client/transitions.rs",
        "                    (Some(Reply::End { word }), _) => self.ended(word),\n                    (Some(Reply::Refused { reason }), _) if",
        "                    (Some(Reply::Refused { reason }), _) if",
    ),
    mutant(
        "a client that the room forgot does not notice",
        "client/transitions.rs",
        "if refusal(reason) == Some(Refusal::NotLoggedIn) => {",
        "if false => {",
    ),
    mutant(
        "lines are said into the void",
        "client/transitions.rs",
        "        if !self.is_in() {\n            return Err(SayError::NotIn);\n        }\n",
        "",
    ),
    mutant(
        "keep-alive never repeats",
        "client/transitions.rs",
        "                    due: keep_alive_due(&self.config, now),\n                    unanswered: unanswered + 1,",
        "                    due: None,\n                    unanswered: unanswered + 1,",
    ),
    mutant(
        "an unreachable server is not noticed",
        "client/transitions.rs",
        "State::In { .. } => self.lost(now, LostReason::Unreachable),",
        "State::In { .. } => nothing(),",
    ),
];
