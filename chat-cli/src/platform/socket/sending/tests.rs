//! Sending to many, on real sockets of the loopback interface, with batches and without.

use std::cell::Cell;
use std::net::{Ipv6Addr, UdpSocket};

use super::*;

/// What is sent one after the other, so that the order is seen too.
const PAYLOADS: [&[u8]; 3] = [b"first", b"", b"third"];

fn bind(addr: &str, batching: bool) -> ChatSocket {
    let socket = ChatSocket::bind(addr.parse().unwrap()).unwrap();
    socket.set_batching(batching);
    socket
}

fn peer(host: &str) -> UdpSocket {
    let peer = UdpSocket::bind((host, 0)).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    peer
}

fn peers(count: usize) -> Vec<UdpSocket> {
    (0..count).map(|_| peer("127.0.0.1")).collect()
}

fn addresses(peers: &[UdpSocket]) -> Vec<SocketAddr> {
    peers
        .iter()
        .map(|peer| peer.local_addr().unwrap())
        .collect()
}

/// Sends all payloads to all, and returns who was reported lost, payload by payload.
fn send_all(socket: &ChatSocket, to: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut lost = Vec::new();
    for payload in PAYLOADS {
        socket.send_to_each(payload, to.iter().copied(), |peer, _| lost.push(peer));
    }
    lost
}

/// Checks that the peer got the payloads once each and in order, and nothing else.
fn expect_all_once(peer: &UdpSocket) {
    let mut buffer = [0; 16];
    for payload in PAYLOADS {
        let length = peer
            .recv(&mut buffer)
            .expect("every peer gets every payload");
        assert_eq!(
            &buffer[..length],
            payload,
            "in the order in which they were sent"
        );
    }
    peer.set_nonblocking(true).unwrap();
    assert!(peer.recv(&mut buffer).is_err(), "nothing comes twice");
}

#[test]
fn a_payload_for_many_takes_a_call_for_64_or_one_for_each() {
    let peers = peers(200);
    let to = addresses(&peers);
    for (count, calls) in [
        (0, 0),
        (1, 1),
        (2, 1),
        (4, 1),
        (5, 1),
        (16, 1),
        (17, 1),
        (64, 1),
        (65, 2),
        (128, 2),
        (129, 3),
        (200, 4),
    ] {
        for batching in [true, false] {
            let socket = bind("127.0.0.1:0", batching);
            let to = to[..count].iter().copied();
            socket.send_to_each(b"to many", to, |peer, error| panic!("{peer}: {error}"));
            let batches = batching && cfg!(target_os = "linux");
            assert_eq!(
                socket.send_calls(),
                if batches { calls } else { count as u64 }
            );
            for peer in &peers[..count] {
                let (length, from) = peer.recv_from(&mut [0; 16]).unwrap();
                assert_eq!((length, from), (7, socket.local_addr().unwrap()));
            }
        }
    }
}

#[test]
fn both_families_are_reached_from_one_socket() {
    if UdpSocket::bind("[::1]:0").is_err() {
        return;
    }
    for batching in [true, false] {
        let socket = bind("[::]:0", batching);
        let peers: Vec<_> = (0..10)
            .map(|turn| peer(if turn % 2 == 0 { "::1" } else { "127.0.0.1" }))
            .collect();
        assert_eq!(send_all(&socket, &addresses(&peers)), []);
        peers.iter().for_each(expect_all_once);
    }
}

#[test]
fn one_address_that_cannot_be_sent_to_costs_nobody_else_a_datagram() {
    // No port is an invalid argument; the network's broadcast address is forbidden (or has no
    // route); another family does not fit the socket.
    let unsendable = ["127.0.0.1:0", "255.255.255.255:9", "[::1]:9"];
    for batching in [true, false] {
        for bad in unsendable.map(|bad| bad.parse::<SocketAddr>().unwrap()) {
            for place in [0, 1, 40, 63, 64, 65, 129] {
                let peers = peers(129);
                let mut to = addresses(&peers);
                to.insert(place, bad);
                let socket = bind("127.0.0.1:0", batching);
                assert_eq!(
                    send_all(&socket, &to),
                    [bad; PAYLOADS.len()],
                    "at place {place}"
                );
                peers.iter().for_each(expect_all_once);
            }
        }
    }
}

#[test]
fn many_addresses_that_cannot_be_sent_to_are_all_reported_in_order() {
    for batching in [true, false] {
        let bad: Vec<SocketAddr> = (1..=100)
            .map(|host| SocketAddr::from(([127, 0, 0, host], 0)))
            .collect();
        let peers = peers(2);
        let to = [
            &bad[..70],
            &addresses(&peers[..1]),
            &bad[70..],
            &addresses(&peers[1..]),
        ]
        .concat();
        let socket = bind("127.0.0.1:0", batching);
        assert_eq!(send_all(&socket, &to), bad.repeat(PAYLOADS.len()));
        peers.iter().for_each(expect_all_once);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_dead_among_200_cost_the_living_nothing_and_are_reported() {
    for batching in [true, false] {
        let peers = peers(200);
        let mut to = addresses(&peers);
        // Connected elsewhere, so that the kernel refuses what we send.
        let dead = self::peers(12);
        for (socket, place) in dead
            .iter()
            .zip([0, 1, 2, 63, 64, 65, 100, 127, 128, 200, 210, 211])
        {
            socket.connect("127.0.0.1:1").unwrap();
            to.insert(place, socket.local_addr().unwrap());
        }
        let socket = bind("127.0.0.1:0", batching);
        assert_eq!(
            send_all(&socket, &to),
            [],
            "the error of a dead peer is no other's"
        );
        peers.iter().for_each(expect_all_once);

        let mut expected = addresses(&dead);
        expected.sort();
        let (mut reported, start) = (Vec::new(), Instant::now());
        while reported != expected && start.elapsed() < Duration::from_secs(2) {
            reported.extend(socket.take_unreachable());
            reported.sort();
            reported.dedup();
        }
        assert_eq!(reported, expected, "batches: {batching}");
    }
}

/// A batch that takes what it is allowed to, with a send for each, and how often it was tried.
fn stand_in<'a>(
    socket: &'a ChatSocket,
    tried: &'a Cell<u32>,
    outcome: Batch,
) -> impl Fn(&[SocketAddr]) -> Batch + 'a {
    move |to| {
        tried.set(tried.get() + 1);
        if let Batch::Sent(count) = outcome {
            for peer in &to[..count.min(to.len())] {
                socket.udp.send_to(b"hello", peer).unwrap();
            }
            return Batch::Sent(count.min(to.len()));
        }
        outcome
    }
}

fn heard(peers: &[UdpSocket]) -> usize {
    let count = |peer: &UdpSocket| {
        peer.set_nonblocking(true).unwrap();
        std::iter::from_fn(|| peer.recv(&mut [0; 16]).ok()).count()
    };
    peers.iter().map(count).sum()
}

#[test]
fn a_batch_that_stops_early_goes_on_where_it_stopped() {
    let peers = peers(10);
    let (socket, tried) = (bind("127.0.0.1:0", true), Cell::new(0));
    let batch = stand_in(&socket, &tried, Batch::Sent(3));
    socket.send_to_each_with(batch, b"hello", addresses(&peers), |peer, error| {
        panic!("{peer}: {error}")
    });
    assert_eq!(
        (tried.get(), heard(&peers)),
        (3, 10),
        "3 + 3 + 3, and the last by itself"
    );
}

#[test]
fn a_system_without_batches_is_asked_once() {
    for outcome in [Batch::NoSuchCall, Batch::PerhapsRefused] {
        let peers = peers(10);
        let (socket, tried) = (bind("127.0.0.1:0", true), Cell::new(0));
        for _ in 0..5 {
            let batch = stand_in(&socket, &tried, outcome);
            socket.send_to_each_with(batch, b"hello", addresses(&peers), |peer, error| {
                panic!("{peer}: {error}")
            });
        }
        assert_eq!((tried.get(), heard(&peers)), (1, 50), "{outcome:?}");
        assert_eq!(socket.batching.get(), Batching::Off);
    }
}

#[test]
fn an_address_that_is_refused_to_every_send_says_nothing_against_batches() {
    let peers = peers(3);
    let bad: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let (socket, tried) = (bind("127.0.0.1:0", true), Cell::new(0));
    let batch = stand_in(&socket, &tried, Batch::PerhapsRefused);
    socket.send_to_each_with(batch, b"hello", [bad, bad], |_, _| ());
    assert_eq!((tried.get(), socket.batching.get()), (1, Batching::Untried));

    // Where a batch has worked, a refusal is that of one datagram, even if it is sent the next
    // time.
    let batch = stand_in(&socket, &tried, Batch::Sent(9));
    socket.send_to_each_with(batch, b"hello", addresses(&peers), |peer, error| {
        panic!("{peer}: {error}")
    });
    let batch = stand_in(&socket, &tried, Batch::PerhapsRefused);
    socket.send_to_each_with(batch, b"hello", addresses(&peers), |peer, error| {
        panic!("{peer}: {error}")
    });
    assert_eq!((heard(&peers), socket.batching.get()), (6, Batching::Works));
}

#[test]
fn an_ipv4_address_is_mapped_for_an_ipv6_socket_only() {
    let ipv4: SocketAddr = "192.0.2.1:7".parse().unwrap();
    assert_eq!(batch::on_wire(false, ipv4), ipv4);
    assert_eq!(
        batch::on_wire(true, ipv4),
        "[::ffff:192.0.2.1]:7".parse().unwrap()
    );
    let ipv6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 7));
    assert_eq!(batch::on_wire(true, ipv6), ipv6);
}
