//! A bad network: a relay between clients and one server that loses, doubles and reorders
//! datagrams, from a seed.
//!
//! Each client has a socket of its own towards the server, as behind a NAT, so that the server sees
//! as many addresses as there are clients.

use std::collections::HashMap;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fastrand::Rng;

/// The time for which a datagram is held back so that later ones overtake it, in milliseconds.
/// Lines of a busy conversation are closer together than that.
const HELD_MILLIS: std::ops::Range<u64> = 2..20;

/// The faults of the network, in each direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Of a hundred datagrams those that are lost.
    pub loss_percent: u8,
    /// Of a hundred that are not lost those that arrive twice.
    pub duplicate_percent: u8,
    /// Of a hundred copies those that are held back for a few milliseconds.
    pub reorder_percent: u8,
    /// The time that every copy is on its way, beside what reordering adds.
    pub delay: Duration,
}

/// The direction of a datagram.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// From a client to the server.
    ToServer,
    /// From the server to a client.
    ToClient,
}

/// The numbers of datagrams, both directions together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Lost datagrams.
    pub lost: usize,
    /// Doubled datagrams.
    pub doubled: usize,
    /// Copies held back for a while, so that others could overtake them.
    pub delayed: usize,
}

/// The fate of one payload in one direction of one client.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// The number of times it came to the relay.
    pub arrived: usize,
    /// The number of times the relay handed it on.
    pub forwarded: usize,
}

/// A running relay. It begins without faults; dropping it ends its thread.
pub struct Relay {
    address: SocketAddr,
    record: Arc<Mutex<Record>>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The relay's memory, all under one lock: a test never sees a datagram between two states.
#[derive(Debug, Default)]
struct Record {
    faulty: bool,
    /// True until the relay has bound new ports.
    rebinds: bool,
    /// The datagrams that are all lost.
    lost: Option<fn(Direction, &[u8]) -> bool>,
    counts: Counts,
    held: Vec<(Instant, Datagram)>,
    tallies: HashMap<(SocketAddr, Direction, Vec<u8>), Tally>,
}

#[derive(Clone, Debug)]
struct Datagram {
    client: usize,
    direction: Direction,
    payload: Vec<u8>,
}

impl Relay {
    /// Starts a relay to this server, on a free port of `127.0.0.1`.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start(server: SocketAddr, faults: Faults, seed: u64) -> Self {
        let front = socket();
        let address = front.local_addr().expect("a bound socket has an address");
        let (record, stopped) = <(Arc<Mutex<Record>>, Arc<AtomicBool>)>::default();
        let network = Network {
            server,
            faults,
            seed,
            front,
            clients: Vec::new(),
            record: Arc::clone(&record),
        };
        let stop = Arc::clone(&stopped);
        let thread = Some(thread::spawn(move || network.run(&stop)));
        Self {
            address,
            record,
            stopped,
            thread,
        }
    }

    /// Returns its address for clients.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Switches the faults on or off. Datagrams that are held back stay so until their time.
    pub fn set_faulty(&self, faulty: bool) {
        lock(&self.record).faulty = faulty;
    }

    /// Gives each client another port towards the server, as a NAT does that has forgotten them.
    /// Datagrams on their way to the old ones are lost.
    pub fn rebind(&self) {
        lock(&self.record).rebinds = true;
    }

    /// Loses all datagrams for which this function returns `true`, and no others but by the faults.
    pub fn lose(&self, lost: fn(Direction, &[u8]) -> bool) {
        lock(&self.record).lost = Some(lost);
    }

    /// Returns the number of copies that are held back.
    pub fn held(&self) -> usize {
        lock(&self.record).held.len()
    }

    /// Returns the counts so far.
    pub fn counts(&self) -> Counts {
        lock(&self.record).counts
    }

    /// Returns the address of a client that has sent this payload: the relay knows no names.
    pub fn client_that_sent(&self, payload: impl AsRef<[u8]>) -> Option<SocketAddr> {
        let record = lock(&self.record);
        let sent = |(_, direction, sent): &&(SocketAddr, Direction, Vec<u8>)| {
            *direction == Direction::ToServer && sent == payload.as_ref()
        };
        record
            .tallies
            .keys()
            .find(sent)
            .map(|(client, _, _)| *client)
    }

    /// Returns the fate of this payload in this direction of this client.
    pub fn tally(&self, client: SocketAddr, way: Direction, payload: impl AsRef<[u8]>) -> Tally {
        let key = (client, way, payload.as_ref().to_vec());
        lock(&self.record)
            .tallies
            .get(&key)
            .copied()
            .unwrap_or_default()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        // A second panic would hide the first one.
        assert!(
            thread::panicking() || matches!(ended, Some(Ok(()))),
            "the thread of the relay panicked"
        );
    }
}

/// The relay's thread.
struct Network {
    server: SocketAddr,
    faults: Faults,
    seed: u64,
    front: UdpSocket,
    clients: Vec<Client>,
    record: Arc<Mutex<Record>>,
}

struct Client {
    address: SocketAddr,
    /// Its socket towards the server.
    back: UdpSocket,
    /// The dice of each direction: the same seed throws the same for the first datagram, the second
    /// and so on, whatever else goes on.
    dice: [Rng; 2],
}

impl Network {
    fn run(mut self, stopped: &AtomicBool) {
        let mut buffer = vec![0; 65_536];
        while !stopped.load(Ordering::Relaxed) {
            let mut idle = true;
            if mem::take(&mut lock(&self.record).rebinds) {
                for client in &mut self.clients {
                    client.back = connected(self.server);
                }
            }
            while let Ok((length, from)) = self.front.recv_from(&mut buffer) {
                let client = self.client(from);
                self.take(client, Direction::ToServer, &buffer[..length]);
                idle = false;
            }
            for client in 0..self.clients.len() {
                while let Ok(length) = self.clients[client].back.recv(&mut buffer) {
                    self.take(client, Direction::ToClient, &buffer[..length]);
                    idle = false;
                }
            }
            let now = Instant::now();
            let record = Arc::clone(&self.record);
            let mut record = lock(&record);
            let due: Vec<_> = record
                .held
                .extract_if(.., |(moment, _)| *moment <= now)
                .collect();
            for (_, datagram) in due {
                self.hand_on(&mut record, &datagram);
            }
            drop(record);
            if idle {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Finds a client, which may be new.
    fn client(&mut self, address: SocketAddr) -> usize {
        let known = self
            .clients
            .iter()
            .position(|client| client.address == address);
        known.unwrap_or_else(|| {
            let back = connected(self.server);
            let number = self.clients.len();
            let dice = [0, 1].map(|way| Rng::with_seed(self.seed + 2 * number as u64 + way));
            self.clients.push(Client {
                address,
                back,
                dice,
            });
            number
        })
    }

    /// Hands a datagram on, doubles it, holds it back or loses it.
    fn take(&mut self, client: usize, direction: Direction, payload: &[u8]) {
        let record = Arc::clone(&self.record);
        let mut record = lock(&record);
        let Client { address, dice, .. } = &mut self.clients[client];
        let key = (*address, direction, payload.to_vec());
        record.tallies.entry(key).or_default().arrived += 1;
        let datagram = Datagram {
            client,
            direction,
            payload: payload.to_vec(),
        };
        if record.lost.is_some_and(|lost| lost(direction, payload)) {
            record.counts.lost += 1;
            return;
        }
        if !record.faulty {
            return self.hand_on(&mut record, &datagram);
        }
        let dice = &mut dice[direction as usize];
        let lost = dice.u8(..100) < self.faults.loss_percent;
        let doubled = !lost && dice.u8(..100) < self.faults.duplicate_percent;
        record.counts.lost += usize::from(lost);
        record.counts.doubled += usize::from(doubled);
        let copies = usize::from(!lost) + usize::from(doubled);
        let pauses = [0; 2].map(|_| {
            let held = dice.u8(..100) < self.faults.reorder_percent;
            held.then(|| Duration::from_millis(dice.u64(HELD_MILLIS)))
        });
        for held in pauses.into_iter().take(copies) {
            record.counts.delayed += usize::from(held.is_some());
            let pause = self.faults.delay + held.unwrap_or_default();
            if pause.is_zero() {
                self.hand_on(&mut record, &datagram);
            } else {
                record.held.push((Instant::now() + pause, datagram.clone()));
            }
        }
    }

    /// Records a datagram and then sends it: no peer has ever received more than the record says.
    fn hand_on(&self, record: &mut Record, datagram: &Datagram) {
        let client = &self.clients[datagram.client];
        let key = (client.address, datagram.direction, datagram.payload.clone());
        record.tallies.entry(key).or_default().forwarded += 1;
        // A client or a server that is gone is no concern of a network.
        let _sent = match datagram.direction {
            Direction::ToServer => client.back.send(&datagram.payload),
            Direction::ToClient => self.front.send_to(&datagram.payload, client.address),
        };
    }
}

fn lock(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connected(server: SocketAddr) -> UdpSocket {
    let socket = socket();
    socket.connect(server).expect("a loopback address");
    socket
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    socket
        .set_nonblocking(true)
        .expect("a socket need not block");
    socket
}
