//! A request, drawn from any bytes: `chat_fuzz::grammar::request_value` has the laws.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::grammar::request_value(bytes));
