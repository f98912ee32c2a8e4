//! A delivery drawn from any bytes: `chat_fuzz::grammar::delivery_value` says which laws hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::grammar::delivery_value(bytes));
