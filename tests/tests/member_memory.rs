//! How much memory a member takes.

use std::net::{Ipv4Addr, SocketAddr};

use allocation_counter::measure;
use chat_core::{Config, Server, Timestamp};

/// A sixteenth of a million: the tables, which grow by doubling, are as full as with a million
/// members.
const MEMBERS: u32 = 62_500;

#[test]
fn a_member_takes_at_most_320_bytes_private_or_public() {
    for network in [10_u8, 8] {
        let mut config = Config::default();
        config.max_members = None;
        config.network_logins = None;
        let mut server = Server::<SocketAddr>::new(config);
        let used = measure(|| {
            for member in 0..MEMBERS {
                let from = (
                    Ipv4Addr::from_bits((u32::from(network) << 24) + member),
                    5000,
                )
                    .into();
                let request = format!("L u{member:09}");
                let login = server.handle(Timestamp::default(), from, request.as_bytes());
                assert!(login.transmits().count() > 0);
            }
        });
        assert_eq!(server.members().count(), MEMBERS as usize);
        let each = used.bytes_current / i64::from(MEMBERS);
        assert!(each <= 320, "{each} bytes each at {network}.x.y.z");
        assert!(
            used.bytes_max / u64::from(MEMBERS) <= 480,
            "the largest table twice, while it grows"
        );
    }
}
