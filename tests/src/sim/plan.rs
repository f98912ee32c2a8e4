//! The kind of a world, drawn from the seed.

use std::num::{NonZeroU32, NonZeroU64};

use chat_core::proto::{Dialect, EndWords, Id, Language, Word};
use chat_core::{Config, Rate, SessionConfig};
use fastrand::Rng;

use super::network::Faults;

/// The kind of a world.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) rooms: usize,
    pub(super) people_per_room: usize,
    /// Nothing fails and there are no adversaries: every line has to arrive.
    pub(super) calm: bool,
    pub(super) faults: Faults,
    pub(super) config: Config,
    /// The time between two acts of a person.
    pub(super) pace_millis: u64,
    /// The chance that a person's next act is a mishap, in thousandths.
    pub(super) mishaps: u32,
    /// The time between two acts of an operator.
    pub(super) operator_millis: u64,
    pub(super) adversaries: usize,
    /// The chance that a person starts a program with a session, in thousandths.
    pub(super) sessions: u32,
    /// Rates are so low that lines wait for minutes.
    pub(super) is_slow: bool,
}

impl Plan {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let calm = rng.u32(..8) == 0;
        let people_per_room = match rng.u32(..8) {
            0 => rng.usize(2..4),
            1..=5 => rng.usize(4..16),
            _ => rng.usize(16..40),
        };
        let icmp = rng.bool();
        let idle = !icmp || rng.bool();
        let mut faults = Faults::draw(rng, icmp);
        if calm {
            faults = Faults::none(faults.delay_millis);
        }
        let mut config = config(rng, calm, idle, people_per_room);
        let is_slow = !calm && rng.u32(..8) == 0;
        if is_slow {
            config.member_lines = rate(1, 2);
            config.member_bytes = rate(100, 300);
        }
        if rng.u32(..8) > 0 {
            config.sessions = Some(sessions(rng, calm));
        }
        Self {
            sessions: [0, 500, 1_000, rng.u32(..1_000)][rng.usize(..4)],
            is_slow,
            rooms: rng.usize(1..3),
            people_per_room,
            calm,
            faults,
            config,
            pace_millis: rng.u64(500..4_000),
            mishaps: if calm { 0 } else { rng.u32(0..200) },
            operator_millis: rng.u64(2_000..8_000),
            adversaries: if calm { 0 } else { rng.usize(..4) },
        }
    }

    /// Returns a room of two sessions whose network loses `loss` thousandths of the datagrams, with
    /// a round trip of 50 milliseconds.
    pub(super) fn lossy(loss: u32) -> Self {
        let mut faults = Faults::none(25);
        faults.loss = loss;
        let mut config = Config::default();
        config.sessions = Some(SessionConfig::new([0; 16], Id(0)));
        Self {
            rooms: 1,
            people_per_room: 2,
            calm: false,
            faults,
            config,
            pace_millis: 1_000,
            mishaps: 0,
            operator_millis: u64::MAX / 2,
            adversaries: 0,
            sessions: 1_000,
            is_slow: false,
        }
    }
}

fn config(rng: &mut Rng, calm: bool, idle: bool, people: usize) -> Config {
    let word = |text| Word::new(text).expect("a word");
    let mut dialect = Dialect::lenient();
    let words_chosen = rng.bool();
    if words_chosen {
        let ends = EndWords::new(&[word("EXIT"), word("OUT"), word("quit")]).expect("distinct");
        dialect = dialect.with_words(word("ok"), ends).expect("distinct");
    }
    if rng.bool() {
        dialect = dialect
            .with_leading_newline(true)
            .with_language(Language::Chinese);
    }
    let mut config = Config::new(dialect);
    config.search_words = !words_chosen;
    config.idle_limit_seconds = NonZeroU32::new(15).filter(|_| idle);
    if !calm && rng.bool() {
        // Tight limits, within which everybody can still live.
        // Where only the network's reports remove the dead, a room full of them keeps the living
        // out: no lines are left that could meet a report.
        let most = u32::try_from(people + rng.usize(..20)).unwrap_or(u32::MAX);
        config.max_members = NonZeroU32::new(if idle { most } else { 16_384 });
        config.member_lines = rate(5, 10);
        config.member_bytes = rate(1_000, 3_000);
        config.network_logins = rate(20, 50);
        config.tracked_networks = NonZeroU32::new(rng.u32(1..8)).unwrap_or(NonZeroU32::MIN);
        config.stranger_replies = rate(50, 50);
        config.silent_traffic_bytes = NonZeroU64::new(rng.u64(2_000..20_000));
        // Those who find no seat in their network go to another one.
        config.max_members_per_network = NonZeroU32::new(rng.u32(8..16));
    }
    config
}

fn rate(per_second: u32, burst: u32) -> Option<Rate> {
    Some(Rate {
        per_second: NonZeroU32::new(per_second)?,
        burst: NonZeroU32::new(burst)?,
    })
}

/// Draws the bounds of a log and of what is remembered; the secrets are drawn at each start.
fn sessions(rng: &mut Rng, calm: bool) -> SessionConfig {
    let mut config = SessionConfig::new([0; 16], Id(0));
    let number = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    if !calm && rng.bool() {
        // Each holds what one datagram can add, so that every entry is known.
        config.history.entries = number(rng.u32(16..60));
        config.history.bytes = number(rng.u32(1_300..4_000));
        config.catch_up = rng.u32(..60);
    }
    if rng.bool() {
        config.max_parked = number(rng.u32(1..20));
    }
    config
}
