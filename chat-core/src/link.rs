//! One side of one attachment: numbers of datagrams and items, round trips, and the moments at
//! which to send (PROTOCOL.md, "Sessions: sending"). An item is a line that the other side
//! acknowledges; a link knows its number and not its text.

use core::time::Duration;

use chat_proto::{DataWriter, EncodeError, Header, Id, Line};

use crate::log::Log;
use crate::time::Timestamp;

/// The longest wait of an acknowledgement for company.
const ACKNOWLEDGEMENT_WAIT: Duration = Duration::from_millis(5);
/// The time without an acknowledgement after which items are only repeated.
pub(crate) const STALLED: Duration = Duration::from_secs(9);
/// The first round trip, before one was measured, in microseconds.
const FIRST_ROUND_TRIP: u32 = 333_000;
/// The bounds of a time-out.
const TIMEOUTS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(3)];
/// The least part of a time-out beside the round trip, in microseconds.
const LEAST_VARIANCE: u32 = 10_000;
/// The bounds of the pause between two datagrams with items, in microseconds.
const PAUSES: [u32; 2] = [1_000, 500_000];
/// The most datagrams with items per round trip.
const WIDEST_WINDOW: u32 = 8;
/// Later datagrams that the other side has received when one counts as lost.
const REORDERED: u64 = 3;
/// Bytes of items that fill a datagram; the rest is for its header and control lines.
const ITEM_BYTES: usize = 1_060;
/// Datagrams that are remembered: a round trip of the widest window, and some for the time in which
/// acknowledgements wait.
const REMEMBERED: usize = 12;

/// The numbers and timers of one side. The items are in a [`Log`].
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// The number of the last datagram that was sent.
    pub(crate) sent: u64,
    /// The highest number that the other side has received.
    echoed: u64,
    /// The highest number that was received.
    heard: u64,
    /// The first item that the other side has not acknowledged.
    pub(crate) cursor: u64,
    /// The item behind the last one that was sent since the last return to the cursor.
    pub(crate) next: u64,
    /// The next item of the other side.
    pub(crate) expected: u64,
    /// The last datagram that carried the item at the cursor; 0: unknown.
    carrier: u64,
    /// Datagrams with items per round trip.
    window: u32,
    /// Time-outs since the other side was last known to receive.
    silences: u32,
    /// Smoothed round trip and its variance, in microseconds, once there was one.
    round_trip: Option<(u32, u32)>,
    /// The last round trip, if it was longer than a time-out.
    late: Option<u32>,
    /// The moment at which a datagram is due, with or without items.
    due: Option<Timestamp>,
    /// The last datagram with items, or a later moment from which they pause.
    items_at: Option<Timestamp>,
    /// The start of the time-out.
    timer: Option<Timestamp>,
    /// The moment since which items are out and none was acknowledged.
    out_since: Option<Timestamp>,
    /// The moment of a question that has no answer yet, and the first datagram that carried it; 0:
    /// none so far.
    asked_since: Option<Timestamp>,
    asked_in: u64,
    /// The latest datagrams that are answered, to measure round trips and to find carriers.
    remembered: [Remembered; REMEMBERED],
}

#[derive(Clone, Copy, Debug, Default)]
struct Remembered {
    /// The low bits of its number, of its first item and of the milliseconds of its sending: enough
    /// for a round trip.
    number: u32,
    first: u32,
    at: u16,
    items: u16,
}

/// A header that the other side cannot have sent.
#[derive(Debug)]
pub(crate) struct Malformed;

impl Link {
    /// Creates the link of a token that is not attached yet; the other side's items begin at 1.
    pub(crate) fn new() -> Self {
        Self {
            sent: 0,
            echoed: 0,
            heard: 0,
            cursor: 1,
            next: 1,
            expected: 1,
            carrier: 0,
            window: 1,
            silences: 0,
            round_trip: None,
            late: None,
            due: None,
            items_at: None,
            timer: None,
            out_since: None,
            asked_since: None,
            asked_in: 0,
            remembered: [Remembered::default(); REMEMBERED],
        }
    }

    /// Begins an attachment, at the item `cursor`. Round trips and the number of the next item of
    /// the other side stay.
    pub(crate) fn attach(&mut self, cursor: u64) {
        let (expected, round_trip) = (self.expected, self.round_trip);
        *self = Self {
            cursor,
            next: cursor,
            expected,
            round_trip,
            ..Self::new()
        };
    }

    /// Goes on at the item `cursor`, because those before it are gone. Until it is acknowledged,
    /// each datagram begins there: one that went on would make the other side miss what it skips.
    pub(crate) fn skip_to(&mut self, cursor: u64) {
        self.cursor = cursor;
        self.next = cursor;
        self.carrier = 0;
        self.window = 1;
    }

    /// Returns `true` once a datagram of this attachment has come.
    pub(crate) fn is_heard(&self) -> bool {
        self.heard > 0
    }

    /// Takes a header; `end` is the number of the next item of this side. Returns `true` for a new
    /// datagram, and `false` for an older one or a repetition.
    pub(crate) fn receive(
        &mut self,
        now: Timestamp,
        header: &Header,
        end: u64,
    ) -> Result<bool, Malformed> {
        if header.echo > self.sent || header.ack > end {
            return Err(Malformed);
        }
        if header.ack > self.cursor {
            self.acknowledge(now, header.ack, end);
        }
        let is_new = header.number > self.heard;
        if is_new {
            self.heard = header.number;
            self.note_echo(now, header.echo);
        }
        Ok(is_new)
    }

    fn acknowledge(&mut self, now: Timestamp, ack: u64, end: u64) {
        self.cursor = ack;
        self.next = self.next.max(ack);
        self.silences = 0;
        let is_out = self.next > ack;
        self.timer = (is_out || self.is_asking()).then_some(now);
        self.out_since = is_out.then_some(now);
        if end > self.next {
            self.window = (self.window + 1).min(WIDEST_WINDOW);
        }
        let has_cursor =
            |sent: &&Remembered| low_bits(ack).wrapping_sub(sent.first) < sent.items.into();
        let carriers = self.remembered.iter().filter(has_cursor);
        let newest = carriers.map(|sent| sent.number).max();
        self.carrier = newest.map_or(0, u64::from);
    }

    fn note_echo(&mut self, now: Timestamp, echo: u64) {
        if echo > self.echoed {
            self.echoed = echo;
            self.silences = 0;
            let number = low_bits(echo);
            let mut all = self.remembered.iter();
            if let Some(sent) = all.find(|sent| sent.number == number) {
                let millis = low_millis(now).wrapping_sub(sent.at);
                // A clock that went back measures nothing.
                if millis < u16::MAX / 2 {
                    self.measure(u32::from(millis) * 1_000);
                }
            }
            if self.asked_in > 0 && self.asked_in <= echo {
                (self.asked_since, self.asked_in) = (None, 0);
            }
        }
        let is_lost = self.carrier > 0 && self.echoed >= self.carrier + REORDERED;
        if self.next > self.cursor && is_lost {
            self.window = (self.window / 2).max(1);
            self.return_to_cursor();
        }
    }

    /// Smooths a round trip of this many microseconds (RFC 6298, section 2). A single one that is
    /// longer than a time-out does not count: its answer was lost, and `echo` came later.
    fn measure(&mut self, sample: u32) {
        let is_late = Duration::from_micros(sample.into()) > self.wait();
        let former = core::mem::replace(&mut self.late, is_late.then_some(sample));
        let Some(sample) = (if is_late { former } else { Some(sample) }) else {
            return;
        };
        self.round_trip = Some(match self.round_trip {
            None => (sample, sample / 2),
            Some((smooth, variance)) => {
                let variance = (variance / 4) * 3 + smooth.abs_diff(sample) / 4;
                (smooth - smooth / 8 + sample / 8, variance)
            }
        });
    }

    fn return_to_cursor(&mut self) {
        (self.next, self.carrier) = (self.cursor, 0);
    }

    /// Takes the next item of the other side, if `item` is its number.
    pub(crate) fn take(&mut self, item: u64) -> bool {
        let is_next = item == self.expected;
        self.expected += u64::from(is_next);
        is_next
    }

    /// Answers a datagram: at once, or within the time that an acknowledgement waits.
    pub(crate) fn answer(&mut self, now: Timestamp, at_once: bool) {
        let wait = if at_once {
            Duration::ZERO
        } else {
            ACKNOWLEDGEMENT_WAIT
        };
        let due = now.plus(wait);
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    /// Asks the other side for an answer, and repeats that until it comes.
    pub(crate) fn ask(&mut self, now: Timestamp) {
        if !self.is_asking() {
            self.asked_since = Some(now);
            self.answer(now, true);
        }
    }

    /// Repeats the question after a time-out although it was answered: something that it carried
    /// was not.
    pub(crate) fn ask_again(&mut self, now: Timestamp) {
        self.asked_since.get_or_insert(now);
        self.timer.get_or_insert(now);
    }

    /// Returns `true` while a question is not answered.
    pub(crate) fn is_asking(&self) -> bool {
        self.asked_since.is_some()
    }

    /// Returns the moment since which an item or a question has had no answer.
    pub(crate) fn unanswered_since(&self) -> Option<Timestamp> {
        let moments = [self.asked_since, self.out_since];
        moments.into_iter().flatten().min()
    }

    /// Returns the moment at which the next datagram is due; `items` are those of this side.
    pub(crate) fn poll_timeout(&self, items: &Log) -> Option<Timestamp> {
        let moments = [self.due, self.items_due(items), self.timeout()];
        moments.into_iter().flatten().min()
    }

    /// Returns the moment at which items are due. `Timestamp::default()` stands for at once.
    fn items_due(&self, items: &Log) -> Option<Timestamp> {
        let end = items.next();
        let is_out = self.next > self.cursor;
        let waits_for_acknowledgement =
            self.window == 1 && is_out && items.end_of(self.cursor, ITEM_BYTES) <= self.next;
        if self.next >= end || waits_for_acknowledgement {
            return None;
        }
        let due = self
            .items_at
            .map_or(Timestamp::default(), |last| last.plus(self.pause()));
        (!self.is_stalled(due)).then_some(due)
    }

    /// Returns `true` when the items that are out have had no answer for long at this moment: new
    /// ones wait for their repetition.
    fn is_stalled(&self, at: Timestamp) -> bool {
        let since = self.out_since.filter(|_| self.next > self.cursor);
        since.is_some_and(|since| at.since(since) >= STALLED)
    }

    /// Returns the pause between two datagrams with items.
    fn pause(&self) -> Duration {
        let [shortest, longest] = PAUSES;
        let (smooth, _) = self.smoothed();
        let pause = (smooth.min(longest) / self.window).max(shortest);
        Duration::from_micros(pause.into())
    }

    fn smoothed(&self) -> (u32, u32) {
        self.round_trip
            .unwrap_or((FIRST_ROUND_TRIP, FIRST_ROUND_TRIP / 2))
    }

    /// Returns the moment at which the items that are out, or the question, are repeated.
    fn timeout(&self) -> Option<Timestamp> {
        let is_out = self.next > self.cursor;
        let doubled = self.wait() * (1 << self.silences.saturating_sub(1).min(5));
        let timer = self.timer.filter(|_| is_out || self.is_asking())?;
        Some(timer.plus(doubled.min(TIMEOUTS[1])))
    }

    /// Returns a time-out that is not doubled.
    fn wait(&self) -> Duration {
        let [shortest, longest] = TIMEOUTS;
        let (smooth, variance) = self.smoothed();
        let wait = smooth + LEAST_VARIANCE.max(variance.saturating_mul(4));
        Duration::from_micros(wait.into()).clamp(shortest, longest)
    }

    /// Writes the datagram that is due at `now`, if one is, with `controls` before the items. These
    /// return `true` if the other side answers them; `has_ages`: the items carry their age.
    pub(crate) fn write<'b>(
        &mut self,
        now: Timestamp,
        sid: Id,
        items: &Log,
        has_ages: bool,
        buffer: &'b mut [u8],
        controls: impl FnOnce(&mut DataWriter<'_>, bool) -> bool,
    ) -> Option<&'b [u8]> {
        if self.timeout().is_some_and(|due| due <= now) {
            self.silences += 1;
            self.window = 1;
            self.return_to_cursor();
            self.timer = Some(now);
            self.due = Some(now);
        }
        if self.is_stalled(now) {
            // Else those that come now are due since the pause that is over.
            self.items_at = Some(now);
        }
        let is_due = |moment: Option<Timestamp>| moment.is_some_and(|due| due <= now);
        let has_items = is_due(self.items_due(items));
        if !has_items && !is_due(self.due) {
            return None;
        }
        let goes_on = self.window > 1 && items.end_of(self.cursor, ITEM_BYTES) < items.next();
        let is_cursor = !has_items || !goes_on;
        let first = if is_cursor { self.cursor } else { self.next };
        let header = self.header(sid, first);
        let mut writer = DataWriter::new(buffer, &header).ok()?;
        let is_asking = self.is_asking();
        let is_answered = controls(&mut writer, is_asking) || is_asking;
        let (mut count, mut age) = (0, 0);
        for (text, at) in items.from(first).take_while(|_| has_items) {
            let seconds = now.since(at).as_secs();
            let is_told = !has_ages || seconds == age || writer.line(&Line::Age(seconds));
            if !is_told || !writer.line(&Line::Numbered(text)) {
                break;
            }
            age = seconds;
            count += 1;
        }
        self.sent(now, &header, count, is_answered);
        Some(writer.finish())
    }

    /// Writes a datagram that carries nothing but `line`.
    pub(crate) fn write_alone<'b>(
        &mut self,
        now: Timestamp,
        sid: Id,
        line: &Line<'_>,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], EncodeError> {
        let header = self.header(sid, self.cursor);
        let mut writer = DataWriter::new(buffer, &header)?;
        writer.line(line);
        self.sent(now, &header, 0, true);
        Ok(writer.finish())
    }

    fn header(&self, sid: Id, first: u64) -> Header {
        Header {
            sid,
            number: self.sent + 1,
            echo: self.heard,
            first,
            ack: self.expected,
        }
    }

    /// Notes that a datagram was sent, with `items` items, and perhaps with something else that the
    /// other side answers.
    fn sent(&mut self, now: Timestamp, header: &Header, items: u16, is_answered: bool) {
        let &Header { number, first, .. } = header;
        self.sent = number;
        self.due = None;
        if self.is_asking() && self.asked_in == 0 {
            self.asked_in = number;
        }
        if items > 0 {
            self.items_at = Some(now);
            self.out_since.get_or_insert(now);
            self.next = self.next.max(first + u64::from(items));
        } else if !is_answered {
            return;
        }
        if first == self.cursor && (items > 0 || self.next == first) {
            self.timer = Some(now);
        }
        if first == self.cursor && items > 0 {
            self.carrier = number;
        }
        let index = usize::try_from(number).unwrap_or(0) % REMEMBERED;
        if let Some(place) = self.remembered.get_mut(index) {
            *place = Remembered {
                number: low_bits(number),
                first: low_bits(first),
                at: low_millis(now),
                items,
            };
        }
    }
}

#[allow(clippy::cast_possible_truncation)] // That is its purpose.
fn low_bits(number: u64) -> u32 {
    number as u32
}

#[allow(clippy::cast_possible_truncation)] // That is its purpose.
fn low_millis(moment: Timestamp) -> u16 {
    moment.as_millis() as u16
}
