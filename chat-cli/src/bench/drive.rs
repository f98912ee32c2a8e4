//! Lines are said, and their copies counted and timed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chat_core::proto::Text;
use hdrhistogram::Histogram;

use crate::platform::inbox::StopSwitch;

use super::args::{Load, Pace};
use super::crowd::{Crowd, Room};
use super::error::BenchError;
use super::stamp::Stamp;

/// How often a stop is looked for.
const TURN: Duration = Duration::from_millis(100);
/// How many lines are said before copies are received again, where the clock wants more than that
/// at once.
const BURST: usize = 16;
/// A driver with a core of its own does not sleep before nothing has come for so long.
const BUSY: Duration = Duration::from_millis(20);
/// After so long without a copy those that are missing are lost.
const SILENCE: Duration = Duration::from_secs(1);
/// After so many silences in a row the server is taken for dead.
const SILENCES: u32 = 3;

/// What a round, or a part of it, showed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    /// How many lines were said.
    pub(super) lines: u64,
    /// How many copies should have arrived: one for each listener of each line.
    pub(super) expected: u64,
    /// How many did.
    pub(super) received: u64,
    /// From the first line to the last copy.
    pub(super) elapsed: Duration,
}

impl Outcome {
    /// Another part of the same round.
    pub(super) fn add(&mut self, part: Self) {
        self.lines += part.lines;
        self.expected += part.expected;
        self.received += part.received;
        self.elapsed += part.elapsed;
    }
}

/// Drives a room in which everybody is. Latencies, in nanoseconds, go into `latencies`; `round`
/// must differ from that of any other round of this process that may still have datagrams on their
/// way.
pub(super) fn drive(
    crowd: &mut Crowd,
    room: &Room,
    load: Load,
    round: u16,
    stop: &StopSwitch,
    latencies: &mut Histogram<u64>,
) -> Result<Outcome, BenchError> {
    let mut tally = Tally::new(round, crowd.len(), room.address, latencies);
    let mut text = String::new();
    let mut silences = 0;
    let mut quiet_since = tally.start;
    loop {
        if stop.is_stopped() {
            return Err(BenchError::Interrupted);
        }
        for _ in 0..BURST {
            if !tally.is_due(load) {
                break;
            }
            tally.say(crowd, room, load, &mut text)?;
            quiet_since = Instant::now();
        }
        let all_said = tally.is_all_said(load);
        if all_said && tally.open == 0 {
            break;
        }
        // Waking a driver that sleeps would be the server's work, and a large part of what it does
        // in a small room.
        let patience = if load.busy && quiet_since.elapsed() < BUSY {
            Duration::ZERO
        } else {
            tally.until_due(load).unwrap_or(TURN).min(TURN)
        };
        let before = tally.received;
        crowd.receive(patience, |member, from, datagram| {
            tally.hear(member, from, datagram);
        })?;
        if tally.received > before {
            quiet_since = Instant::now();
            silences = 0;
        } else if quiet_since.elapsed() > SILENCE {
            if all_said {
                break;
            }
            silences += 1;
            if silences == SILENCES {
                return Err(tally.silent());
            }
            tally.write_off();
            quiet_since = Instant::now();
        }
    }
    if tally.received == 0 && tally.said() > 0 {
        return Err(tally.silent());
    }
    Ok(tally.outcome())
}

struct Tally<'h> {
    round: u16,
    members: usize,
    server: SocketAddr,
    start: Instant,
    /// Of each line, when it was said and how many copies are missing.
    lines: Vec<(Instant, usize)>,
    /// How many lines, from the first, are not waited for any more whatever is missing of them.
    written_off: usize,
    /// How many of the others lack copies.
    open: u32,
    received: u64,
    last: Instant,
    latencies: &'h mut Histogram<u64>,
}

impl<'h> Tally<'h> {
    fn new(
        round: u16,
        members: usize,
        server: SocketAddr,
        latencies: &'h mut Histogram<u64>,
    ) -> Self {
        let start = Instant::now();
        Self {
            round,
            members,
            server,
            start,
            lines: Vec::new(),
            written_off: 0,
            open: 0,
            received: 0,
            last: start,
            latencies,
        }
    }

    fn said(&self) -> u32 {
        u32::try_from(self.lines.len()).unwrap_or(u32::MAX)
    }

    fn is_all_said(&self, load: Load) -> bool {
        self.said() >= load.lines || load.time.is_some_and(|time| self.start.elapsed() >= time)
    }

    /// Whether the next line is to be said now.
    fn is_due(&self, load: Load) -> bool {
        let now = match load.pace {
            Pace::Window(window) => self.open < window,
            Pace::Rate(_) => self.until_due(load).is_some_and(|wait| wait.is_zero()),
        };
        now && !self.is_all_said(load)
    }

    /// How long it is until the clock wants the next line; `None` when it does not.
    fn until_due(&self, load: Load) -> Option<Duration> {
        (!self.is_all_said(load)).then_some(())?;
        Some(self.due(load)?.saturating_duration_since(Instant::now()))
    }

    /// When the clock wants the next line; `None` when it is not the clock that says.
    fn due(&self, load: Load) -> Option<Instant> {
        match load.pace {
            Pace::Window(_) => None,
            Pace::Rate(rate) => {
                Some(self.start + Duration::from_secs(1) * self.said() / rate.get())
            }
        }
    }

    /// Everybody speaks in turn.
    fn speaker(&self, line: usize) -> usize {
        line % self.members.max(1)
    }

    fn say(
        &mut self,
        crowd: &Crowd,
        room: &Room,
        load: Load,
        text: &mut String,
    ) -> Result<(), BenchError> {
        let stamp = Stamp {
            round: self.round,
            line: self.said(),
        };
        stamp.write(load.size, text);
        let content = Text::new(text)
            .map_err(|error| BenchError::io("cannot say this")(std::io::Error::other(error)))?;
        // A line that is said late was wanted earlier: whoever waits for it waits from then on.
        let moment = self.due(load).unwrap_or_else(Instant::now);
        let speaker = self.speaker(self.lines.len());
        self.lines.push((moment, self.members.saturating_sub(1)));
        self.open += 1;
        crowd.say(speaker, room, content)
    }

    fn hear(&mut self, member: usize, from: SocketAddr, datagram: &[u8]) {
        let Some(stamp) =
            Stamp::read(datagram).filter(|stamp| stamp.round == self.round && from == self.server)
        else {
            return;
        };
        let line = usize::try_from(stamp.line).unwrap_or(usize::MAX);
        // Some servers send the speaker its own line too, which is no copy for a listener.
        if self.speaker(line) == member {
            return;
        }
        let Some((said, missing)) = self.lines.get_mut(line).filter(|(_, missing)| *missing > 0)
        else {
            return;
        };
        let now = Instant::now();
        let waited = now.saturating_duration_since(*said).as_nanos();
        self.latencies
            .saturating_record(u64::try_from(waited).unwrap_or(u64::MAX));
        *missing -= 1;
        if *missing == 0 && line >= self.written_off {
            self.open = self.open.saturating_sub(1);
        }
        self.received += 1;
        self.last = now;
    }

    /// What is missing does not come any more.
    fn write_off(&mut self) {
        self.written_off = self.lines.len();
        self.open = 0;
    }

    fn silent(&self) -> BenchError {
        BenchError::Silent {
            server: self.server,
            said: self.said().into(),
            received: self.received,
        }
    }

    fn outcome(&self) -> Outcome {
        let listeners = u64::try_from(self.members.saturating_sub(1)).unwrap_or(u64::MAX);
        Outcome {
            lines: self.said().into(),
            expected: listeners.saturating_mul(self.said().into()),
            received: self.received,
            elapsed: self.last.saturating_duration_since(self.start),
        }
    }
}
