//! Any bytes as what a stranger wrote: `chat_fuzz::safe_text::safe_text` says which laws hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat_fuzz::safe_text::safe_text(bytes));
