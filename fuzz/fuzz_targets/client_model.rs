//! Actions of a client, drawn from any bytes: `chat_fuzz::client::client_model` has the laws.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::client::client_model(bytes));
