//! The bodies of the fuzz targets: files that the tests of the crates share.

/// The laws of the client.
#[path = "../../chat-core/tests/laws/client.rs"]
pub mod client;
/// The laws of the grammar.
#[path = "../../chat-proto/tests/support/laws.rs"]
pub mod grammar;
/// A naive model of the room.
#[path = "../../chat-core/tests/naive/mod.rs"]
pub mod naive;
/// The laws of text for a terminal.
#[path = "../../chat-cli/tests/laws/safe_text.rs"]
pub mod safe_text;
/// The server against the naive model.
#[path = "../../chat-core/tests/laws/server.rs"]
pub mod server;
/// The laws of sessions.
#[path = "../../chat-core/tests/laws/session/mod.rs"]
pub mod session;
