//! The relay does to datagrams what it says that it does.

use std::collections::HashMap;

use super::*;
use crate::harness::PATIENCE;

/// A socket that gives up after a while.
fn socket() -> UdpSocket {
    let socket = loopback_socket();
    socket
        .set_read_timeout(Some(PATIENCE))
        .expect("a time-out above zero can be set");
    socket
}

fn receive(socket: &UdpSocket) -> (String, SocketAddr) {
    let mut buffer = [0; 2_048];
    let (length, from) = socket
        .recv_from(&mut buffer)
        .expect("a datagram should come");
    (
        String::from_utf8_lossy(&buffer[..length]).into_owned(),
        from,
    )
}

#[test]
fn without_faults_each_client_has_an_address_of_its_own_and_everything_passes_in_order() {
    let server = socket();
    let relay = Relay::start(server.local_addr().unwrap(), Faults::default(), 1);
    let clients = [socket(), socket()];
    let mut seen = Vec::new();
    for (number, client) in clients.iter().enumerate() {
        for turn in 0..50 {
            client
                .send_to(format!("{number} {turn}").as_bytes(), relay.address())
                .unwrap();
        }
        for turn in 0..50 {
            let (payload, from) = receive(&server);
            assert_eq!(
                payload,
                format!("{number} {turn}"),
                "towards the server, in order"
            );
            server.send_to(payload.as_bytes(), from).unwrap();
            assert_eq!(
                receive(client),
                (payload, relay.address()),
                "back to that client"
            );
            seen.push(from);
        }
    }
    seen.dedup();
    assert_eq!(
        seen.len(),
        2,
        "each client must have one address, and no other's: {seen:?}"
    );
    let counts = Counts {
        passed: 200,
        ..Counts::default()
    };
    assert_eq!(relay.counts(), counts, "nothing but passing was to be done");
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < PATIENCE,
            "it did not come to pass that {what}"
        );
        thread::yield_now();
    }
}

#[test]
fn with_faults_the_record_says_what_was_lost_and_what_was_doubled() {
    const SENT: usize = 200;
    let server = socket();
    let faults = Faults {
        loss_percent: 20,
        duplicate_percent: 20,
        reorder_percent: 20,
    };
    let relay = Relay::start(server.local_addr().unwrap(), faults, 2);
    relay.set_faulty(true);
    let client = socket();
    let address = client.local_addr().unwrap();
    // So few that no socket's buffer overflows.
    for number in 0..SENT {
        client
            .send_to(number.to_string().as_bytes(), relay.address())
            .unwrap();
    }
    let last = (SENT - 1).to_string();
    wait_until("all datagrams are at the relay", || {
        relay.tally(address, Direction::ToServer, &last).arrived == 1
    });
    relay.set_faulty(false);
    wait_until("nothing is held back", || relay.held() == 0);
    client.send_to(b"end", relay.address()).unwrap();

    let mut received: HashMap<String, usize> = HashMap::new();
    let mut order = Vec::new();
    loop {
        let (payload, _) = receive(&server);
        if payload == "end" {
            break;
        }
        order.push(payload.parse::<u32>().unwrap());
        *received.entry(payload).or_default() += 1;
    }
    for number in 0..SENT {
        let payload = number.to_string();
        let tally = relay.tally(address, Direction::ToServer, &payload);
        assert_eq!(tally.arrived, 1, "{payload} was sent once");
        let times = received.get(&payload).copied().unwrap_or_default();
        assert_eq!(
            times, tally.forwarded,
            "{payload} must come as often as the record says"
        );
    }
    let counts = relay.counts();
    assert_eq!(
        received.len() + counts.lost,
        SENT,
        "what is not lost comes: {counts:?}"
    );
    assert_eq!(
        order.len() + 1,
        counts.passed,
        "each copy is counted: {counts:?}"
    );
    assert!(
        counts.lost > 0 && counts.doubled > 0 && counts.delayed > 0,
        "{counts:?}"
    );
    assert!(!order.is_sorted(), "some datagrams must be overtaken");
}
