//! Says lines, and counts and times their copies.

use std::time::{Duration, Instant};

use chat_core::proto::{Request, Text};

use super::crowd::{Crowd, SILENCE};
use super::{Args, Result, go_on};

/// The bytes of text that mark a line, so that every copy of it is known: `#` and its number.
pub const STAMP: usize = 13;

/// A driver with a core of its own does not sleep before nothing has come for this long: to wake it
/// would be the server's work, and a large part of it in a small room.
const BUSY: Duration = Duration::from_millis(20);

/// Lines that are said in one room, and their copies.
struct Talk<'a> {
    args: &'a Args,
    members: usize,
    /// The number of those who speak, in turn.
    speakers: usize,
    /// The lines to say.
    wanted: usize,
    /// The number of the first line.
    first: usize,
    /// The moment at which a clock wants the next line.
    due: Instant,
    /// The moment of each line, and the copies that are missing of it.
    lines: Vec<(Instant, usize)>,
    /// Lines that lack copies.
    open: usize,
    micros: Vec<u32>,
}

/// Says this number of lines in a room and waits for the copies. Returns the
/// microseconds from the speaker's send to the listener's receive, of each copy.
pub fn drive(args: &Args, crowd: &mut Crowd, lines: usize) -> Result<Vec<u32>> {
    let mut quiet_since = Instant::now();
    let mut heard = 0;
    let mut talk = Talk {
        args,
        members: crowd.members.len(),
        speakers: args.speakers.unwrap_or(usize::MAX).min(crowd.members.len()),
        wanted: lines,
        first: crowd.said,
        due: quiet_since,
        lines: Vec::new(),
        open: 0,
        micros: Vec::new(),
    };
    while talk.lines.len() < lines || talk.open > 0 {
        go_on()?;
        while talk.until_next() == Some(Duration::ZERO) {
            talk.say(crowd)?;
            quiet_since = Instant::now();
        }
        let mut patience = talk.until_next().unwrap_or(SILENCE).min(SILENCE);
        if args.cores.is_some() && quiet_since.elapsed() < BUSY {
            patience = Duration::ZERO;
        }
        let before = talk.micros.len();
        crowd.receive(patience, |member, datagram| talk.hear(member, datagram))?;
        if talk.micros.len() > before {
            quiet_since = Instant::now();
        } else if quiet_since.elapsed() > SILENCE {
            if before == heard {
                return Err(format!("{} passes nothing on: see its limits", crowd.server).into());
            }
            // The copies that are missing are lost.
            talk.lines.iter_mut().for_each(|(_, missing)| *missing = 0);
            talk.open = 0;
            (quiet_since, heard) = (Instant::now(), before);
        }
    }
    Ok(talk.micros)
}

impl Talk<'_> {
    /// Returns the time until the next line is to be said; `None` when that waits for copies, or
    /// all are said.
    fn until_next(&self) -> Option<Duration> {
        let is_free = self.args.rate.is_some() || self.open < self.args.window;
        let is_wanted = is_free && self.lines.len() < self.wanted;
        is_wanted.then(|| self.due.saturating_duration_since(Instant::now()))
    }

    fn say(&mut self, crowd: &mut Crowd) -> Result<()> {
        let padding = self.args.size - STAMP;
        let text = format!("#{:012x}{:x<padding$}", crowd.said, "");
        let text = Text::new(&text)?;
        let speaker = self.lines.len() % self.speakers;
        let mut moment = Instant::now();
        if let Some(rate) = self.args.rate {
            // A line that is said late was wanted earlier, and its listeners wait from then on.
            moment = self.due;
            self.due += Duration::from_secs(1) / rate;
        }
        self.lines.push((moment, self.members - 1));
        self.open += 1;
        crowd.said += 1;
        crowd.send(speaker, |name| Request::Chat { name, text })
    }

    fn hear(&mut self, member: usize, datagram: &[u8]) {
        let place = number(datagram).and_then(|number| number.checked_sub(self.first));
        let place = place.unwrap_or(usize::MAX);
        if let Some((moment, missing)) = self.lines.get_mut(place)
            && *missing > 0
            // Some servers send the speaker its own line too, which is no copy for a listener.
            && member != place % self.speakers
        {
            let micros = moment.elapsed().as_micros();
            self.micros.push(u32::try_from(micros).unwrap_or(u32::MAX));
            *missing -= 1;
            self.open -= usize::from(*missing == 0);
        }
    }
}

/// Reads the number of a line out of a copy: servers spell lines in different ways.
fn number(datagram: &[u8]) -> Option<usize> {
    let mark = datagram.iter().position(|&byte| byte == b'#')?;
    let digits = datagram.get(mark + 1..mark + STAMP)?;
    usize::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}
