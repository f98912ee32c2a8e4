//! Any bytes as a datagram to a client: `chat_fuzz::grammar::parse_from_server` has the laws.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::grammar::parse_from_server(bytes));
