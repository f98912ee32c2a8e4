//! Datagrams of every bad kind, and good ones among them, from many addresses.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::Range;

/// How many sockets on `127.0.0.1`, which stay open.
const NEIGHBOURS: usize = 64;
/// The last bytes of the addresses `127.0.0.x` with a socket each. Linux answers for the whole of
/// `127.0.0.0/8`. One of these sockets after the other is closed and replaced by a new one on
/// another port, so that members vanish.
const TRAVELLERS: Range<u8> = 2..21;

/// Names that belong to somebody else, are reserved, look like others, or are none.
const STRANGE_NAMES: [&str; 12] = [
    "probe",
    "Probe",
    "prob\u{435}",
    "admin",
    "Administrator",
    "管理员",
    "OK",
    "*star",
    "a:b",
    "小明",
    "f0",
    "a-name-that-is-longer-than-any-name-may-be",
];
const TEXTS: [&str; 8] = [
    "hello",
    "",
    "  blanks  ",
    "吃了么？",
    "tab\there",
    "\u{202e}backwards",
    "line\nfeed",
    "\u{1b}[2J",
];

/// Many sockets, and the source of what they send.
pub(crate) struct Flood {
    server: SocketAddr,
    random: fastrand::Rng,
    peers: Vec<Peer>,
    /// How many peers there were, which makes their names distinct.
    named: usize,
}

struct Peer {
    home: Ipv4Addr,
    /// What the server sends to it is left unread; the kernel throws it away when its buffer is
    /// full.
    socket: UdpSocket,
    /// Of the two names under which it logs in, the first one; [`second`] is the other.
    name: String,
}

impl Flood {
    pub(crate) fn new(server: SocketAddr, seed: u64) -> Self {
        let mut flood = Self {
            server,
            random: fastrand::Rng::with_seed(seed),
            peers: Vec::new(),
            named: 0,
        };
        let homes = (0..NEIGHBOURS)
            .map(|_| Ipv4Addr::LOCALHOST)
            .chain(TRAVELLERS.map(|last| Ipv4Addr::new(127, 0, 0, last)));
        for home in homes {
            let peer = flood.peer(home);
            flood.peers.push(peer);
        }
        flood
    }

    /// Sends so many datagrams from random peers, then lets one of the travellers vanish.
    pub(crate) fn burst(&mut self, datagrams: usize) {
        for _ in 0..datagrams {
            let peer = self.random.usize(0..self.peers.len());
            let datagram = self.datagram(peer);
            self.send(peer, &datagram);
        }
        let place = self.random.usize(NEIGHBOURS..self.peers.len());
        self.peers[place] = self.peer(self.peers[place].home);
    }

    /// All quit, and the travellers' sockets are closed: whoever still is a member under a name
    /// that a flipped byte made vanishes then. `after_each` is called after a few datagrams.
    pub(crate) fn leave(&mut self, mut after_each: impl FnMut()) {
        for peer in 0..self.peers.len() {
            let name = self.peers[peer].name.clone();
            for name in [&name, &second(&name)] {
                self.send(peer, format!("Q {name}").as_bytes());
            }
            after_each();
        }
        // The others' ports stay taken: tests that run at the same time must not get what is meant
        // for these.
        self.peers.truncate(NEIGHBOURS);
    }

    fn peer(&mut self, home: Ipv4Addr) -> Peer {
        let socket =
            UdpSocket::bind((home, 0)).expect("every address of 127.0.0.0/8 has a free port");
        let name = format!("f{}", self.named);
        self.named += 1;
        Peer { home, socket, name }
    }

    fn send(&self, peer: usize, datagram: &[u8]) {
        let sent = self.peers[peer].socket.send_to(datagram, self.server);
        assert!(
            sent.as_ref().is_ok_and(|&sent| sent == datagram.len()),
            "a datagram of {} bytes could not be sent: {sent:?}",
            datagram.len()
        );
    }

    fn datagram(&mut self, peer: usize) -> Vec<u8> {
        match self.random.u8(0..100) {
            0..15 => self.junk(0..200),
            15..55 => {
                let request = self.request(peer);
                self.spoiled(request)
            }
            55..95 => self.request(peer),
            95..98 => {
                let mut long = self.request(peer);
                long.extend(self.junk(1_000..8_000));
                long
            }
            _ => Vec::new(),
        }
    }

    fn junk(&mut self, length: Range<usize>) -> Vec<u8> {
        let length = self.random.usize(length);
        (0..length).map(|_| self.random.u8(..)).collect()
    }

    /// A request that is good, as far as name and text are.
    fn request(&mut self, peer: usize) -> Vec<u8> {
        let name = self.name(peer);
        let text = if self.random.u8(0..10) == 0 {
            "x".repeat(self.random.usize(0..1_100))
        } else {
            format!(
                "{} {}",
                TEXTS[self.random.usize(0..TEXTS.len())],
                self.random.u32(..)
            )
        };
        let request = match self.random.u8(0..20) {
            0..6 => format!("L {name}"),
            6 => format!("LOGIN {name}"),
            7 => format!("L {name} ~{text}"),
            8..15 => format!("C {name} {text}"),
            15 => format!("CHAT {name}:{text}\n"),
            16..18 => format!("Q {name}"),
            18 => format!("E {name} {text}"),
            _ => format!("C {name} EXIT"),
        };
        request.into_bytes()
    }

    fn name(&mut self, peer: usize) -> String {
        let own = &self.peers[peer].name;
        match self.random.u8(0..10) {
            0..6 => own.clone(),
            6..8 => second(own),
            8 => self.peers[self.random.usize(0..self.peers.len())]
                .name
                .clone(),
            _ => STRANGE_NAMES[self.random.usize(0..STRANGE_NAMES.len())].to_owned(),
        }
    }

    /// One to three bytes flipped, inserted or removed, or the end cut off.
    fn spoiled(&mut self, mut datagram: Vec<u8>) -> Vec<u8> {
        for _ in 0..self.random.u8(1..4) {
            let place = self.random.usize(0..=datagram.len());
            match self.random.u8(0..4) {
                0 => datagram.insert(place, self.random.u8(..)),
                1 => datagram.truncate(place),
                2 if place < datagram.len() => {
                    datagram.remove(place);
                }
                _ if place < datagram.len() => datagram[place] ^= 1 << self.random.u8(0..8),
                _ => datagram.push(self.random.u8(..)),
            }
        }
        datagram
    }
}

fn second(name: &str) -> String {
    format!("{name}-again")
}
