//! People in sessions and their network, drawn from any bytes: `chat_fuzz::session::session_pair`
//! has the laws.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::session::session_pair(bytes));
