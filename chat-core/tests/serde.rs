//! serde: options and bans in both directions, events and counters to a log.
#![cfg(feature = "serde")] // On in tests: this crate asks for it in its own dev-dependencies.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // A test that cannot go on stops.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use chat_core::proto::{Language, Name, Text};
use chat_core::{Ban, Client, ClientConfig, Config, Server, Timestamp};
use serde_json::json;

const NOW: Timestamp = Timestamp::from_millis(0);

#[test]
fn options_are_read_from_toml_and_come_back_as_written() {
    let read: Config = toml::from_str(
        r#"
        operator = "referee"
        reserved = ["moderator"]
        max_members = "off"
        idle_limit_seconds = 600
        search_words = false
        member_lines = { per_second = 5, burst = 20 }
        dialect = { success = "IN", ends = ["EXIT", "OUT"], language = "chinese" }
        "#,
    )
    .unwrap();
    let mut expected = Config::default();
    expected.operator = Name::new("referee").unwrap();
    expected.reserved = vec![Name::new("moderator").unwrap()];
    expected.max_members = None;
    expected.search_words = false;
    expected.idle_limit_seconds = NonZeroU32::new(600);
    let rate = expected.member_lines.as_mut().unwrap();
    rate.per_second = NonZeroU32::new(5).unwrap();
    rate.burst = NonZeroU32::new(20).unwrap();
    expected.dialect = read.dialect;
    assert_eq!(read, expected);
    assert_eq!(read.dialect.language(), Language::Chinese);
    let written = toml::to_string(&read).unwrap();
    assert!(written.contains("max_members = \"off\""), "{written}");
    assert_eq!(toml::from_str::<Config>(&written).unwrap(), read);
    let mut client = ClientConfig::default();
    client.keep_alive_seconds = NonZeroU32::new(30);
    let written = toml::to_string(&client).unwrap();
    assert_eq!(toml::from_str::<ClientConfig>(&written).unwrap(), client);
}

#[test]
fn a_wrong_option_is_refused_with_the_reason() {
    let off = "expected a limit that is not zero, or \"off\"";
    for (field, value, reason) in [
        ("operator", json!("a b"), "a name cannot hold"),
        ("max_members", json!(0), off),
        ("max_members", json!(u64::MAX), off),
        ("max_members", json!("none"), off),
        ("max_members", json!(null), off),
        ("member_lines", json!({"per_second": 1}), off),
        ("idle_limit", json!(600), "unknown field `idle_limit`"),
    ] {
        let error = serde_json::from_value::<Config>(json!({field: value})).unwrap_err();
        assert!(error.to_string().contains(reason), "{field}: {error}");
    }
}

#[test]
fn bans_are_kept_in_the_form_of_the_ban_file() {
    for written in [
        r#"{"address":"192.0.2.1","until":null}"#,
        r#"{"networks":{"first":"192.0.2.0","last":"192.0.2.255"},"until":60000}"#,
        r#"{"name":"bob","until":null}"#,
    ] {
        let ban: Ban<IpAddr> = serde_json::from_str(written).unwrap();
        assert_eq!(serde_json::to_string(&ban).unwrap(), written);
    }
    let bad = serde_json::from_str::<Ban<IpAddr>>(r#"{"name": "a b", "until": null}"#);
    let error = bad.unwrap_err().to_string();
    assert!(error.contains("a name cannot hold"), "{error}");
}

#[test]
fn events_are_written_with_the_fields_of_the_log() {
    let mut server = Server::new(Config::default());
    let datagrams = [(1, "L a"), (1, "C a hi"), (2, "L a"), (2, ""), (1, "Q a")];
    let events = [
        r#"{"event":"joined","name":"a","peer":"192.0.2.1:5","replaced":null}"#,
        r#"{"event":"said","name":"a","text":"hi"}"#,
        r#"{"event":"refused","peer":"192.0.2.2:5","reason":"name_taken"}"#,
        r#"{"event":"dropped","peer":"192.0.2.2:5","reason":"not_a_request"}"#,
        r#"{"event":"left","name":"a","peer":"192.0.2.1:5","reason":"quit"}"#,
    ];
    for ((number, datagram), event) in datagrams.into_iter().zip(events) {
        let peer = SocketAddr::from(([192, 0, 2, number], 5));
        let outgoing = server.handle(NOW, peer, datagram.as_bytes());
        assert_eq!(serde_json::to_string(&outgoing.event()).unwrap(), event);
    }
    let announced = json!({"event": "announced", "name": "admin", "text": "bye"});
    let bye = Text::new("bye").unwrap();
    assert_eq!(json!(server.announce(NOW, bye).event()), announced);
    let stats = json!(server.stats());
    assert_eq!(stats["logins"], 1);
    assert_eq!(stats["refusals"]["name_taken"], 1);

    let mut client = Client::new(Name::new("bob").unwrap(), ClientConfig::default());
    let _login = client.login(NOW);
    let said = json!({"delivered": {"said": {"name": "a", "text": "hi"}}});
    for (datagram, event) in [
        (&b"OK"[..], json!({"joined": {"again": false}})),
        (b"a : hi", said),
        (b"\xff!", json!({"unparsed": "\u{fffd}!"})),
    ] {
        assert_eq!(json!(client.handle(NOW, datagram).event()), event);
    }
}
