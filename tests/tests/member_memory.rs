//! The memory of a full room: the figures of SECURITY.md.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;

use allocation_counter::measure;
use chat_core::proto::{Id, Text};
use chat_core::{BanTarget, Config, LeaveReason, Server, SessionConfig, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(0);

/// Returns an address of a network of its own: members at public ones are listed as silent, too.
fn address(member: u32) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::from_bits((8 << 24) + member), 5000))
}

/// Logs in plain members, and returns the bytes that they take.
fn fill(room: &mut Server<SocketAddr>, members: u32) -> i64 {
    let taken = measure(|| {
        for member in 0..members {
            let login = format!("L the-member-with-the-number-{member:05}");
            let _ = room.handle(NOW, address(member), login.as_bytes());
        }
    });
    assert_eq!(room.stats().members, u64::from(members));
    taken.bytes_current
}

/// Attaches the session of `member`, and lets it be heard.
fn attach(room: &mut Server<SocketAddr>, member: u32) {
    let mut call = |datagram: &str| {
        let outgoing = room.handle(NOW, address(member), datagram.as_bytes());
        let answer = outgoing.transmits().last();
        answer.map_or_else(String::new, |answer| {
            String::from_utf8_lossy(answer.payload).into()
        })
    };
    let none = ".".repeat(16);
    let hello = |cookie: &str| {
        let name = format!("the-member-with-the-number-{member:05}");
        format!("L {name} ~1 {member:016x} {member:016x} {cookie} {none}.0 ..")
    };
    let challenge = call(&hello(&none));
    let cookie = challenge.rsplit(' ').next().unwrap_or_default();
    call(&hello(cookie));
    call(&format!("~D {cookie} 1 1 1 1\n~?"));
}

#[test]
fn a_full_room_takes_at_most_12_mib() {
    let config = Config::default();
    // A second room has the bans, because each ban looks at each member.
    let [mut full, mut banned] = [(); 2].map(|()| Server::new(Config::default()));
    let members = fill(&mut full, config.max_members.expect("a limit").get());
    let with_bans = measure(|| {
        for number in 0..config.max_bans.get() {
            let name = format!("banned{number}").parse().expect("a name");
            let ban = banned.ban(NOW, BanTarget::Name(name), None);
            assert_eq!(ban, Ok(()));
        }
    });
    let kept = members + with_bans.bytes_current;
    assert!(kept <= 12 << 20, "{kept} bytes");
}

#[test]
fn a_session_takes_at_most_512_bytes() {
    // Enough to see what one takes; the log and the counters have their full size.
    let (most, parked) = (2_048, 512);
    let members = fill(&mut Server::new(Config::default()), most);
    let mut config = Config::default();
    config.max_members = NonZeroU32::new(most);
    let mut sessions = SessionConfig::new([7; 16], Id(1));
    sessions.max_parked = NonZeroU32::new(parked).expect("not zero");
    config.sessions = Some(sessions);
    let mut room = Server::new(config);
    // The log is full from the beginning, and is not counted.
    let line = "x".repeat(900);
    for _ in 0..sessions.history.entries.get() {
        let _ = room.announce(NOW, Text::new(&line).expect("a text"));
    }
    let with_sessions = measure(|| {
        // Those who are parked first, and then a full room.
        for member in most..most + parked {
            attach(&mut room, member);
            let _ = room.remove(NOW, address(member), LeaveReason::Parked);
        }
        (0..most).for_each(|member| attach(&mut room, member));
    });
    assert_eq!(room.stats().members, u64::from(most));
    let kept = with_sessions.bytes_current - members;
    let each = kept / i64::from(most + parked);
    println!("{kept} bytes beside {members} of members: {each} a session");
    assert!(each <= 512, "{each} bytes a session, {kept} in all");
}
