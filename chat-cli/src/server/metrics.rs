//! `--metrics`: the room's counts for Prometheus over HTTP (METRICS.md).

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use chat_core::Stats;

use super::room::{Order, Snapshot};
use crate::net::inbox::Sender;

/// The time for a whole request, for the room's answer, and for each write of the response.
const TIME_LIMIT: Duration = Duration::from_secs(2);
/// The largest head of a request, in bytes.
const MAX_HEAD: u64 = 8 * 1024;
/// The pause after the system refused a connection, for lack of descriptors perhaps.
const PAUSE: Duration = Duration::from_millis(100);

/// Starts a thread that answers one request after the other. Returns its address, in which a port
/// of 0 has become a free one.
pub(super) fn start(address: SocketAddr, sender: Sender<Order>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    let local = listener.local_addr()?;
    let serve = move || {
        for stream in listener.incoming() {
            match stream {
                // An error says that the scraper has gone.
                Ok(stream) => drop(answer(stream, &sender)),
                Err(_) => thread::sleep(PAUSE),
            }
        }
    };
    thread::Builder::new()
        .name("metrics".to_owned())
        .spawn(serve)?;
    Ok(local)
}

fn answer(mut stream: TcpStream, sender: &Sender<Order>) -> io::Result<()> {
    stream.set_write_timeout(Some(TIME_LIMIT))?;
    let head = read_head(&mut stream)?;
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (words.next(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let (status, text) = match (method, path) {
        (_, "") => ("400 Bad Request", "not an HTTP request\n".to_owned()),
        (Some("GET"), "/metrics") => match ask(sender) {
            Some(snapshot) => ("200 OK", page(&snapshot)),
            None => (
                "503 Service Unavailable",
                "the room does not answer\n".to_owned(),
            ),
        },
        (_, "/metrics") => ("405 Method Not Allowed", "only GET\n".to_owned()),
        _ => ("404 Not Found", "see /metrics\n".to_owned()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nAllow: GET\r\nConnection: close\r\n\r\n{text}",
        text.len()
    )
}

/// Reads the head of a request; empty where it is not ASCII, too long, or late.
fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let end = Instant::now() + TIME_LIMIT;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || head.len() as u64 >= MAX_HEAD {
            return Ok(String::new());
        }
        stream.set_read_timeout(Some(left))?;
        // Byte by byte, so that nothing behind the head is read.
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(0) => return Ok(String::new()),
            Ok(_) => head.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Ok(String::new()),
        }
    }
    Ok(String::from_utf8(head).unwrap_or_default())
}

/// Asks the room, which answers between two bursts of datagrams.
fn ask(sender: &Sender<Order>) -> Option<Snapshot> {
    let (reply, answer) = mpsc::sync_channel(1);
    if !sender.post(Order::Snapshot(reply)) {
        return None;
    }
    answer.recv_timeout(TIME_LIMIT).ok()
}

/// Writes all counts in Prometheus' text format, version 0.0.4.
fn page(snapshot: &Snapshot) -> String {
    let Stats {
        members,
        logins,
        repeated_logins,
        messages,
        announcements,
        datagrams_in,
        datagrams_out,
        refusals,
        dropped_not_a_request,
        dropped_refused_already,
        dropped_login_rate,
        dropped_reply_rate,
        dropped_closed,
        probes,
        left_quit,
        left_unreachable,
        left_idle,
        left_silent,
        left_kicked,
        ..
    } = &snapshot.stats;
    let bans = snapshot.bans;
    let send_failed = snapshot.losses.send_failed;
    let mut page = format!(
        "\
# HELP chat_members Members at this moment.
# TYPE chat_members gauge
chat_members {members}
# HELP chat_bans Bans that hold at this moment.
# TYPE chat_bans gauge
chat_bans {bans}
# HELP chat_logins_total Accepted logins, without repeated ones.
# TYPE chat_logins_total counter
chat_logins_total {logins}
# HELP chat_repeated_logins_total Accepted logins that a member repeated.
# TYPE chat_repeated_logins_total counter
chat_repeated_logins_total {repeated_logins}
# HELP chat_messages_total Lines that members said.
# TYPE chat_messages_total counter
chat_messages_total {messages}
# HELP chat_announcements_total Lines that the operator said.
# TYPE chat_announcements_total counter
chat_announcements_total {announcements}
# HELP chat_datagrams_received_total Datagrams that came in.
# TYPE chat_datagrams_received_total counter
chat_datagrams_received_total {datagrams_in}
# HELP chat_datagrams_sent_total Datagrams handed out for sending, one per recipient.
# TYPE chat_datagrams_sent_total counter
chat_datagrams_sent_total {datagrams_out}
# HELP chat_dropped_total Datagrams dropped without an answer.
# TYPE chat_dropped_total counter
chat_dropped_total{{reason=\"not_a_request\"}} {dropped_not_a_request}
chat_dropped_total{{reason=\"refused_already\"}} {dropped_refused_already}
chat_dropped_total{{reason=\"login_rate\"}} {dropped_login_rate}
chat_dropped_total{{reason=\"reply_rate\"}} {dropped_reply_rate}
chat_dropped_total{{reason=\"closed\"}} {dropped_closed}
# HELP chat_probes_total Questions to members whether they are there.
# TYPE chat_probes_total counter
chat_probes_total {probes}
# HELP chat_left_total Members that are gone.
# TYPE chat_left_total counter
chat_left_total{{reason=\"quit\"}} {left_quit}
chat_left_total{{reason=\"unreachable\"}} {left_unreachable}
chat_left_total{{reason=\"idle\"}} {left_idle}
chat_left_total{{reason=\"silent\"}} {left_silent}
chat_left_total{{reason=\"kicked\"}} {left_kicked}
# HELP chat_send_failed_total Datagrams that could not be sent.
# TYPE chat_send_failed_total counter
chat_send_failed_total {send_failed}
# HELP chat_refusals_total Refused requests that were answered.
# TYPE chat_refusals_total counter
"
    );
    for (refusal, count) in refusals.iter() {
        // As events name it: with quotation marks around it.
        let reason = serde_json::to_string(&refusal).unwrap_or_default();
        let _infallible = writeln!(page, "chat_refusals_total{{reason={reason}}} {count}");
    }
    if let Some(dropped) = snapshot.losses.kernel_dropped {
        let help =
            "Datagrams that the system dropped because they came faster than they were read.";
        let _infallible = write!(
            page,
            "# HELP chat_kernel_dropped_total {help}\n# TYPE chat_kernel_dropped_total counter\n\
             chat_kernel_dropped_total {dropped}\n"
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::event_log::Losses;
    use super::*;
    use crate::net::inbox::inbox;

    /// Gives every count another number, so that none is left out or taken for another. (The
    /// refusals are told apart by their reasons: a room alone can raise them.)
    #[test]
    fn the_page_has_every_count_of_the_room_once() {
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
                send_failed: 2_000,
                kernel_dropped: Some(2_001),
            },
            bans: 2_002,
        };
        let page = page(&snapshot);
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
    fn an_unknown_count_is_left_out() {
        let snapshot = Snapshot {
            stats: Stats::default(),
            losses: Losses {
                send_failed: 0,
                kernel_dropped: None,
            },
            bans: 0,
        };
        assert!(!page(&snapshot).contains("kernel_dropped"));
    }

    /// Sends this to the server and returns its answer.
    fn answer_to(request: &[u8]) -> String {
        let (_inbox, sender) = inbox(1).unwrap();
        let address = start("127.0.0.1:0".parse().unwrap(), sender).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn a_request_that_is_not_http_is_refused() {
        for request in [&b"\r\n\r\n"[..], b"GET\r\n\r\n", b"\xff \xff\r\n\r\n"] {
            let answer = answer_to(request);
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        }
    }

    #[test]
    fn a_head_has_8_kib_at_most_and_an_end() {
        let long = vec![b'x'; 8 * 1024];
        assert!(answer_to(&long).starts_with("HTTP/1.1 400 "));
        // The rest of the head never comes.
        assert!(answer_to(b"GET /metrics HTTP/1.1\r\n").starts_with("HTTP/1.1 400 "));
    }

    #[test]
    fn a_room_that_does_not_answer_is_unavailable() {
        let answer = answer_to(b"GET /metrics HTTP/1.1\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
}
