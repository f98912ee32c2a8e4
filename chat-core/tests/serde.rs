//! serde: options and bans in both directions, events and counters to a log.
#![cfg(feature = "serde")] // On in tests: this crate asks for it in its own dev-dependencies.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // A test that cannot go on stops.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use chat_core::{Ban, Client, ClientConfig, Config, Server, Timestamp};
use chat_proto::{Language, Name};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_millis(0);

/// The part of a game's own configuration file that opens its chat room.
#[derive(serde::Deserialize)]
struct Game {
    chat: Config,
}

#[test]
fn an_embedder_reads_a_config_from_a_table_of_its_toml() {
    let game: Game = toml::from_str(
        r#"
        [chat]
        operator = "referee"
        reserved = ["moderator"]
        max_members = "off"
        idle_limit_seconds = 600
        member_lines = { per_second = 5, burst = 20 }
        dialect = { success = "IN", ends = ["EXIT", "OUT"], language = "chinese" }
        "#,
    )
    .unwrap();
    let mut expected = Config::default();
    expected.operator = Name::new("referee").unwrap();
    expected.reserved = vec![Name::new("moderator").unwrap()];
    expected.max_members = None;
    expected.idle_limit_seconds = NonZeroU32::new(600);
    let rate = expected.member_lines.as_mut().unwrap();
    rate.per_second = NonZeroU32::new(5).unwrap();
    rate.burst = NonZeroU32::new(20).unwrap();
    expected.dialect = game.chat.dialect;
    assert_eq!(game.chat, expected);
    assert_eq!(game.chat.dialect.language(), Language::Chinese);
}

#[test]
fn options_come_back_as_they_were_written() {
    let mut server = Config::default();
    server.member_bytes = None;
    let written = toml::to_string(&server).unwrap();
    assert!(
        written.contains("idle_limit_seconds = \"off\""),
        "{written}"
    );
    assert_eq!(toml::from_str::<Config>(&written).unwrap(), server);
    let mut client = ClientConfig::default();
    client.keep_alive_seconds = NonZeroU32::new(30);
    let written = toml::to_string(&client).unwrap();
    assert_eq!(toml::from_str::<ClientConfig>(&written).unwrap(), client);
}

#[test]
fn a_wrong_option_is_refused_with_the_reason() {
    let off = "expected a limit that is not zero, or \"off\"";
    for (field, value, reason) in [
        (
            "operator",
            json!("a b"),
            "a name cannot hold the character U+0020",
        ),
        ("reserved", json!(["*"]), "a name cannot begin with `*`"),
        ("max_members", json!(0), off),
        ("max_members", json!(-1), off),
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
        json!({"address": "192.0.2.1", "until": null}),
        json!({"address": "2001:db8::", "until": 60_000}),
        json!({"networks": {"first": "192.0.2.0", "last": "192.0.2.255"}, "until": 60_000}),
        json!({"name": "bob", "until": null}),
    ] {
        let ban: Ban<IpAddr> = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(json!(ban), written);
    }
    let bad = serde_json::from_value::<Ban<IpAddr>>(json!({"name": "a b", "until": null}));
    let error = bad.unwrap_err().to_string();
    assert!(error.contains("a name cannot hold"), "{error}");
}

#[test]
fn events_are_written_with_the_fields_of_the_log() {
    let (alice, bob): (SocketAddr, SocketAddr) = (
        "192.0.2.1:5000".parse().unwrap(),
        "192.0.2.2:5000".parse().unwrap(),
    );
    let mut server = Server::new(Config::default());
    for (peer, datagram, event) in [
        (
            alice,
            "L alice",
            json!({"event": "joined", "name": "alice", "peer": alice, "replaced": null}),
        ),
        (
            alice,
            "C alice hi",
            json!({"event": "said", "name": "alice", "text": "hi"}),
        ),
        (
            bob,
            "L alice",
            json!({"event": "refused", "peer": bob, "reason": "name_taken"}),
        ),
        (
            bob,
            "hello",
            json!({"event": "dropped", "peer": bob, "reason": "not_a_request"}),
        ),
        (
            alice,
            "Q alice",
            json!({"event": "left", "name": "alice", "peer": alice, "reason": "quit"}),
        ),
    ] {
        assert_eq!(
            json!(server.handle(NOW, peer, datagram.as_bytes()).event()),
            event
        );
    }
    let text = chat_proto::Text::new("bye").unwrap();
    let announced = json!({"event": "announced", "name": "admin", "text": "bye"});
    assert_eq!(json!(server.announce(NOW, text).event()), announced);
    assert_eq!(
        json!(server.handle_timeout(NOW).event()),
        json!({"event": "nothing"})
    );
    let stats = json!(server.stats());
    assert_eq!(
        (&stats["logins"], &stats["refusals"]["name_taken"]),
        (&json!(1), &json!(1))
    );

    let mut client = Client::new(Name::new("bob").unwrap(), ClientConfig::default());
    let _login = client.login(NOW);
    let mut event = |datagram: &[u8]| -> Value { json!(client.handle(NOW, datagram).event()) };
    assert_eq!(event(b"OK"), json!({"joined": {"again": false}}));
    assert_eq!(
        event(b"a : hi"),
        json!({"delivered": {"said": {"name": "a", "text": "hi"}}})
    );
    assert_eq!(event(b"\xff!"), json!({"unparsed": "\u{fffd}!"}));
}
