//! The memory of a full room: the figures of SECURITY.md.

use std::net::{Ipv4Addr, SocketAddr};

use allocation_counter::measure;
use chat_core::{BanTarget, Config, Event, Server, Timestamp};

/// Returns the bytes of a room that is filled to the limits of the default options. A second room
/// has the bans, because each ban looks at each member.
fn full_room(network: u32) -> i64 {
    let config = Config::default();
    let [mut full, mut banned] = [(); 2].map(|()| Server::new(Config::default()));
    let with_members = measure(|| {
        for member in 0..config.max_members.expect("a limit").get() {
            // Each from a network of its own.
            let from = SocketAddr::from((Ipv4Addr::from_bits((network << 24) + member), 5000));
            let login = format!("L the-member-with-the-number-{member:05}");
            let outgoing = full.handle(Timestamp::default(), from, login.as_bytes());
            assert!(matches!(outgoing.event(), Event::Joined { .. }));
        }
    });
    let with_bans = measure(|| {
        for number in 0..config.max_bans.get() {
            let name = format!("banned{number}").parse().expect("a name");
            let ban = banned.ban(Timestamp::default(), BanTarget::Name(name), None);
            assert_eq!(ban, Ok(()));
        }
    });
    with_members.bytes_current + with_bans.bytes_current
}

#[test]
fn a_full_room_takes_at_most_12_mib() {
    for network in [10, 8] {
        let kept = full_room(network);
        assert!(kept <= 12 << 20, "{kept} bytes at {network}.x.y.z");
    }
}
