//! Any bytes as the life of a room: `chat_fuzz::server::server_model` says which laws hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::server::server_model(bytes));
