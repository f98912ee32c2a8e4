//! Counts in Prometheus' text format, version 0.0.4.

use std::fmt::{Display, Write as _};

use crate::room::Snapshot;

/// Everything that there is, in a steady order.
pub(super) fn of(snapshot: &Snapshot) -> String {
    let Snapshot {
        stats,
        losses,
        bans,
    } = snapshot;
    let mut page = Page::default();
    page.gauge("chat_members", "Members at this moment.", stats.members);
    page.gauge("chat_bans", "Bans that hold at this moment.", bans);
    page.counter(
        "chat_logins_total",
        "Accepted logins, without repeated ones.",
        stats.logins,
    );
    page.counter(
        "chat_repeated_logins_total",
        "Accepted logins that a member repeated.",
        stats.repeated_logins,
    );
    page.counter(
        "chat_messages_total",
        "Lines that members said.",
        stats.messages,
    );
    page.counter(
        "chat_announcements_total",
        "Lines that the operator said.",
        stats.announcements,
    );
    page.counter(
        "chat_datagrams_received_total",
        "Datagrams that came in.",
        stats.datagrams_in,
    );
    page.counter(
        "chat_datagrams_sent_total",
        "Datagrams handed out for sending, one per recipient.",
        stats.datagrams_out,
    );
    page.counters(
        "chat_refusals_total",
        "Refused requests that were answered.",
        stats
            .refusals
            .iter()
            .map(|(refusal, count)| (word(&refusal), count)),
    );
    page.counters(
        "chat_dropped_total",
        "Datagrams dropped without an answer.",
        [
            ("not_a_request", stats.dropped_not_a_request),
            ("refused_already", stats.dropped_refused_already),
            ("login_rate", stats.dropped_login_rate),
            ("reply_rate", stats.dropped_reply_rate),
            ("closed", stats.dropped_closed),
        ],
    );
    page.counter(
        "chat_probes_total",
        "Questions to members whether they are there.",
        stats.probes,
    );
    page.counters(
        "chat_left_total",
        "Members that are gone.",
        [
            ("quit", stats.left_quit),
            ("unreachable", stats.left_unreachable),
            ("idle", stats.left_idle),
            ("silent", stats.left_silent),
            ("kicked", stats.left_kicked),
        ],
    );
    page.counter(
        "chat_send_failed_total",
        "Datagrams that could not be sent.",
        losses.not_sent,
    );
    if let Some(dropped) = losses.kernel_dropped {
        page.counter(
            "chat_kernel_dropped_total",
            "Datagrams that the system dropped because they came faster than they were read.",
            dropped,
        );
    }
    page.0
}

/// A value as serde names it.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "other".to_owned(),
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.metric(name, help, "gauge", [(String::new(), value)]);
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.metric(name, help, "counter", [(String::new(), value)]);
    }

    fn counters(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (impl Display, u64)>,
    ) {
        let labelled = values
            .into_iter()
            .map(|(reason, count)| (format!("{{reason=\"{reason}\"}}"), count));
        self.metric(name, help, "counter", labelled);
    }

    fn metric(
        &mut self,
        name: &str,
        help: &str,
        kind: &str,
        values: impl IntoIterator<Item = (String, impl Display)>,
    ) {
        let _infallible = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (label, value) in values {
            let _infallible = writeln!(self.0, "{name}{label} {value}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chat_core::Stats;

    use super::*;
    use crate::room::Losses;

    /// Every count is another number, so that none can be left out or taken for another. (The
    /// refusals of a room can only be counted by one: they are told apart by their reasons.)
    #[test]
    fn every_count_of_the_room_is_there_once() {
        let mut stats = Stats::default();
        let counts = [
            &mut stats.members,
            &mut stats.logins,
            &mut stats.repeated_logins,
            &mut stats.messages,
            &mut stats.announcements,
            &mut stats.datagrams_out,
            &mut stats.datagrams_in,
            &mut stats.dropped_not_a_request,
            &mut stats.dropped_refused_already,
            &mut stats.dropped_login_rate,
            &mut stats.dropped_reply_rate,
            &mut stats.dropped_closed,
            &mut stats.probes,
            &mut stats.left_quit,
            &mut stats.left_unreachable,
            &mut stats.left_idle,
            &mut stats.left_silent,
            &mut stats.left_kicked,
        ];
        let mut expected: BTreeSet<u64> = (1_000..).take(counts.len()).collect();
        for (count, number) in counts.into_iter().zip(1_000..) {
            *count = number;
        }
        let written = serde_json::to_value(&stats).unwrap();
        let all = written.as_object().unwrap().len();
        assert_eq!(expected.len() + 1, all, "all but the refusals: {written}");

        expected.extend([2_000, 2_001, 2_002]);
        let snapshot = Snapshot {
            stats,
            losses: Losses {
                not_sent: 2_000,
                kernel_dropped: Some(2_001),
            },
            bans: 2_002,
        };
        let page = of(&snapshot);
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        let (refusals, others): (Vec<_>, Vec<_>) = lines.partition(|line| line.ends_with(" 0"));
        for (reason, _) in snapshot.stats.refusals.iter() {
            let label = serde_json::to_string(&reason).unwrap();
            let shown = refusals.iter().filter(|line| line.contains(&label));
            assert_eq!(shown.count(), 1, "{label}:\n{page}");
        }
        let number = |line: &str| line.rsplit(' ').next().unwrap().parse().unwrap();
        let shown: Vec<u64> = others.into_iter().map(number).collect();
        assert_eq!(shown.len(), expected.len(), "a count stands twice:\n{page}");
        assert_eq!(
            shown.into_iter().collect::<BTreeSet<u64>>(),
            expected,
            "{page}"
        );
    }

    #[test]
    fn what_is_not_known_is_not_there() {
        let snapshot = Snapshot {
            stats: Stats::default(),
            losses: Losses {
                not_sent: 0,
                kernel_dropped: None,
            },
            bans: 0,
        };
        assert!(!of(&snapshot).contains("kernel_dropped"));
    }
}
