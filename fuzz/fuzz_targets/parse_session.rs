//! Any bytes as a datagram of a session, and as the source of values that are written:
//! `chat_fuzz::grammar::parse_session` and `session_value` have the laws.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    chat_fuzz::grammar::parse_session(bytes);
    chat_fuzz::grammar::session_value(bytes);
});
