//! `--metrics`: the room's counts for Prometheus over HTTP (METRICS.md).

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use chat_core::Stats;

use super::event_log::Losses;
use super::room::{self, Order, Snapshot};
use crate::net::inbox::Sender;

/// Threads that each answer one connection at a time: a few idle ones do not hold up the others.
const WORKERS: usize = 8;
/// The time for a whole request, and for each write of the response.
const TIME_LIMIT: Duration = Duration::from_secs(2);
/// The largest head of a request, in bytes.
const MAX_HEAD: usize = 8 * 1024;
/// The pause after the system refused a connection, for lack of descriptors perhaps.
const PAUSE: Duration = Duration::from_millis(100);

/// Starts threads that answer requests at the first address that is free. Returns it; a port of 0
/// has become a free one.
pub(super) fn start(addresses: &[SocketAddr], sender: &Sender<Order>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(addresses)?;
    for _ in 0..WORKERS {
        let (listener, sender) = (listener.try_clone()?, sender.clone());
        let work = move || {
            for stream in listener.incoming() {
                match stream {
                    // An error says that the scraper has gone.
                    Ok(stream) => drop(answer(stream, &sender)),
                    Err(_) => thread::sleep(PAUSE),
                }
            }
        };
        let thread = thread::Builder::new().name("metrics".to_owned());
        let _detached = thread.spawn(work)?;
    }
    listener.local_addr()
}

fn answer(mut stream: TcpStream, sender: &Sender<Order>) -> io::Result<()> {
    let end = Instant::now() + TIME_LIMIT;
    let head = read_head(&mut stream, end);
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (words.next(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let (status, text) = match (method, path) {
        (_, "") => ("400 Bad Request", "not an HTTP request\n".to_owned()),
        (Some("GET"), "/metrics") => match room::ask(sender, Order::Snapshot) {
            Some(snapshot) => ("200 OK", page(&snapshot)),
            None => (
                "503 Service Unavailable",
                "the room does not answer\n".to_owned(),
            ),
        },
        (_, "/metrics") => ("405 Method Not Allowed", "only GET\n".to_owned()),
        _ => ("404 Not Found", "see /metrics\n".to_owned()),
    };
    let length = text.len();
    let body = if method == Some("HEAD") { "" } else { &text };
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {length}\r\nAllow: GET\r\nConnection: close\r\n\r\n{body}"
    );
    stream.set_write_timeout(Some(TIME_LIMIT))?;
    stream.write_all(response.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    // A connection that is closed with unread bytes is reset, and the client may lose the answer.
    while read_before(end, &mut stream, &mut [0; MAX_HEAD]) > 0 {}
    Ok(())
}

/// Reads until the head of a request has ended; empty where it is too long, late or has no end.
fn read_head(stream: &mut TcpStream, end: Instant) -> String {
    let mut head = [0; MAX_HEAD];
    let mut filled = 0;
    loop {
        let read = read_before(end, stream, head.get_mut(filled..).unwrap_or_default());
        filled += read;
        let known = head.get(..filled).unwrap_or_default();
        if known.windows(4).any(|four| four == b"\r\n\r\n") {
            return String::from_utf8(known.to_vec()).unwrap_or_default();
        }
        if read == 0 {
            return String::new();
        }
    }
}

/// Reads what comes before `end`. Returns 0 at the end of the stream, after an error and too late.
fn read_before(end: Instant, stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    // No time left is an error here.
    let left = end.saturating_duration_since(Instant::now());
    let read = stream.set_read_timeout(Some(left));
    read.and_then(|()| stream.read(buffer)).unwrap_or(0)
}

/// Writes all counts in Prometheus' text format, version 0.0.4.
#[allow(clippy::too_many_lines)] // A line or three for each count.
fn page(snapshot: &Snapshot) -> String {
    let Stats {
        members,
        sessions,
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
        dropped_in_session,
        dropped_malformed,
        dropped_line_rate,
        dropped_closed,
        challenges,
        probes,
        left_quit,
        left_unreachable,
        left_idle,
        left_silent,
        left_kicked,
        left_parked,
        ..
    } = &snapshot.counts.stats;
    let bans = snapshot.bans;
    let Losses {
        send_failed,
        kernel_dropped,
    } = snapshot.counts.losses;
    let mut page = format!(
        "\
# HELP chat_members Members at this moment.
# TYPE chat_members gauge
chat_members {members}
# HELP chat_sessions Members with a session at this moment.
# TYPE chat_sessions gauge
chat_sessions {sessions}
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
chat_dropped_total{{reason=\"in_session\"}} {dropped_in_session}
chat_dropped_total{{reason=\"malformed\"}} {dropped_malformed}
chat_dropped_total{{reason=\"line_rate\"}} {dropped_line_rate}
chat_dropped_total{{reason=\"closed\"}} {dropped_closed}
# HELP chat_challenges_total Sessions that were asked to say hello.
# TYPE chat_challenges_total counter
chat_challenges_total {challenges}
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
chat_left_total{{reason=\"parked\"}} {left_parked}
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
    if let Some(dropped) = kernel_dropped {
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
    use super::super::event_log::Counts;
    use super::*;
    use crate::net::inbox::{Inbox, inbox};

    /// Gives every count another number, so that none is left out or taken for another. (The
    /// refusals are told apart by their reasons: a room alone can raise them.)
    #[test]
    fn the_page_has_every_count_of_the_room_once() {
        let mut stats = Stats::default();
        let numbered = [
            &mut stats.members,
            &mut stats.sessions,
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
            &mut stats.dropped_in_session,
            &mut stats.dropped_malformed,
            &mut stats.dropped_line_rate,
            &mut stats.dropped_closed,
            &mut stats.challenges,
            &mut stats.probes,
            &mut stats.left_quit,
            &mut stats.left_unreachable,
            &mut stats.left_idle,
            &mut stats.left_silent,
            &mut stats.left_kicked,
            &mut stats.left_parked,
        ];
        let mut values: Vec<String> = Vec::new();
        for (number, count) in (1_000..).zip(numbered) {
            *count = number;
            values.push(format!(" {number}"));
        }
        let written = serde_json::to_value(&stats).unwrap();
        let all = written.as_object().unwrap().len();
        assert_eq!(values.len() + 1, all, "all but the refusals: {written}");
        for (refusal, _) in stats.refusals.iter() {
            let reason = serde_json::to_string(&refusal).unwrap();
            values.push(format!("chat_refusals_total{{reason={reason}}} 0"));
        }

        values.extend([2_000, 2_001, 2_002].map(|number| format!(" {number}")));
        let losses = Losses {
            send_failed: 2_000,
            kernel_dropped: Some(2_001),
        };
        let page = page(&Snapshot {
            counts: Counts { stats, losses },
            bans: 2_002,
        });
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.clone().count(), values.len(), "{page}");
        for value in values {
            let shown = lines.clone().filter(|line| line.ends_with(&value));
            assert_eq!(shown.count(), 1, "{value}:\n{page}");
        }
    }

    #[test]
    fn an_unknown_count_is_left_out() {
        assert!(!page(&Snapshot::default()).contains("kernel_dropped"));
    }

    /// Connects to a server whose room does not answer.
    fn connect() -> (TcpStream, SocketAddr, Inbox<Order>) {
        let (inbox, sender) = inbox(1).unwrap();
        let address = start(&["127.0.0.1:0".parse().unwrap()], &sender).unwrap();
        (TcpStream::connect(address).unwrap(), address, inbox)
    }

    #[test]
    fn each_request_is_answered_even_if_it_is_none() {
        let long = |length| vec![b'x'; length];
        let with_body = [b"POST /metrics HTTP/1.1\r\n\r\n", &long(5 * MAX_HEAD)[..]].concat();
        for (request, status, body) in [
            (b"\r\n\r\n".to_vec(), "400", "request\n"),
            (b"GET\r\n\r\n".to_vec(), "400", "request\n"),
            (b"\xff \xff\r\n\r\n".to_vec(), "400", "request\n"),
            (long(MAX_HEAD), "400", "request\n"),
            (long(5 * MAX_HEAD), "400", "request\n"),
            // The rest of the head never comes.
            (b"GET /metrics HTTP/1.1\r\n".to_vec(), "400", "request\n"),
            (with_body, "405", "\r\n\r\nonly GET\n"),
            (
                b"HEAD /metrics HTTP/1.1\r\n\r\n".to_vec(),
                "405",
                "\r\n\r\n",
            ),
            (b"GET /metrics HTTP/1.1\r\n\r\n".to_vec(), "503", "answer\n"),
        ] {
            let (mut stream, _, _inbox) = connect();
            stream.write_all(&request).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
            assert!(answer.ends_with(body), "{answer}");
        }
    }

    #[test]
    fn an_idle_connection_does_not_hold_up_another() {
        let (_idle, address, _inbox) = connect();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(TIME_LIMIT / 2)).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 404");
    }
}
