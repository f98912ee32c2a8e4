//! The bodies of the fuzz targets: the same files that the tests of the crates run.

/// The laws of the client.
#[path = "../../chat-core/tests/laws/client.rs"]
pub mod client;
/// The laws of the grammar.
#[path = "../../chat-proto/tests/support/laws.rs"]
pub mod grammar;
/// The room once more, as naively as possible.
#[path = "../../chat-core/tests/naive/mod.rs"]
pub mod naive;
/// The laws of text that is made safe to show.
#[path = "../../chat-cli/tests/laws/safe_text.rs"]
pub mod safe_text;
/// The room against the naive one.
#[path = "../../chat-core/tests/laws/server.rs"]
pub mod server;
