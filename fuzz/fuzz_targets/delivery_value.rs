//! A delivery and a reply, drawn from any bytes: `chat_fuzz::grammar::from_server_value` has the
//! laws.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::grammar::from_server_value(bytes));
