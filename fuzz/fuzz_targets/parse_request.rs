//! Any bytes as a request: `chat_fuzz::grammar::parse_request` says which laws hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::grammar::parse_request(bytes));
