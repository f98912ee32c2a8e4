//! On real sockets of the loopback interface.

use std::io::ErrorKind;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::*;

fn bind(addr: &str) -> ChatSocket {
    ChatSocket::bind(addr.parse().unwrap()).unwrap()
}

fn peer() -> UdpSocket {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    peer
}

/// An address where nobody answers us, for as long as the socket lives: it is connected elsewhere,
/// so the kernel refuses for it, and no other test can be given its port.
fn dead() -> (UdpSocket, SocketAddr) {
    let reserved = peer();
    reserved.connect("127.0.0.1:1").unwrap();
    let address = reserved.local_addr().unwrap();
    (reserved, address)
}

fn has_ipv6() -> bool {
    UdpSocket::bind("[::1]:0").is_ok()
}

/// The first thing that is not nothing, within two seconds.
fn receive(socket: &ChatSocket, buf: &mut [u8]) -> Received {
    let start = Instant::now();
    loop {
        match socket.receive(buf).unwrap() {
            Received::Nothing if start.elapsed() < Duration::from_secs(2) => {
                thread::sleep(Duration::from_millis(1));
            }
            received => return received,
        }
    }
}

#[test]
fn datagrams_come_and_go_and_an_empty_one_is_one() {
    let socket = bind("127.0.0.1:0");
    let peer = peer();
    let from = peer.local_addr().unwrap();
    assert_eq!(socket.receive(&mut [0; 9]).unwrap(), Received::Nothing);
    for payload in [&b"hello"[..], b""] {
        let mut buf = [0; 9];
        peer.send_to(payload, socket.local_addr().unwrap()).unwrap();
        assert_eq!(
            receive(&socket, &mut buf),
            Received::Datagram {
                len: payload.len(),
                from
            }
        );
        assert_eq!(&buf[..payload.len()], payload);
        assert!(matches!(socket.send_to(payload, from), Sent::Done));
        assert_eq!(peer.recv(&mut buf).unwrap(), payload.len());
    }
}

#[test]
fn a_port_in_use_is_refused() {
    let socket = bind("127.0.0.1:0");
    let again = ChatSocket::bind(socket.local_addr().unwrap());
    assert_eq!(again.unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[test]
fn a_dual_stack_server_speaks_ipv4_by_its_own_name() {
    if !has_ipv6() {
        return;
    }
    let socket = bind("[::]:0");
    let peer = peer();
    let from = peer.local_addr().unwrap();
    let port = socket.local_addr().unwrap().port();
    peer.send_to(b"four", ("127.0.0.1", port)).unwrap();
    assert_eq!(
        receive(&socket, &mut [0; 9]),
        Received::Datagram { len: 4, from }
    );
    assert!(matches!(socket.send_to(b"back", from), Sent::Done));
    assert_eq!(peer.recv(&mut [0; 9]).unwrap(), 4);

    let peer = UdpSocket::bind("[::1]:0").unwrap();
    peer.send_to(b"six", ("::1", port)).unwrap();
    let from = peer.local_addr().unwrap();
    assert_eq!(
        receive(&socket, &mut [0; 9]),
        Received::Datagram { len: 3, from }
    );
}

#[cfg(target_os = "linux")]
#[test]
fn the_dead_neither_stop_nor_cost_the_living_anything() {
    for wildcard in ["127.0.0.1:0", "[::]:0"] {
        if wildcard.starts_with('[') && !has_ipv6() {
            continue;
        }
        let socket = bind(wildcard);
        let live = peer();
        let ((_one, one), (_two, two)) = (dead(), dead());
        for _ in 0..50 {
            assert!(matches!(socket.send_to(b"dead", one), Sent::Done));
            assert!(matches!(socket.send_to(b"dead", two), Sent::Done));
            assert!(matches!(
                socket.send_to(b"live", live.local_addr().unwrap()),
                Sent::Done
            ));
            assert_eq!(live.recv(&mut [0; 9]).unwrap(), 4);
        }
        assert_eq!(socket.take_unreachable(), [one, two], "each once, in order");
        assert_eq!(socket.take_unreachable(), []);
        assert!(matches!(socket.send_to(b"dead", two), Sent::Done));
        thread::sleep(Duration::from_millis(20));
        assert_eq!(
            socket.receive(&mut [0; 9]).unwrap(),
            Received::PeerUnreachable
        );
        assert_eq!(socket.receive(&mut [0; 9]).unwrap(), Received::Nothing);
        assert_eq!(socket.take_unreachable(), [two], "reported anew");
    }
}

#[test]
fn what_cannot_be_sent_is_lost_and_that_is_all() {
    let socket = bind("127.0.0.1:0");
    let live = peer();
    let start = Instant::now();
    assert!(matches!(
        socket.send_to(&vec![0; 65_508], live.local_addr().unwrap()),
        Sent::Lost(_)
    ));
    assert!(matches!(
        socket.send_to(b"no port", "127.0.0.1:0".parse().unwrap()),
        Sent::Lost(_)
    ));
    assert!(matches!(
        socket.send_to(b"family", "[::1]:9".parse().unwrap()),
        Sent::Lost(_)
    ));
    assert!(matches!(socket.send(b"to whom"), Sent::Lost(_)));
    assert!(matches!(
        socket.send_to(b"live", live.local_addr().unwrap()),
        Sent::Done
    ));
    assert_eq!(live.recv(&mut [0; 9]).unwrap(), 4);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_client_hears_its_server_and_nobody_else() {
    let server = peer();
    let client = ChatSocket::connect(server.local_addr().unwrap()).unwrap();
    assert!(matches!(client.send(b"hello"), Sent::Done));
    let (_, at) = server.recv_from(&mut [0; 9]).unwrap();
    assert_eq!(at.port(), client.local_addr().unwrap().port());
    let _ = peer().send_to(b"forged", at);
    server.send_to(b"welcome", at).unwrap();
    let from = server.local_addr().unwrap();
    assert_eq!(
        receive(&client, &mut [0; 9]),
        Received::Datagram { len: 7, from }
    );
    assert_eq!(client.receive(&mut [0; 9]).unwrap(), Received::Nothing);
}

#[cfg(unix)]
#[test]
fn a_client_learns_that_its_server_is_down_and_loses_nothing_when_it_is_back() {
    let (reserved, address) = dead();
    let client = ChatSocket::connect(address).unwrap();
    assert!(matches!(client.send(b"one"), Sent::Done));
    assert_eq!(receive(&client, &mut [0; 9]), Received::PeerUnreachable);
    assert_eq!(client.receive(&mut [0; 9]).unwrap(), Received::Nothing);

    for _ in 0..20 {
        assert!(matches!(client.send(b"two"), Sent::Done));
    }
    thread::sleep(Duration::from_millis(20));
    drop(reserved);
    let server = UdpSocket::bind(address).unwrap();
    server
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    // The error of "two" waits in the socket and would have taken "three" with it.
    assert!(matches!(client.send(b"three"), Sent::Done));
    assert_eq!(server.recv(&mut [0; 9]).unwrap(), 5);
    assert!(client.has_notice());
    assert_eq!(
        client.receive(&mut [0; 9]).unwrap(),
        Received::PeerUnreachable
    );
    assert_eq!(client.receive(&mut [0; 9]).unwrap(), Received::Nothing);
    assert_eq!(client.take_unreachable(), []);
}

#[test]
fn a_buffer_that_is_too_small_is_noticed() {
    let socket = bind("127.0.0.1:0");
    assert!(socket.granted_receive_buffer() > 0);
    assert_eq!(
        socket.small_receive_buffer().is_some(),
        socket.granted_receive_buffer() < WANTED_RECEIVE_BUFFER
    );
    assert_eq!(SmallBuffer::of(WANTED_RECEIVE_BUFFER), None);
    let small = SmallBuffer {
        granted: 212_992,
        wanted: 4 << 20,
    };
    assert_eq!(SmallBuffer::of(212_992), Some(small));
}

#[cfg(target_os = "linux")]
#[test]
fn the_granted_buffer_is_not_counted_twice() {
    let limit = std::fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    let granted = bind("127.0.0.1:0").granted_receive_buffer();
    assert_eq!(granted, limit.min(WANTED_RECEIVE_BUFFER));
}

#[test]
fn addresses_become_canonical() {
    for (given, expected) in [
        ("[::ffff:192.0.2.1]:7", "192.0.2.1:7"),
        ("192.0.2.1:7", "192.0.2.1:7"),
        ("[::1]:7", "[::1]:7"),
        ("[fe80::1%3]:7", "[fe80::1%3]:7"),
    ] {
        assert_eq!(canonical(given.parse().unwrap()), expected.parse().unwrap());
    }
    let labelled = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 7, 99, 0);
    assert_eq!(canonical(labelled.into()), "[::1]:7".parse().unwrap());
}

#[test]
fn only_a_broken_socket_is_an_error() {
    let of = |errno: Errno| meaning(&errno.into());
    assert_eq!(of(Errno::INTR), Meaning::Again);
    assert_eq!(of(Errno::AGAIN), Meaning::Wait);
    assert_eq!(of(Errno::CONNREFUSED), Meaning::EarlierDatagram);
    assert_eq!(of(Errno::NETUNREACH), Meaning::EarlierDatagram);
    // Measured with forged ICMP messages on Linux 6.18: each of these is what a receive then fails
    // with.
    for errno in [
        Errno::MSGSIZE,
        Errno::NOPROTOOPT,
        Errno::OPNOTSUPP,
        Errno::HOSTDOWN,
        Errno::PROTO,
    ] {
        assert_eq!(of(errno), Meaning::EarlierDatagram, "{errno:?}");
    }
    #[cfg(target_os = "linux")]
    assert_eq!(of(Errno::NONET), Meaning::EarlierDatagram);
    assert_eq!(of(Errno::NOTSOCK), Meaning::Broken);
    assert_eq!(of(Errno::BADF), Meaning::Broken);
    assert_eq!(of(Errno::NOBUFS), Meaning::QueueFull);
    assert_eq!(of(Errno::IO), Meaning::Unknown);
}
