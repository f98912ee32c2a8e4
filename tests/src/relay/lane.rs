//! One direction of one client's traffic.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::faults::Dice;
use super::record::{Direction, Record};

/// Where the datagrams of one client go in one direction, and those of them that are held back.
pub(super) struct Lane {
    pub(super) client: SocketAddr,
    pub(super) direction: Direction,
    pub(super) dice: Dice,
    /// From which socket, and where to, they are handed on.
    pub(super) socket: Arc<UdpSocket>,
    pub(super) to: SocketAddr,
    pub(super) record: Arc<Mutex<Record>>,
    pub(super) held: Vec<(Instant, Vec<u8>)>,
}

impl Lane {
    /// A datagram came: it is handed on, doubled, held back or lost.
    pub(super) fn take(&mut self, payload: &[u8]) {
        let now = Instant::now();
        let mut record = lock(&self.record);
        record.arrived(self.client, self.direction, payload);
        let copies = if record.faulty {
            self.dice.copies()
        } else {
            vec![Duration::ZERO]
        };
        match copies.len() {
            0 => record.counts.lost += 1,
            1 => {}
            _ => record.counts.doubled += 1,
        }
        for pause in copies {
            if pause.is_zero() {
                self.hand_on(&mut record, payload);
            } else {
                record.counts.delayed += 1;
                record.held += 1;
                self.held.push((now + pause, payload.to_vec()));
            }
        }
    }

    /// Hands on what was held back long enough.
    pub(super) fn release(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let now = Instant::now();
        let due: Vec<_> = self
            .held
            .extract_if(.., |(moment, _)| *moment <= now)
            .collect();
        let mut record = lock(&self.record);
        for (_, payload) in due {
            self.hand_on(&mut record, &payload);
            record.held -= 1;
        }
    }

    /// When something is to be released.
    pub(super) fn next_release(&self) -> Option<Instant> {
        self.held.iter().map(|&(moment, _)| moment).min()
    }

    /// What is handed on is recorded first: nobody can have received more than the record says.
    fn hand_on(&self, record: &mut Record, payload: &[u8]) {
        record.forwarded(self.client, self.direction, payload);
        // A client or a server that is gone is no concern of a network.
        let _ = self.socket.send_to(payload, self.to);
    }
}

/// The record, whose holders only count.
pub(super) fn lock(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    record
        .lock()
        .expect("no thread of the relay panics while it counts")
}
