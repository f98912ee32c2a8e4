//! Actions in a room, drawn from any bytes: `chat_fuzz::server::server_model` has the laws.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::server::server_model(bytes));
