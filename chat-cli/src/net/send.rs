//! Sending: to one peer, to many with few system calls, and the retries of a send that fails.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::batch::{self, BATCH_SIZE, Batch, Batching};
use super::error_class::{ErrorClass, error_class, is_refused};
use super::socket::{ChatSocket, Sent};

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

impl ChatSocket {
    /// Returns how many system calls were made in order to send, including those that failed.
    pub fn send_calls(&self) -> u64 {
        self.send_calls.get()
    }

    /// Sends a server's datagram to one peer. Waits at most 1 second for room in the send buffer.
    pub fn send_to(&self, payload: &[u8], to: SocketAddr) -> Sent {
        self.send_one(payload, to, &mut None)
    }

    /// Sends a client's datagram to its server. Waits at most 1 second for room in the send buffer.
    ///
    /// The pending error of an earlier datagram does not cost this one: it is sent all the same,
    /// and the next [`receive`](ChatSocket::receive) reports the error.
    pub fn send(&self, payload: &[u8]) -> Sent {
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
        batch: impl Fn(&[SocketAddr]) -> Batch,
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
                if let Batch::Sent(sent @ 1..) = outcome {
                    deadline = None;
                    left = left.get(sent..).unwrap_or_default();
                    continue;
                }
                // A packet filter refuses one datagram in this way, after others were sent.
                let is_untried = self.batching.get() == Batching::Untried;
                let is_refused = is_untried && outcome == Batch::PerhapsRefused;
                // A batch that stops gives no reason, so a send of its own judges the datagram.
                match self.send_one(payload, first, &mut deadline) {
                    Sent::Lost(error) => lost(first, error),
                    // The datagram was welcome, so the refusal was of the call.
                    Sent::Done if is_refused => self.batching.set(Batching::Refused),
                    Sent::Done => {}
                }
                left = rest;
            }
        }
    }

    /// Sends to the first of these peers in one call, unless the system refuses such calls.
    fn try_batch(&self, batch: impl Fn(&[SocketAddr]) -> Batch, to: &[SocketAddr]) -> Batch {
        if to.len() < 2 || self.batching.get() == Batching::Refused {
            return Batch::Sent(0);
        }
        self.count_call();
        let outcome = batch(to);
        if outcome != Batch::Sent(to.len()) {
            // The call took a pending error off the socket; only the queue still tells its peer.
            self.collect_unreachable();
        }
        match outcome {
            Batch::Sent(_) => self.batching.set(Batching::Works),
            Batch::NoSuchCall => self.batching.set(Batching::Refused),
            Batch::PerhapsRefused | Batch::Failed => {}
        }
        outcome
    }

    fn send_one(&self, payload: &[u8], to: SocketAddr, deadline: &mut Option<Instant>) -> Sent {
        let to = batch::on_wire(self.is_ipv6, to);
        self.send_with_retries(deadline, || self.udp.send_to(payload, to))
    }

    /// Repeats `attempt` while that can help. The deadline is set by the first wait for room in the
    /// send buffer, and cleared by a success.
    fn send_with_retries(
        &self,
        deadline: &mut Option<Instant>,
        attempt: impl Fn() -> io::Result<usize>,
    ) -> Sent {
        let (mut queue_full, mut peer_errors) = (0, 0);
        loop {
            self.count_call();
            let Err(error) = attempt() else {
                *deadline = None;
                return Sent::Done;
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
                return Sent::Lost(error);
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
    use std::net::{Ipv6Addr, UdpSocket};

    use super::super::socket::tests::{dead_peer, has_ipv6, peer, take_unreachable};
    use super::*;

    /// Three payloads, so that the order is seen too.
    const PAYLOADS: [&[u8]; 3] = [b"first", b"", b"third"];

    fn bind(addr: &str) -> ChatSocket {
        ChatSocket::bind(addr.parse().unwrap()).unwrap()
    }

    fn peers(count: usize) -> Vec<UdpSocket> {
        (0..count).map(|_| peer("127.0.0.1")).collect()
    }

    fn addresses(peers: &[UdpSocket]) -> Vec<SocketAddr> {
        let address = |peer: &UdpSocket| peer.local_addr().unwrap();
        peers.iter().map(address).collect()
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
        let peers = peers(200);
        let to = addresses(&peers);
        for count in [0, 1, 2, 63, 64, 65, 128, 129, 200] {
            let socket = bind("127.0.0.1:0");
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
        if !has_ipv6() {
            return;
        }
        let hosts = ["::1", "127.0.0.1"].into_iter().cycle();
        let peers: Vec<_> = hosts.take(10).map(peer).collect();
        assert_eq!(send_all(&bind("[::]:0"), &addresses(&peers)), []);
        expect_all_once_and_in_order(&peers);
    }

    /// Addresses that nothing can be sent to from an IPv4 loopback socket: no port is an invalid
    /// argument, broadcast is forbidden or has no route, another family does not fit.
    const UNSENDABLE: [&str; 3] = ["127.0.0.1:0", "255.255.255.255:9", "[::1]:9"];

    #[test]
    fn an_unsendable_address_costs_no_other_a_datagram() {
        for bad in UNSENDABLE.map(|bad| bad.parse::<SocketAddr>().unwrap()) {
            for place in [0, 1, 40, 63, 64, 65, 129] {
                let peers = peers(129);
                let mut to = addresses(&peers);
                to.insert(place, bad);
                let lost = send_all(&bind("127.0.0.1:0"), &to);
                assert_eq!(lost, [bad; PAYLOADS.len()], "at {place}");
                expect_all_once_and_in_order(&peers);
            }
        }
    }

    #[test]
    fn unsendable_addresses_are_reported_in_order() {
        let bad: Vec<_> = (1..=100)
            .map(|host| SocketAddr::from(([127, 0, 0, host], 0)))
            .collect();
        let peers = peers(2);
        let good = addresses(&peers);
        let to = [&bad[..70], &good[..1], &bad[70..], &good[1..]].concat();
        assert_eq!(
            send_all(&bind("127.0.0.1:0"), &to),
            bad.repeat(PAYLOADS.len())
        );
        expect_all_once_and_in_order(&peers);
    }

    #[test]
    fn a_datagram_that_cannot_be_sent_is_lost_at_once() {
        let (socket, live, start) = (bind("127.0.0.1:0"), peer("127.0.0.1"), Instant::now());
        let to = live.local_addr().unwrap();
        assert!(matches!(
            socket.send_to(&vec![0; 65_508], to),
            Sent::Lost(_)
        ));
        assert!(matches!(socket.send(b"no server"), Sent::Lost(_)));
        for bad in UNSENDABLE {
            assert!(matches!(
                socket.send_to(b"bad", bad.parse().unwrap()),
                Sent::Lost(_)
            ));
        }
        assert!(matches!(socket.send_to(b"live", to), Sent::Done));
        assert_eq!(live.recv(&mut [0; 9]).unwrap(), 4);
        assert!(start.elapsed() < Duration::from_secs(1));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn dead_peers_among_200_are_reported_and_cost_nothing() {
        let (peers, socket) = (peers(200), bind("127.0.0.1:0"));
        let mut to = addresses(&peers);
        let mut dead = Vec::new();
        for place in [0, 1, 2, 63, 64, 65, 100, 127, 128, 200, 210, 211] {
            dead.push(dead_peer("127.0.0.1"));
            to.insert(place, dead[dead.len() - 1].1);
        }
        assert_eq!(send_all(&socket, &to), []);
        assert!(socket.has_collected());
        expect_all_once_and_in_order(&peers);

        let mut expected: Vec<_> = dead.iter().map(|(_, address)| *address).collect();
        expected.sort();
        let (mut reported, start) = (Vec::new(), Instant::now());
        while reported != expected && start.elapsed() < Duration::from_secs(2) {
            reported.extend(take_unreachable(&socket));
            reported.sort();
            reported.dedup();
        }
        assert_eq!(reported, expected);
    }

    #[test]
    fn a_refused_or_stopped_batch_costs_no_datagram() {
        use Batch::{Failed, NoSuchCall, PerhapsRefused, Sent};
        // The outcomes of the first calls; all later calls have the last one.
        for (name, outcomes, calls, batching) in [
            ("no such call", &[NoSuchCall][..], 1, Batching::Refused),
            ("forbidden", &[PerhapsRefused], 1, Batching::Refused),
            (
                "forbidden later",
                &[Sent(64), PerhapsRefused],
                319,
                Batching::Works,
            ),
            ("stopped at the third", &[Sent(2)], 195, Batching::Works),
            ("failed", &[Failed], 381, Batching::Untried),
        ] {
            let (peers, socket, tried) = (peers(130), bind("127.0.0.1:0"), Cell::new(0));
            for payload in PAYLOADS {
                let batch = |to: &[SocketAddr]| {
                    let outcome = outcomes[tried.get().min(outcomes.len() - 1)];
                    tried.set(tried.get() + 1);
                    let Sent(count) = outcome else {
                        return outcome;
                    };
                    let taken = &to[..count.min(to.len())];
                    for peer in taken {
                        socket.udp.send_to(payload, peer).unwrap();
                    }
                    Sent(taken.len())
                };
                socket.send_in_batches(batch, payload, addresses(&peers), |peer, error| {
                    panic!("{name}: {peer}: {error}")
                });
            }
            expect_all_once_and_in_order(&peers);
            assert_eq!(
                (tried.get(), socket.batching.get()),
                (calls, batching),
                "{name}"
            );
        }
    }

    #[test]
    fn a_refusal_of_an_unsendable_address_leaves_batches_on() {
        let (socket, bad) = (bind("127.0.0.1:0"), "127.0.0.1:0".parse().unwrap());
        let batch = |_: &[SocketAddr]| Batch::PerhapsRefused;
        socket.send_in_batches(batch, b"hello", [bad, bad], |_, _| ());
        assert_eq!(socket.batching.get(), Batching::Untried);
    }

    #[test]
    fn an_ipv4_address_is_mapped_for_an_ipv6_socket_only() {
        let (ipv4, mapped) = ("192.0.2.1:7", "[::ffff:192.0.2.1]:7");
        let ipv6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 7));
        assert_eq!(
            batch::on_wire(false, ipv4.parse().unwrap()),
            ipv4.parse().unwrap()
        );
        assert_eq!(
            batch::on_wire(true, ipv4.parse().unwrap()),
            mapped.parse().unwrap()
        );
        assert_eq!(batch::on_wire(true, ipv6), ipv6);
    }
}
