//! The options of `chat serve`.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;

use chat_core::Config;
use chat_core::proto::{Dialect, EndWords, Name, Word};
use clap::builder::ArgPredicate;

use super::values::{HistoryArg, LangArgs, Limit, NoBatchArgs, RateLimit};
use crate::failure::Failure;
use crate::random::room_sessions;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
        chat serve --bind 0.0.0.0:8888 --state bans.json\n  \
        chat serve --success ok --end EXIT,exit,OUT,quit --prefix newline --lang zh\n\n\
        What is typed is said by the operator; /help lists the operator's commands.")]
pub(crate) struct ServeArgs {
    /// Read options from this file (TOML, the names of the options without dashes in front); what
    /// is given here or as CHAT_… in the environment comes first
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address to listen on; a port alone is that port at every address, port 0 is any that is
    /// free [default: 127.0.0.1:8888]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) bind: Option<String>,
    /// The word that answers every accepted login [default: OK, and for a client that repeats its
    /// login the other words in use, in turn]
    #[arg(long, value_name = "WORD")]
    success: Option<Word>,
    /// The words that answer every quit, all of them in this order [default: EXIT, and for a client
    /// that needed another success word the others in use]
    #[arg(long, value_name = "WORD[,WORD…]", value_delimiter = ',')]
    end: Vec<Word>,
    /// The prefix of every line for the members
    #[arg(long, value_parser = ["newline", "none"], default_value = "none")]
    prefix: String,
    /// The name that the console speaks under [default: admin, or 管理员 with --lang zh]
    #[arg(long, value_name = "NAME")]
    operator: Option<Name>,
    /// Reserve another name, and every name that contains it (admin and 管理员 always are); may be
    /// repeated
    #[arg(long, value_name = "NAME")]
    reserve: Vec<Name>,
    /// The most members at one time, or `off`
    #[arg(long, value_name = "N", default_value = "16384")]
    max_members: Limit,
    /// The most members from one IPv4 address or IPv6 /64, or `off`
    #[arg(long, value_name = "N", default_value = "4096")]
    max_per_network: Limit,
    /// Remove members that send nothing for this time, or `off`
    #[arg(long, value_name = "SECONDS", default_value = "off")]
    idle_limit: Limit,
    /// Lines a second from one member, and at once, or `off`
    #[arg(long, value_name = "RATE:BURST", default_value = "200:2000")]
    line_rate: RateLimit,
    /// Bytes a second from one member, and at once, or `off`
    #[arg(long, value_name = "RATE:BURST", default_value = "262144:2097152")]
    byte_rate: RateLimit,
    /// Logins a second from one IPv4 address or IPv6 /64, and at once, or `off`
    #[arg(long, value_name = "RATE:BURST", default_value = "64:4096")]
    login_rate: RateLimit,
    /// Networks whose logins are counted at one time
    #[arg(long, value_name = "N", default_value = "16384")]
    tracked_networks: NonZeroU32,
    /// Answers a second to all strangers together, and at once, or `off`
    #[arg(long, value_name = "RATE:BURST", default_value = "1000:1000")]
    reply_rate: RateLimit,
    /// Remove a member at a public address that never speaks, after this much traffic, or `off`
    #[arg(long, value_name = "BYTES", default_value = "1048576")]
    silent_limit: Limit,
    /// Keep so many of the latest lines and notices, and so many bytes of them, for members with a
    /// session that lost some or come later
    #[arg(long, value_name = "ENTRIES:BYTES", default_value = "1024:262144")]
    history: HistoryArg,
    /// Show so many of them to a new member with a session
    #[arg(long, value_name = "N", default_value = "50")]
    catch_up: u32,
    /// Open no sessions: every member is a plain one, and a line that the network loses is lost
    #[arg(long)]
    no_sessions: bool,
    /// Lose so many of 100 datagrams in each direction, to try what sessions do about it
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    #[arg(value_parser = clap::value_parser!(u8).range(..=90))]
    pub(crate) lose: u8,
    /// Keep the bans in this file, so that they survive a restart
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Show what is counted to Prometheus, at http://HOST:PORT/metrics
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) metrics: Option<String>,
    #[command(flatten)]
    pub(crate) lang: LangArgs,
    #[command(flatten)]
    _no_batch: NoBatchArgs,
    /// Print no line per event
    #[arg(
        long,
        conflicts_with = "json",
        default_value_if("json", ArgPredicate::IsPresent, "false")
    )]
    pub(crate) quiet: bool,
    /// Print a JSON object per event on standard output
    #[arg(long, default_value_if("quiet", ArgPredicate::IsPresent, "false"))]
    pub(crate) json: bool,
}

impl ServeArgs {
    /// Returns the rules of the room.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let plain = Dialect::lenient();
        let success = self.success.unwrap_or(plain.success());
        let ends = match &self.end[..] {
            [] => Ok(*plain.ends()),
            chosen => EndWords::new(chosen),
        };
        let dialect = ends
            .and_then(|ends| plain.with_words(success, ends))
            .map_err(Failure::Dialect)?
            .with_leading_newline(self.prefix == "newline")
            .with_language(self.lang.language());
        let mut config = Config::new(dialect);
        config.search_words = self.success.is_none() && self.end.is_empty();
        config.operator = self.operator.unwrap_or(config.operator);
        config.reserved.extend(&self.reserve);
        config.max_members = self.max_members.0;
        config.max_members_per_network = self.max_per_network.0;
        config.idle_limit_seconds = self.idle_limit.0;
        config.member_lines = self.line_rate.0;
        config.member_bytes = self.byte_rate.0;
        config.network_logins = self.login_rate.0;
        config.tracked_networks = self.tracked_networks;
        config.stranger_replies = self.reply_rate.0;
        config.silent_traffic_bytes = self.silent_limit.0.map(NonZeroU64::from);
        if !self.no_sessions {
            let mut sessions = room_sessions()?;
            (sessions.history, sessions.catch_up) = (self.history.0, self.catch_up);
            config.sessions = Some(sessions);
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use chat_core::SessionConfig;
    use clap::Parser;

    use super::super::{Args, Command};
    use super::*;

    #[test]
    fn the_options_defaults_are_the_librarys() {
        let Command::Serve(args) = Args::parse_from(["chat", "serve", "--lang", "en"]).command
        else {
            panic!("serve was asked for");
        };
        let (mut ours, mut theirs) = (args.config().unwrap(), Config::default());
        let sessions = ours.sessions.as_mut().expect("the default");
        let secrets = SessionConfig::new(sessions.key, sessions.log);
        theirs.sessions = Some(secrets);
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }

    #[test]
    fn words_that_are_given_are_the_only_ones() {
        for option in ["--success=OK", "--end=EXIT"] {
            let args = Args::parse_from(["chat", "serve", "--lang=en", option]);
            let Command::Serve(args) = args.command else {
                panic!("serve was asked for");
            };
            let config = args.config().unwrap();
            assert!(!config.search_words, "{option}");
            assert_eq!(config.dialect, Config::default().dialect);
        }
    }
}
