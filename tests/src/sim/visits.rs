//! A visit: one run of a person's program, what it sends and shows, and what becomes of its lines.

use std::collections::VecDeque;

use chat_cli::io::safe_text::SafeText;
use chat_core::proto::{
    Delivery, Dialect, FILLED_SESSION_DATAGRAM, Id, Line as Part, Name, Names, SessionMessage,
};
use chat_core::{ClientEvent, ClientOutgoing};

use super::laws::{
    AGES, ENDLESS_HELLO, NAMES, NO_CONTROLS, OWN_ACCEPTED, OWN_NAME, OWN_TOKEN, SHOWN, STRUCTURE,
    Violation, hold,
};
use super::ledger::Ledger;
use super::network::Datagram;
use super::people::{ClientCall, claimed};
use super::record::Tally;

/// The time without faults in which every hello is answered, once sleepers are awake.
const HELLO_MILLIS: u64 = 8_000;

/// One run of a person's program.
#[derive(Debug, Default)]
pub(super) struct Visit {
    /// `None`: a plain program.
    pub(super) token: Option<Id>,
    /// There was no seat for it, or not for its network.
    pub(super) is_crowded: bool,
    /// The log that it reads, and the next entry. `None`: no session was opened.
    pub(super) place: Option<(Id, u64)>,
    /// The lines that the room has not acknowledged; a quit is `None`.
    pub(super) pending: VecDeque<Option<usize>>,
    /// The log and the number of its entries when it asked for names.
    asked: Option<(Id, u64)>,
    /// The name behind which it asks for more.
    named: Option<Name>,
    /// The latest exchange, and its beginning.
    hello: Option<(Id, u64)>,
}

impl Visit {
    pub(super) fn new(token: Option<Id>) -> Self {
        Self {
            token,
            ..Self::default()
        }
    }

    /// Returns whether it can ask for names.
    pub(super) fn can_ask(&self) -> bool {
        self.place.is_some() && self.asked.is_none()
    }

    /// Notes that it asks for names, and returns the name behind which it wants them.
    pub(super) fn ask(&mut self, ledger: &Ledger) -> Option<Name> {
        self.asked = Some((ledger.log, ledger.entries().len() as u64));
        self.named
    }

    /// Judges a call: the datagram that it sends, and what the program shows.
    pub(super) fn judge(
        &mut self,
        (now, name): (u64, Name),
        call: ClientCall<'_>,
        outgoing: &ClientOutgoing<'_>,
        ledger: &mut Ledger,
        tally: &mut Tally,
    ) -> Result<(), Violation> {
        if let Some(payload) = outgoing.payload() {
            self.judge_sent(now, name, payload, ledger)?;
        }
        let event = outgoing.event();
        tally.noticed += u64::from(matches!(event, ClientEvent::Lost(_)));
        let ClientCall::Datagram(datagram) = call else {
            return Ok(());
        };
        match event {
            ClientEvent::Refused { .. }
            | ClientEvent::StillOut { .. }
            | ClientEvent::SessionRefused { .. } => self.is_crowded = true,
            ClientEvent::TokenInUse => {
                hold(OWN_TOKEN, ledger.is_shared(self.token), || {
                    format!("{name}: {self:?}")
                })?;
            }
            ClientEvent::Delivered(Delivery::Said { name, text }) => {
                tally.heard += 1;
                if !datagram.tainted
                    && let Some(line) = ledger.find(name, text.as_str())?
                {
                    ledger.lines[line].hear(now);
                }
            }
            ClientEvent::Unparsed(bytes) => {
                // An address may be that of a session that is not parked yet.
                let may_come = datagram.tainted || bytes.starts_with(b"~");
                hold(STRUCTURE, may_come, || format!("{datagram:?}"))?;
                let shown = SafeText::for_terminal(&String::from_utf8_lossy(bytes)).to_string();
                hold(NO_CONTROLS, !shown.contains(char::is_control), || {
                    format!("{shown:?} is shown")
                })?;
            }
            ClientEvent::Heard | ClientEvent::Joined { .. } => {
                self.show(now, name, datagram, outgoing, ledger, tally)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn judge_sent(
        &mut self,
        now: u64,
        name: Name,
        payload: &[u8],
        ledger: &Ledger,
    ) -> Result<(), Violation> {
        let words = || format!("{name} sent {}", payload.escape_ascii());
        match SessionMessage::decode(payload) {
            Ok(SessionMessage::Hello(hello)) => {
                hold(OWN_NAME, hello.word == name.as_str(), words)?;
                let former = self.hello.filter(|(attempt, _)| *attempt == hello.attempt);
                let (_, begin) = *self.hello.insert(former.unwrap_or((hello.attempt, now)));
                let end = begin.max(ledger.faults_end + 3 * HELLO_MILLIS) + HELLO_MILLIS;
                hold(ENDLESS_HELLO, now < end, words)
            }
            Ok(SessionMessage::Data(..)) => {
                hold(STRUCTURE, payload.len() <= FILLED_SESSION_DATAGRAM, words)
            }
            Ok(_) => hold(STRUCTURE, false, words),
            Err(_) => {
                let is_own = claimed(payload, &Dialect::strict()) == Some(name);
                hold(OWN_NAME, is_own, words)
            }
        }
    }

    /// Judges what a datagram of a session makes the program show.
    fn show(
        &mut self,
        now: u64,
        name: Name,
        datagram: &Datagram,
        outgoing: &ClientOutgoing<'_>,
        ledger: &mut Ledger,
        tally: &mut Tally,
    ) -> Result<(), Violation> {
        let Ok(SessionMessage::Data(header, lines)) = SessionMessage::decode(&datagram.payload)
        else {
            return Ok(());
        };
        let Some(log) = ledger.log_of(header.sid) else {
            return hold(SHOWN, false, || format!("{name} takes {datagram:?}"));
        };
        let first = lines.iter().next();
        if matches!(first, Some(Part::Start { .. }))
            && self.place.is_none_or(|(former, _)| former != log)
        {
            self.place = Some((log, header.first));
        }
        if let Some((_, next)) = &mut self.place {
            let missed = outgoing.missed().unwrap_or(0);
            *next += missed;
            tally.missed += missed;
        }
        for entry in outgoing.entries() {
            let logged = ledger.entry(log, entry.number);
            let words = || format!("{name} shows {entry:?} at {:?}, not {logged:?}", self.place);
            let Some(logged) = logged.filter(|logged| *logged.text == *entry.text) else {
                return hold(SHOWN, false, words);
            };
            hold(SHOWN, self.place == Some((log, entry.number)), words)?;
            let age = datagram.sent.saturating_sub(logged.clock) / 1_000;
            let is_right = datagram.tainted || entry.age_seconds == age;
            hold(AGES, is_right, words)?;
            self.place = Some((log, entry.number + 1));
            tally.shown += 1;
            let line = logged.line.map(|line| &mut ledger.lines[line]);
            if let Some(line) = line.filter(|line| line.name != name) {
                line.hear(now);
            }
        }
        match outgoing.names() {
            Some(page) => self.turn_page(page, ledger, tally),
            None => Ok(()),
        }
    }

    /// Judges a page of names: whoever was in all the time is on it.
    fn turn_page(
        &mut self,
        (after, page): (Option<Name>, Names<'_>),
        ledger: &Ledger,
        tally: &mut Tally,
    ) -> Result<(), Violation> {
        let names: Vec<Name> = page.iter().collect();
        let in_order = after
            .iter()
            .chain(&names)
            .is_sorted_by(|one, other| one < other);
        let last = names.last().copied();
        let asked = self.asked.take().filter(|(log, _)| *log == ledger.log);
        let left_out = ledger.inside.values().find(|(name, since)| {
            let belongs = Some(*name) > after && last.is_none_or(|last| *name <= last);
            let stayed = asked.is_some_and(|(_, entries)| *since <= entries);
            belongs && stayed && !names.contains(name)
        });
        hold(NAMES, in_order && left_out.is_none(), || {
            format!("{left_out:?} behind {after:?}: {names:?}")
        })?;
        tally.pages += 1;
        self.named = last;
        Ok(())
    }

    /// Compares the lines that wait with what the program says of them after a call: `pending` of
    /// them wait, and of these the first `doubtful` ones may be said twice.
    pub(super) fn settle(
        &mut self,
        call: ClientCall<'_>,
        pending: u64,
        doubtful: u64,
        ledger: &mut Ledger,
        tally: &mut Tally,
    ) -> Result<(), Violation> {
        if pending > self.pending.len() as u64 {
            let said = matches!(call, ClientCall::Say(_)).then(|| ledger.lines.len() - 1);
            self.pending.push_back(said);
        }
        while self.pending.len() as u64 > pending {
            if let Some(line) = self.pending.pop_front().flatten() {
                let line = &ledger.lines[line];
                let is_logged = line.logged > 0 || ledger.is_shared(self.token);
                hold(OWN_ACCEPTED, is_logged, || format!("{line:?}"))?;
                tally.acknowledged += 1;
            }
        }
        let doubtful = usize::try_from(doubtful).unwrap_or(usize::MAX);
        for &line in self.pending.iter().take(doubtful).flatten() {
            ledger.lines[line].marks += 1;
            tally.doubtful += 1;
        }
        Ok(())
    }
}
