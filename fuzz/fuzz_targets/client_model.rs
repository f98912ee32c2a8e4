//! Any bytes as the life of a client: `chat_fuzz::client::client_model` says which laws hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::client::client_model(bytes));
