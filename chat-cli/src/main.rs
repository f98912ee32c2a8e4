//! The binary `chat`. Everything is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    chat_cli::run()
}
