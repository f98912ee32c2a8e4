//! The options of `chat join` and `chat send`.

use std::path::PathBuf;

use chat_core::proto::Name;

use super::values::{LangArgs, Limit, NoBatchArgs, VerbsArg};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
        chat join alice --server chat.example.org:8888\n  \
        tail -f build.log | chat join robot --json\n\n\
        At a terminal: /help, /names, /ignore, /quit; Tab completes names, the arrow keys bring \
        back lines.")]
pub(crate) struct JoinArgs {
    /// Your name: 1 to 32 bytes without spaces and colons
    pub(crate) name: Name,
    /// The room; without it, the default address, where the room is hosted if there is none
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) server: Option<String>,
    /// The words that begin the server's requests, such as L,C,E or LOGIN,CHAT,EXIT
    #[arg(long, value_name = "L,C,Q", default_value = "L,C,Q")]
    pub(crate) verbs: VerbsArg,
    /// Repeat the login so often, which keeps a member in rooms with an idle limit (some servers
    /// die of it), or `off`
    #[arg(long, value_name = "SECONDS", default_value = "off")]
    pub(crate) keep_alive: Limit,
    /// Ask for no session: what the network loses is lost, as for the programs of the course
    #[arg(long)]
    pub(crate) plain: bool,
    /// Add the conversation to this file, as `name：text`, one message a line
    #[arg(long, value_name = "FILE")]
    pub(crate) transcript: Option<PathBuf>,
    /// Ring when a line has your name
    #[arg(long)]
    pub(crate) bell: bool,
    /// Stay so long after the end of the input when it is not a terminal
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) linger: u32,
    #[command(flatten)]
    _no_batch: NoBatchArgs,
    #[command(flatten)]
    pub(crate) lang: LangArgs,
    /// Print a JSON object per event
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  chat send robot the backup is done")]
pub(crate) struct SendArgs {
    /// Your name: 1 to 32 bytes without spaces and colons
    pub(crate) name: Name,
    /// The line; several words are joined by spaces
    #[arg(required = true)]
    pub(crate) text: Vec<String>,
    /// The room [default: 127.0.0.1:8888]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) server: Option<String>,
    /// The words that begin the server's requests, such as L,C,E or LOGIN,CHAT,EXIT
    #[arg(long, value_name = "L,C,Q", default_value = "L,C,Q")]
    pub(crate) verbs: VerbsArg,
    /// Ask for no session: what the network loses is lost, as for the programs of the course
    #[arg(long)]
    pub(crate) plain: bool,
    #[command(flatten)]
    pub(crate) lang: LangArgs,
}
