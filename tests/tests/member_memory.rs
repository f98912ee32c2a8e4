//! The memory of a full room: the figures of SECURITY.md.

use std::net::{Ipv4Addr, SocketAddr};

use allocation_counter::measure;
use chat_core::{BanTarget, Config, Event, Server, Timestamp};

#[test]
fn a_full_room_takes_at_most_12_mib() {
    let config = Config::default();
    // A second room has the bans, because each ban looks at each member.
    let [mut full, mut banned] = [(); 2].map(|()| Server::new(Config::default()));
    let with_members = measure(|| {
        for member in 0..config.max_members.expect("a limit").get() {
            // Each from a network of its own. At public addresses they are listed as silent, too.
            let from = SocketAddr::from((Ipv4Addr::from_bits((8 << 24) + member), 5000));
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
    let kept = with_members.bytes_current + with_bans.bytes_current;
    assert!(kept <= 12 << 20, "{kept} bytes");
}
