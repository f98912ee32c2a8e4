//! Any bytes as a datagram to a server: `chat_fuzz::grammar::parse_request` has the laws.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::grammar::parse_request(bytes));
