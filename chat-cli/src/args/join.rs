//! The options of `chat join` and `chat send`.

use std::path::PathBuf;

use chat_core::proto::{Dialect, Name};

use super::values::{Limit, VerbsArg};
use super::{LangArgs, SendingArgs};

#[derive(Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// The words that begin the server's requests, such as L,C,E or LOGIN,CHAT,EXIT
    #[arg(long, value_name = "L,C,Q", default_value = "L,C,Q")]
    verbs: VerbsArg,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  chat join alice --server chat.example.org:8888\n  tail -f build.log | chat join robot --json\n\nAt a terminal: /help, /names, /quit; Tab completes names, the arrow keys bring back lines."
)]
pub(crate) struct JoinArgs {
    /// Under which name: 1 to 32 bytes without blanks and colons
    pub(crate) name: Name,
    /// Which room; without it, the default address, where the room is hosted when nobody does
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) server: Option<String>,
    #[command(flatten)]
    pub(crate) spoken: ServerArgs,
    /// Repeat the login so often, which keeps a member in rooms with an idle limit (some servers
    /// die of it), or `off`
    #[arg(long, value_name = "SECONDS", default_value = "off")]
    pub(crate) keep_alive: Limit,
    /// Add what is said to this file, as `name：text`, one message a line
    #[arg(long, value_name = "FILE")]
    pub(crate) transcript: Option<PathBuf>,
    /// Ring when somebody says your name
    #[arg(long)]
    pub(crate) bell: bool,
    /// Stay so long after the end of the input when it is not a terminal
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) linger: u32,
    #[command(flatten)]
    pub(crate) sending: SendingArgs,
    #[command(flatten)]
    pub(crate) lang: LangArgs,
    /// Print a JSON object per event
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  chat send robot the backup is done")]
pub(crate) struct SendArgs {
    /// Under which name: 1 to 32 bytes without blanks and colons
    pub(crate) name: Name,
    /// What to say; several words are joined by blanks
    #[arg(required = true)]
    pub(crate) text: Vec<String>,
    /// Which room [default: 127.0.0.1:8888]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) server: Option<String>,
    #[command(flatten)]
    pub(crate) spoken: ServerArgs,
    #[command(flatten)]
    pub(crate) lang: LangArgs,
}

impl ServerArgs {
    /// How the server is spoken to.
    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::lenient().with_verbs(self.verbs.0)
    }
}
