//! Any bytes as what a client receives: `chat_fuzz::grammar::parse_from_server` says which laws
//! hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::grammar::parse_from_server(bytes));
