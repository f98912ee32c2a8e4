//! Any bytes as a stranger's text: `chat_fuzz::safe_text::safe_text` has the laws.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::safe_text::safe_text(bytes));
