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

    /// A room in which every count is another number, so that none can be left out or taken for
    /// another.
    #[test]
    fn every_count_of_the_room_is_there_once() {
        let mut next = 1_000;
        let mut number = || {
            next += 1;
            next
        };
        let mut value = serde_json::to_value(Stats::default()).unwrap();
        for field in value.as_object_mut().unwrap().values_mut() {
            if let Some(reasons) = field.as_object_mut() {
                reasons
                    .values_mut()
                    .for_each(|count| *count = number().into());
            } else {
                *field = number().into();
            }
        }
        let stats: Stats = serde_json::from_value(value).unwrap();
        let snapshot = Snapshot {
            stats,
            losses: Losses {
                not_sent: number(),
                kernel_dropped: Some(number()),
            },
            bans: 1_000,
        };
        let page = of(&snapshot);
        let shown: Vec<u64> = page
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(
            shown.iter().copied().collect::<BTreeSet<u64>>(),
            (1_000..=next).collect(),
            "{page}"
        );
        assert_eq!(
            shown.len(),
            usize::try_from(next - 999).unwrap(),
            "a count stands twice:\n{page}"
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
