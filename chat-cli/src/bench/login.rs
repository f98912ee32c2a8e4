//! Getting all members into a room, and out of it.

use std::time::{Duration, Instant};

use crate::platform::inbox::StopSwitch;
use crate::platform::safe_text::SafeText;

use super::crowd::{Crowd, Room};
use super::error::BenchError;

/// How many logins are on their way at once. Each is announced to all who are in.
const WINDOW: usize = 16;
/// How often a stop is looked for.
const TURN: Duration = Duration::from_millis(100);
/// After so long without any datagram the logins that are not answered are sent again,
const SILENCE: Duration = Duration::from_secs(2);
/// but not more often than this.
const REPEATS: u32 = 2;
/// When nothing has come for so long, nothing more will: on one machine a datagram takes
/// microseconds.
pub(super) const SETTLED: Duration = Duration::from_millis(20);
/// How long a quit waits to be answered. Some servers do not.
const GOODBYE: Duration = Duration::from_millis(5);

/// Logs everybody in; `progress` hears how many are.
pub(super) fn enter(
    crowd: &mut Crowd,
    room: &Room,
    stop: &StopSwitch,
    progress: &mut dyn FnMut(usize),
) -> Result<(), BenchError> {
    let (mut next, mut inside) = (0, 0);
    let mut asked: Vec<usize> = Vec::new();
    let mut repeats = 0;
    let mut last_heard = Instant::now();
    while inside < crowd.len() {
        if stop.is_stopped() {
            return Err(BenchError::Interrupted);
        }
        while asked.len() < WINDOW && next < crowd.len() {
            crowd.login(next, room)?;
            asked.push(next);
            next += 1;
        }
        let mut refused = None;
        let received = crowd.receive(TURN, |member, from, datagram| {
            if from != room.address {
                return;
            }
            // The answer comes before anything else that the room says to a member. Which word lets
            // in is different from server to server; `FAIL` is what refuses everywhere.
            if let Some(place) = asked.iter().position(|&asked| asked == member) {
                if datagram.starts_with(b"FAIL") {
                    refused = Some((member, String::from_utf8_lossy(datagram).into_owned()));
                } else {
                    asked.swap_remove(place);
                    inside += 1;
                }
            }
        })?;
        if let Some((member, answer)) = refused {
            return Err(BenchError::Refused {
                server: room.address,
                name: crowd.name(member),
                answer: SafeText::for_terminal(&answer),
            });
        }
        if received > 0 {
            last_heard = Instant::now();
            progress(inside);
        } else if last_heard.elapsed() > SILENCE {
            if repeats == REPEATS {
                return Err(BenchError::NoAnswer {
                    server: room.address,
                });
            }
            repeats += 1;
            last_heard = Instant::now();
            for &member in &asked {
                crowd.login(member, room)?;
            }
        }
    }
    crowd.settle(SETTLED)
}

/// Everybody says goodbye, once: a second quit ends many a server.
pub(super) fn leave(crowd: &mut Crowd, room: &Room) -> Result<(), BenchError> {
    for member in 0..crowd.len() {
        crowd.quit(member, room)?;
        crowd.receive(GOODBYE, |_, _, _| ())?;
    }
    crowd.settle(SETTLED)
}
