//! Sending: to one peer, to many with few system calls, and the retries of a send that fails.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::batch::{self, BATCH_SIZE, Batching};
use super::error_class::{ErrorClass, error_class, is_refused};
use super::socket::ChatSocket;

/// The longest wait for room in the send buffer. It empties at the speed of the network, so after
/// a second without room the interface is stuck.
const SEND_PATIENCE: Duration = Duration::from_secs(1);

/// The most retries while the queue of the interface is full.
const QUEUE_RETRIES: u32 = 5;

/// The pause before each of them.
const QUEUE_PAUSE: Duration = Duration::from_millis(1);

/// The most retries because of another peer's error. Each failure takes one pending error away,
/// but more can arrive meanwhile, and a send must end.
const PEER_RETRIES: u32 = 8;

/// An error of a send is one lost datagram; the next one may well be sent. A datagram that the
/// kernel took may still be lost on its way.
impl ChatSocket {
    /// Returns how many system calls were made in order to send, including those that failed.
    pub fn send_calls(&self) -> u64 {
        self.send_calls.get()
    }

    /// Sends a client's datagram to its server. Waits at most 1 second for room in the send buffer.
    ///
    /// The pending error of an earlier datagram does not cost this one: it is sent all the same,
    /// and the next [`receive`](ChatSocket::receive) reports the error.
    pub fn send(&self, payload: &[u8]) -> io::Result<()> {
        self.send_with_retries(&mut None, || self.udp.send(payload))
    }

    /// Sends one payload to each of these peers once, in this order.
    ///
    /// On Linux one system call sends to 64 peers. Calls `lost` with each peer that the datagram
    /// cannot be sent to, and the reason; the others get theirs all the same. While the send buffer
    /// stays full it waits 1 second in all, and not for each peer.
    pub fn send_to_each(
        &self,
        payload: &[u8],
        to: impl IntoIterator<Item = SocketAddr>,
        lost: impl FnMut(SocketAddr, io::Error),
    ) {
        let batch = |to: &[SocketAddr]| batch::send(&self.udp, self.is_ipv6, payload, to);
        self.send_in_batches(batch, payload, to, lost);
    }

    fn send_in_batches(
        &self,
        batch: impl Fn(&[SocketAddr]) -> rustix::io::Result<usize>,
        payload: &[u8],
        to: impl IntoIterator<Item = SocketAddr>,
        mut lost: impl FnMut(SocketAddr, io::Error),
    ) {
        let mut to = to.into_iter();
        let mut deadline = None;
        let mut peers = [SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)); BATCH_SIZE];
        loop {
            let mut filled = 0;
            for (place, peer) in peers.iter_mut().zip(to.by_ref()) {
                *place = peer;
                filled += 1;
            }
            let mut left = peers.get(..filled).unwrap_or_default();
            if left.is_empty() {
                return;
            }
            while let Some((&first, rest)) = left.split_first() {
                let outcome = self.try_batch(&batch, left);
                if let Ok(sent @ 1..) = outcome {
                    deadline = None;
                    left = left.get(sent..).unwrap_or_default();
                    continue;
                }
                // A packet filter refuses one datagram in this way, after others were sent.
                let is_untried = self.batching.get() == Batching::Untried;
                let may_be_forbidden = is_untried && outcome == Err(Errno::PERM);
                // A batch that stops gives no reason, so a send of its own judges the datagram.
                match self.send_to(payload, first, &mut deadline) {
                    Err(error) => lost(first, error),
                    // The datagram was welcome, so the refusal was of the call.
                    Ok(()) if may_be_forbidden => self.batching.set(Batching::Refused),
                    Ok(()) => {}
                }
                left = rest;
            }
        }
    }

    /// Sends to the first of these peers in one call, unless the system refuses such calls.
    fn try_batch(
        &self,
        batch: impl Fn(&[SocketAddr]) -> rustix::io::Result<usize>,
        to: &[SocketAddr],
    ) -> rustix::io::Result<usize> {
        if to.len() < 2 || self.batching.get() == Batching::Refused {
            return Ok(0);
        }
        self.count_call();
        let outcome = batch(to);
        if outcome != Ok(to.len()) {
            // The call took a pending error off the socket; only the queue still tells its peer.
            self.collect_unreachable();
        }
        match outcome {
            Ok(_) => self.batching.set(Batching::Works),
            Err(Errno::NOSYS) => self.batching.set(Batching::Refused),
            Err(_) => {}
        }
        outcome
    }

    /// Sends a server's datagram to one peer.
    pub(super) fn send_to(
        &self,
        payload: &[u8],
        to: SocketAddr,
        deadline: &mut Option<Instant>,
    ) -> io::Result<()> {
        let to = batch::on_wire(self.is_ipv6, to);
        self.send_with_retries(deadline, || self.udp.send_to(payload, to))
    }

    /// Repeats `attempt` while that can help. The deadline is set by the first wait for room in the
    /// send buffer, and cleared by a success.
    fn send_with_retries(
        &self,
        deadline: &mut Option<Instant>,
        attempt: impl Fn() -> io::Result<usize>,
    ) -> io::Result<()> {
        let (mut queue_full, mut peer_errors) = (0, 0);
        loop {
            self.count_call();
            let Err(error) = attempt() else {
                *deadline = None;
                return Ok(());
            };
            let may_help = match error_class(&error) {
                ErrorClass::Again => true,
                ErrorClass::Wait => {
                    let latest = || Instant::now() + SEND_PATIENCE;
                    self.wait_until_writable(*deadline.get_or_insert_with(latest))
                }
                ErrorClass::QueueFull if queue_full < QUEUE_RETRIES => {
                    queue_full += 1;
                    thread::sleep(QUEUE_PAUSE);
                    true
                }
                ErrorClass::PeerError if peer_errors < PEER_RETRIES => {
                    peer_errors += 1;
                    self.is_of_earlier_datagram(&error)
                }
                _ => false,
            };
            if !may_help {
                return Err(error);
            }
        }
    }

    /// Returns whether the error may belong to an earlier datagram; then it is out of the way now.
    fn is_of_earlier_datagram(&self, error: &io::Error) -> bool {
        let is_refused = is_refused(error);
        if self.server.is_some() {
            self.server_refused.update(|before| before || is_refused);
            return is_refused;
        }
        // Other errors can be of this machine (no route); then there is no report of a peer.
        self.collect_unreachable() > 0 || is_refused
    }

    /// Waits for room in the send buffer, and returns `false` once the deadline has passed.
    fn wait_until_writable(&self, deadline: Instant) -> bool {
        let left = deadline.checked_duration_since(Instant::now());
        let Some(timeout) = left.and_then(|left| Timespec::try_from(left).ok()) else {
            return false;
        };
        let mut watched = [PollFd::new(&self.udp, PollFlags::OUT)];
        match poll(&mut watched, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return false,
        }
        let [socket] = watched.map(|socket| socket.revents());
        if socket.contains(PollFlags::ERR) {
            // Unread reports would end every further wait at once.
            self.collect_unreachable();
        }
        true
    }

    fn count_call(&self) {
        self.send_calls.update(|calls| calls.wrapping_add(1));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::net::UdpSocket;

    use super::super::socket::tests::{bind, dead_peer, loopback_hosts, peer, take_unreachable};
    use super::*;

    /// Three payloads, so that the order is seen too.
    const PAYLOADS: [&[u8]; 3] = [b"first", b"", b"third"];

    /// Addresses that nothing can be sent to from an IPv4 loopback socket: no port is an invalid
    /// argument, broadcast is forbidden or has no route, another family does not fit.
    const UNSENDABLE: [&str; 3] = ["127.0.0.1:0", "255.255.255.255:9", "[::1]:9"];

    fn peers<'h>(hosts: impl IntoIterator<Item = &'h str>) -> (Vec<UdpSocket>, Vec<SocketAddr>) {
        let peers = hosts.into_iter().map(peer);
        let with_address = peers.map(|peer| {
            let address = peer.local_addr().unwrap();
            (peer, address)
        });
        with_address.unzip()
    }

    /// Sends all payloads to all, and returns the lost ones payload by payload.
    fn send_all(socket: &ChatSocket, to: &[SocketAddr]) -> Vec<SocketAddr> {
        let mut lost = Vec::new();
        for payload in PAYLOADS {
            socket.send_to_each(payload, to.iter().copied(), |peer, _| lost.push(peer));
        }
        lost
    }

    fn expect_all_once_and_in_order(peers: &[UdpSocket]) {
        let mut buffer = [0; 16];
        for peer in peers {
            for payload in PAYLOADS {
                let length = peer.recv(&mut buffer).unwrap();
                assert_eq!(&buffer[..length], payload);
            }
            peer.set_nonblocking(true).unwrap();
            assert!(peer.recv(&mut buffer).is_err());
        }
    }

    #[test]
    fn a_payload_for_many_takes_one_call_for_64() {
        let (peers, to) = peers(["127.0.0.1"; 200]);
        for count in [0, 1, 2, 63, 64, 65, 128, 129, 200] {
            let socket = bind("127.0.0.1");
            let to = to[..count].iter().copied();
            socket.send_to_each(b"to many", to, |peer, error| panic!("{peer}: {error}"));
            if cfg!(target_os = "linux") {
                assert_eq!(socket.send_calls(), count.div_ceil(64) as u64, "{count}");
            }
            for peer in &peers[..count] {
                let (length, from) = peer.recv_from(&mut [0; 16]).unwrap();
                assert_eq!((length, from), (7, socket.local_addr().unwrap()));
            }
        }
    }

    #[test]
    fn peers_of_both_families_are_reached_from_one_socket() {
        let hosts = loopback_hosts();
        if hosts.len() == 2 {
            let (peers, to) = peers(hosts.into_iter().cycle().take(10));
            assert_eq!(send_all(&bind("::"), &to), []);
            expect_all_once_and_in_order(&peers);
        }
    }

    #[test]
    fn unsendable_addresses_are_reported_and_cost_no_other() {
        let mut bad: Vec<SocketAddr> = UNSENDABLE.map(|bad| bad.parse().unwrap()).into();
        // More than a batch of them.
        bad.extend((1..=70).map(|host| SocketAddr::from(([127, 0, 0, host], 0))));
        for place in [0, 1, 40, 63, 64, 65, 129] {
            let (peers, mut to) = peers(["127.0.0.1"; 129]);
            to.splice(place..place, bad.iter().copied());
            assert_eq!(
                send_all(&bind("127.0.0.1"), &to),
                bad.repeat(PAYLOADS.len())
            );
            expect_all_once_and_in_order(&peers);
        }
    }

    #[test]
    fn a_datagram_that_cannot_be_sent_is_given_up() {
        let (socket, live) = (bind("127.0.0.1"), peer("127.0.0.1"));
        let to = live.local_addr().unwrap();
        assert!(socket.send_to(&vec![0; 65_508], to, &mut None).is_err());
        assert!(socket.send(b"no server").is_err());
        for bad in UNSENDABLE {
            assert!(
                socket
                    .send_to(b"bad", bad.parse().unwrap(), &mut None)
                    .is_err()
            );
        }
        assert!(socket.send_calls() <= 5 * u64::from(1 + PEER_RETRIES));
        assert_eq!(take_unreachable(&socket), []);
        socket.send_to(b"live", to, &mut None).unwrap();
        assert_eq!(live.recv(&mut [0; 9]).unwrap(), 4);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn dead_peers_among_200_are_reported_and_cost_nothing() {
        let ((peers, mut to), socket) = (peers(["127.0.0.1"; 200]), bind("127.0.0.1"));
        let places = [0, 1, 2, 63, 64, 65, 100, 127, 128, 200, 210, 211];
        let dead = places.map(|_| dead_peer("127.0.0.1"));
        let mut dead_addresses = dead.each_ref().map(|(_, address)| *address);
        for (place, dead) in places.into_iter().zip(dead_addresses) {
            to.insert(place, dead);
        }
        assert_eq!(send_all(&socket, &to), []);
        assert!(socket.has_collected());
        expect_all_once_and_in_order(&peers);

        let (mut reported, start) = (Vec::new(), Instant::now());
        dead_addresses.sort();
        while reported != dead_addresses && start.elapsed() < Duration::from_secs(2) {
            reported.extend(take_unreachable(&socket));
            reported.sort();
            reported.dedup();
        }
        assert_eq!(reported, dead_addresses);
    }

    #[test]
    fn a_refused_or_stopped_batch_costs_no_datagram() {
        // The outcomes of the first calls; all later calls have the last one.
        for (outcomes, calls, batching) in [
            (&[Err(Errno::NOSYS)][..], 1, Batching::Refused),
            (&[Err(Errno::PERM)], 1, Batching::Refused),
            // Forbidden after it has worked: one datagram is refused, not the call.
            (&[Ok(64), Err(Errno::PERM)], 319, Batching::Works),
            (&[Ok(2)], 195, Batching::Works),
            (&[Err(Errno::IO)], 381, Batching::Untried),
        ] {
            let ((peers, to), socket) = (peers(["127.0.0.1"; 130]), bind("127.0.0.1"));
            let tried = Cell::new(0);
            for payload in PAYLOADS {
                let batch = |to: &[SocketAddr]| {
                    let outcome = outcomes[tried.get().min(outcomes.len() - 1)];
                    tried.update(|tried| tried + 1);
                    let taken = &to[..outcome?.min(to.len())];
                    for peer in taken {
                        socket.udp.send_to(payload, peer).unwrap();
                    }
                    Ok(taken.len())
                };
                let lost = |peer, error| panic!("{outcomes:?}: {peer}: {error}");
                socket.send_in_batches(batch, payload, to.iter().copied(), lost);
            }
            expect_all_once_and_in_order(&peers);
            let found = (tried.get(), socket.batching.get());
            assert_eq!(found, (calls, batching), "{outcomes:?}");
        }
    }

    #[test]
    fn a_refusal_of_an_unsendable_address_leaves_batches_on() {
        let (socket, bad) = (bind("127.0.0.1"), "127.0.0.1:0".parse().unwrap());
        socket.send_in_batches(|_| Err(Errno::PERM), b"hello", [bad, bad], |_, _| ());
        assert_eq!(socket.batching.get(), Batching::Untried);
    }
}
