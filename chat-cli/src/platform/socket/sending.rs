//! Sending: to one peer, to many with few calls, and what is tried when a send fails.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::batch::{self, Batch, MAX_BATCH};
use super::meaning::{Meaning, is_refused, meaning};
use super::{ChatSocket, Sent};

/// How long a send waits for room in the send buffer: it empties at the speed of the network, so a
/// second without room means that the interface is stuck.
const SEND_PATIENCE: Duration = Duration::from_secs(1);

/// How often a send is repeated when the queue of the interface is full, a millisecond apart.
const QUEUE_RETRIES: u32 = 5;

/// How often a send is repeated because of another peer's error. Each failure takes a pending error
/// away; more can arrive meanwhile, but a send must end.
const PENDING_RETRIES: u32 = 8;

/// What is known of the system's call that sends many datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Batching {
    /// The caller does not want it, or the system does not have it: each datagram has a call of its
    /// own.
    Off,
    Untried,
    Works,
}

/// Until when sends of one payload wait for room in the send buffer; `None` while there is no need
/// to.
#[derive(Debug, Default)]
struct Patience {
    deadline: Option<Instant>,
}

impl ChatSocket {
    /// Whether [`send_to_each`](ChatSocket::send_to_each) may send many datagrams with one call, as
    /// it does at first where the system can.
    pub fn set_batching(&self, on: bool) {
        self.batching
            .set(if on { Batching::Untried } else { Batching::Off });
    }

    /// How many system calls were made in order to send something, those that failed included.
    pub fn send_calls(&self) -> u64 {
        self.send_calls.get()
    }

    /// Sends a server's datagram. Waits a second at most, when the system's buffers are full.
    pub fn send_to(&self, payload: &[u8], to: SocketAddr) -> Sent {
        self.send_to_patiently(&mut Patience::default(), payload, to)
    }

    /// Sends one payload to many peers, to each once and in this order, with as few system calls as
    /// possible: on Linux one for 64 peers. `lost` is told of each datagram that cannot be
    /// sent, and why; the others are sent all the same.
    ///
    /// When the system's buffers stay full it waits a second in all and not for every peer.
    pub fn send_to_each(
        &self,
        payload: &[u8],
        to: impl IntoIterator<Item = SocketAddr>,
        lost: impl FnMut(SocketAddr, io::Error),
    ) {
        let batch = |to: &[SocketAddr]| batch::send(&self.udp, self.is_ipv6, payload, to);
        self.send_to_each_with(batch, payload, to, lost);
    }

    /// Sends a client's datagram to its server. Waits a second at most, when the system's buffers
    /// are full.
    ///
    /// The news that an earlier datagram found nobody does not take this one with it: it is sent
    /// all the same, and the next [`receive`](ChatSocket::receive) reports the news.
    pub fn send(&self, payload: &[u8]) -> Sent {
        self.send_with(&mut Patience::default(), || self.udp.send(payload))
    }

    /// A batch that stops early says nothing of why. Whatever the reason, the datagram that now
    /// comes first either goes with the next batch or, when that sends nothing, by itself: all
    /// judging of errors is that of a single send.
    pub(super) fn send_to_each_with(
        &self,
        batch: impl Fn(&[SocketAddr]) -> Batch,
        payload: &[u8],
        to: impl IntoIterator<Item = SocketAddr>,
        mut lost: impl FnMut(SocketAddr, io::Error),
    ) {
        let mut to = to.into_iter();
        let mut patience = Patience::default();
        let mut places = [SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)); MAX_BATCH];
        loop {
            let mut filled = 0;
            for (place, peer) in places.iter_mut().zip(to.by_ref()) {
                *place = peer;
                filled += 1;
            }
            let mut left = places.get(..filled).unwrap_or_default();
            if left.is_empty() {
                return;
            }
            while let Some((&first, others)) = left.split_first() {
                let refused = match self.try_batch(&batch, left) {
                    Batch::Sent(sent) if sent > 0 => {
                        patience = Patience::default();
                        left = left.get(sent..).unwrap_or_default();
                        continue;
                    }
                    outcome => outcome == Batch::PerhapsRefused,
                };
                match self.send_to_patiently(&mut patience, payload, first) {
                    // What was refused to the batch is not refused to a send: it was the call and
                    // not the datagram.
                    Sent::Done if refused => self.batching.set(Batching::Off),
                    Sent::Done => {}
                    Sent::Lost(error) => lost(first, error),
                }
                left = others;
            }
        }
    }

    /// Sends what one call takes of this, if such a call makes sense.
    fn try_batch(&self, batch: impl Fn(&[SocketAddr]) -> Batch, to: &[SocketAddr]) -> Batch {
        if to.len() < 2 || self.batching.get() == Batching::Off {
            return Batch::Sent(0);
        }
        self.count_call();
        let outcome = batch(to);
        match outcome {
            Batch::Sent(sent) => {
                self.batching.set(Batching::Works);
                if sent < to.len() {
                    // Perhaps for the error of another peer, which has now been taken out of the
                    // socket: only the error queue still knows whose it was.
                    self.collect_unreachable();
                }
                outcome
            }
            Batch::Failed => {
                self.collect_unreachable();
                outcome
            }
            // A packet filter can refuse a datagram in this way too, but only a filter of system
            // calls can do so from the first.
            Batch::PerhapsRefused if self.batching.get() == Batching::Works => Batch::Failed,
            Batch::PerhapsRefused => outcome,
            Batch::NoSuchCall => {
                self.batching.set(Batching::Off);
                outcome
            }
        }
    }

    fn send_to_patiently(&self, patience: &mut Patience, payload: &[u8], to: SocketAddr) -> Sent {
        let to = batch::on_wire(self.is_ipv6, to);
        self.send_with(patience, || self.udp.send_to(payload, to))
    }

    fn send_with(&self, patience: &mut Patience, attempt: impl Fn() -> io::Result<usize>) -> Sent {
        let (mut full, mut pending) = (0, 0);
        loop {
            self.count_call();
            let Err(error) = attempt() else {
                *patience = Patience::default();
                return Sent::Done;
            };
            let again = match meaning(&error) {
                Meaning::Again => true,
                Meaning::Wait => {
                    let deadline = *patience
                        .deadline
                        .get_or_insert_with(|| Instant::now() + SEND_PATIENCE);
                    self.wait_until_writable(deadline)
                }
                Meaning::QueueFull => {
                    full += 1;
                    if full <= QUEUE_RETRIES {
                        thread::sleep(Duration::from_millis(1));
                    }
                    full <= QUEUE_RETRIES
                }
                Meaning::EarlierDatagram => {
                    pending += 1;
                    pending <= PENDING_RETRIES && self.is_of_another(&error)
                }
                Meaning::Broken | Meaning::Unknown => false,
            };
            if !again {
                return Sent::Lost(error);
            }
        }
    }

    /// Whether an error that a send met may belong to an earlier datagram, in which case it is now
    /// out of the way.
    fn is_of_another(&self, error: &io::Error) -> bool {
        if self.server.is_some() {
            let refused = is_refused(error);
            self.server_refused
                .set(refused || self.server_refused.get());
            return refused;
        }
        // Others than "connection refused" can come from this machine (no route), where trying
        // again helps nobody; but then nothing is in the queue.
        self.collect_unreachable() > 0 || is_refused(error)
    }

    /// Waits for room in the send buffer; `false` when the deadline has passed.
    fn wait_until_writable(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let Ok(timeout) = Timespec::try_from(left) else {
            return false;
        };
        let mut watched = [PollFd::new(&self.udp, PollFlags::OUT)];
        match poll(&mut watched, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return false,
        }
        let [socket] = &watched;
        if socket.revents().contains(PollFlags::ERR) {
            // Or the reports in the queue would end every wait at once.
            self.collect_unreachable();
        }
        true
    }

    fn count_call(&self) {
        self.send_calls.set(self.send_calls.get().wrapping_add(1));
    }
}

#[cfg(test)]
mod tests;
