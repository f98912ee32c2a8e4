//! Any bytes as what a server receives: `chat_fuzz::grammar::parse_request` says which laws hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::grammar::parse_request(bytes));
