//! Any bytes as a delivery: `chat_fuzz::grammar::parse_delivery` says which laws hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::grammar::parse_delivery(bytes));
