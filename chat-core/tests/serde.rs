//! serde: every value comes back as it went, in formats for people and for programs, and nothing
//! comes in that is no value.

// On wherever the tests of the workspace run: this crate asks for it in its own dev-dependencies.
#![cfg(feature = "serde")]
// The functions that the tests share panic to say what broke, as the tests themselves do.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used
)]

use std::fmt::Debug;
use std::num::{NonZeroU32, NonZeroU64};

use chat_core::{
    Ban, BanTarget, Client, ClientConfig, Config, DropReason, LeaveReason, LostReason, Rate,
    RefusalCounts, Server, Stats, Timestamp,
};
use chat_proto::{Dialect, Name, Reading, Refusal, strategy};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn comes_back<T: Debug + PartialEq + Serialize + DeserializeOwned>(value: &T) {
    let written = serde_json::to_string(value).expect("every value can be written as JSON");
    let read: T =
        serde_json::from_str(&written).unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(&read, value, "went out as {written}");

    let written = postcard::to_allocvec(value).expect("every value can be written as bytes");
    let read: T =
        postcard::from_bytes(&written).unwrap_or_else(|error| panic!("{written:?}: {error}"));
    assert_eq!(&read, value, "went out as {written:?}");
}

/// TOML has no null, no number above `i64::MAX`, and no value that is not in a table.
fn comes_back_from_toml<T: Debug + PartialEq + Serialize + DeserializeOwned>(value: &T) {
    let written = toml::to_string(value).expect("every table can be written as TOML");
    let read: T = toml::from_str(&written).unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(&read, value, "went out as {written}");
}

/// The words with which `T` refuses a value.
fn refusal<T: Debug + DeserializeOwned>(value: Value) -> String {
    serde_json::from_value::<T>(value)
        .expect_err("this value is invalid")
        .to_string()
}

fn number() -> impl Strategy<Value = NonZeroU32> {
    any::<NonZeroU32>()
}

fn rate() -> impl Strategy<Value = Rate> {
    (number(), number()).prop_map(|(per_second, burst)| Rate { per_second, burst })
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop_oneof![
        strategy::dialect(Reading::Strict),
        strategy::dialect(Reading::Lenient)
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let names = (strategy::name(), vec(strategy::name(), 0..4));
    let members = (
        option::of(number()),
        option::of(number()),
        option::of(number()),
    );
    let rates = (
        option::of(rate()),
        option::of(rate()),
        option::of(rate()),
        option::of(rate()),
    );
    // As far as TOML counts.
    let bytes =
        option::of((1..=i64::MAX.unsigned_abs()).prop_map(|bytes| NonZeroU64::new(bytes).unwrap()));
    (
        dialect(),
        names,
        members,
        rates,
        (number(), bytes, number()),
    )
        .prop_map(|(dialect, names, members, rates, (tracked, bytes, bans))| {
            let mut config = Config::new(dialect);
            (config.operator, config.reserved) = names;
            (
                config.max_members,
                config.max_members_per_network,
                config.idle_limit_seconds,
            ) = members;
            (
                config.member_lines,
                config.member_bytes,
                config.network_logins,
                config.stranger_replies,
            ) = rates;
            (
                config.tracked_networks,
                config.silent_traffic_bytes,
                config.max_bans,
            ) = (tracked, bytes, bans);
            config
        })
}

fn client_config() -> impl Strategy<Value = ClientConfig> {
    (dialect(), option::of(number())).prop_map(|(dialect, keep_alive)| {
        let mut config = ClientConfig::default();
        config.dialect = dialect;
        config.keep_alive_seconds = keep_alive;
        config
    })
}

proptest! {
    #[test]
    fn rates_and_moments_come_back(rate in rate(), millis in any::<u64>()) {
        comes_back(&rate);
        comes_back_from_toml(&rate);
        comes_back(&Timestamp::from_millis(millis));
    }

    #[test]
    fn bans_come_back(address in any::<std::net::SocketAddrV4>(), name in strategy::name(), until in option::of(0..1_u64 << 63)) {
        for target in [BanTarget::Network(std::net::SocketAddr::from(address)), BanTarget::Name(name)] {
            let ban = Ban { target, until: until.map(Timestamp::from_millis) };
            comes_back(&ban);
            comes_back_from_toml(&ban);
        }
    }

    #[test]
    fn configurations_come_back(server in config(), client in client_config()) {
        comes_back(&server);
        comes_back_from_toml(&server);
        comes_back(&client);
        comes_back_from_toml(&client);
    }

    #[test]
    fn statistics_come_back(datagrams in vec(strategy::nearly_valid_datagram(), 0..40)) {
        let mut server = Server::new(Config::default());
        for (index, datagram) in datagrams.iter().enumerate() {
            let from = std::net::SocketAddr::from(([192, 0, 2, 1], u16::try_from(index % 4).unwrap()));
            let _sent_nowhere = server.handle(Timestamp::from_millis(0), from, datagram);
        }
        comes_back(server.stats());
        comes_back_from_toml(server.stats());
        comes_back(&server.stats().refusals);
    }
}

#[test]
fn reasons_come_back() {
    use DropReason as Drop;
    use LeaveReason as Leave;
    [
        Drop::NotARequest,
        Drop::RefusedAlready,
        Drop::LoginRate,
        Drop::ReplyRate,
        Drop::Closed,
    ]
    .iter()
    .for_each(comes_back);
    [
        Leave::Quit,
        Leave::Unreachable,
        Leave::Idle,
        Leave::Silent,
        Leave::Kicked,
    ]
    .iter()
    .for_each(comes_back);
    [
        LostReason::NotLoggedIn,
        LostReason::Unreachable,
        LostReason::Silent,
    ]
    .iter()
    .for_each(comes_back);
    assert!(refusal::<LeaveReason>(json!("bored")).contains("bored"));
    assert!(refusal::<DropReason>(json!("bored")).contains("bored"));
    assert!(refusal::<LostReason>(json!("bored")).contains("bored"));
}

/// Programs keep what was written: a change of these lines is a change of the format.
#[test]
fn values_are_written_in_these_words() {
    assert_eq!(json!(Timestamp::from_millis(1_500)), json!(1_500));
    assert_eq!(json!(LeaveReason::Unreachable), json!("unreachable"));
    let mut config = Config::default();
    config.reserved.clear();
    config.max_members = None;
    config.member_lines = None;
    let written = json!(config);
    assert_eq!(written["operator"], json!("admin"));
    assert_eq!(written["max_members"], json!("off"));
    assert_eq!(written["max_members_per_network"], json!(4_096));
    assert_eq!(written["member_lines"], json!("off"));
    assert_eq!(
        written["stranger_replies"],
        json!({"per_second": 1_000, "burst": 1_000})
    );
    assert_eq!(written["dialect"], json!(Dialect::lenient()));
    assert_eq!(
        json!(ClientConfig::default()),
        json!({"dialect": Dialect::lenient(), "keep_alive_seconds": "off"})
    );
    let target = BanTarget::<u8>::Name(Name::new("bob").unwrap());
    let until = Some(Timestamp::from_millis(60_000));
    assert_eq!(
        json!(Ban { target, until }),
        json!({"target": {"name": "bob"}, "until": 60_000})
    );
    let stats = json!(Stats::default());
    assert_eq!(stats["members"], json!(0));
    assert_eq!(stats["refusals"]["name_taken"], json!(0));
}

#[test]
fn what_is_left_out_has_its_default_and_what_is_not_known_is_refused() {
    let read: Config =
        serde_json::from_value(json!({"idle_limit_seconds": 600, "member_bytes": "off"})).unwrap();
    let mut expected = Config::default();
    expected.idle_limit_seconds = NonZeroU32::new(600);
    expected.member_bytes = None;
    assert_eq!(read, expected);
    assert!(refusal::<Config>(json!({"idle_limit": 600})).contains("unknown field `idle_limit`"));
    assert!(
        refusal::<ClientConfig>(json!({"keep_alive": 1})).contains("unknown field `keep_alive`")
    );

    // What another version counted.
    let read: Stats =
        serde_json::from_value(json!({"logins": 7, "eclipses": 1, "refusals": {"reserved": 2}}))
            .unwrap();
    assert_eq!(
        (
            read.logins,
            read.messages,
            read.refusals.get(Refusal::Reserved)
        ),
        (7, 0, 2)
    );
}

#[test]
fn values_that_no_constructor_makes_are_refused() {
    let with = |field: &str, value: Value| refusal::<Config>(json!({field: value}));
    assert!(with("operator", json!("a b")).contains("a name cannot hold the character U+0020"));
    assert!(with("reserved", json!(["*"])).contains("a name cannot begin with `*`"));
    assert!(
        with("max_members", json!(0)).contains("nonzero"),
        "0 is not off"
    );
    assert!(with("max_members", json!(-1)).contains("expected a limit or \"off\""));
    assert!(with("max_members", json!(u64::MAX)).contains("expected a nonzero u32"));
    assert!(with("max_members", json!("none")).contains("expected a limit or \"off\""));
    assert!(with("max_members", json!(null)).contains("expected a limit or \"off\""));
    assert!(with("member_lines", json!({"per_second": 1})).contains("missing field `burst`"));
    assert!(with("member_lines", json!({"per_second": 0, "burst": 1})).contains("nonzero"));
    assert!(
        refusal::<Rate>(json!({"per_second": 1, "burst": 1, "colour": 1}))
            .contains("unknown field `colour`")
    );
    assert!(refusal::<Timestamp>(json!(-1)).contains("-1"));
    let banned = |name: &str| refusal::<Ban<u8>>(json!({"target": {"name": name}}));
    assert!(banned("a b").contains("a name cannot hold the character U+0020"));
    assert!(refusal::<RefusalCounts>(json!({"bored": 1})).contains("bored"));
}

#[test]
fn events_can_be_written_to_a_log() {
    let now = Timestamp::from_millis(0);
    let alice = std::net::SocketAddr::from(([192, 0, 2, 1], 5_000));
    let mut server = Server::new(Config::default());
    assert_eq!(
        json!(server.handle(now, alice, b"L alice").event()),
        json!({"joined": {"name": "alice", "peer": "192.0.2.1:5000", "replaced": null}})
    );
    let said = json!({"said": {"name": "alice", "text": "hi"}});
    assert_eq!(
        json!(server.handle(now, alice, b"C alice hi").event()),
        said
    );
    assert_eq!(json!(server.handle_timeout(now).event()), json!("nothing"));

    let mut client = Client::new(Name::new("bob").unwrap(), ClientConfig::default());
    let _sent_nowhere = client.login(now);
    assert_eq!(
        json!(client.handle(now, b"OK").event()),
        json!({"joined": {"again": false}})
    );
    assert_eq!(
        json!(client.handle(now, b"alice : hi").event()),
        json!({"delivered": said})
    );
    assert_eq!(
        json!(client.handle(now, b"\xff!").event()),
        json!({"unparsed": "\u{fffd}!"})
    );
    assert_eq!(
        json!(client.handle_unreachable(now).event()),
        json!({"lost": "unreachable"})
    );
}
