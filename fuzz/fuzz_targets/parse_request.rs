//! Any bytes as a request: `chat_tests::laws::parse_request` says which laws hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_tests::laws::parse_request(bytes));
