//! A bad network: a relay between clients and one server that loses, doubles and reorders
//! datagrams, from a seed.
//!
//! Each client has a socket of its own towards the server, as behind a NAT, so that the server sees
//! as many addresses as there are clients. One thread reads what the clients send, and one thread
//! for each client what the server sends to it.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use faults::Dice;
use lane::{Lane, lock};
use record::Record;

mod faults;
mod lane;
mod record;

pub use faults::Faults;
pub use record::{Counts, Direction, Tally};

/// How long a thread waits for a datagram before it looks whether it is to end.
const TURN: Duration = Duration::from_millis(20);

/// A running relay. It begins without faults; dropping it ends its threads.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the threads have in common.
struct Shared {
    server: SocketAddr,
    faults: Faults,
    seed: u64,
    stopped: AtomicBool,
    record: Arc<Mutex<Record>>,
}

impl Relay {
    /// Starts a relay to this server, on a free port of `127.0.0.1`.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start(server: SocketAddr, faults: Faults, seed: u64) -> Self {
        let front = loopback_socket();
        let address = front.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            server,
            faults,
            seed,
            stopped: AtomicBool::new(false),
            record: Arc::default(),
        });
        let thread = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.relay_to_server(&Arc::new(front)))
        };
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Switches the faults on or off. Datagrams that are held back at this moment stay so until
    /// their time has come.
    pub fn set_faulty(&self, faulty: bool) {
        lock(&self.shared.record).faulty = faulty;
    }

    /// How many copies of datagrams are held back at this moment.
    pub fn held(&self) -> usize {
        lock(&self.shared.record).held
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        lock(&self.shared.record).counts
    }

    /// The address of a client that has sent this payload: the relay knows no names.
    pub fn client_that_sent(&self, payload: impl AsRef<[u8]>) -> Option<SocketAddr> {
        lock(&self.shared.record).client_that_sent(payload.as_ref())
    }

    /// How often this payload went this way of this client.
    pub fn tally(
        &self,
        client: SocketAddr,
        direction: Direction,
        payload: impl AsRef<[u8]>,
    ) -> Tally {
        lock(&self.shared.record).tally(client, direction, payload.as_ref())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        // A second panic would hide the first one.
        if !thread::panicking() {
            assert!(
                matches!(ended, Some(Ok(()))),
                "a thread of the relay panicked"
            );
        }
    }
}

impl Shared {
    /// The thread that reads what clients send.
    fn relay_to_server(self: &Arc<Self>, front: &Arc<UdpSocket>) {
        let mut threads = Vec::new();
        self.pump(front, Vec::new(), |lanes, client| {
            let known = lanes.iter().position(|lane| lane.client == client);
            Some(known.unwrap_or_else(|| {
                let back = Arc::new(loopback_socket());
                let number = lanes.len();
                lanes.push(self.lane(client, Direction::ToServer, number, &back, self.server));
                let answers = self.lane(client, Direction::ToClient, number, front, client);
                let shared = Arc::clone(self);
                threads.push(thread::spawn(move || {
                    // Only what comes from the server can be an answer of it.
                    shared.pump(&back, vec![answers], |_, from| {
                        (from == shared.server).then_some(0)
                    });
                }));
                number
            }))
        });
        for thread in threads {
            thread.join().expect("a thread towards a client panicked");
        }
    }

    /// Takes what comes to a socket to the lane that `choose` names, until the relay is stopped.
    fn pump(
        &self,
        socket: &UdpSocket,
        mut lanes: Vec<Lane>,
        mut choose: impl FnMut(&mut Vec<Lane>, SocketAddr) -> Option<usize>,
    ) {
        let mut buffer = vec![0; 65_536];
        while !self.stopped.load(Ordering::Relaxed) {
            let next = lanes.iter().filter_map(Lane::next_release).min();
            let pause = next.map_or(TURN, |moment| {
                moment.saturating_duration_since(Instant::now()).min(TURN)
            });
            // A time-out of zero would mean for ever.
            socket
                .set_read_timeout(Some(pause.max(Duration::from_millis(1))))
                .expect("a time-out above zero can be set");
            match socket.recv_from(&mut buffer) {
                Ok((length, from)) => {
                    if let Some(lane) = choose(&mut lanes, from) {
                        lanes[lane].take(&buffer[..length]);
                    }
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(error) => panic!("a socket on the loopback network cannot receive: {error}"),
            }
            lanes.iter_mut().for_each(Lane::release);
        }
    }

    /// The lane of the client that came as the `number`th.
    fn lane(
        &self,
        client: SocketAddr,
        direction: Direction,
        number: usize,
        socket: &Arc<UdpSocket>,
        to: SocketAddr,
    ) -> Lane {
        // Different throws for each lane, and the same ones in each run.
        let turn = 2 * number as u64 + u64::from(direction == Direction::ToClient);
        Lane {
            client,
            direction,
            dice: Dice::new(
                self.faults,
                self.seed
                    .wrapping_add(turn.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            ),
            socket: Arc::clone(socket),
            to,
            record: Arc::clone(&self.record),
            held: Vec::new(),
        }
    }
}

fn loopback_socket() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback address has a free port")
}

#[cfg(test)]
mod tests;
